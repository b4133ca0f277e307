/* Three lists under one mutex: urgent and ordinary jobs wait, ended ones are
 * kept for the owner. A job is on one list at a time, or with its worker. */
#include "base/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WORK_MAX_THREADS = 64,
    /* Ample for what jobs do, and little enough that 64 of them are cheap where
     * all memory is locked. */
    WORK_STACK_BYTES = 256 * 1024
};

struct work_item {
    struct work_job job;
    struct work_item *next;
};

struct work_list {
    struct work_item *first;
    struct work_item *last;
};

struct work_pool {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a job waits, or stopping */
    pthread_cond_t idle;    /* no job runs */
    size_t running;
    struct work_list urgent;
    struct work_list waiting;
    struct work_list ended;
    bool stopping;
    void (*wake)(void *context);
    void *wake_context;
    size_t threads;
    pthread_t thread[];
};

static void work_list_push(struct work_list *list, struct work_item *item)
{
    item->next = NULL;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
}

static struct work_item *work_list_pop(struct work_list *list)
{
    struct work_item *item = list->first;
    if (!item)
        return NULL;
    list->first = item->next;
    if (!list->first)
        list->last = NULL;
    return item;
}

/* The next job, or NULL when the pool stops. Called with the mutex held. */
static struct work_item *work_next(struct work_pool *pool)
{
    while (!pool->stopping) {
        struct work_item *item = work_list_pop(&pool->urgent);
        if (!item)
            item = work_list_pop(&pool->waiting);
        if (item)
            return item;
        pthread_cond_wait(&pool->changed, &pool->mutex);
    }
    return NULL;
}

static void *work_thread(void *context)
{
    struct work_pool *pool = context;
    pthread_mutex_lock(&pool->mutex);
    for (struct work_item *item = work_next(pool); item; item = work_next(pool)) {
        pool->running++;
        pthread_mutex_unlock(&pool->mutex);
        item->job.run(item->job.context);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->running == 0)
            pthread_cond_broadcast(&pool->idle);
        work_list_push(&pool->ended, item);
        pthread_mutex_unlock(&pool->mutex);
        pool->wake(pool->wake_context);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Signals are the business of the main thread: workers are born with all of them
 * blocked, so that none interrupts a job or ends the process from one. */
static int work_start_thread(struct work_pool *pool, const pthread_attr_t *attributes)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int sys = pthread_create(&pool->thread[pool->threads], attributes, work_thread, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (sys == 0)
        pool->threads++;
    return sys;
}

static int work_start_threads(struct work_pool *pool, size_t threads)
{
    pthread_attr_t attributes;
    int sys = pthread_attr_init(&attributes);
    if (sys != 0)
        return sys;
    sys = pthread_attr_setstacksize(&attributes, WORK_STACK_BYTES);
    while (sys == 0 && pool->threads < threads)
        sys = work_start_thread(pool, &attributes);
    pthread_attr_destroy(&attributes);
    return sys;
}

enum err_code work_pool_new(size_t threads, void (*wake)(void *context), void *wake_context,
                            struct work_pool **ret_pool, struct err *err)
{
    if (threads < 1 || threads > WORK_MAX_THREADS)
        return err_set(err, ERR_LIMIT, "a pool has 1 to %d worker threads, not %zu",
                       WORK_MAX_THREADS, threads);
    struct work_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->thread[0]);
    if (!pool)
        return err_set(err, ERR_MEMORY, "out of memory for worker threads");
    pool->wake = wake;
    pool->wake_context = wake_context;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_cond_init(&pool->idle, NULL);
    int sys = work_start_threads(pool, threads);
    if (sys != 0) {
        work_pool_free(pool);
        return err_set_errno(err, sys, "cannot start %zu worker threads", threads);
    }
    *ret_pool = pool;
    return ERR_OK;
}

bool work_pool_stop(struct work_pool *pool, int64_t wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t end_ns = until.tv_nsec + wait_ms % 1000 * 1000000;
    until.tv_sec += (time_t)(wait_ms / 1000 + end_ns / 1000000000);
    until.tv_nsec = (long)(end_ns % 1000000000);
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->changed);
    while (pool->running && pthread_cond_clockwait(&pool->idle, &pool->mutex, CLOCK_MONOTONIC, &until) == 0) {
    }
    bool idle = pool->running == 0;
    pthread_mutex_unlock(&pool->mutex);
    return idle;
}

static void work_end_threads(struct work_pool *pool)
{
    (void)work_pool_stop(pool, 0);
    for (size_t i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
}

static size_t work_finish(struct work_list *list, bool cancelled)
{
    size_t count = 0;
    for (struct work_item *item = work_list_pop(list); item; item = work_list_pop(list)) {
        item->job.done(item->job.context, cancelled);
        free(item);
        count++;
    }
    return count;
}

struct work_pool *work_pool_free(struct work_pool *pool)
{
    if (!pool)
        return NULL;
    work_end_threads(pool);
    work_finish(&pool->ended, false);
    work_finish(&pool->urgent, true);
    work_finish(&pool->waiting, true);
    pthread_cond_destroy(&pool->changed);
    pthread_cond_destroy(&pool->idle);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
    return NULL;
}

enum err_code work_submit(struct work_pool *pool, const struct work_job *job, bool urgent,
                          struct err *err)
{
    struct work_item *item = malloc(sizeof *item);
    if (!item)
        return err_set(err, ERR_MEMORY, "out of memory for a job");
    item->job = *job;
    pthread_mutex_lock(&pool->mutex);
    bool stopping = pool->stopping;
    if (!stopping) {
        work_list_push(urgent ? &pool->urgent : &pool->waiting, item);
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (!stopping)
        return ERR_OK;
    free(item);
    return err_set(err, ERR_STATE, "the worker threads are stopping: no job is taken any more");
}

/* The ended jobs are taken off in one step and finished without the mutex, so
 * that done may submit more. */
size_t work_collect(struct work_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct work_list ended = pool->ended;
    pool->ended = (struct work_list){0};
    pthread_mutex_unlock(&pool->mutex);
    return work_finish(&ended, false);
}
