/* A problem document (RFC 9457) of the agent as an error of ours. */
#ifndef KEYTURN_CLI_PROBLEM_H
#define KEYTURN_CLI_PROBLEM_H

#include "base/buf.h"
#include "client.h"

/* Fills err from the answer's head and body; what is no problem document gets
 * a message that says so. Returns the code, never ERR_OK. */
enum err_code problem_take(const struct http_head *head, const struct buf *body, struct err *err);

#endif
