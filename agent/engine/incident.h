/* What an incident counts: its versions, those that are to be replaced, and the dead. */
#ifndef KEYTURN_ENGINE_INCIDENT_H
#define KEYTURN_ENGINE_INCIDENT_H

#include "engine/engine.h"

/* A version of the incident (0: of none) is dead. */
enum err_code incident_count_dead(struct engine *engine, uint32_t number, struct err *err) ERR_MUST_CHECK;
/* The incident has one version fewer: another one has it, or nobody. */
enum err_code incident_leave(struct engine *engine, uint32_t number, bool replacing, struct err *err) ERR_MUST_CHECK;

#endif
