#include "subject.h"

#include "engine_private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* For a key whose provider is no longer defined: patient, and nothing is proved quickly. */
static const struct provider_limits limits_without_provider = {.parallel = 1,
                                                               .settle = 2,
                                                               .settle_interval_ms = 1000,
                                                               .propagation_ms = 60000,
                                                               .proving_deadline_ms = 3600000,
                                                               .watch_ms = 600000};

void subject_of_key(struct engine *engine, struct vault_key *key, struct subject *ret_subject)
{
    struct subject subject = {.key = *key, .limits = &limits_without_provider};
    memset(key, 0, sizeof *key);
    subject.provider = provider_set_find(engine->options.providers, subject.key.provider);
    if (subject.provider) {
        subject.limits = provider_limits(subject.provider);
        subject.place = provider_environment_for(subject.provider, subject.key.environment,
                                                 (enum provider_class)subject.key.class);
    }
    *ret_subject = subject;
}

enum err_code subject_find(struct engine *engine, const char *environment, const char *name,
                           struct subject *ret_subject, struct err *err)
{
    struct vault_key key = {0};
    TRY(vault_key_find(engine->session, environment, name, &key, err));
    subject_of_key(engine, &key, ret_subject);
    return ERR_OK;
}

enum err_code subject_load(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                           struct subject *ret_subject, struct err *err)
{
    struct vault_key key = {0};
    TRY(vault_get(engine->session, VAULT_KEY, key_id, &key.row, err));
    subject_of_key(engine, &key, ret_subject);
    return ERR_OK;
}

void subject_release(struct subject *subject)
{
    vault_record_release(VAULT_KEY, &subject->key.row);
}

enum err_code subject_save(struct engine *engine, struct subject *subject, struct err *err)
{
    struct vault_key *key = &subject->key;
    int64_t due = key->rotate_at_ms;
    if (key->probe_at_ms && (!due || key->probe_at_ms < due))
        due = key->probe_at_ms;
    key->row.due_at_ms = due;
    return vault_update(engine->vault, VAULT_KEY, &key->row, err);
}

struct waits {
    bool person;
    uint32_t open_revocations;
};

static int look_at_rotation(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct waits *waits = context;
    const struct vault_rotation *rotation = (const struct vault_rotation *)record;
    waits->person |= !rotation->ended_at_ms && rotation->waits_for_person;
    return ERR_OK;
}

static int look_at_revocation(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct waits *waits = context;
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    if (revocation->ended_at_ms)
        return ERR_OK;
    waits->person |= revocation->waits_for_person;
    waits->open_revocations++;
    return ERR_OK;
}

enum err_code subject_summarise(struct engine *engine, struct subject *subject, struct err *err)
{
    struct vault_key *key = &subject->key;
    struct waits waits = {0};
    if (key->rotation_state)
        TRY(vault_children(engine->session, VAULT_ROTATION, key->row.id, look_at_rotation, &waits, err));
    TRY(vault_children(engine->session, VAULT_REVOCATION, key->row.id, look_at_revocation, &waits, err));
    key->waits_for_person = waits.person;
    key->open_revocations = waits.open_revocations;
    return ERR_OK;
}

bool key_is_issued(const struct provider *provider, const struct vault_key *key)
{
    return provider && provider_can(provider, PROVIDER_ISSUE) && (provider_overlaps(provider) || key->without_overlap);
}

bool subject_replaces(const struct subject *subject, const struct vault_rotation *rotation)
{
    return key_is_issued(subject->provider, &subject->key) && !provider_overlaps(subject->provider) &&
           rotation->old_number;
}

void subject_set_current(struct subject *subject, const struct vault_version *version)
{
    struct vault_key *key = &subject->key;
    key->alarm = false;
    key->missing = false;
    key->expires_at_ms = version ? version->expires_at_ms : 0;
    key->doubt = (struct vault_doubt){0};
    if (!version) {
        key->current_number = 0;
        memset(key->current_id, 0, VAULT_ID_BYTES);
        key->current_mask[0] = '\0';
        key->current_since_ms = 0;
        key->probe_at_ms = 0;
        memset(&key->proof, 0, sizeof key->proof);
        return;
    }
    key->current_number = version->number;
    memcpy(key->current_id, version->row.id, VAULT_ID_BYTES);
    COPY_TEXT(key->current_mask, version->mask);
    key->current_since_ms = version->since_ms;
    key->proof = version->proof;
}

