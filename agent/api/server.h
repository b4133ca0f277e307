/* The running server: what the listener, its threads and the requests share. */
#ifndef KEYTURN_API_SERVER_H
#define KEYTURN_API_SERVER_H

#include "blockers.h"
#include "peer.h"
#include "request.h"

#include <pthread.h>
#include <stdatomic.h>

struct MHD_Daemon;

struct api {
    struct api_options options;
    struct MHD_Daemon *daemon;
    struct peers peers;
    struct blockers *blockers;
    pthread_key_t workers; /* each thread's struct worker, freed when the thread ends */
    bool workers_made;
    int64_t started_ms;    /* monotonic */
    atomic_uint under_way; /* requests whose last byte has not left */
};

/* That of the calling thread, one of the listener's, made at its first request; NULL when memory is short. */
struct worker *server_worker(struct api *api) ERR_MUST_CHECK;

#endif
