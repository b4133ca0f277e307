/* Work that blocks, beside the loop: a few threads take jobs from a queue; their
 * results are collected by the one thread that owns the pool.
 *
 * run is called on a worker thread and may block; done is called by
 * work_collect on the owner's thread. Each job gets exactly one done, also at
 * work_pool_free, which waits for running jobs and calls done for the rest with
 * cancelled true without having run them. */
#ifndef KEYTURN_BASE_WORK_H
#define KEYTURN_BASE_WORK_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct work_pool;

struct work_job {
    void (*run)(void *context);
    void (*done)(void *context, bool cancelled);
    void *context;
};

/* threads: 1 to 64. wake(wake_context) is called from worker threads whenever a
 * job has ended (it must be thread-safe and not block). */
enum err_code work_pool_new(size_t threads, void (*wake)(void *context), void *wake_context,
                            struct work_pool **ret_pool, struct err *err) ERR_MUST_CHECK;
/* Begin no job any more, and wait until those that run have ended, at most wait_ms. True: none runs. Then, or to
 * wait for as long as they take, work_pool_free. */
bool work_pool_stop(struct work_pool *pool, int64_t wait_ms);
struct work_pool *work_pool_free(struct work_pool *pool);
OWN_DEFINE(struct work_pool, work_pool_free);

/* Queue a job (copied). An urgent job goes before all that are not. */
enum err_code work_submit(struct work_pool *pool, const struct work_job *job, bool urgent,
                          struct err *err) ERR_MUST_CHECK;
/* Call done for every ended job; the number of them. */
size_t work_collect(struct work_pool *pool);

#endif
