/* One request from its first line to its last byte, and what a handler sees of it. */
#ifndef KEYTURN_API_REQUEST_H
#define KEYTURN_API_REQUEST_H

#include "api/api.h"
#include "base/buf.h"
#include "base/secret.h"
#include "peer.h"
#include "vault/vault.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct route;
struct stream;

/* What a thread owns for the requests that it handles. */
struct worker {
    struct vault_session *session;
    struct secret_arena *arena;
};

/* The placeholders of the path. */
struct request_path {
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    uint8_t id[VAULT_ID_BYTES];
    uint32_t number;
};

enum request_stage {
    REQUEST_NEW,
    REQUEST_TAKES_BODY,
    REQUEST_REFUSED,  /* the rest of its body is read and dropped, then the answer goes out */
    REQUEST_BLOCKS,   /* its handler runs on a blocker's thread, the connection sleeps */
    REQUEST_ANSWERED, /* what follows is the answer */
};

struct request {
    struct api *api;
    struct MHD_Connection *connection;
    const struct peer *peer;
    const struct route *route; /* NULL: there is none */
    struct request_path path;
    struct worker *worker; /* of the thread that the handler runs on */
    enum request_stage stage;
    int64_t started_ms;   /* monotonic */
    struct secret *body;  /* as it was sent, NULL without one; it may hold secrets */
    size_t dropped_bytes; /* of a body that nobody wants */
    struct request *next; /* in the blockers' queue */

    /* The answer. */
    unsigned status;
    const char *content_type; /* application/json, unless a handler says otherwise */
    struct buf out;
    struct secret *secret;   /* sent instead of out, and wiped when it was sent */
    uint32_t version;        /* the secret's, for a header; 0: none */
    struct stream *stream;   /* sent instead of out, page by page; owned by the response */
    char allow[64];          /* the Allow header of a 405 */
    unsigned retry_after_s;
};

/* A handler decodes, calls the vault or the engine, and writes to request->out. On failure what it
 * wrote is dropped, and err becomes a problem document. */
typedef enum err_code request_handler(struct request *request, struct err *err);

/* A header or a query parameter; NULL when it is absent, "" without a value. */
const char *request_header(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);

/* What a handler mostly needs. */
struct engine *request_engine(const struct request *request);
struct vault *request_vault(const struct request *request);
/* What the rest of the scope reads is one state of the store: an answer that is made of several records does
 * not contradict itself. */
#define REQUEST_SEES_ONE_STATE(request)                                                                \
    OWN(vault_snapshot_end) struct vault_session *seen_by_request = NULL;                              \
    TRY(vault_snapshot(request_session(request), &seen_by_request, err))
struct vault_session *request_session(const struct request *request);
const struct api_options *request_options(const struct request *request);
int64_t request_uptime_s(const struct request *request);

/* An error that HTTP has a status of its own for. Returns code. */
enum err_code request_refuse(struct request *request, unsigned status, enum err_code code, struct err *err,
                             const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The steps of the listener, in this order. */
void request_begin(struct request *request, struct api *api, struct MHD_Connection *connection,
                   const struct peer *peer);
/* Find the route and say no where the first lines are enough for it: then the stage is REQUEST_REFUSED. */
void request_open(struct request *request, const char *method, const char *path);
/* Part of the body; it is wiped where it lies. False: give the connection up. */
bool request_take(struct request *request, const char *bytes, size_t length);
/* Run the handler, here and now. */
void request_run(struct request *request, struct worker *worker);
/* Instead of running it: the agent is ending. */
void request_turn_away(struct request *request);
/* Free what the request owns; out's memory is kept for the next one where it is small. */
void request_end(struct request *request);

#endif
