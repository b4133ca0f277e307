/* The fields of each record, by number.
 *
 * A number is never used twice: not for another field, and not for the same
 * field with another type or meaning. A field that goes leaves a gap. What a row
 * has in clear (id, parent, revision, due time) is not among them. */
#include "schemas.h"

#include <string.h>

#define KEY(member, type) CODEC_FIELD(struct vault_key, member, type)
#define VERSION(member, type) CODEC_FIELD(struct vault_version, member, type)
#define DELIVERY(member, type) CODEC_FIELD(struct vault_delivery, member, type)
#define ROTATION(member, type) CODEC_FIELD(struct vault_rotation, member, type)
#define REVOCATION(member, type) CODEC_FIELD(struct vault_revocation, member, type)
#define INCIDENT(member, type) CODEC_FIELD(struct vault_incident, member, type)
#define NOTICE(member, type) CODEC_FIELD(struct vault_notice, member, type)
#define LABEL(member, type) CODEC_FIELD(struct vault_label, member, type)
#define EVIDENCE(member, type) CODEC_FIELD(struct vault_evidence, member, type)
#define HEAD(member, type) CODEC_FIELD(struct vault_head, member, type)
#define SLOT(member, type) CODEC_FIELD(struct vault_slot, member, type)

static const struct codec_field evidence_fields[] = {
    [1] = EVIDENCE(verdict, CODEC_I32),
    [2] = EVIDENCE(status, CODEC_I32),
    [3] = EVIDENCE(times, CODEC_I32),
    [4] = EVIDENCE(at_ms, CODEC_I64),
    [5] = EVIDENCE(elapsed_ms, CODEC_I64),
    [6] = EVIDENCE(code, CODEC_STRING),
    [7] = EVIDENCE(request_id, CODEC_STRING),
    [8] = EVIDENCE(detail, CODEC_STRING),
};
static const struct codec_schema evidence_schema =
    CODEC_SCHEMA("evidence", struct vault_evidence, evidence_fields);

static const struct codec_field key_fields[] = {
    [1] = KEY(environment, CODEC_STRING),
    [2] = KEY(name, CODEC_STRING),
    [3] = KEY(title, CODEC_STRING),
    [4] = KEY(provider, CODEC_STRING),
    [5] = KEY(owner, CODEC_STRING),
    [6] = KEY(credential, CODEC_STRING),
    [7] = KEY(class, CODEC_I32),
    [8] = KEY(created_at_ms, CODEC_I64),
    [9] = KEY(every_ms, CODEC_I64),
    [10] = KEY(grace_ms, CODEC_I64),
    [11] = KEY(probe_every_ms, CODEC_I64),
    [12] = KEY(rotate_at_ms, CODEC_I64),
    [13] = KEY(probe_at_ms, CODEC_I64),
    [14] = KEY(wipe_dead, CODEC_BOOL),
    [15] = KEY(needs_receipts, CODEC_BOOL),
    [16] = KEY(last_number, CODEC_U32),
    [17] = CODEC_FIELD_TEXT(struct vault_key, labels, VAULT_LABELS_BYTES),
    [18] = KEY(current_number, CODEC_U32),
    [19] = KEY(current_id, CODEC_BYTES),
    [20] = KEY(current_mask, CODEC_STRING),
    [21] = KEY(current_since_ms, CODEC_I64),
    [22] = CODEC_FIELD_MAP(struct vault_key, proof, &evidence_schema),
    [23] = KEY(rotation_state, CODEC_I32),
    [24] = KEY(rotation_id, CODEC_BYTES),
    [25] = KEY(waits_for_person, CODEC_BOOL),
    [26] = KEY(alarm, CODEC_BOOL),
    [27] = KEY(open_revocations, CODEC_U32),
    [28] = KEY(replace_incident, CODEC_U32),
    [40] = KEY(jitter_ms, CODEC_I64),
    [41] = KEY(rotate_due_ms, CODEC_I64),
    [42] = KEY(rotate_hold, CODEC_I32),
    [43] = KEY(windows, CODEC_STRING),
    [44] = KEY(rotate_dead, CODEC_BOOL),
    [45] = KEY(expires_at_ms, CODEC_I64),
    [46] = KEY(rotate_cause, CODEC_I32),
    [47] = KEY(not_with, CODEC_STRING),
    [48] = KEY(opened_at_ms, CODEC_I64),
    [49] = CODEC_FIELD_TEXT(struct vault_key, receipts, VAULT_RECEIPTS_BYTES),
    [50] = KEY(without_overlap, CODEC_BOOL),
    [60] = KEY(missing, CODEC_BOOL),
    [61] = KEY(doubt.times, CODEC_I32),
    [62] = KEY(doubt.detail, CODEC_STRING),
};

