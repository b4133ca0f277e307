/* Rotations, revocations and incidents. */
#include "encode.h"

#include "base/text.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <string.h>

enum { SETTLE_WITHOUT_PROVIDER = 2 }; /* as the engine has it */

/* --- Rotations ------------------------------------------------------------- */

struct encode_places {
    const struct scribe *scribe;
    const struct vault_rotation *rotation;
    unsigned place;
};

static bool encode_has(uint32_t mask, unsigned place)
{
    return place < VAULT_DELIVERIES_PER_KEY && (mask >> place & 1u) != 0;
}

static int encode_visit_place(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct encode_places *places = context;
    const struct vault_delivery *delivery = (const struct vault_delivery *)record;
    struct buf *out = places->scribe->out;
    json_put_object_open(out, NULL);
    (void)encode_place(places->scribe, delivery);
    json_put_boolean(out, "put", encode_has(places->rotation->put_mask, places->place));
    json_put_boolean(out, "undone", encode_has(places->rotation->undone_mask, places->place));
    encode_text(out, "detail", delivery->detail);
    json_put_object_close(out);
    places->place++;
    return ERR_OK;
}

static enum err_code encode_places(const struct scribe *scribe, const struct vault_rotation *rotation,
                                   struct err *err)
{
    struct encode_places places = {.scribe = scribe, .rotation = rotation};
    json_put_array_open(scribe->out, "deliveries");
    TRY(vault_children(scribe->session, VAULT_DELIVERY, rotation->row.parent, encode_visit_place, &places, err));
    json_put_array_close(scribe->out);
    return ERR_OK;
}

struct encode_search {
    const uint8_t *version_id;
    uint8_t id[VAULT_ID_BYTES];
};

static int encode_look_for(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct encode_search *search = context;
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    if (memcmp(revocation->version_id, search->version_id, VAULT_ID_BYTES) != 0)
        return ERR_OK;
    memcpy(search->id, record->id, VAULT_ID_BYTES);
    return VAULT_STOP;
}

/* A version that was condemned before it kept the id is looked for. */
static enum err_code encode_find_revocation(const struct scribe *scribe, const struct vault_version *version,
                                            uint8_t ret_id[VAULT_ID_BYTES], struct err *err)
{
    bool condemned = version->state == VAULT_CONDEMNED || version->state == VAULT_DEAD_VERSION;
    struct encode_search search = {.version_id = version->row.id};
    memcpy(search.id, version->revocation_id, VAULT_ID_BYTES);
    if (condemned && vault_id_is_zero(search.id))
        TRY(vault_children(scribe->session, VAULT_REVOCATION, version->row.parent, encode_look_for, &search, err));
    memcpy(ret_id, search.id, VAULT_ID_BYTES);
    return ERR_OK;
}

/* The latest revocation of the old version. */
static enum err_code encode_revocation_of_old(const struct scribe *scribe, const struct vault_rotation *rotation,
                                              struct err *err)
{
    uint8_t id[VAULT_ID_BYTES] = {0};
    struct vault_version old = {0};
    if (rotation->old_number) {
        TRY(vault_get(scribe->session, VAULT_VERSION, rotation->old_id, &old.row, err));
        TRY(encode_find_revocation(scribe, &old, id, err));
    }
    encode_id(scribe->out, "revocation", id);
    return ERR_OK;
}

static unsigned encode_settle(const struct scribe *scribe, const struct vault_key *key)
{
    const struct provider *provider = provider_set_find(engine_providers(scribe->engine), key->provider);
    return provider ? provider_limits(provider)->settle : SETTLE_WITHOUT_PROVIDER;
}

/* When the old version was used last, where its provider is asked; else null. */
static void encode_usage(struct buf *out, const struct vault_rotation *rotation)
{
    if (!rotation->asks_usage) {
        json_put_null(out, "usage");
        return;
    }
    json_put_object_open(out, "usage");
    json_put_time(out, "told_at", rotation->usage_told_at_ms);
    json_put_time(out, "last_used_at", rotation->last_used_at_ms);
    encode_text(out, "last_used_by", rotation->last_used_by);
    json_put_time(out, "asked_again_at", rotation->ended_at_ms ? 0 : rotation->usage_due_at_ms);
    json_put_object_close(out);
}

static void encode_rotation_members(struct buf *out, const struct vault_rotation *rotation)
{
    bool attention = rotation->state == ROTATION_ATTENTION;
    encode_id(out, "id", rotation->row.id);
    json_put_integer(out, "rotation", rotation->number);
    json_put_string(out, "state", rotation_state_name((enum rotation_state)rotation->state));
    json_put_string(out, "resume_state",
                attention ? rotation_state_name((enum rotation_state)rotation->resume_state) : NULL);
    encode_number(out, "old_version", rotation->old_number);
    encode_number(out, "new_version", rotation->new_number);
    json_put_string(out, "label", rotation->label);
    json_put_time(out, "opened_at", rotation->opened_at_ms);
    json_put_time(out, "since", rotation->since_ms);
    json_put_time(out, "ended_at", rotation->ended_at_ms);
    json_put_time(out, "due_at", rotation->row.due_at_ms);
    json_put_time(out, "deadline_at", rotation->deadline_at_ms);
    json_put_string(out, "asked_by", rotation->asked_by);
    json_put_boolean(out, "waits_for_person", rotation->waits_for_person);
    json_put_boolean(out, "emergency", rotation->emergency);
    encode_text(out, "detail", rotation->detail);
    encode_evidence(out, "evidence", &rotation->evidence);
    encode_doubt(out, "doubt", &rotation->doubt);
    json_put_integer(out, "alive_in_row", rotation->alive_in_row);
    encode_usage(out, rotation);
}

