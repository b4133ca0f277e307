#include "blockers.h"

#include "request.h"

#include <pthread.h>
#include <stdlib.h>

struct blockers {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    struct request *first;
    struct request **end;
    bool ending;
    void (*run)(void *context, struct request *request);
    void *context;
    size_t threads;
    pthread_t thread[];
};

static struct request *blockers_take(struct blockers *blockers)
{
    (void)pthread_mutex_lock(&blockers->mutex);
    while (!blockers->first && !blockers->ending)
        (void)pthread_cond_wait(&blockers->more, &blockers->mutex);
    struct request *request = blockers->first;
    if (request) {
        blockers->first = request->next;
        request->next = NULL;
        if (!blockers->first)
            blockers->end = &blockers->first;
    }
    (void)pthread_mutex_unlock(&blockers->mutex);
    return request;
}

static void *blockers_loop(void *context)
{
    struct blockers *blockers = context;
    for (struct request *request; (request = blockers_take(blockers));)
        blockers->run(blockers->context, request);
    return NULL;
}

enum err_code blockers_new(size_t threads, void (*run)(void *context, struct request *request), void *context,
                           struct blockers **ret_blockers, struct err *err)
{
    OWN(blockers_free) struct blockers *blockers = calloc(1, sizeof *blockers + threads * sizeof(pthread_t));
    if (!blockers)
        return err_set(err, ERR_MEMORY, "out of memory for the server's threads");
    (void)pthread_mutex_init(&blockers->mutex, NULL);
    (void)pthread_cond_init(&blockers->more, NULL);
    blockers->end = &blockers->first;
    blockers->run = run;
    blockers->context = context;
    for (; blockers->threads < threads; blockers->threads++)
        if (pthread_create(&blockers->thread[blockers->threads], NULL, blockers_loop, blockers) != 0)
            return err_set(err, ERR_MEMORY, "a thread of the server could not be started");
    *ret_blockers = GIVE(blockers);
    return ERR_OK;
}

void blockers_finish(struct blockers *blockers)
{
    (void)pthread_mutex_lock(&blockers->mutex);
    blockers->ending = true;
    (void)pthread_cond_broadcast(&blockers->more);
    (void)pthread_mutex_unlock(&blockers->mutex);
    for (; blockers->threads > 0; blockers->threads--)
        (void)pthread_join(blockers->thread[blockers->threads - 1], NULL);
}

struct blockers *blockers_free(struct blockers *blockers)
{
    if (!blockers)
        return NULL;
    blockers_finish(blockers);
    (void)pthread_cond_destroy(&blockers->more);
    (void)pthread_mutex_destroy(&blockers->mutex);
    free(blockers);
    return NULL;
}

bool blockers_submit(struct blockers *blockers, struct request *request)
{
    (void)pthread_mutex_lock(&blockers->mutex);
    bool taken = !blockers->ending;
    if (taken) {
        *blockers->end = request;
        blockers->end = &request->next;
        (void)pthread_cond_signal(&blockers->more);
    }
    (void)pthread_mutex_unlock(&blockers->mutex);
    return taken;
}
