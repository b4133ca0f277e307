/* When a key's rotation opens by itself, and what holds it up. */
#ifndef KEYTURN_ENGINE_CALENDAR_H
#define KEYTURN_ENGINE_CALENDAR_H

#include "engine/engine.h"

/* Plan the key's next rotation: its period counted from from_ms, or before its current version
 * expires, whichever is first; none without either. */
enum err_code calendar_plan(struct engine *engine, struct vault_key *key, int64_t from_ms, struct err *err)
    ERR_MUST_CHECK;
/* The same from when its current version came into use; none while a rotation is open. */
enum err_code calendar_plan_current(struct engine *engine, struct vault_key *key, struct err *err) ERR_MUST_CHECK;
/* At once. */
void calendar_plan_now(struct engine *engine, struct vault_key *key, enum vault_cause cause);
void calendar_clear(struct vault_key *key);
/* Its planned time has come: does the rotation open? Else it is planned anew. */
enum err_code calendar_opens(struct engine *engine, struct vault_key *key, bool *ret_opens, struct err *err)
    ERR_MUST_CHECK;
/* The same of its scheduled probe. */
bool calendar_probes(struct engine *engine, struct vault_key *key);

#endif
