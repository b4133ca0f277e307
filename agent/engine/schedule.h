/* What is due: keys, rotations, revocations; recovery at start. */
#ifndef KEYTURN_ENGINE_SCHEDULE_H
#define KEYTURN_ENGINE_SCHEDULE_H

#include "subject.h"

/* Do what is due, each in a step of its own; the number of steps. */
size_t schedule_run(struct engine *engine);
/* After unlocking: what was in flight when the agent ended is uncertain. */
enum err_code schedule_recover(struct engine *engine, struct err *err) ERR_MUST_CHECK;
/* Probe the current version of a key now: before what is due where a person asked; later where too much waits. */
enum err_code schedule_probe(struct engine *engine, struct subject *subject, bool asked, struct err *err) ERR_MUST_CHECK;
/* When the key is probed next on its schedule; 0: never. */
int64_t schedule_next_probe(struct engine *engine, const struct vault_key *key);

#endif
