/* A key with what is needed to act on it: its provider and place, its versions and deliveries. Backoff, and what an
 * answer proves. */
#ifndef KEYTURN_ENGINE_SUBJECT_H
#define KEYTURN_ENGINE_SUBJECT_H

#include "action/action.h"
#include "engine/engine.h"
#include "provider/provider.h"

struct subject {
    struct vault_key key;
    const struct provider *provider;           /* NULL: not defined (any more) */
    const struct provider_environment *place;  /* NULL: the provider has none of the class */
    const struct provider_limits *limits;      /* of the provider, or a safe default */
};
enum err_code subject_load(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                           struct subject *ret_subject, struct err *err) ERR_MUST_CHECK;
enum err_code subject_find(struct engine *engine, const char *environment, const char *name,
                           struct subject *ret_subject, struct err *err) ERR_MUST_CHECK;
void subject_release(struct subject *subject);
#define OWN_SUBJECT __attribute__((cleanup(subject_release)))

/* Does its provider make the key's new versions, in a way that the key's policy accepts? Else a person does. */
bool key_is_issued(const struct provider *provider, const struct vault_key *key);
/* Does issuing kill the old version of this rotation in the act? */
bool subject_replaces(const struct subject *subject, const struct vault_rotation *rotation);

/* Take in a key record (moved). */
void subject_of_key(struct engine *engine, struct vault_key *key, struct subject *ret_subject);
/* Write the key; its due time is the soonest of its schedules. */
enum err_code subject_save(struct engine *engine, struct subject *subject, struct err *err) ERR_MUST_CHECK;
/* After a change of who waits for whom: recompute the key's flags from its jobs. */
enum err_code subject_summarise(struct engine *engine, struct subject *subject, struct err *err) ERR_MUST_CHECK;
/* Make a version the key's current one in its summary, or none (NULL). */
void subject_set_current(struct subject *subject, const struct vault_version *version);

/* Refuse a secret that is of another environment, of no known shape, or held already (S5). */
enum err_code subject_check_secret(struct engine *engine, const struct subject *subject,
                                   const struct secret *secret, bool unchecked, struct err *err) ERR_MUST_CHECK;
/* A fresh version of the key with this secret (NULL: not known to us). */
enum err_code subject_add_version(struct engine *engine, const struct subject *subject,
                                  enum vault_version_state state, uint32_t number, const char *label,
                                  const char *provider_id, const struct secret *secret, bool unchecked,
                                  struct vault_version *ret_version, struct err *err) ERR_MUST_CHECK;
enum err_code version_set_state(struct engine *engine, const uint8_t version_id[VAULT_ID_BYTES],
                                enum vault_version_state state, struct vault_version *ret_version,
                                struct err *err) ERR_MUST_CHECK;

/* Exponential backoff with full jitter: between half and all of base * 2^(failures-1), capped. */
int64_t backoff_ms(struct engine *engine, int32_t failures, int64_t base_ms, int64_t most_ms);
/* What an answer proves, as evidence of now. times follows the evidence before. */
void evidence_of_result(struct engine *engine, const struct action_result *result,
                        const struct vault_evidence *before, struct vault_evidence *ret_evidence);
/* Count an answer that is clear or not. */
void doubt_note(struct vault_doubt *doubt, const struct action_result *result, bool clear);
/* Add an audit entry about a key; entry holds the rest. */
enum err_code engine_audit(struct engine *engine, const struct vault_key *key, struct audit_entry entry,
                           struct err *err) ERR_MUST_CHECK;
/* The n-th delivery (from 0) of a key, released by the caller; *ret_found false past the last. */
enum err_code delivery_at(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES], unsigned place,
                          struct vault_delivery *ret_delivery, bool *ret_found, struct err *err) ERR_MUST_CHECK;

#endif
