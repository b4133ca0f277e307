/* Emergencies: which versions die, and which are replaced first. */
#ifndef KEYTURN_ENGINE_INCIDENT_H
#define KEYTURN_ENGINE_INCIDENT_H

#include "engine/engine.h"

/* The incident has one version fewer: another one has it, or nobody. */
enum err_code incident_leave(struct engine *engine, uint32_t number, bool replacing, struct err *err) ERR_MUST_CHECK;

#endif
