/* A step: one change that holds or fails as a whole. */
#ifndef KEYTURN_ENGINE_STEP_H
#define KEYTURN_ENGINE_STEP_H

#include "calls.h"

/* Run a function as one step of the group: taken back whole when it fails, with its flights and
 * follow-ups. */
enum err_code engine_step(struct engine *engine, call_function *function, void *argument, struct err *err)
    ERR_MUST_CHECK;
/* What the step has caused so far in other jobs is done now, within it: for who reads what came of it. If one fails
 * the whole step is taken back. */
enum err_code follow_up_run(struct engine *engine, struct err *err) ERR_MUST_CHECK;

#endif