static enum err_code encode_rotation_of(const struct scribe *scribe, const struct vault_key *key,
                                        const struct vault_rotation *rotation, struct err *err)
{
    bool asks = rotation->waits_for_person && rotation->state == ROTATION_STAGING;
    json_put_object_open(scribe->out, NULL);
    encode_key_name(scribe->out, "key", key);
    encode_rotation_members(scribe->out, rotation);
    json_put_integer(scribe->out, "settle", encode_settle(scribe, key));
    if (asks)
        encode_instructions(scribe, "instructions", PROVIDER_ISSUE, key, rotation->label, NULL);
    else
        json_put_null(scribe->out, "instructions");
    TRY(encode_places(scribe, rotation, err));
    TRY(encode_revocation_of_old(scribe, rotation, err));
    json_put_object_close(scribe->out);
    return ERR_OK;
}

enum err_code encode_rotation(const struct scribe *scribe, const struct vault_rotation *rotation, struct err *err)
{
    struct vault_key key = {0};
    TRY(vault_get(scribe->session, VAULT_KEY, rotation->row.parent, &key.row, err));
    enum err_code code = encode_rotation_of(scribe, &key, rotation, err);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}

/* --- Revocations ----------------------------------------------------------- */

static void encode_revocation_of(const struct scribe *scribe, const struct vault_key *key,
                                 const struct vault_version *version, const struct vault_revocation *revocation)
{
    struct buf *out = scribe->out;
    bool asks = revocation->waits_for_person && revocation->state == REVOCATION_WAITING;
    json_put_object_open(out, NULL);
    encode_id(out, "id", revocation->row.id);
    encode_key_name(out, "key", key);
    json_put_integer(out, "version", revocation->version_number);
    json_put_string(out, "mask", version->mask);
    json_put_string(out, "label", version->label);
    json_put_string(out, "state", revocation_state_name((enum revocation_state)revocation->state));
    json_put_boolean(out, "emergency", revocation->emergency);
    encode_number(out, "incident", revocation->incident);
    json_put_string(out, "asked_by", revocation->asked_by);
    json_put_time(out, "opened_at", revocation->opened_at_ms);
    json_put_time(out, "since", revocation->since_ms);
    json_put_time(out, "ended_at", revocation->ended_at_ms);
    json_put_time(out, "due_at", revocation->row.due_at_ms);
    json_put_boolean(out, "waits_for_person", revocation->waits_for_person);
    encode_text(out, "detail", revocation->detail);
    encode_evidence(out, "evidence", &revocation->evidence);
    encode_doubt(out, "doubt", &revocation->doubt);
    if (asks)
        encode_instructions(scribe, "instructions", PROVIDER_REVOKE, key, version->label, version->provider_id);
    else
        json_put_null(out, "instructions");
    json_put_object_close(out);
}

enum err_code encode_revocation(const struct scribe *scribe, const struct vault_revocation *revocation,
                                struct err *err)
{
    struct vault_key key = {0};
    struct vault_version version = {0};
    TRY(vault_get(scribe->session, VAULT_VERSION, revocation->version_id, &version.row, err));
    TRY(vault_get(scribe->session, VAULT_KEY, revocation->row.parent, &key.row, err));
    encode_revocation_of(scribe, &key, &version, revocation);
    vault_record_release(VAULT_KEY, &key.row);
    return ERR_OK;
}

/* --- Incidents --------------------------------------------------------------- */

enum err_code encode_replacement(const struct scribe *scribe, const struct vault_rotation *rotation, struct err *err)
{
    struct buf *out = scribe->out;
    struct vault_key key = {0};
    TRY(vault_get(scribe->session, VAULT_KEY, rotation->row.parent, &key.row, err));
    json_put_object_open(out, NULL);
    encode_key_name(out, "key", &key);
    encode_id(out, "rotation", rotation->row.id);
    encode_number(out, "version", rotation->old_number);
    encode_number(out, "new_version", rotation->new_number);
    json_put_string(out, "state", rotation_state_name((enum rotation_state)rotation->state));
    json_put_boolean(out, "waits_for_person", rotation->waits_for_person);
    encode_text(out, "detail", rotation->detail);
    json_put_object_close(out);
    vault_record_release(VAULT_KEY, &key.row);
    return ERR_OK;
}

void encode_later_replacement(struct buf *out, const struct vault_key *key)
{
    json_put_object_open(out, NULL);
    encode_key_name(out, "key", key);
    json_put_null(out, "rotation");
    encode_number(out, "version", key->current_number);
    json_put_null(out, "new_version");
    json_put_string(out, "state", "later");
    json_put_boolean(out, "waits_for_person", key->waits_for_person);
    json_put_string(out, "detail", "begins when the rotation that is open has ended");
    json_put_object_close(out);
}

void encode_incident_members(struct buf *out, const struct vault_incident *incident)
{
    json_put_integer(out, "incident", incident->number);
    json_put_string(out, "reason", incident->reason);
    json_put_string(out, "asked_by", incident->asked_by);
    json_put_time(out, "opened_at", incident->opened_at_ms);
    json_put_time(out, "ended_at", incident->ended_at_ms);
    json_put_integer(out, "count", incident->revocations);
    json_put_integer(out, "dead", incident->dead);
    json_put_integer(out, "replacing", incident->replacing);
}
