/* What an incident counts: its versions, those that are to be replaced, and the dead. */
#include "incident.h"

#include "engine_private.h"

enum err_code incident_count_dead(struct engine *engine, uint32_t number, struct err *err)
{
    struct vault_incident incident;
    if (!number)
        return ERR_OK;
    TRY(vault_incident_by_number(engine->session, number, &incident, err));
    incident.dead++;
    if (incident.dead >= incident.revocations)
        incident.ended_at_ms = engine_now(engine);
    return vault_update(engine->vault, VAULT_INCIDENT, &incident.row, err);
}

enum err_code incident_leave(struct engine *engine, uint32_t number, bool replacing, struct err *err)
{
    struct vault_incident incident = {0};
    TRY(vault_incident_by_number(engine->session, number, &incident, err));
    incident.revocations -= incident.revocations > 0;
    incident.replacing -= replacing && incident.replacing > 0;
    if (incident.dead >= incident.revocations && !incident.ended_at_ms)
        incident.ended_at_ms = engine_now(engine);
    return vault_update(engine->vault, VAULT_INCIDENT, &incident.row, err);
}
