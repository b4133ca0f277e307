/* Threads for requests that wait: for the engine's next commit, for a key
 * derivation, for the end of what is in flight. Their connections sleep
 * meanwhile, so reads on the listener's threads go on. */
#ifndef KEYTURN_API_BLOCKERS_H
#define KEYTURN_API_BLOCKERS_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct blockers;
struct request;

/* run is called once for each request that was taken, on one of the threads. */
enum err_code blockers_new(size_t threads, void (*run)(void *context, struct request *request), void *context,
                           struct blockers **ret_blockers, struct err *err) ERR_MUST_CHECK;
/* Runs what is queued, then ends the threads. What is submitted from here on is turned away. */
void blockers_finish(struct blockers *blockers);
/* After blockers_finish; nobody may submit any more. */
struct blockers *blockers_free(struct blockers *blockers);
OWN_DEFINE(struct blockers, blockers_free);

/* False: it is ending, and the request was not taken. */
bool blockers_submit(struct blockers *blockers, struct request *request);

#endif
