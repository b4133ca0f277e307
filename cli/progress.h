/* A rotation as it happens: a line for each thing that is done. */
#ifndef KEYTURN_CLI_PROGRESS_H
#define KEYTURN_CLI_PROGRESS_H

#include "base/text.h"
#include "cli.h"

#include <jansson.h>

enum progress_until {
    PROGRESS_SETTLING, /* until the new version is in use: the rest needs nobody for long */
    PROGRESS_END,      /* until it is done, the old version's death included */
};

/* Follow the rotation and print. Returns when it has come that far, has failed
 * (ERR_STATE with the reason), waits for a person (says for what, sets
 * cli->waits; with PROGRESS_END only when it needs a decision), or ^C (says what
 * goes on by itself). Blocks. */
enum err_code progress_follow(struct cli *cli, const struct key_name *key, const char *rotation_id,
                              enum progress_until until, struct err *err) ERR_MUST_CHECK;

/* The numbered steps for a rotation that waits for a new key; or what it needs
 * decided. Sets cli->waits. */
void progress_print_wait(struct cli *cli, const char *key, const json_t *rotation);

/* The id of the key's open rotation. ERR_STATE when there is none. */
enum err_code progress_find_open(struct cli *cli, const struct key_name *key, char ret_id[TEXT_HEX_ID_BYTES],
                                 struct err *err) ERR_MUST_CHECK;

#endif
