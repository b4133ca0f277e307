#include "calls.h"

#include "engine_private.h"

void calls_init(struct calls *calls)
{
    pthread_mutex_init(&calls->mutex, NULL);
    calls->first = NULL;
    calls->end = &calls->first;
    calls->closed = false;
}

void calls_release(struct calls *calls)
{
    pthread_mutex_destroy(&calls->mutex);
}

enum err_code engine_call(struct engine *engine, call_function *function, void *argument,
                          bool exclusive, struct err *err)
{
    struct calls *calls = &engine->calls;
    struct call call = {
        .function = function, .argument = argument, .exclusive = exclusive, .err = err};

    pthread_mutex_lock(&calls->mutex);
    if (calls->closed) {
        pthread_mutex_unlock(&calls->mutex);
        return err_set(err, ERR_BUSY, "the agent is stopping; start it again and repeat this");
    }
    bool first = !calls->first; /* else the loop was woken for those before it, and has not taken them yet */
    *calls->end = &call;
    calls->end = &call.next;
    if (first)
        http_wake(engine->http);
    /* A condition of its own: with one for all, each answer would wake every thread that waits. */
    pthread_cond_init(&call.answered, NULL);
    while (!call.ended)
        pthread_cond_wait(&call.answered, &calls->mutex);
    pthread_mutex_unlock(&calls->mutex);
    pthread_cond_destroy(&call.answered);
    return call.code;
}

struct call *calls_take(struct calls *calls)
{
    pthread_mutex_lock(&calls->mutex);
    struct call *list = calls->first;
    calls->first = NULL;
    calls->end = &calls->first;
    pthread_mutex_unlock(&calls->mutex);
    return list;
}

void calls_answer(struct calls *calls, struct call *list)
{
    if (!list)
        return;
    pthread_mutex_lock(&calls->mutex);
    while (list) {
        /* Once ended is seen the caller's frame, which holds the call, is gone. */
        struct call *next = list->next;
        list->ended = true;
        pthread_cond_signal(&list->answered);
        list = next;
    }
    pthread_mutex_unlock(&calls->mutex);
}

void calls_close(struct engine *engine)
{
    struct calls *calls = &engine->calls;
    pthread_mutex_lock(&calls->mutex);
    calls->closed = true;
    pthread_mutex_unlock(&calls->mutex);
    struct call *left = calls_take(calls);
    for (struct call *call = left; call; call = call->next)
        call->code = err_set(call->err, ERR_BUSY,
                             "the agent is stopping; start it again and repeat this");
    calls_answer(calls, left);
}
