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

/* --- Members ---------------------------------------------------------------
 *
 * A list of a hundred thousand keys writes three million members. So each begins
 * with its comma, and its name is a literal whose length the compiler knows; the
 * first comma is then replaced by the brace. */

struct lead {
    const char *text;
    size_t length;
};
#define LEAD(name) ((struct lead){",\"" name "\":", sizeof(",\"" name "\":") - 1})

/* Room for the value; NULL when it failed. */
static inline char *member_begin(struct buf *out, struct lead lead, size_t most)
{
    char *at = buf_room(out, lead.length + most);
    return at ? mempcpy(at, lead.text, lead.length) : NULL;
}

static inline void member_raw(struct buf *out, struct lead lead, const char *value, size_t length)
{
    char *at = member_begin(out, lead, length);
    if (at)
        buf_took(out, mempcpy(at, value, length));
}

static inline void member_null(struct buf *out, struct lead lead)
{
    member_raw(out, lead, "null", 4);
}

static inline void member_boolean(struct buf *out, struct lead lead, bool value)
{
    if (value)
        member_raw(out, lead, "true", 4);
    else
        member_raw(out, lead, "false", 5);
}

static inline void member_integer(struct buf *out, struct lead lead, int64_t value)
{
    char *at = member_begin(out, lead, JSON_INTEGER_BYTES);
    if (at)
        buf_took(out, json_write_integer(at, value));
}

static inline void member_time(struct buf *out, struct lead lead, int64_t wall_ms)
{
    char *at = member_begin(out, lead, JSON_TIME_BYTES);
    if (at)
        buf_took(out, json_write_time(at, wall_ms));
}

static inline void member_string(struct buf *out, struct lead lead, const char *value)
{
    size_t length = strlen(value);
    char *at = member_begin(out, lead, JSON_STRING_FACTOR * length + JSON_QUOTES);
    if (at)
        buf_took(out, json_write_string(at, value, length));
}

/* null for "" and NULL */
static inline void member_text(struct buf *out, struct lead lead, const char *value)
{
    if (value && value[0])
        member_string(out, lead, value);
    else
        member_null(out, lead);
}

/* Most are whole; the others are left to encode_seconds, which writes the lead itself. */
static inline void member_seconds(struct buf *out, struct lead lead, const char *name, int64_t ms)
{
    if (ms % 1000 == 0)
        member_integer(out, lead, ms / 1000);
    else
        encode_seconds(out, name, ms);
}
#define SECONDS(name) LEAD(name), name

static void member_every(struct buf *out, int64_t every_ms)
{
    if (every_ms)
        member_seconds(out, SECONDS("every_s"), every_ms);
    else
        member_null(out, LEAD("every_s"));
}

