/* What providers list, held against the store: its turns. */
#ifndef KEYTURN_ENGINE_RECONCILE_H
#define KEYTURN_ENGINE_RECONCILE_H

#include "flights.h"

struct reconciliation;

enum err_code reconciliation_new(struct engine *engine, struct err *err) ERR_MUST_CHECK;
void reconciliation_free(struct reconciliation *run);
/* A part of the work, if one is due, in the present group. */
void reconciliation_turn(struct engine *engine);
/* How long until there is, in ms; INT64_MAX: an answer brings it. */
int64_t reconciliation_wait_ms(const struct engine *engine);
/* The group was taken back, or the vault is locked: what was done in it is done again, or given up. */
void reconciliation_restart(struct engine *engine);
void reconciliation_stop(struct engine *engine);
enum err_code reconciliation_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

#endif
