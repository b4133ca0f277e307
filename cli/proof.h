/* Waiting for the verdict on a key's current version, and showing it. */
#ifndef KEYTURN_CLI_PROOF_H
#define KEYTURN_CLI_PROOF_H

#include "cli.h"

/* Wait, at most some ten seconds, for a proof younger than the one at before
 * (an RFC 3339 time, NULL for none), and print it. A key that proved dead or unfit is ERR_STATE;
 * no answer yet is said and is no error. Blocks. */
enum err_code proof_await(struct cli *cli, const struct key_name *key, const char *before,
                          struct err *err) ERR_MUST_CHECK;

#endif