static const struct codec_field version_fields[] = {
    [1] = VERSION(number, CODEC_U32),
    [2] = VERSION(state, CODEC_I32),
    [3] = VERSION(mask, CODEC_STRING),
    [4] = VERSION(label, CODEC_STRING),
    [5] = VERSION(provider_id, CODEC_STRING),
    [6] = VERSION(created_at_ms, CODEC_I64),
    [7] = VERSION(since_ms, CODEC_I64),
    [8] = VERSION(wiped, CODEC_BOOL),
    [9] = VERSION(unchecked, CODEC_BOOL),
    [10] = CODEC_FIELD_MAP(struct vault_version, proof, &evidence_schema),
    [20] = VERSION(expires_at_ms, CODEC_I64),
    [21] = VERSION(revocation_id, CODEC_BYTES),
};

static const struct codec_field delivery_fields[] = {
    [1] = DELIVERY(order, CODEC_U32),
    [2] = DELIVERY(created_at_ms, CODEC_I64),
    [3] = DELIVERY(holds_version, CODEC_U32),
    [4] = DELIVERY(put_at_ms, CODEC_I64),
    [5] = DELIVERY(detail, CODEC_STRING),
    [20] = DELIVERY(reminded_at_ms, CODEC_I64),
    [21] = DELIVERY(target, CODEC_STRING),
    [22] = DELIVERY(failures, CODEC_I32),
    [6] = CODEC_FIELD_TEXT(struct vault_delivery, definition, VAULT_DEFINITION_BYTES),
};

static const struct codec_field rotation_fields[] = {
    [1] = ROTATION(number, CODEC_U32),
    [2] = ROTATION(state, CODEC_I32),
    [3] = ROTATION(resume_state, CODEC_I32),
    [4] = ROTATION(old_number, CODEC_U32),
    [5] = ROTATION(old_id, CODEC_BYTES),
    [6] = ROTATION(new_number, CODEC_U32),
    [7] = ROTATION(new_id, CODEC_BYTES),
    [8] = ROTATION(opened_at_ms, CODEC_I64),
    [9] = ROTATION(since_ms, CODEC_I64),
    [10] = ROTATION(ended_at_ms, CODEC_I64),
    [11] = ROTATION(deadline_at_ms, CODEC_I64),
    [12] = ROTATION(attempt, CODEC_I32),
    [13] = ROTATION(alive_in_row, CODEC_I32),
    [14] = ROTATION(looks, CODEC_I32),
    [15] = ROTATION(intent, CODEC_BOOL),
    [16] = ROTATION(emergency, CODEC_BOOL),
    [17] = ROTATION(old_dead, CODEC_BOOL),
    [18] = ROTATION(old_condemned, CODEC_BOOL),
    [19] = ROTATION(replace, CODEC_BOOL),
    [20] = ROTATION(waits_for_person, CODEC_BOOL),
    [21] = ROTATION(put_mask, CODEC_U32),
    [22] = ROTATION(undone_mask, CODEC_U32),
    [23] = ROTATION(label, CODEC_STRING),
    [24] = ROTATION(asked_by, CODEC_STRING),
    [25] = ROTATION(detail, CODEC_STRING),
    [26] = CODEC_FIELD_MAP(struct vault_rotation, evidence, &evidence_schema),
    [27] = ROTATION(failures, CODEC_I32),
    [28] = ROTATION(made_at_ms, CODEC_I64),
    [29] = ROTATION(promoted_at_ms, CODEC_I64),
    [30] = ROTATION(attempt_uncertain, CODEC_BOOL),
    [31] = ROTATION(new_condemned, CODEC_BOOL),
    [32] = ROTATION(incident, CODEC_U32),
    [33] = ROTATION(undo_failed_mask, CODEC_U32),
    [34] = ROTATION(tried_mask, CODEC_U32),
    [50] = ROTATION(reminded_at_ms, CODEC_I64),
    [51] = ROTATION(asks_usage, CODEC_BOOL),
    [52] = ROTATION(usage_due_at_ms, CODEC_I64),
    [53] = ROTATION(usage_asked_at_ms, CODEC_I64),
    [54] = ROTATION(usage_told_at_ms, CODEC_I64),
    [55] = ROTATION(last_used_at_ms, CODEC_I64),
    [56] = ROTATION(usage_failures, CODEC_I32),
    [57] = ROTATION(last_used_by, CODEC_STRING),
    [58] = ROTATION(old_dead_in_row, CODEC_I32),
    [59] = ROTATION(doubt.times, CODEC_I32),
    [60] = ROTATION(doubt.detail, CODEC_STRING),
};

