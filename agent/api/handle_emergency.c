/* POST /v1/revocations: kill, all in one incident. POST /v1/revocations/plan: what that would kill,
 * what would notice, and what each provider can do; it changes nothing. Both take the same body. */
#include "handlers.h"

#include "decode.h"
#include "encode.h"
#include "targets.h"

#include <stdlib.h>

struct revoke_body {
    const json_t *targets;
    const json_t *select;
    const char *reason;
    bool replace;
};
static const struct decode_field revoke_fields[] = {
    {.name = "targets", .kind = DECODE_ARRAY, .place = offsetof(struct revoke_body, targets)},
    {.name = "select", .kind = DECODE_OBJECT, .place = offsetof(struct revoke_body, select)},
    {.name = "reason", .kind = DECODE_TEXT, .place = offsetof(struct revoke_body, reason)},
    {.name = "replace", .kind = DECODE_BOOLEAN, .place = offsetof(struct revoke_body, replace)},
};

static enum err_code take_body(struct request *request, json_t **ret_object, struct revoke_body *body,
                               struct targets *ret_targets, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(revoke_fields, "");
    unsigned given = 0;
    TRY(decode_body(request, ret_object, err));
    TRY(decode_fields(*ret_object, &table, body, &given, err));
    return targets_read(request, body->targets, body->select, ret_targets, err);
}

/* --- Killing ---------------------------------------------------------------- */

enum err_code handle_revoke(struct request *request, struct err *err)
{
    OWN_JSON json_t *object = NULL;
    OWN_TARGETS struct targets targets = {0};
    struct revoke_body body = {0};
    struct vault_incident incident = {0};
    TRY(take_body(request, &object, &body, &targets, err));
    struct engine_target *items = calloc(targets.count, sizeof *items);
    if (!items)
        return err_set(err, ERR_MEMORY, "out of memory for the targets");
    for (size_t i = 0; i < targets.count; i++)
        items[i] = (struct engine_target){targets.items[i].environment, targets.items[i].name,
                                          targets.items[i].version};
    const struct engine_emergency emergency = {
        .targets = items, .count = targets.count, .replace = body.replace, .reason = body.reason};
    enum err_code code =
        engine_revoke(request_engine(request), request->peer->name, &emergency, &incident, err);
    free(items);
    TRY(code);
    return answer_incident(request, &incident, err);
}

/* --- The plan --------------------------------------------------------------- */

struct plan {
    struct request *request;
    const struct target *target;
    size_t versions;
    size_t of_key;
};

static int plan_version(void *context, const struct vault_row *record, struct err *err)
{
    struct plan *plan = context;
    const struct vault_version *version = (const struct vault_version *)record;
    (void)err;
    if (plan->target->version && version->number != plan->target->version)
        return ERR_OK;
    plan->of_key++;
    if (version->state == VAULT_DEAD_VERSION)
        return ERR_OK;
    encode_version(&plan->request->out, version);
    plan->versions++;
    return ERR_OK;
}

static int plan_delivery(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct plan *plan = context;
    const struct scribe scribe = {request_session(plan->request), request_engine(plan->request),
                                  &plan->request->out};
    encode_delivery(&scribe, (const struct vault_delivery *)record);
    return ERR_OK;
}

/* "provider": by its API; "person"; "none": the definition does not say, or there is none. */
static const char *who_does(const struct provider *provider, enum provider_action action)
{
    if (provider && provider_can(provider, action))
        return "provider";
    return provider && provider_spec(provider, action) ? "person" : "none";
}

static enum err_code plan_key(struct plan *plan, const struct vault_key *key, struct err *err)
{
    struct buf *out = &plan->request->out;
    struct vault_session *session = request_session(plan->request);
    const struct provider *provider =
        provider_set_find(engine_providers(request_engine(plan->request)), key->provider);
    json_put_object_open(out, NULL);
    encode_key_name(out, "key", key);
    json_put_string(out, "provider", key->provider);
    encode_text(out, "owner", key->owner);
    json_put_string(out, "revoke", who_does(provider, PROVIDER_REVOKE));
    json_put_string(out, "replace", who_does(provider, PROVIDER_ISSUE));
    json_put_array_open(out, "versions");
    TRY(vault_children(session, VAULT_VERSION, key->row.id, plan_version, plan, err));
    json_put_array_close(out);
    encode_consumers(out, key);
    json_put_array_open(out, "deliveries");
    TRY(vault_children(session, VAULT_DELIVERY, key->row.id, plan_delivery, plan, err));
    json_put_array_close(out);
    json_put_object_close(out);
    return ERR_OK;
}

static enum err_code plan_target(struct plan *plan, struct err *err)
{
    struct vault_key key = {0};
    const struct target *target = plan->target;
    plan->of_key = 0;
    TRY(vault_key_find(request_session(plan->request), target->environment, target->name, &key, err));
    enum err_code code = plan_key(plan, &key, err);
    vault_record_release(VAULT_KEY, &key.row);
    TRY(code);
    if (target->version && plan->of_key == 0)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no version %u", target->environment, target->name,
                       target->version);
    return ERR_OK;
}

enum err_code handle_revoke_plan(struct request *request, struct err *err)
{
    OWN_JSON json_t *object = NULL;
    OWN_TARGETS struct targets targets = {0};
    struct revoke_body body = {0};
    struct plan plan = {.request = request};
    TRY(take_body(request, &object, &body, &targets, err));
    REQUEST_SEES_ONE_STATE(request);
    json_put_object_open(&request->out, NULL);
    json_put_array_open(&request->out, "keys");
    for (size_t i = 0; i < targets.count; i++) {
        plan.target = &targets.items[i];
        TRY(plan_target(&plan, err));
    }
    json_put_array_close(&request->out);
    json_put_integer(&request->out, "count", (int64_t)plan.versions);
    json_put_object_close(&request->out);
    return ERR_OK;
}
