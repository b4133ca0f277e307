/* The running server: what the listener, its threads and the requests share. */
#ifndef KEYTURN_API_SERVER_H
#define KEYTURN_API_SERVER_H

#include "accept.h"
#include "blockers.h"
#include "crowd.h"
#include "peer.h"
#include "readers.h"
#include "request.h"

#include <pthread.h>
#include <stdatomic.h>

struct MHD_Daemon;

/* A thread of the listener: libmicrohttpd's, with the connections that it was given. */
struct lane {
    struct api *api;
    size_t number;
    struct MHD_Daemon *daemon; /* NULL: it was not started */
};

struct api {
    struct api_options options;
    struct lane *lanes; /* options.threads of them; owned */
    struct acceptor *acceptor;
    struct crowd crowd;
    struct peers peers;
    struct blockers *blockers;
    struct readers *readers;
    pthread_key_t workers; /* each thread's struct worker, freed when the thread ends */
    bool workers_made;
    int64_t started_ms;    /* monotonic */
    atomic_uint under_way; /* requests whose last byte has not left */
};

/* That of the calling thread, one of the listener's, made at its first request; NULL when memory is short. */
struct worker *server_worker(struct api *api) ERR_MUST_CHECK;

#endif
