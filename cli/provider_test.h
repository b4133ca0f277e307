/* keyturn provider test: a key of its own is made, proved, killed and proved dead by
 * the agent's ordinary rotation and revocation, and what was asked and answered is shown. */
#ifndef KEYTURN_CLI_PROVIDER_TEST_H
#define KEYTURN_CLI_PROVIDER_TEST_H

#include "cli.h"

/* ERR_STATE: it was not proved alive, or is not proved dead; what the agent does about it goes on. Sets
 * cli->waits when a person must do something. Blocks. */
enum err_code provider_test(struct cli *cli, const struct args *args, struct err *err) ERR_MUST_CHECK;

#endif
