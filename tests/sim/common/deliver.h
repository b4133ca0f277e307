/* How an answer goes out: whole, late, in drips, cut, endless, or not at all. */
#ifndef KEYTURN_SIM_DELIVER_H
#define KEYTURN_SIM_DELIVER_H

#include "common/server.h"

/* How long the answer is held back first. */
int64_t deliver_hold_ms(const struct fault_hit *hit);

/* The response for the exchange's answer and fault, or NULL where none leaves
 * (or memory is short: the connection then ends). The caller destroys it. */
struct MHD_Response *deliver_response(struct exchange *exchange, struct hold *hold);

/* Sends exchange->response, or ends the connection as the fault says. */
enum MHD_Result deliver_send(struct exchange *exchange);

#endif
