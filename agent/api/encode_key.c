/* Keys and versions. */
#include "encode.h"

#include "base/text.h"
#include "rotation/rotation.h"

#include <string.h>

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

/* NULL where nothing is planned. */
static const char *encode_cause(const struct vault_key *key)
{
    static const char *const causes[VAULT_CAUSE_COUNT] = {[VAULT_CAUSE_PERIOD] = "period",
                                                          [VAULT_CAUSE_EXPIRY] = "expiry",
                                                          [VAULT_CAUSE_DEAD] = "dead",
                                                          [VAULT_CAUSE_ASKED] = "asked"};
    bool known = key->rotate_at_ms && key->rotate_cause >= 0 && key->rotate_cause < VAULT_CAUSE_COUNT;
    return known ? causes[key->rotate_cause] : NULL;
}

static const char *encode_hold(const struct vault_key *key)
{
    static const char *const holds[VAULT_HOLD_COUNT] = {[VAULT_HOLD_MISSED] = "missed",
                                                        [VAULT_HOLD_WINDOW] = "window",
                                                        [VAULT_HOLD_NOT_WITH] = "not_with",
                                                        [VAULT_HOLD_FULL] = "full"};
    bool held = key->rotate_hold >= 0 && key->rotate_hold < VAULT_HOLD_COUNT;
    return held ? holds[key->rotate_hold] : NULL;
}

/* --- Values that are no field of the record ---------------------------------- */

static char *write_name(char *at, const void *record)
{
    const struct vault_key *key = record;
    char text[ENCODE_KEY_NAME_BYTES];
    char *end = stpcpy(text, key->environment);
    *end++ = '/';
    end = stpcpy(end, key->name);
    return json_write_string(at, text, (size_t)(end - text));
}

static char *write_class(char *at, const void *record)
{
    return member_write_word(at, encode_class(((const struct vault_key *)record)->class));
}

static char *write_cause(char *at, const void *record)
{
    return member_write_word(at, encode_cause(record));
}

static char *write_hold(char *at, const void *record)
{
    return member_write_word(at, encode_hold(record));
}

static char *write_state(char *at, const void *record)
{
    return member_write_word(at, encode_key_state(record));
}

static char *write_alarm(char *at, const void *record)
{
    const struct vault_key *key = record;
    return member_write_truth(at, key->alarm || key->missing);
}

/* "name=value" lines as an object. The names are the user's, so they are escaped as values are. */
static char *write_labels(char *at, const void *record)
{
    const struct vault_text *labels = &((const struct vault_key *)record)->labels;
    const char *start = at;
    *at++ = '{';
    for (const char *line = labels->data; line && *line;) {
        const char *end = strchrnul(line, '\n');
        const char *equals = memchr(line, '=', (size_t)(end - line));
        if (equals) {
            if (at - start > 1)
                *at++ = ',';
            at = json_write_string(at, line, (size_t)(equals - line));
            *at++ = ':';
            at = json_write_string(at, equals + 1, (size_t)(end - equals - 1));
        }
        line = *end ? end + 1 : end;
    }
    *at++ = '}';
    return at;
}

/* --- Values that are records themselves, and their parts ----------------------- */

static const struct member current_members[] = {
    MEMBER("version", struct vault_key, current_number, MEMBER_U32),
    MEMBER("mask", struct vault_key, current_mask, MEMBER_STRING),
    MEMBER("since", struct vault_key, current_since_ms, MEMBER_TIME),
};

static char *write_current(char *at, const void *record)
{
    bool there = ((const struct vault_key *)record)->current_number != 0;
    return there ? members_write(at, current_members, MEMBERS_OF(current_members), record) : member_write_null(at);
}

static char *write_current_version(char *at, const void *record)
{
    const struct vault_key *key = record;
    return key->current_number ? json_write_integer(at, key->current_number) : member_write_null(at);
}

static char *write_current_since(char *at, const void *record)
{
    const struct vault_key *key = record;
    return json_write_time(at, key->current_number ? key->current_since_ms : 0);
}

static char *write_rotation_id(char *at, const void *record)
{
    const struct vault_key *key = record;
    char text[TEXT_HEX_ID_BYTES];
    return member_write_word(at, key->rotation_state ? text_hex_id(key->rotation_id, text) : NULL);
}

static char *write_rotation_state(char *at, const void *record)
{
    const struct vault_key *key = record;
    const char *name = NULL;
    if (key->rotation_state)
        name = rotation_state_name((enum rotation_state)(key->rotation_state - 1));
    return member_write_word(at, name);
}

static const struct member rotation_members[] = {
    MEMBER_WRITTEN_BY("id", write_rotation_id),
    MEMBER_WRITTEN_BY("state", write_rotation_state),
};

static char *write_rotation(char *at, const void *record)
{
    bool there = ((const struct vault_key *)record)->rotation_state != 0;
    return there ? members_write(at, rotation_members, MEMBERS_OF(rotation_members), record) : member_write_null(at);
}

static char *write_proof(char *at, const void *record)
{
    return encode_write_evidence(at, &((const struct vault_key *)record)->proof);
}

static char *write_proof_verdict(char *at, const void *record)
{
    const struct vault_evidence *proof = &((const struct vault_key *)record)->proof;
    return member_write_word(at, proof->at_ms ? encode_verdict(proof) : NULL);
}

static char *write_doubt(char *at, const void *record)
{
    return encode_write_doubt(at, &((const struct vault_key *)record)->doubt);
}

