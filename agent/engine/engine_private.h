/* The engine as its parts share it: what each of them keeps, and what all of them ask of it. */
#ifndef KEYTURN_ENGINE_ENGINE_PRIVATE_H
#define KEYTURN_ENGINE_ENGINE_PRIVATE_H

#include "base/text.h"
#include "calls.h"
#include "checks.h"
#include "engine/engine.h"
#include "flights.h"
#include "follow_ups.h"
#include "places.h"
#include "traces.h"

#include <stdatomic.h>
#include <string.h>

struct engine {
    struct engine_options options;
    struct vault *vault;
    struct vault_session *session;
    bool credential_refused; /* a revocation may wait until its credential changes */
    struct secret_arena *arena;
    struct http_client *http;
    struct work_pool *work;
    struct work_pool *notify_work; /* a thread for programs of channels alone; NULL without one */
    int stop_fd;                   /* readable when programs have had their time at the engine's end */
    int notify_stop_fd;            /* readable when the engine stops: its programs end; 0: there are none */
    size_t notices_in_flight;      /* planned and not ended */
    size_t open_rotations;         /* counted at unlocking, then kept */
    struct action_runner runner;
    struct action_runner traced_runner; /* the same, for keys that are traced */
    struct trace *traces[TRACES];
    struct calls calls;
    struct flights flights;
    struct follow_ups follow_ups; /* of the step under way */
    struct reconciliation *reconciliation;
    struct call *lock_call; /* waits until nothing is in flight */
    struct checks checks;
    struct places places;
    int64_t next_due_ms;    /* wall; 0: nothing */
    int64_t anchor_at_ms;   /* monotonic */
    uint64_t anchored_commits; /* so many, when it was last anchored */
    bool rested;            /* since then nothing was committed, and memory was given back */
    int64_t commit_retry_ms; /* monotonic; 0: the last commit was well */
    unsigned commit_failures_in_row;
    atomic_bool stop;
    struct {
        atomic_uint_fast64_t turns, commits, commit_failures, effects_started, effects_ended, calls,
            rotations_done, rotations_failed, revocations_done;
    } figures;
};

/* May one more rotation be open? */
static inline bool engine_has_room(const struct engine *engine)
{
    return engine->open_rotations < engine->options.open_rotations;
}

static inline bool engine_is_unlocked(const struct engine *engine)
{
    return vault_state(engine->vault) == VAULT_UNLOCKED;
}

static inline int64_t engine_now(const struct engine *engine)
{
    return clock_wall_ms(engine->options.clock);
}

/* When a job in flight is looked at again at the latest: in an hour or a little more. In steps, so that one
 * that goes from effect to effect keeps its due time, and the store its index of them. */
static inline int64_t engine_guard_ms(const struct engine *engine)
{
    const int64_t hour_ms = 60 * 60 * 1000, step_ms = 10 * 60 * 1000;
    return (engine_now(engine) / step_ms + 1) * step_ms + hour_ms;
}

static inline bool id_equal(const uint8_t a[VAULT_ID_BYTES], const uint8_t b[VAULT_ID_BYTES])
{
    return memcmp(a, b, VAULT_ID_BYTES) == 0;
}

#define COPY_TEXT(out, text) text_copy((out), sizeof(out), (text))

#endif