static void member_key(struct buf *out, const struct vault_key *key)
{
    char text[2 * LIMIT_NAME_BYTES + 2];
    char *at = stpcpy(text, key->environment);
    *at++ = '/';
    (void)stpcpy(at, key->name);
    member_string(out, LEAD("key"), text);
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

/* The members of a key, in their order. Some lists want only some of them. */
enum key_member {
    KEY_KEY,
    KEY_ENVIRONMENT,
    KEY_NAME,
    KEY_TITLE,
    KEY_PROVIDER,
    KEY_OWNER,
    KEY_CLASS,
    KEY_CREDENTIAL,
    KEY_CREATED_AT,
    KEY_EVERY_S,
    KEY_GRACE_S,
    KEY_PROBE_EVERY_S,
    KEY_JITTER_S,
    KEY_WINDOW,
    KEY_NOT_WITH,
    KEY_ROTATE_DUE,
    KEY_ROTATE_AT,
    KEY_ROTATE_CAUSE,
    KEY_ROTATE_HOLD,
    KEY_PROBE_AT,
    KEY_EXPIRES_AT,
    KEY_ROTATE_DEAD,
    KEY_WIPE_DEAD,
    KEY_RECEIPTS,
    KEY_WITHOUT_OVERLAP,
    KEY_LABELS,
    KEY_CURRENT,
    KEY_PROOF,
    KEY_STATE,
    KEY_ROTATION,
    KEY_WAITS_FOR_PERSON,
    KEY_ALARM,
    KEY_MISSING,
    KEY_OPEN_REVOCATIONS,
    KEY_MEMBERS
};
static const char *const key_member_names[KEY_MEMBERS] = {
    [KEY_KEY] = "key",
    [KEY_ENVIRONMENT] = "environment",
    [KEY_NAME] = "name",
    [KEY_TITLE] = "title",
    [KEY_PROVIDER] = "provider",
    [KEY_OWNER] = "owner",
    [KEY_CLASS] = "class",
    [KEY_CREDENTIAL] = "credential",
    [KEY_CREATED_AT] = "created_at",
    [KEY_EVERY_S] = "every_s",
    [KEY_GRACE_S] = "grace_s",
    [KEY_PROBE_EVERY_S] = "probe_every_s",
    [KEY_JITTER_S] = "jitter_s",
    [KEY_WINDOW] = "window",
    [KEY_NOT_WITH] = "not_with",
    [KEY_ROTATE_DUE] = "rotate_due",
    [KEY_ROTATE_AT] = "rotate_at",
    [KEY_ROTATE_CAUSE] = "rotate_cause",
    [KEY_ROTATE_HOLD] = "rotate_hold",
    [KEY_PROBE_AT] = "probe_at",
    [KEY_EXPIRES_AT] = "expires_at",
    [KEY_ROTATE_DEAD] = "rotate_dead",
    [KEY_WIPE_DEAD] = "wipe_dead",
    [KEY_RECEIPTS] = "receipts",
    [KEY_WITHOUT_OVERLAP] = "without_overlap",
    [KEY_LABELS] = "labels",
    [KEY_CURRENT] = "current",
    [KEY_PROOF] = "proof",
    [KEY_STATE] = "state",
    [KEY_ROTATION] = "rotation",
    [KEY_WAITS_FOR_PERSON] = "waits_for_person",
    [KEY_ALARM] = "alarm",
    [KEY_MISSING] = "missing",
    [KEY_OPEN_REVOCATIONS] = "open_revocations",
};
_Static_assert(KEY_MEMBERS <= 64, "a list's fields are bits");

/* The names are written again here, and not from the table, so that their lengths are known. */
static inline void encode_key_member(struct buf *out, const struct vault_key *key, enum key_member member)
{
    switch (member) {
    case KEY_KEY:
        member_key(out, key);
        break;
    case KEY_ENVIRONMENT:
        member_string(out, LEAD("environment"), key->environment);
        break;
    case KEY_NAME:
        member_string(out, LEAD("name"), key->name);
        break;
    case KEY_TITLE:
        member_string(out, LEAD("title"), key->title);
        break;
    case KEY_PROVIDER:
        member_string(out, LEAD("provider"), key->provider);
        break;
    case KEY_OWNER:
        member_string(out, LEAD("owner"), key->owner);
        break;
    case KEY_CLASS:
        member_string(out, LEAD("class"), encode_class(key->class));
        break;
    case KEY_CREDENTIAL:
        member_text(out, LEAD("credential"), key->credential);
        break;
    case KEY_CREATED_AT:
        member_time(out, LEAD("created_at"), key->created_at_ms);
        break;
    case KEY_EVERY_S:
        member_every(out, key->every_ms);
        break;
    case KEY_GRACE_S:
        member_seconds(out, SECONDS("grace_s"), key->grace_ms);
        break;
    case KEY_PROBE_EVERY_S:
        member_seconds(out, SECONDS("probe_every_s"), key->probe_every_ms);
        break;
    case KEY_JITTER_S:
        member_seconds(out, SECONDS("jitter_s"), key->jitter_ms);
        break;
    case KEY_WINDOW:
        member_text(out, LEAD("window"), key->windows);
        break;
    case KEY_NOT_WITH:
        member_text(out, LEAD("not_with"), key->not_with);
        break;
    case KEY_ROTATE_DUE:
        member_time(out, LEAD("rotate_due"), key->rotate_due_ms);
        break;
    case KEY_ROTATE_AT:
        member_time(out, LEAD("rotate_at"), key->rotate_at_ms);
        break;
    case KEY_ROTATE_CAUSE:
        member_text(out, LEAD("rotate_cause"), encode_cause(key));
        break;
    case KEY_ROTATE_HOLD:
        member_text(out, LEAD("rotate_hold"), encode_hold(key));
        break;
    case KEY_PROBE_AT:
        member_time(out, LEAD("probe_at"), key->probe_at_ms);
        break;
    case KEY_EXPIRES_AT:
        member_time(out, LEAD("expires_at"), key->expires_at_ms);
        break;
    case KEY_ROTATE_DEAD:
        member_boolean(out, LEAD("rotate_dead"), key->rotate_dead);
        break;
    case KEY_WIPE_DEAD:
        member_boolean(out, LEAD("wipe_dead"), key->wipe_dead);
        break;
    case KEY_RECEIPTS:
        member_boolean(out, LEAD("receipts"), key->needs_receipts);
        break;
    case KEY_WITHOUT_OVERLAP:
        member_boolean(out, LEAD("without_overlap"), key->without_overlap);
        break;
    case KEY_LABELS:
        encode_labels(out, &key->labels);
        break;
    case KEY_CURRENT:
        encode_current(out, key);
        break;
    case KEY_PROOF:
        encode_evidence(out, "proof", &key->proof);
        break;
    case KEY_STATE:
        member_string(out, LEAD("state"), encode_key_state(key));
        break;
    case KEY_ROTATION:
        encode_open_rotation(out, key);
        break;
    case KEY_WAITS_FOR_PERSON:
        member_boolean(out, LEAD("waits_for_person"), key->waits_for_person);
        break;
    case KEY_ALARM:
        member_boolean(out, LEAD("alarm"), key->alarm || key->missing);
        break;
    case KEY_MISSING:
        member_boolean(out, LEAD("missing"), key->missing);
        break;
    case KEY_OPEN_REVOCATIONS:
        member_integer(out, LEAD("open_revocations"), key->open_revocations);
        break;
    case KEY_MEMBERS:
        break;
    }
}

enum err_code encode_key_fields(const char *names, uint64_t *ret_fields, struct err *err)
{
    uint64_t fields = 0;
    for (const char *at = names;;) {
        size_t length = strcspn(at, ",");
        enum key_member member = KEY_KEY;
        while (member < KEY_MEMBERS && (strlen(key_member_names[member]) != length ||
                                        memcmp(key_member_names[member], at, length) != 0))
            member++;
        if (member == KEY_MEMBERS)
            return err_set(err, ERR_INVALID, "fields names members of a key, with commas between; \"%.*s\" is none",
                           (int)(length < 40 ? length : 40), at);
        fields |= UINT64_C(1) << member;
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    *ret_fields = fields;
    return ERR_OK;
}

/* The first member's comma makes room for the brace, which ends no value, so that what follows is right. */
static void encode_key_begin(struct buf *out, size_t *ret_start)
{
    json_put_object_open(out, NULL);
    buf_truncate(out, out->length > 0 ? out->length - 1 : 0);
    *ret_start = out->length;
}

static void encode_key_end(struct buf *out, size_t start)
{
    if (!buf_ok(out))
        return;
    out->data[start] = '{';
    json_put_object_close(out);
}

/* All of them one after another, with the choice of each made when it was compiled. */
static void encode_key_all(struct buf *out, const struct vault_key *key)
{
#pragma GCC unroll 64
    for (enum key_member member = KEY_KEY; member < KEY_MEMBERS; member++)
        encode_key_member(out, key, member);
}

void encode_key(struct buf *out, const struct vault_key *key)
{
    size_t start = 0;
    encode_key_begin(out, &start);
    encode_key_all(out, key);
    encode_key_end(out, start);
}

void encode_key_open(struct buf *out, const struct vault_key *key)
{
    encode_key(out, key);
    if (buf_ok(out))
        buf_truncate(out, out->length - 1);
}

void encode_key_chosen(struct buf *out, const struct vault_key *key, uint64_t fields)
{
    size_t start = 0;
    encode_key_begin(out, &start);
    for (enum key_member member = KEY_KEY; member < KEY_MEMBERS; member++)
        if (fields >> member & 1)
            encode_key_member(out, key, member);
    encode_key_end(out, start);
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
