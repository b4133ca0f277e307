/* One listening port of a simulator, on 127.0.0.1 only, with one thread.
 *
 * The server reads a request to its end, has the provider's handler fill in the
 * answer, and sends it as the fault that struck it says. */
#ifndef KEYTURN_SIM_SERVER_H
#define KEYTURN_SIM_SERVER_H

#include "base/err.h"
#include "base/own.h"
#include "base/buf.h"
#include "common/fault.h"
#include "common/hold.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum { SERVER_TARGET_BYTES = 256, SERVER_BODY_BYTES = 64 * 1024 };

struct server;

/* One request and its answer. */
struct exchange {
    struct MHD_Connection *connection;
    const char *method;
    const char *path;                 /* decoded, without the query */
    char target[SERVER_TARGET_BYTES]; /* path and query as sent, cut */
    struct buf body;                  /* the request's; at most SERVER_BODY_BYTES */

    /* What the handler fills in. out is the server's, empty, and holds the
     * answer's body; content_type is JSON unless set. */
    struct buf *out;
    int status;
    const char *content_type;
    const char *location;
    int retry_after_s; /* 0: no Retry-After */
    struct fault_hit fault;

    /* The server's own. */
    struct server *server;
    int stage;
    bool body_too_large;
    struct MHD_Response *response;
};

/* The value of a request header, or NULL. Borrowed from the request. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* The value of a query argument, "" for one without value, or NULL. */
const char *exchange_query(const struct exchange *exchange, const char *name);

/* Makes the exchange's answer that of the fault's row (FAULT_WAY_REPLACE with a
 * body of its own). */
void exchange_replace(struct exchange *exchange);

struct server_handler {
    void (*answer)(void *context, struct exchange *exchange);
    void *context;
};

/* port 0 takes any free one. hold is borrowed, and the handler's context.
 * ERR_EXISTS when the port is taken. */
enum err_code server_start(uint16_t port, const struct server_handler *handler, struct hold *hold,
                           struct server **ret_server, struct err *err) ERR_MUST_CHECK;
uint16_t server_port(const struct server *server);

/* After hold_stop. */
struct server *server_stop(struct server *server);
OWN_DEFINE(struct server, server_stop);

#endif
