/* Questions to the agent and its answers as JSON. The one place that knows how
 * a connection is made (and an agent started), and that turns a problem document
 * into an error. */
#ifndef KEYTURN_CLI_AGENT_H
#define KEYTURN_CLI_AGENT_H

#include "cli.h"

#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"

#include <jansson.h>

/* Answers of lists come in pages of this many. */
enum { AGENT_PAGE = 1000, AGENT_ANSWER_BYTES = 64 * 1024 * 1024 };

static inline json_t *json_free(json_t *json)
{
    json_decref(json);
    return NULL;
}
OWN_DEFINE(json_t, json_free);

/* Ask and take the answer's body; a problem document becomes the error. ret_json
 * may be NULL (the body is passed over); it is NULL for an answer without a body.
 * Text in it has no control characters but the line feed. Blocks. Sets
 * cli->reached_nobody when no agent answers. */
enum err_code agent_get(struct cli *cli, const char *path, json_t **ret_json, struct err *err)
    ERR_MUST_CHECK;
/* The same with every text as it is, for what is sent back or compared; it is not fit for a terminal. */
enum err_code agent_get_exact(struct cli *cli, const char *path, json_t **ret_json, struct err *err)
    ERR_MUST_CHECK;
/* body: JSON text, NULL for none. */
enum err_code agent_send(struct cli *cli, const char *method, const char *path, const struct buf *body,
                         json_t **ret_json, struct err *err) ERR_MUST_CHECK;
/* The same with a body that holds a secret; silence of timeout_ms is borne. */
enum err_code agent_send_secret(struct cli *cli, const char *path, const struct secret *body,
                                int timeout_ms, json_t **ret_json, struct err *err) ERR_MUST_CHECK;

/* All pages of a list: path without limit and cursor, name of the list's field.
 * Returns an array that the caller owns. */
enum err_code agent_list(struct cli *cli, const char *path, const char *name, json_t **ret_array,
                         struct err *err) ERR_MUST_CHECK;

/* The body straight to sink, when the answer is no problem. */
enum err_code agent_stream(struct cli *cli, const struct http_request *request, http_sink *sink,
                           void *context, struct err *err) ERR_MUST_CHECK;

/* Percent-encode a query's value. */
void agent_add_query(struct buf *path, char before, const char *name, const char *value);

#endif
