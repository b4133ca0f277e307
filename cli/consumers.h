/* Who reads a key from the agent, as a table. */
#ifndef KEYTURN_CLI_CONSUMERS_H
#define KEYTURN_CLI_CONSUMERS_H

#include "base/err.h"

#include <jansson.h>

/* Of a whole key (GET /v1/keys/E/N); nothing where nobody reads it. */
enum err_code consumers_print(const json_t *key, struct err *err) ERR_MUST_CHECK;

#endif
