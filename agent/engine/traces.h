/* What actions sent and got, of keys that are traced. */
#ifndef KEYTURN_ENGINE_TRACES_H
#define KEYTURN_ENGINE_TRACES_H

#include "flights.h"

struct subject;
struct trace;
enum { TRACES = 8 }; /* keys traced at once */

/* From now on what is asked about the key is kept. */
enum err_code trace_begin_key(struct engine *engine, const struct subject *subject, struct err *err) ERR_MUST_CHECK;
const struct action_runner *trace_runner(struct engine *engine, const struct flight *flight);
void trace_take(void *context, int rule, unsigned request, const char *json, size_t length);
void traces_release(struct engine *engine);

#endif
