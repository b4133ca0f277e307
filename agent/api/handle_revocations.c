/* /v1/revocations and /v1/incidents: how far the killing has come. handle_emergency.c begins it. */
#include "handlers.h"

#include "lists.h"


/* --- Revocations ----------------------------------------------------------- */

static bool wants_revocation(const struct list_filter *filter, const struct vault_row *record)
{
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    return revocation->ended_at_ms ? filter->ended : filter->open;
}

static enum err_code write_revocation(const struct scribe *scribe, const struct vault_row *record,
                                      struct err *err)
{
    return encode_revocation(scribe, (const struct vault_revocation *)record, err);
}

static const struct list_kind revocations_kind = {
    .name = "revocations", .kind = VAULT_REVOCATION, .wants = wants_revocation, .write = write_revocation};

enum err_code handle_revocations_list(struct request *request, struct err *err)
{
    struct list list = {.kind = &revocations_kind};
    TRY(list_state(request, &list.filter, err));
    return list_answer(request, &list, err);
}

enum err_code handle_revocation_show(struct request *request, struct err *err)
{
    struct vault_revocation revocation = {0};
    const struct scribe scribe = {request_session(request), request_engine(request), &request->out};
    REQUEST_SEES_ONE_STATE(request);
    TRY(vault_get(request_session(request), VAULT_REVOCATION, request->path.id, &revocation.row, err));
    return encode_revocation(&scribe, &revocation, err);
}

enum err_code handle_revocation_look(struct request *request, struct err *err)
{
    TRY(engine_revocation_look(request_engine(request), request->peer->name, request->path.id, err));
    return handle_revocation_show(request, err);
}

/* --- Incidents ------------------------------------------------------------- */

static bool wants_incident(const struct list_filter *filter, const struct vault_row *record)
{
    (void)filter;
    (void)record;
    return true;
}

static enum err_code write_incident(const struct scribe *scribe, const struct vault_row *record, struct err *err)
{
    (void)err;
    json_put_object_open(scribe->out, NULL);
    encode_incident_members(scribe->out, (const struct vault_incident *)record);
    json_put_object_close(scribe->out);
    return ERR_OK;
}

static const struct list_kind incidents_kind = {
    .name = "incidents", .kind = VAULT_INCIDENT, .wants = wants_incident, .write = write_incident};

enum err_code handle_incidents_list(struct request *request, struct err *err)
{
    const struct list list = {.kind = &incidents_kind};
    return list_answer(request, &list, err);
}

struct incident_parts {
    struct scribe scribe;
    uint32_t number;
};

static int visit_part(void *context, const struct vault_row *record, struct err *err)
{
    const struct incident_parts *parts = context;
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    if (revocation->incident != parts->number)
        return ERR_OK;
    return (int)encode_revocation(&parts->scribe, revocation, err);
}

static int visit_replacement(void *context, const struct vault_row *record, struct err *err)
{
    const struct incident_parts *parts = context;
    const struct vault_rotation *rotation = (const struct vault_rotation *)record;
    if (rotation->incident != parts->number)
        return ERR_OK;
    return (int)encode_replacement(&parts->scribe, rotation, err);
}

/* A key whose replacement begins when its open rotation has ended. */
static int visit_later(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    const struct incident_parts *parts = context;
    const struct vault_key *key = (const struct vault_key *)record;
    if (key->replace_incident == parts->number)
        encode_later_replacement(parts->scribe.out, key);
    return ERR_OK;
}

static enum err_code write_replacements(struct request *request, const struct vault_incident *incident,
                                        struct incident_parts *parts, struct err *err)
{
    json_put_array_open(&request->out, "replacements");
    if (incident->replacing) {
        TRY(vault_scan(request_session(request), VAULT_ROTATION, NULL, visit_replacement, parts, err));
        TRY(vault_scan(request_session(request), VAULT_KEY, NULL, visit_later, parts, err));
    }
    json_put_array_close(&request->out);
    return ERR_OK;
}

enum err_code answer_incident(struct request *request, const struct vault_incident *incident, struct err *err)
{
    struct buf *out = &request->out;
    struct incident_parts parts = {{request_session(request), request_engine(request), out}, incident->number};
    REQUEST_SEES_ONE_STATE(request);
    json_put_object_open(out, NULL);
    encode_incident_members(out, incident);
    json_put_array_open(out, "revocations");
    TRY(vault_scan(request_session(request), VAULT_REVOCATION, NULL, visit_part, &parts, err));
    json_put_array_close(out);
    TRY(write_replacements(request, incident, &parts, err));
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_incident_show(struct request *request, struct err *err)
{
    struct vault_incident incident = {0};
    REQUEST_SEES_ONE_STATE(request);
    TRY(vault_incident_by_number(request_session(request), request->path.number, &incident, err));
    return answer_incident(request, &incident, err);
}
