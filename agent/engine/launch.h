/* Starting flights, as each provider's limits allow. */
#ifndef KEYTURN_ENGINE_LAUNCH_H
#define KEYTURN_ENGINE_LAUNCH_H

#include "engine/engine.h"

/* What the limits allow; how many started. */
size_t flight_start_allowed(struct engine *engine);
/* When the rate next allows a start, monotonic ms; INT64_MAX: nothing waits for it. */
int64_t flight_next_start_ms(const struct engine *engine);

#endif
