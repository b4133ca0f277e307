/* The vault is made, opened and locked. */
#ifndef KEYTURN_ENGINE_OPENING_H
#define KEYTURN_ENGINE_OPENING_H

#include "calls.h"

/* The loop holds it back until what is under way has ended. */
enum err_code opening_lock(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;

#endif