static enum err_code check_shape(const struct subject *subject, const struct secret *secret,
                                 bool unchecked, struct err *err)
{
    const struct vault_key *key = &subject->key;
    const struct provider_environment *other = NULL;
    char mask[TEXT_MASK_BYTES];
    text_mask(secret_peek(secret), secret_length(secret), mask);

    switch (provider_shape(subject->provider, subject->place, secret, &other)) {
    case PROVIDER_SHAPE_MATCHES:
        return ERR_OK;
    case PROVIDER_SHAPE_OTHER:
        return err_set(err, ERR_INVALID,
                       "that is a %s key (%s), and %s/%s is a %s key. Nothing was stored. "
                       "%s keys go under an environment of class %s: %s/%s",
                       other->name, mask, key->environment, key->name, subject->place->name,
                       other->class == PROVIDER_CLASS_LIVE ? "Live" : "Test",
                       other->class == PROVIDER_CLASS_LIVE ? "live" : "test", other->name, key->name);
    case PROVIDER_SHAPE_UNKNOWN:
        break;
    }
    if (unchecked)
        return ERR_OK;
    return err_set(err, ERR_INVALID,
                   "that does not look like a %s key of %s (expected %s). Nothing was stored. If it "
                   "is one all the same, say --unchecked",
                   subject->place->name, key->provider, subject->place->key_pattern);
}

enum err_code subject_check_secret(struct engine *engine, const struct subject *subject,
                                   const struct secret *secret, bool unchecked, struct err *err)
{
    if (secret_length(secret) < 1 || secret_length(secret) > LIMIT_SECRET_BYTES)
        return err_set(err, ERR_LIMIT, "a secret is 1 byte to 64 KiB, this one has %zu",
                       secret_length(secret));
    TRY(check_shape(subject, secret, unchecked, err));

    uint8_t fingerprint[32];
    struct vault_version held = {0};
    vault_fingerprint(secret, fingerprint);
    enum err_code code = vault_version_by_fingerprint(engine->session, fingerprint, &held, err);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(code);
    OWN_SUBJECT struct subject holder = {0};
    TRY(subject_load(engine, held.row.parent, &holder, err));
    return err_set(err, ERR_EXISTS, "that key is held already: %s/%s version %u, %s. Nothing was stored",
                   holder.key.environment, holder.key.name, held.number,
                   vault_version_state_name((enum vault_version_state)held.state));
}

enum err_code subject_add_version(struct engine *engine, const struct subject *subject,
                                  enum vault_version_state state, uint32_t number, const char *label,
                                  const char *provider_id, const struct secret *secret, bool unchecked,
                                  struct vault_version *ret_version, struct err *err)
{
    struct vault_version version = {.number = number,
                                    .state = (int32_t)state,
                                    .created_at_ms = engine_now(engine),
                                    .since_ms = engine_now(engine),
                                    .wiped = secret == NULL,
                                    .unchecked = unchecked};
    memcpy(version.row.parent, subject->key.row.id, VAULT_ID_BYTES);
    COPY_TEXT(version.label, label);
    COPY_TEXT(version.provider_id, provider_id);
    if (secret)
        text_mask(secret_peek(secret), secret_length(secret), version.mask);
    TRY(vault_insert(engine->vault, VAULT_VERSION, &version.row, secret, err));
    *ret_version = version;
    return ERR_OK;
}

enum err_code version_set_state(struct engine *engine, const uint8_t version_id[VAULT_ID_BYTES],
                                enum vault_version_state state, struct vault_version *ret_version,
                                struct err *err)
{
    struct vault_version version = {0};
    TRY(vault_get(engine->session, VAULT_VERSION, version_id, &version.row, err));
    if (version.state != (int32_t)state) {
        version.state = (int32_t)state;
        version.since_ms = engine_now(engine);
        TRY(vault_update(engine->vault, VAULT_VERSION, &version.row, err));
    }
    if (ret_version)
        *ret_version = version;
    return ERR_OK;
}