static const struct codec_field revocation_fields[] = {
    [1] = REVOCATION(version_number, CODEC_U32),
    [2] = REVOCATION(version_id, CODEC_BYTES),
    [3] = REVOCATION(rotation_id, CODEC_BYTES),
    [4] = REVOCATION(incident, CODEC_U32),
    [5] = REVOCATION(state, CODEC_I32),
    [6] = REVOCATION(resume_state, CODEC_I32),
    [7] = REVOCATION(emergency, CODEC_BOOL),
    [8] = REVOCATION(intent, CODEC_BOOL),
    [9] = REVOCATION(waits_for_person, CODEC_BOOL),
    [10] = REVOCATION(step_accepted, CODEC_BOOL),
    [11] = REVOCATION(attempt, CODEC_I32),
    [12] = REVOCATION(dead_in_row, CODEC_I32),
    [13] = REVOCATION(opened_at_ms, CODEC_I64),
    [14] = REVOCATION(since_ms, CODEC_I64),
    [15] = REVOCATION(ended_at_ms, CODEC_I64),
    [16] = REVOCATION(asked_by, CODEC_STRING),
    [17] = REVOCATION(detail, CODEC_STRING),
    [18] = CODEC_FIELD_MAP(struct vault_revocation, evidence, &evidence_schema),
    [19] = REVOCATION(failures, CODEC_I32),
    [20] = REVOCATION(alive_in_row, CODEC_I32),
    [21] = REVOCATION(accepted_at_ms, CODEC_I64),
    [22] = REVOCATION(last, CODEC_BOOL),
    [50] = REVOCATION(reminded_at_ms, CODEC_I64),
    [51] = REVOCATION(doubt.times, CODEC_I32),
    [52] = REVOCATION(doubt.detail, CODEC_STRING),
};

static const struct codec_field incident_fields[] = {
    [1] = INCIDENT(number, CODEC_U32),       [2] = INCIDENT(revocations, CODEC_U32),
    [3] = INCIDENT(opened_at_ms, CODEC_I64), [4] = INCIDENT(ended_at_ms, CODEC_I64),
    [5] = INCIDENT(asked_by, CODEC_STRING),  [6] = INCIDENT(reason, CODEC_STRING),
    [7] = INCIDENT(dead, CODEC_U32),         [8] = INCIDENT(replacing, CODEC_U32),
};

static const struct codec_field notice_fields[] = {
    [1] = NOTICE(about, CODEC_I32),
    [2] = NOTICE(channel, CODEC_STRING),
    [3] = NOTICE(subject_id, CODEC_BYTES),
    [4] = NOTICE(key, CODEC_STRING),
    [5] = NOTICE(version, CODEC_U32),
    [6] = NOTICE(incident, CODEC_U32),
    [7] = NOTICE(made_at_ms, CODEC_I64),
    [8] = NOTICE(failures, CODEC_I32),
    [9] = NOTICE(summary, CODEC_STRING),
    [10] = CODEC_FIELD_TEXT(struct vault_notice, instructions, VAULT_NOTICE_TEXT_BYTES),
    [11] = NOTICE(link, CODEC_STRING),
    [12] = NOTICE(detail, CODEC_STRING),
};

static const struct codec_field label_fields[] = {
    [1] = LABEL(label, CODEC_STRING),      [2] = LABEL(number, CODEC_U32),
    [3] = LABEL(made_at_ms, CODEC_I64),    [4] = LABEL(looked_at_ms, CODEC_I64),
    [5] = LABEL(looks, CODEC_I32),         [6] = LABEL(failures, CODEC_I32),
    [7] = LABEL(attempt, CODEC_I32),       [8] = LABEL(waits_for_person, CODEC_BOOL),
    [9] = LABEL(reminded_at_ms, CODEC_I64), [10] = LABEL(detail, CODEC_STRING),
};

static const struct codec_field digest_fields[] = {
    [1] = CODEC_FIELD(struct seal_digest, sum, CODEC_BYTES),
    [2] = CODEC_FIELD(struct seal_digest, rows, CODEC_U64),
};
static const struct codec_schema digest_schema =
    CODEC_SCHEMA("digest", struct seal_digest, digest_fields);

#define HEAD_DIGEST(table) CODEC_FIELD_MAP(struct vault_head, digests[table], &digest_schema)

