/* Waiting for the verdict on a key's current version, and showing it. */
#ifndef KEYTURN_CLI_PROOF_H
#define KEYTURN_CLI_PROOF_H

#include "cli.h"

#include <jansson.h>

/* Wait, at most some ten seconds, for an answer that is younger than those in before (the key's document;
 * NULL: it was just added), and print it. A key that proved dead or unfit is ERR_STATE; no proof is said, and
 * *ret_proved is false. Blocks. */
enum err_code proof_await(struct cli *cli, const struct key_name *key, const json_t *before, bool *ret_proved,
                          struct err *err) ERR_MUST_CHECK;

#endif
