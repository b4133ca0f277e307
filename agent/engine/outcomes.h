/* What an ended flight means: an event of its job. */
#ifndef KEYTURN_ENGINE_OUTCOMES_H
#define KEYTURN_ENGINE_OUTCOMES_H

#include "flights.h"

enum err_code outcome_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* A new key that its rotation will not have: sealed and condemned. */
enum err_code outcome_record_stray(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

#endif
