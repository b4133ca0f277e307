/* The agent's HTTP API on libmicrohttpd: HTTP/1.1 and JSON over a Unix socket.
 *
 * Each request: know the peer (SO_PEERCRED), find the route in the table,
 * authorise, decode, call one function of the vault or the engine, encode.
 * Errors are RFC 9457 problem documents. schema/openapi.yaml describes all of it.
 *
 * Threads: libmicrohttpd's pool, each with a vault session and a secret arena of its own; and some
 * for requests that wait (for the engine, for a key derivation), whose connections sleep meanwhile. */
#ifndef KEYTURN_API_API_H
#define KEYTURN_API_API_H

#include "base/clock.h"
#include "base/err.h"
#include "base/own.h"
#include "engine/engine.h"

#include <stddef.h>

struct api;

struct api_options {
    struct engine *engine; /* borrowed, until api_stop has returned; where its loop has ended it
                            * refuses what needs it */
    int listen_fd;         /* a listening Unix socket; taken */
    const struct clock *clock;
    const char *audit_path; /* for /v1/vault */
    size_t threads;         /* for reads; 0: 2 */
    size_t connections;     /* at most at once; 0: 256; not more than 120 a thread */
    unsigned idle_s;        /* a connection may be silent so long; 0: 30 */
};

/* ERR_IO when libmicrohttpd cannot start. */
enum err_code api_start(const struct api_options *options, struct api **ret_api, struct err *err) ERR_MUST_CHECK;
/* Stops listening, gives the requests under way a second to end, frees. Blocks for as long as a
 * request waits for the engine: end its loop first, or see that it runs. */
struct api *api_stop(struct api *api);
OWN_DEFINE(struct api, api_stop);

/* Make the listening socket: its folder (0700) where missing; mode 0660 and that group, or 0600
 * where group is NULL. ERR_INVALID no such group, or the path is not whole; ERR_LIMIT the path is
 * too long for a socket (107 bytes); ERR_EXISTS an agent answers there, or something that is not a
 * socket stands there; ERR_DENIED a symlink, or a folder that others may write to. A socket that
 * nobody listens on any more is replaced: call it only while holding the store's lock. */
enum err_code api_listen(const char *path, const char *group, int *ret_fd, struct err *err) ERR_MUST_CHECK;

#endif
