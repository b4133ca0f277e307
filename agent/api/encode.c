/* The pieces that several records share. */
#include "encode.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void encode_seconds(struct buf *out, const char *name, int64_t ms)
{
    char text[MEMBER_MOST_BYTES];
    const char *end = member_write_seconds(text, ms);
    json_put_raw(out, name, text, (size_t)(end - text));
}

void encode_text(struct buf *out, const char *name, const char *text)
{
    json_put_string(out, name, text && text[0] ? text : NULL);
}

void encode_number(struct buf *out, const char *name, int64_t number)
{
    if (number)
        json_put_integer(out, name, number);
    else
        json_put_null(out, name);
}

void encode_id(struct buf *out, const char *name, const uint8_t id[VAULT_ID_BYTES])
{
    char text[TEXT_HEX_ID_BYTES];
    json_put_string(out, name, vault_id_is_zero(id) ? NULL : text_hex_id(id, text));
}

const char *encode_verdict(const struct vault_evidence *evidence)
{
    static const char *const verdicts[] = {
        [VAULT_UNKNOWN] = "unknown", [VAULT_ALIVE] = "alive", [VAULT_UNFIT] = "unfit", [VAULT_DEAD] = "dead"};
    return verdicts[evidence->verdict];
}

static char *write_verdict(char *at, const void *record)
{
    return member_write_word(at, encode_verdict(record));
}

#define EVIDENCE(name, field, kind) MEMBER(name, struct vault_evidence, field, kind)
static const struct member evidence_members[] = {
    MEMBER_WRITTEN_BY("verdict", write_verdict),
    EVIDENCE("status", status, MEMBER_STATUS),
    EVIDENCE("code", code, MEMBER_TEXT),
    EVIDENCE("request_id", request_id, MEMBER_TEXT),
    EVIDENCE("times", times, MEMBER_I32),
    EVIDENCE("at", at_ms, MEMBER_TIME),
    EVIDENCE("elapsed_ms", elapsed_ms, MEMBER_I64),
    EVIDENCE("detail", detail, MEMBER_TEXT),
};
enum { EVIDENCE_MEMBERS = MEMBERS_OF(evidence_members) };

char *encode_write_evidence(char *at, const struct vault_evidence *evidence)
{
    return evidence->at_ms ? members_write(at, evidence_members, EVIDENCE_MEMBERS, evidence) : member_write_null(at);
}

void encode_evidence(struct buf *out, const char *name, const struct vault_evidence *evidence)
{
    char text[JSON_STRING_FACTOR * sizeof *evidence + EVIDENCE_MEMBERS * MEMBER_MOST_BYTES];
    const char *end = encode_write_evidence(text, evidence);
    json_put_raw(out, name, text, (size_t)(end - text));
}

static const struct member doubt_members[] = {
    MEMBER("times", struct vault_doubt, times, MEMBER_I32),
    MEMBER("detail", struct vault_doubt, detail, MEMBER_STRING),
};
enum { DOUBT_MEMBERS = MEMBERS_OF(doubt_members) };

char *encode_write_doubt(char *at, const struct vault_doubt *doubt)
{
    return doubt->times ? members_write(at, doubt_members, DOUBT_MEMBERS, doubt) : member_write_null(at);
}

void encode_doubt(struct buf *out, const char *name, const struct vault_doubt *doubt)
{
    char text[JSON_STRING_FACTOR * sizeof *doubt + DOUBT_MEMBERS * MEMBER_MOST_BYTES];
    const char *end = encode_write_doubt(text, doubt);
    json_put_raw(out, name, text, (size_t)(end - text));
}

void encode_key_name(struct buf *out, const char *name, const struct vault_key *key)
{
    char text[2 * LIMIT_NAME_BYTES + 2];
    size_t length = strlen(key->environment);
    size_t rest = strlen(key->name);
    memcpy(text, key->environment, length);
    text[length++] = '/';
    memcpy(text + length, key->name, rest);
    json_put_string_n(out, name, text, length + rest);
}

const char *encode_class(int32_t class)
{
    return class == VAULT_CLASS_LIVE ? "live" : "test";
}

/* A definition that cannot be rendered must not hide the record: the reason stands in its place. */
static void encode_manual(const struct scribe *scribe, const char *name, const struct provider *provider,
                          enum provider_action action, const struct provider_subject *subject)
{
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf link = {0};
    struct err err = {0};
    if (provider_manual(provider, action, subject, &text, &link, &err) != ERR_OK) {
        buf_clear(&text);
        buf_clear(&link);
        buf_text_add(&text, err.message);
    }
    json_put_object_open(scribe->out, name);
    json_put_string(scribe->out, "text", buf_text(&text));
    encode_text(scribe->out, "link", buf_text(&link));
    json_put_object_close(scribe->out);
}

void encode_instructions(const struct scribe *scribe, const char *name, enum provider_action action,
                         const struct vault_key *key, const char *label, const char *id)
{
    const struct provider *provider = provider_set_find(engine_providers(scribe->engine), key->provider);
    const struct action_spec *spec = provider ? provider_spec(provider, action) : NULL;
    if (!spec || !spec->manual) {
        json_put_null(scribe->out, name);
        return;
    }
    char key_name[2 * LIMIT_NAME_BYTES + 2];
    (void)snprintf(key_name, sizeof key_name, "%s/%s", key->environment, key->name);
    struct provider_subject subject = {
        .environment = provider_environment_for(provider, key->environment, (enum provider_class)key->class),
        .key = key_name,
        .label = label,
        .id = id,
    };
    encode_manual(scribe, name, provider, action, &subject);
}
