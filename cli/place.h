/* Where a secret is put, from what was typed, as the agent's definition. */
#ifndef KEYTURN_CLI_PLACE_H
#define KEYTURN_CLI_PLACE_H

#include "base/buf.h"
#include "cli.h"

#include <jansson.h>

/* PATH[:FORMAT[:VARIABLE]] as a file delivery of that class ("live", "test").
 * The format is env, json or raw (raw when it is not said); env needs a variable, the others have none.
 * A relative path is taken from the working folder. An error is one of usage. */
enum err_code place_write_file(struct cli *cli, const char *text, const char *class, const char *name,
                               struct buf *json, struct err *err) ERR_MUST_CHECK;

/* Check that it is a JSON object and write it as it stands. */
enum err_code place_write_json(struct cli *cli, const char *text, const char *name, struct buf *json,
                               struct err *err) ERR_MUST_CHECK;

/* A line for each of the key's deliveries that cannot be put now: why, and what to do. */
void place_say_problems(const json_t *deliveries);

#endif
