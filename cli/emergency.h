/* What an emergency is asked for, as the agent wants to hear it, and what it
 * will do, as a person wants to hear it. */
#ifndef KEYTURN_CLI_EMERGENCY_H
#define KEYTURN_CLI_EMERGENCY_H

#include "base/buf.h"
#include "cli.h"

#include <jansson.h>

/* The request's body. reason may be NULL. */
struct emergency {
    json_t *targets; /* borrowed: [{"key","version"}], or NULL: the options select */
    const struct args *args;
};
void emergency_body(const struct emergency *emergency, struct buf *out);
/* Does an option select keys? */
bool emergency_selects(const struct args *args);

/* The plan (POST /v1/revocations/plan) as a table: keys, what uses them, who can do what. */
enum err_code emergency_print_plan(const json_t *plan, bool replace, struct err *err) ERR_MUST_CHECK;
/* The question's text to standard error: what dies, how much of it is in use, what waits for a person. */
void emergency_warn(const json_t *plan, bool replace);

#endif