int64_t backoff_ms(struct engine *engine, int32_t failures, int64_t base_ms, int64_t most_ms)
{
    int64_t delay = base_ms;
    for (int32_t i = 1; i < failures && delay < most_ms; i++)
        delay *= 2;
    if (delay > most_ms)
        delay = most_ms;
    return delay / 2 + (int64_t)random_below(engine->options.random, (uint32_t)(delay / 2) + 1);
}

static enum vault_verdict verdict_of(enum action_verdict verdict)
{
    switch (verdict) {
    case ACTION_ALIVE:
        return VAULT_ALIVE;
    case ACTION_UNFIT:
        return VAULT_UNFIT;
    case ACTION_DEAD:
        return VAULT_DEAD;
    case ACTION_UNKNOWN:
    case ACTION_DONE:
    case ACTION_GONE:
    case ACTION_REFUSED:
    case ACTION_CREDENTIAL_REFUSED:
    case ACTION_FOUND:
    case ACTION_NOT_FOUND:
    case ACTION_LISTED:
    case ACTION_MORE:
    case ACTION_VERDICT_COUNT:
        break;
    }
    return VAULT_UNKNOWN;
}

void evidence_of_result(struct engine *engine, const struct action_result *result,
                        const struct vault_evidence *before, struct vault_evidence *ret_evidence)
{
    struct vault_evidence evidence = {.verdict = (int32_t)verdict_of(result->verdict),
                                      .status = result->status,
                                      .times = 1,
                                      .at_ms = engine_now(engine),
                                      .elapsed_ms = result->elapsed_ms};
    if (before && before->at_ms && before->verdict == evidence.verdict)
        evidence.times = before->times + 1;
    COPY_TEXT(evidence.code, result->code);
    COPY_TEXT(evidence.request_id, result->request_id);
    COPY_TEXT(evidence.detail, result->detail);
    *ret_evidence = evidence;
}

static void doubt_word(struct buf *out, const char *word)
{
    if (word[0])
        buf_printf(out, "%s%s", out->length > 0 ? " " : "", word);
}

void doubt_note(struct vault_doubt *doubt, const struct action_result *result, bool clear)
{
    char status[16] = "";
    char told[32];
    OWN_BUF struct buf text = {0};
    if (clear) {
        *doubt = (struct vault_doubt){0};
        return;
    }
    if (result->status)
        (void)snprintf(status, sizeof status, "%d", result->status);
    doubt_word(&text, status);
    doubt_word(&text, result->code);
    /* The judge's own words begin with the status. */
    (void)snprintf(told, sizeof told, "status %s, ", status);
    size_t skip = strncmp(result->detail, told, strlen(told)) == 0 ? strlen(told) : 0;
    doubt_word(&text, result->detail + skip);
    COPY_TEXT(doubt->detail, buf_text(&text));
    doubt->times++;
}

enum err_code engine_audit(struct engine *engine, const struct vault_key *key, struct audit_entry entry,
                           struct err *err)
{
    if (key) {
        entry.environment = key->environment;
        entry.name = key->name;
    }
    return vault_audit(engine->vault, &entry, err);
}

struct delivery_search {
    unsigned place;
    unsigned seen;
    bool found;
    uint8_t id[VAULT_ID_BYTES];
};

static int look_at_delivery(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct delivery_search *search = context;
    if (search->seen++ != search->place)
        return ERR_OK;
    memcpy(search->id, record->id, VAULT_ID_BYTES);
    search->found = true;
    return VAULT_STOP;
}

enum err_code delivery_at(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES], unsigned place,
                          struct vault_delivery *ret_delivery, bool *ret_found, struct err *err)
{
    struct delivery_search search = {.place = place};
    TRY(vault_children(engine->session, VAULT_DELIVERY, key_id, look_at_delivery, &search, err));
    if (search.found)
        TRY(vault_get(engine->session, VAULT_DELIVERY, search.id, &ret_delivery->row, err));
    *ret_found = search.found;
    return ERR_OK;
}
