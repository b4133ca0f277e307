/* Calls from other threads, which the loop does in its turn and answers. */
#ifndef KEYTURN_ENGINE_CALLS_H
#define KEYTURN_ENGINE_CALLS_H

#include "engine/engine.h"

#include <pthread.h>

typedef enum err_code call_function(struct engine *engine, void *argument, struct err *err);

struct call {
    struct call *next;
    call_function *function;
    void *argument;
    bool exclusive; /* runs outside the group: init, unlock, lock */
    enum err_code code;
    struct err *err;
    bool ended;
    pthread_cond_t answered;
};

struct calls {
    pthread_mutex_t mutex;
    struct call *first;
    struct call **end;
    bool closed;
};

void calls_init(struct calls *calls);
void calls_release(struct calls *calls);
/* Block until the loop has done it. */
enum err_code engine_call(struct engine *engine, call_function *function, void *argument,
                          bool exclusive, struct err *err) ERR_MUST_CHECK;
struct call *calls_take(struct calls *calls);
void calls_answer(struct calls *calls, struct call *list);
void calls_close(struct engine *engine);

#endif
