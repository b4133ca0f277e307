/* The simulated Amps: what its API port and its dashboard port share. */
#ifndef KEYTURN_SIM_AMPS_AMPS_H
#define KEYTURN_SIM_AMPS_AMPS_H

#include "keys.h"
#include "settings.h"

#include "base/clock.h"
#include "base/random.h"
#include "common/fault.h"
#include "common/journal.h"
#include "common/server.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { AMPS_ADMIN_KEY_BYTES = 129 };

struct amps {
    /* Held over a whole request, its effect and its journal entry, so that the
     * journal's order is the order of the effects. */
    pthread_mutex_t lock;
    struct amps_settings settings;
    struct keys *keys;
    struct faults *faults;
    struct journal *journal; /* NULL: none is kept */
    const struct clock *clock;
    const struct random *random;
    bool key_api; /* the routes that real Amps does not have */
    char admin_key[AMPS_ADMIN_KEY_BYTES];
    uint64_t request_ids; /* the last, before mixing */
    int64_t rate_window_s;
    int64_t rate_count; /* requests in that second */
};

/* Handlers for the two ports; context is the struct amps. */
void amps_api_answer(void *context, struct exchange *exchange);
void amps_dashboard_answer(void *context, struct exchange *exchange);

#endif