static char *write_doubt_times(char *at, const void *record)
{
    const struct vault_doubt *doubt = &((const struct vault_key *)record)->doubt;
    return doubt->times ? json_write_integer(at, doubt->times) : member_write_null(at);
}

/* --- The members ---------------------------------------------------------------- */

#define KEY(name, field, kind) MEMBER(name, struct vault_key, field, kind)

/* What a key consists of, and then the parts that a list can be asked for by themselves. */
static const struct member key_members[] = {
    MEMBER_WRITTEN_BY("key", write_name),
    KEY("environment", environment, MEMBER_STRING),
    KEY("name", name, MEMBER_STRING),
    KEY("title", title, MEMBER_STRING),
    KEY("provider", provider, MEMBER_STRING),
    KEY("owner", owner, MEMBER_STRING),
    MEMBER_WRITTEN_BY("class", write_class),
    KEY("credential", credential, MEMBER_TEXT),
    KEY("created_at", created_at_ms, MEMBER_TIME),
    KEY("every_s", every_ms, MEMBER_PERIOD),
    KEY("grace_s", grace_ms, MEMBER_SECONDS),
    KEY("probe_every_s", probe_every_ms, MEMBER_SECONDS),
    KEY("jitter_s", jitter_ms, MEMBER_SECONDS),
    KEY("window", windows, MEMBER_TEXT),
    KEY("not_with", not_with, MEMBER_TEXT),
    KEY("rotate_due", rotate_due_ms, MEMBER_TIME),
    KEY("rotate_at", rotate_at_ms, MEMBER_TIME),
    MEMBER_WRITTEN_BY("rotate_cause", write_cause),
    MEMBER_WRITTEN_BY("rotate_hold", write_hold),
    KEY("probe_at", probe_at_ms, MEMBER_TIME),
    KEY("expires_at", expires_at_ms, MEMBER_TIME),
    KEY("rotate_dead", rotate_dead, MEMBER_TRUTH),
    KEY("wipe_dead", wipe_dead, MEMBER_TRUTH),
    KEY("receipts", needs_receipts, MEMBER_TRUTH),
    KEY("without_overlap", without_overlap, MEMBER_TRUTH),
    MEMBER_WRITTEN_BY("labels", write_labels),
    MEMBER_WRITTEN_BY("current", write_current),
    MEMBER_WRITTEN_BY("proof", write_proof),
    MEMBER_WRITTEN_BY("doubt", write_doubt),
    MEMBER_WRITTEN_BY("state", write_state),
    MEMBER_WRITTEN_BY("rotation", write_rotation),
    KEY("waits_for_person", waits_for_person, MEMBER_TRUTH),
    MEMBER_WRITTEN_BY("alarm", write_alarm),
    KEY("missing", missing, MEMBER_TRUTH),
    KEY("open_revocations", open_revocations, MEMBER_U32),
    /* the parts: */
    MEMBER_WRITTEN_BY("current.version", write_current_version),
    MEMBER_WRITTEN_BY("current.since", write_current_since),
    MEMBER_WRITTEN_BY("proof.verdict", write_proof_verdict),
    KEY("proof.at", proof.at_ms, MEMBER_TIME),
    MEMBER_WRITTEN_BY("doubt.times", write_doubt_times),
    KEY("doubt.detail", doubt.detail, MEMBER_TEXT),
    MEMBER_WRITTEN_BY("rotation.id", write_rotation_id),
    MEMBER_WRITTEN_BY("rotation.state", write_rotation_state),
};
enum { KEY_NAMES = MEMBERS_OF(key_members), KEY_PARTS = 8, KEY_MEMBERS = KEY_NAMES - KEY_PARTS };
_Static_assert((int)KEY_NAMES <= (int)ENCODE_KEY_NAMES, "a list may ask for all of them");

static enum err_code add_field(struct key_form *form, const char *name, size_t length, struct err *err)
{
    int shown = (int)(length < 40 ? length : 40);
    size_t member = member_find(key_members, KEY_NAMES, name, length);
    if (member == KEY_NAMES)
        return err_set(err, ERR_INVALID, "fields names members of a key, with commas between; \"%.*s\" is none", shown, name);
    if (memchr(form->fields, (int)member, form->count))
        return err_set(err, ERR_INVALID, "fields names \"%.*s\" twice", shown, name);
    form->fields[form->count++] = (uint8_t)member;
    return ERR_OK;
}

enum err_code encode_key_fields(const char *names, struct key_form *form, struct err *err)
{
    form->count = 0;
    for (const char *at = names;; at++) {
        size_t length = strcspn(at, ",");
        TRY(add_field(form, at, length, err));
        at += length;
        if (*at == '\0')
            return ERR_OK;
    }
}

static char *write_as(char *at, const struct vault_key *key, const struct key_form *form)
{
    if (form->count == 0)
        return members_write(at, key_members, KEY_MEMBERS, key);
    if (form->row)
        *at++ = '\n';
    return members_write_chosen(at, key_members, form->fields, form->count, form->row, key);
}

void encode_key_as(struct buf *out, const struct vault_key *key, const struct key_form *form)
{
    json_put_comma(out);
    char *at = buf_room(out, encode_key_most(key));
    if (at)
        buf_took(out, write_as(at, key, form));
}

void encode_key(struct buf *out, const struct vault_key *key)
{
    static const struct key_form whole = {0};
    encode_key_as(out, key, &whole);
}

void encode_key_open(struct buf *out, const struct vault_key *key)
{
    encode_key(out, key);
    if (buf_ok(out))
        buf_truncate(out, out->length - 1);
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
