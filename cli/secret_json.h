/* JSON that holds a secret, written in locked memory: the words around it are
 * plain, the secret is escaped straight into the document. */
#ifndef KEYTURN_CLI_SECRET_JSON_H
#define KEYTURN_CLI_SECRET_JSON_H

#include "base/buf.h"
#include "base/secret.h"

/* plain is a JSON object ("{…}"); the result is the same with the member name
 * added last. ERR_INVALID when the secret is not UTF-8 (JSON has no bytes),
 * ERR_MEMORY. */
enum err_code secret_json_with(const struct buf *plain, const char *name, const struct secret *secret,
                               struct secret **ret_json, struct err *err) ERR_MUST_CHECK;

#endif
