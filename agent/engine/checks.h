/* The store's file and the audit log, looked at as a whole after each unlocking. */
#ifndef KEYTURN_ENGINE_CHECKS_H
#define KEYTURN_ENGINE_CHECKS_H

#include "engine/engine.h"

#include <pthread.h>

/* Of the store's file and of the audit log, on a worker, after each unlocking (checks.c). */
struct checks {
    int64_t due_ms; /* monotonic; 0: nothing is to be looked at */
    bool running;
    enum err_code store_code, log_code;
    struct err store_err, log_err;
    bool untold; /* people are to be told of the problem */
    pthread_mutex_t mutex; /* over what follows: the api asks */
    char problem[ERR_MESSAGE_BYTES]; /* with the log; "": none is known */
};

void checks_init(struct checks *checks);
void checks_release(struct checks *checks);
/* After unlocking, which does not wait for them. */
void checks_plan(struct engine *engine);
/* Until checks_run_due has something to do; INT64_MAX: nothing is planned, or the last ones run. */
int64_t checks_wait_ms(struct engine *engine);
void checks_run_due(struct engine *engine);
/* In a group: notices of what was found. True: they are in it. */
bool checks_tell(struct engine *engine);

#endif
