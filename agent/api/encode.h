/* Records as JSON. Each writes one object; a name of NULL is an element of an array. */
#ifndef KEYTURN_API_ENCODE_H
#define KEYTURN_API_ENCODE_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "members.h"
#include "vault/vault.h"

enum { ENCODE_KEY_NAMES = 48, ENCODE_KEY_NAME_BYTES = 2 * LIMIT_NAME_BYTES + 2 };

/* How a list writes its keys. */
struct key_form {
    bool row;       /* each an array of values on a line of its own */
    uint8_t count;  /* of members that were asked for; 0: all */
    uint8_t fields[ENCODE_KEY_NAMES];
};

/* Where the words come from that a record does not hold itself. */
struct scribe {
    struct vault_session *session;
    struct engine *engine;
    struct buf *out;
    const struct key_form *keys; /* of a list of keys */
};

/* Seconds, with at most three decimals. */
void encode_seconds(struct buf *out, const char *name, int64_t ms);
/* null for "" */
void encode_text(struct buf *out, const char *name, const char *text);
/* null for 0 */
void encode_number(struct buf *out, const char *name, int64_t number);
/* null for zeros */
void encode_id(struct buf *out, const char *name, const uint8_t id[VAULT_ID_BYTES]);
/* null when it was never probed; the second into room for MEMBER_MOST_BYTES a member and its strings. */
void encode_evidence(struct buf *out, const char *name, const struct vault_evidence *evidence);
char *encode_write_evidence(char *at, const struct vault_evidence *evidence);
/* null where there is none; the second as above. */
void encode_doubt(struct buf *out, const char *name, const struct vault_doubt *doubt);
char *encode_write_doubt(char *at, const struct vault_doubt *doubt);
const char *encode_verdict(const struct vault_evidence *evidence);
void encode_key_name(struct buf *out, const char *name, const struct vault_key *key);
/* A person's step, or null where the definition has none of that kind. label and id may be NULL. */
void encode_instructions(const struct scribe *scribe, const char *name, enum provider_action action,
                         const struct vault_key *key, const char *label, const char *id);
const char *encode_class(int32_t class);

/* Without the closing brace, so that more members may follow. */
void encode_key_open(struct buf *out, const struct vault_key *key);
void encode_consumers(struct buf *out, const struct vault_key *key); /* handle_consumers.c */
void encode_key(struct buf *out, const struct vault_key *key);
void encode_key_as(struct buf *out, const struct vault_key *key, const struct key_form *form);
/* "state,key,…", in this order, into form. ERR_INVALID: what is no name, or stands twice. */
enum err_code encode_key_fields(const char *names, struct key_form *form, struct err *err) ERR_MUST_CHECK;
/* The bytes that a key takes at most: its strings, the two that stand in its name once more, and the rest. */
static inline size_t encode_key_most(const struct vault_key *key)
{
    return JSON_STRING_FACTOR * (sizeof *key + ENCODE_KEY_NAME_BYTES + key->labels.length) +
           ENCODE_KEY_NAMES * MEMBER_MOST_BYTES;
}
void encode_version(struct buf *out, const struct vault_version *version);
/* The members that say which delivery it is, where it puts and why it cannot. Returns the class of the place. */
int32_t encode_place(const struct scribe *scribe, const struct vault_delivery *delivery);
void encode_delivery(const struct scribe *scribe, const struct vault_delivery *delivery);
enum err_code encode_rotation(const struct scribe *scribe, const struct vault_rotation *rotation, struct err *err)
    ERR_MUST_CHECK;
enum err_code encode_revocation(const struct scribe *scribe, const struct vault_revocation *revocation,
                                struct err *err) ERR_MUST_CHECK;
/* How far the replacing of an incident's key has come: its rotation, or that it has yet to begin. */
enum err_code encode_replacement(const struct scribe *scribe, const struct vault_rotation *rotation, struct err *err)
    ERR_MUST_CHECK;
void encode_later_replacement(struct buf *out, const struct vault_key *key);
void encode_incident_members(struct buf *out, const struct vault_incident *incident);

#endif
