/* Keys and versions. */
#include "encode.h"

#include "base/text.h"
#include "rotation/rotation.h"

#include <string.h>

/* "name=value" lines as an object. The names are the user's, so they are escaped as values are. */
static void encode_labels(struct buf *out, const struct vault_text *labels)
{
    json_put_object_open(out, "labels");
    for (const char *line = labels->data; line && *line;) {
        const char *end = strchrnul(line, '\n');
        const char *equals = memchr(line, '=', (size_t)(end - line));
        if (equals) {
            json_put_string_n(out, NULL, line, (size_t)(equals - line));
            buf_add(out, ":", 1);
            json_put_string_n(out, NULL, equals + 1, (size_t)(end - equals - 1));
        }
        line = *end ? end + 1 : end;
    }
    json_put_object_close(out);
}

/* One word for what a person wants to know first. */
static const char *encode_key_state(const struct vault_key *key)
{
    if (key->alarm || key->missing)
        return "alarm";
    if (key->waits_for_person)
        return "waiting";
    if (key->rotation_state)
        return "rotating";
    if (key->open_revocations)
        return "revoking";
    return key->current_number ? "current" : "none";
}

static void encode_plan(struct buf *out, const struct vault_key *key)
{
    static const char *const causes[VAULT_CAUSE_COUNT] = {[VAULT_CAUSE_PERIOD] = "period",
                                                          [VAULT_CAUSE_EXPIRY] = "expiry",
                                                          [VAULT_CAUSE_DEAD] = "dead",
                                                          [VAULT_CAUSE_ASKED] = "asked"};
    static const char *const holds[VAULT_HOLD_COUNT] = {[VAULT_HOLD_MISSED] = "missed",
                                                        [VAULT_HOLD_WINDOW] = "window",
                                                        [VAULT_HOLD_NOT_WITH] = "not_with",
                                                        [VAULT_HOLD_FULL] = "full"};
    bool known = key->rotate_at_ms && key->rotate_cause >= 0 && key->rotate_cause < VAULT_CAUSE_COUNT;
    bool held = key->rotate_hold >= 0 && key->rotate_hold < VAULT_HOLD_COUNT;
    json_put_time(out, "rotate_due", key->rotate_due_ms);
    json_put_time(out, "rotate_at", key->rotate_at_ms);
    encode_text(out, "rotate_cause", known ? causes[key->rotate_cause] : NULL);
    encode_text(out, "rotate_hold", held ? holds[key->rotate_hold] : NULL);
}

static void encode_policy(struct buf *out, const struct vault_key *key)
{
    if (key->every_ms)
        encode_seconds(out, "every_s", key->every_ms);
    else
        json_put_null(out, "every_s");
    encode_seconds(out, "grace_s", key->grace_ms);
    encode_seconds(out, "probe_every_s", key->probe_every_ms);
    encode_seconds(out, "jitter_s", key->jitter_ms);
    encode_text(out, "window", key->windows);
    encode_text(out, "not_with", key->not_with);
    encode_plan(out, key);
    json_put_time(out, "probe_at", key->probe_at_ms);
    json_put_time(out, "expires_at", key->expires_at_ms);
    json_put_boolean(out, "rotate_dead", key->rotate_dead);
    json_put_boolean(out, "wipe_dead", key->wipe_dead);
    json_put_boolean(out, "receipts", key->needs_receipts);
    json_put_boolean(out, "without_overlap", key->without_overlap);
    encode_labels(out, &key->labels);
}

static void encode_current(struct buf *out, const struct vault_key *key)
{
    if (!key->current_number) {
        json_put_null(out, "current");
        return;
    }
    json_put_object_open(out, "current");
    json_put_integer(out, "version", key->current_number);
    json_put_string(out, "mask", key->current_mask);
    json_put_time(out, "since", key->current_since_ms);
    json_put_object_close(out);
}

static void encode_open_rotation(struct buf *out, const struct vault_key *key)
{
    if (!key->rotation_state) {
        json_put_null(out, "rotation");
        return;
    }
    json_put_object_open(out, "rotation");
    encode_id(out, "id", key->rotation_id);
    json_put_string(out, "state", rotation_state_name((enum rotation_state)(key->rotation_state - 1)));
    json_put_object_close(out);
}

void encode_key_members(struct buf *out, const struct vault_key *key)
{
    encode_key_name(out, "key", key);
    json_put_string(out, "environment", key->environment);
    json_put_string(out, "name", key->name);
    json_put_string(out, "title", key->title);
    json_put_string(out, "provider", key->provider);
    json_put_string(out, "owner", key->owner);
    json_put_string(out, "class", encode_class(key->class));
    encode_text(out, "credential", key->credential);
    json_put_time(out, "created_at", key->created_at_ms);
    encode_policy(out, key);
    encode_current(out, key);
    encode_evidence(out, "proof", &key->proof);
    json_put_string(out, "state", encode_key_state(key));
    encode_open_rotation(out, key);
    json_put_boolean(out, "waits_for_person", key->waits_for_person);
    json_put_boolean(out, "alarm", key->alarm || key->missing);
    json_put_boolean(out, "missing", key->missing);
    json_put_integer(out, "open_revocations", key->open_revocations);
}

void encode_key(struct buf *out, const struct vault_key *key)
{
    json_put_object_open(out, NULL);
    encode_key_members(out, key);
    json_put_object_close(out);
}

void encode_version(struct buf *out, const struct vault_version *version)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "version", version->number);
    json_put_string(out, "state", vault_version_state_name((enum vault_version_state)version->state));
    json_put_string(out, "mask", version->mask);
    json_put_string(out, "label", version->label);
    encode_text(out, "provider_id", version->provider_id);
    json_put_time(out, "created_at", version->created_at_ms);
    json_put_time(out, "since", version->since_ms);
    json_put_time(out, "expires_at", version->expires_at_ms);
    json_put_boolean(out, "wiped", version->wiped);
    json_put_boolean(out, "unchecked", version->unchecked);
    encode_evidence(out, "proof", &version->proof);
    json_put_object_close(out);
}