static const struct codec_field head_fields[] = {
    [1] = HEAD(generation, CODEC_U64),
    [2] = HEAD(anchor.sequence, CODEC_U64),
    [3] = HEAD(anchor.offset, CODEC_U64),
    [4] = HEAD(anchor.hash, CODEC_BYTES),
    [5] = HEAD(last_incident, CODEC_U32),
    [6] = HEAD(last_slot, CODEC_U32),
    [7] = HEAD(vault_id, CODEC_BYTES),
    [8] = HEAD(made_at_ms, CODEC_I64),
    [16] = HEAD_DIGEST(STORE_KEY),
    [17] = HEAD_DIGEST(STORE_VERSION),
    [18] = HEAD_DIGEST(STORE_DELIVERY),
    [19] = HEAD_DIGEST(STORE_ROTATION),
    [20] = HEAD_DIGEST(STORE_REVOCATION),
    [21] = HEAD_DIGEST(STORE_INCIDENT),
    [22] = HEAD_DIGEST(STORE_PENDING),
    [23] = HEAD_DIGEST(STORE_NOTICE),
    [24] = HEAD_DIGEST(STORE_LABEL),
    [31] = HEAD_DIGEST(VAULT_DIGEST_SLOTS),
};
const struct codec_schema vault_head_schema = CODEC_SCHEMA("head", struct vault_head, head_fields);

static const struct codec_field slot_fields[] = {
    [1] = SLOT(number, CODEC_U32),       [2] = SLOT(kind, CODEC_U32),
    [3] = SLOT(passes, CODEC_U64),       [4] = SLOT(memory_bytes, CODEC_U64),
    [5] = SLOT(salt, CODEC_BYTES),       [6] = SLOT(wrapped, CODEC_BYTES),
    [7] = SLOT(created_at_ms, CODEC_I64),
};
const struct codec_schema vault_slot_schema = CODEC_SCHEMA("slot", struct vault_slot, slot_fields);

static const struct codec_schema key_schema =
    CODEC_SCHEMA_TEXTS("key", struct vault_key, key_fields, CODEC_BIT(17) | CODEC_BIT(49));
static const struct codec_schema version_schema =
    CODEC_SCHEMA("version", struct vault_version, version_fields);
static const struct codec_schema delivery_schema =
    CODEC_SCHEMA_TEXTS("delivery", struct vault_delivery, delivery_fields, CODEC_BIT(6));
static const struct codec_schema rotation_schema =
    CODEC_SCHEMA("rotation", struct vault_rotation, rotation_fields);
static const struct codec_schema revocation_schema =
    CODEC_SCHEMA("revocation", struct vault_revocation, revocation_fields);
static const struct codec_schema incident_schema =
    CODEC_SCHEMA("incident", struct vault_incident, incident_fields);

static const struct codec_schema notice_schema =
    CODEC_SCHEMA_TEXTS("notice", struct vault_notice, notice_fields, CODEC_BIT(10));
static const struct codec_schema label_schema = CODEC_SCHEMA("label", struct vault_label, label_fields);

static const struct vault_shape shapes[] = {
    [VAULT_KEY] = {STORE_KEY, &key_schema, "key"},
    [VAULT_VERSION] = {STORE_VERSION, &version_schema, "version"},
    [VAULT_DELIVERY] = {STORE_DELIVERY, &delivery_schema, "delivery"},
    [VAULT_ROTATION] = {STORE_ROTATION, &rotation_schema, "rotation"},
    [VAULT_REVOCATION] = {STORE_REVOCATION, &revocation_schema, "revocation"},
    [VAULT_INCIDENT] = {STORE_INCIDENT, &incident_schema, "incident"},
    [VAULT_NOTICE] = {STORE_NOTICE, &notice_schema, "notice"},
    [VAULT_LABEL] = {STORE_LABEL, &label_schema, "label"},
};

const struct vault_shape *vault_shape(enum vault_kind kind)
{
    return &shapes[kind];
}

void vault_record_release(enum vault_kind kind, struct vault_row *record)
{
    const struct codec_schema *schema = shapes[kind].schema;
    codec_release(schema, record);
    memset(record, 0, schema->size);
}

static const char *const version_state_names[] = {
    [VAULT_STAGED] = "staged",       [VAULT_CURRENT] = "current",   [VAULT_RETIRING] = "retiring",
    [VAULT_CONDEMNED] = "condemned", [VAULT_DEAD_VERSION] = "dead",
};

const char *vault_version_state_name(enum vault_version_state state)
{
    size_t count = sizeof version_state_names / sizeof version_state_names[0];
    const char *name = (size_t)state < count ? version_state_names[state] : NULL;
    return name ? name : "unknown";
}
