/* A definition looked over by keyturnd, which reads it as the agent would: no agent
 * need run, and nothing need be installed. */
#ifndef KEYTURN_CLI_EXAMINE_H
#define KEYTURN_CLI_EXAMINE_H

#include "base/err.h"

#include <jansson.h>

/* The report on the file (agent/provider/include/provider/examine.h), fit for a terminal. ERR_NOT_FOUND:
 * no such file, or no keyturnd; ERR_INVALID: it cannot be read as a definition, which keyturnd has said
 * on standard error. */
enum err_code examine_file(const char *path, json_t **ret_report, struct err *err) ERR_MUST_CHECK;

#endif
