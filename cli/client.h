/* The CLI's HTTP/1.1 client over the agent's Unix socket: keep-alive, bodies by
 * length, in chunks, or to the end of the connection. Linking libcurl would cost
 * every start 6 to 8 ms, several times the rest of the process. */
#ifndef KEYTURN_CLI_CLIENT_H
#define KEYTURN_CLI_CLIENT_H

#include "base/err.h"
#include "stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_TIMEOUT_MS = 30000, CLIENT_TYPE_BYTES = 64 };

struct client {
    struct stream stream;
    bool used; /* a request went over this connection before */
};

#define CLIENT_NONE ((struct client){.stream = {.fd = -1}})

struct http_request {
    const char *method;
    const char *path;   /* with its query */
    const char *accept; /* NULL: application/json */
    const char *consumer; /* Keyturn-Consumer; NULL: not said */
    const void *body;   /* JSON; borrowed; NULL: none */
    size_t body_length;
    int timeout_ms; /* of silence; 0: CLIENT_TIMEOUT_MS */
};

struct http_head {
    int status;
    int64_t length; /* of the body, -1: not said */
    bool chunked;
    bool closes;
    int64_t retry_after_s; /* 0: not said */
    char content_type[CLIENT_TYPE_BYTES];
};

/* Takes the body piece by piece. */
typedef enum err_code http_sink(void *context, const struct http_head *head, const void *bytes,
                                size_t length, struct err *err);

/* Connect, or keep the connection there is. Errors as stream_open. */
enum err_code client_open(struct client *client, const char *path, struct err *err) ERR_MUST_CHECK;
void client_release(struct client *client);

/* One request over the open connection. Whatever HTTP status the answer has is
 * ERR_OK. ERR_UNCERTAIN: the connection broke after the request was sent and
 * before the answer was whole; ERR_NETWORK: before it was sent; ERR_FORMAT: what
 * came is not HTTP; ERR_BUSY: silence; or what sink returned. After an error the
 * connection is closed. */
enum err_code client_call(struct client *client, const struct http_request *request, http_sink *sink,
                          void *context, struct http_head *ret_head, struct err *err) ERR_MUST_CHECK;

#endif
