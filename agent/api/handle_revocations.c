/* /v1/revocations and /v1/incidents: killing, and how far it has come. */
#include "handlers.h"

#include "base/text.h"
#include "decode.h"
#include "lists.h"

#include <stdlib.h>
#include <string.h>

enum { TARGETS_MOST = 1000 };

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

static enum err_code answer_incident(struct request *request, const struct vault_incident *incident,
                                     struct err *err)
{
    struct buf *out = &request->out;
    struct incident_parts parts = {{request_session(request), request_engine(request), out}, incident->number};
    json_put_object_open(out, NULL);
    encode_incident_members(out, incident);
    json_put_array_open(out, "revocations");
    TRY(vault_scan(request_session(request), VAULT_REVOCATION, NULL, visit_part, &parts, err));
    json_put_array_close(out);
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_incident_show(struct request *request, struct err *err)
{
    struct vault_incident incident = {0};
    TRY(vault_incident_by_number(request_session(request), request->path.number, &incident, err));
    return answer_incident(request, &incident, err);
}

/* --- Killing --------------------------------------------------------------- */

struct revoke_body {
    const json_t *targets;
    const char *reason;
};
static const struct decode_field revoke_fields[] = {
    {.name = "targets", .kind = DECODE_ARRAY, .required = true, .place = offsetof(struct revoke_body, targets)},
    {.name = "reason", .kind = DECODE_TEXT, .place = offsetof(struct revoke_body, reason)},
};

struct target_body {
    const char *key;
    uint32_t version;
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
};
static const struct decode_field target_fields[] = {
    {.name = "key", .kind = DECODE_TEXT, .required = true, .place = offsetof(struct target_body, key)},
    {.name = "version", .kind = DECODE_NUMBER32, .place = offsetof(struct target_body, version)},
};

static enum err_code take_target(const json_t *element, struct target_body *body, struct engine_target *target,
                                 struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(target_fields, "targets.");
    unsigned given = 0;
    if (!json_is_object(element))
        return err_set(err, ERR_INVALID, "an element of targets is not an object");
    TRY(decode_fields(element, &table, body, &given, err));
    TRY(text_split_key(body->key, body->environment, body->name, err));
    *target = (struct engine_target){body->environment, body->name, body->version};
    return ERR_OK;
}

static enum err_code kill_targets(struct request *request, const struct revoke_body *body,
                            struct target_body *bodies, struct engine_target *targets, struct err *err)
{
    size_t count = json_array_size(body->targets);
    struct vault_incident incident = {0};
    for (size_t i = 0; i < count; i++)
        TRY(take_target(json_array_get(body->targets, i), &bodies[i], &targets[i], err));
    TRY(engine_revoke(request_engine(request), request->peer->name, targets, count, body->reason, &incident, err));
    return answer_incident(request, &incident, err);
}

enum err_code handle_revoke(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(revoke_fields, "");
    OWN_JSON json_t *object = NULL;
    struct revoke_body body = {0};
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    size_t count = json_array_size(body.targets);
    if (count < 1 || count > TARGETS_MOST)
        return err_set(err, ERR_LIMIT, "targets are 1 to %d, not %zu", TARGETS_MOST, count);
    struct target_body *bodies = calloc(count, sizeof *bodies);
    struct engine_target *targets = calloc(count, sizeof *targets);
    enum err_code code = bodies && targets ? kill_targets(request, &body, bodies, targets, err)
                                           : err_set(err, ERR_MEMORY, "out of memory for the targets");
    free(bodies);
    free(targets);
    return code;
}
