/* Held connections: suspended in the HTTP server until a time has passed or the
 * client has gone, whichever is first.
 *
 * A suspended connection is out of the server's sight, so a thread of its own
 * watches the descriptors. */
#ifndef KEYTURN_SIM_HOLD_H
#define KEYTURN_SIM_HOLD_H

#include "base/clock.h"
#include "base/err.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct hold;

/* Starts the thread. clock is borrowed. */
enum err_code hold_start(const struct clock *clock, struct hold **ret_hold, struct err *err) ERR_MUST_CHECK;

/* An eventfd (borrowed until hold_stop) that is written to when connections were resumed, to wake the
 * loop that runs their daemon. At most HOLD_LOOPS. */
enum { HOLD_LOOPS = 8 };
enum err_code hold_wakes(struct hold *hold, int loop, struct err *err) ERR_MUST_CHECK;

/* Resumes every held connection and refuses new ones. Call it before the
 * daemons stop (they may not have suspended connections then), and hold_free
 * after. */
void hold_stop(struct hold *hold);
struct hold *hold_free(struct hold *hold);

/* Suspend the connection for at most ms. Call it from the daemon's own thread,
 * inside a callback of that connection. False when stopping or out of memory:
 * the connection was not suspended. */
bool hold_connection(struct hold *hold, struct MHD_Connection *connection, int64_t ms);

#endif
