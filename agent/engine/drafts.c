/* What is asked of a key: checked with what its provider knows, and written into its record. */
#include "drafts.h"

#include "calendar.h"
#include "engine_private.h"
#include "subject.h"

#include "base/text.h"
#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const struct engine_environment *environment_of(struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->options.environment_count; i++)
        if (strcmp(engine->options.environments[i].name, name) == 0)
            return &engine->options.environments[i];
    return NULL;
}

static enum err_code check_labels(const char *labels, struct err *err)
{
    size_t count = 0;
    for (const char *line = labels; *line; count++) {
        const char *end = strchrnul(line, '\n');
        const char *equals = memchr(line, '=', (size_t)(end - line));
        if (!equals || equals == line)
            return err_set(err, ERR_INVALID, "a label is written name=value, not \"%.*s\"",
                           (int)(end - line), line);
        if (equals - line > LIMIT_LABEL_NAME_BYTES)
            return err_set(err, ERR_LIMIT, "a label's name has at most %d bytes: %.*s",
                           LIMIT_LABEL_NAME_BYTES, (int)(equals - line), line);
        if (end - equals - 1 > LIMIT_LABEL_VALUE_BYTES)
            return err_set(err, ERR_LIMIT, "a label's value has at most %d bytes: %.*s",
                           LIMIT_LABEL_VALUE_BYTES, (int)(equals - line), line);
        line = *end ? end + 1 : end;
    }
    if (count > LIMIT_LABELS)
        return err_set(err, ERR_LIMIT, "a key has at most %d labels, not %zu", LIMIT_LABELS, count);
    return ERR_OK;
}

static enum err_code check_duration(int64_t ms, const char *what, struct err *err)
{
    const int64_t most = (int64_t)36525 * DAY_MS;
    if (ms < 0 || ms > most)
        return err_set(err, ERR_INVALID, "%s is between 0 and 100 years", what);
    return ERR_OK;
}

static enum err_code set_labels(struct vault_key *key, const char *labels, struct err *err)
{
    TRY(check_labels(labels, err));
    char *copy = strdup(labels);
    if (!copy)
        return err_set(err, ERR_MEMORY, "out of memory");
    free(key->labels.data);
    key->labels = (struct vault_text){.data = copy, .length = strlen(copy)};
    return ERR_OK;
}

static enum err_code set_windows(struct vault_key *key, const char *text, struct err *err)
{
    OWN(windows_free) struct windows *windows = NULL;
    if (text[0])
        TRY(windows_parse(text, ZONE_FOLDER, &windows, err));
    COPY_TEXT(key->windows, text);
    return ERR_OK;
}

enum { SCHEDULE_FIELDS = ENGINE_EVERY | ENGINE_JITTER | ENGINE_WINDOWS | ENGINE_NOT_WITH };

/* After a change of its schedule. */
static enum err_code plan_anew(struct engine *engine, struct vault_key *key, struct err *err)
{
    if (key->every_ms && key->jitter_ms > key->every_ms)
        return err_set(err, ERR_INVALID, "the jitter is at most the rotation period (every)");
    return calendar_plan_current(engine, key, err);
}

/* The draft's given fields into the key, each checked. */
enum err_code draft_apply(struct engine *engine, const struct engine_key_draft *draft,
                          struct vault_key *key, struct err *err)
{
    unsigned fields = draft->fields;
    if (fields & ENGINE_TITLE) {
        TRY(text_check_utf8(draft->title, LIMIT_TITLE_BYTES, "the title", err));
        COPY_TEXT(key->title, draft->title);
    }
    if (fields & ENGINE_OWNER) {
        if (draft->owner[0])
            TRY(text_check_name(draft->owner, "the owner's name", err));
        COPY_TEXT(key->owner, draft->owner);
    }
    if (fields & ENGINE_CREDENTIAL) {
        char environment[LIMIT_NAME_BYTES + 1], name[LIMIT_NAME_BYTES + 1];
        if (draft->credential[0])
            TRY(text_split_key(draft->credential, environment, name, err));
        COPY_TEXT(key->credential, draft->credential);
    }
    if (fields & ENGINE_EVERY) {
        TRY(check_duration(draft->every_ms, "the rotation period (every)", err));
        key->every_ms = draft->every_ms;
    }
    if (fields & ENGINE_JITTER) {
        TRY(check_duration(draft->jitter_ms, "the jitter", err));
        key->jitter_ms = draft->jitter_ms;
    }
    if (fields & ENGINE_WINDOWS)
        TRY(set_windows(key, draft->windows, err));
    if (fields & ENGINE_ROTATE_DEAD)
        key->rotate_dead = draft->rotate_dead;
    if (fields & SCHEDULE_FIELDS)
        TRY(plan_anew(engine, key, err));
    if (fields & ENGINE_GRACE) {
        TRY(check_duration(draft->grace_ms, "the grace", err));
        key->grace_ms = draft->grace_ms;
    }
    if (fields & ENGINE_PROBE_EVERY) {
        TRY(check_duration(draft->probe_every_ms, "the probing period", err));
        key->probe_every_ms = draft->probe_every_ms;
        key->probe_at_ms = draft->probe_every_ms && key->current_number ? engine_now(engine) + draft->probe_every_ms : 0;
    }
    if (fields & ENGINE_WIPE_DEAD)
        key->wipe_dead = draft->wipe_dead;
    if (fields & ENGINE_RECEIPTS)
        key->needs_receipts = draft->needs_receipts;
    if (fields & ENGINE_WITHOUT_OVERLAP)
        key->without_overlap = draft->without_overlap;
    if (fields & ENGINE_LABELS)
        TRY(set_labels(key, draft->labels, err));
    return ERR_OK;
}

enum err_code draft_new_key(struct engine *engine, const struct engine_key_draft *draft,
                            struct subject *ret_subject, struct err *err)
{
    struct vault_key key = {.created_at_ms = engine_now(engine), .grace_ms = DAY_MS, .probe_every_ms = DAY_MS};
    TRY(text_check_name(draft->environment, "the environment's name", err));
    TRY(text_check_name(draft->name, "the key's name", err));
    const struct engine_environment *environment = environment_of(engine, draft->environment);
    if (!environment)
        return err_set(err, ERR_INVALID, "there is no environment \"%s\"; keyturn providers lists them, "
                       "and the configuration may add more", draft->environment);
    const struct provider *provider = provider_set_find(engine->options.providers, draft->provider);
    if (!provider)
        return err_set(err, ERR_INVALID, "there is no provider \"%s\"; see keyturn providers", draft->provider);
    if (!provider_environment_for(provider, draft->environment, (enum provider_class)environment->class))
        return err_set(err, ERR_INVALID, "provider %s has no environment of class %s for %s/%s", draft->provider,
                       environment->class == VAULT_CLASS_LIVE ? "live" : "test", draft->environment, draft->name);
    COPY_TEXT(key.environment, draft->environment);
    COPY_TEXT(key.name, draft->name);
    COPY_TEXT(key.provider, draft->provider);
    key.class = (int32_t)environment->class;
    subject_of_key(engine, &key, ret_subject);
    return draft_apply(engine, draft, &ret_subject->key, err);
}

/* --- Keys kept apart ------------------------------------------------------------------ */

static enum err_code find_by_name(struct engine *engine, const char *key_name, struct vault_key *ret_key, struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    TRY(text_split_key(key_name, environment, name, err));
    return vault_key_find(engine->session, environment, name, ret_key, err);
}

/* The other one says the same of this one, or nothing. */
static enum err_code set_other(struct engine *engine, const char *other_name, const char *not_with, struct err *err)
{
    struct vault_key other = {0};
    TRY(find_by_name(engine, other_name, &other, err));
    enum err_code code = ERR_OK;
    if (not_with[0] && other.not_with[0] && strcmp(other.not_with, not_with) != 0)
        code = err_set(err, ERR_STATE, "%s is kept apart from %s already. Let it go first: keyturn set %s --not-with none",
                       other_name, other.not_with, other_name);
    COPY_TEXT(other.not_with, not_with);
    if (code == ERR_OK)
        code = vault_update(engine->vault, VAULT_KEY, &other.row, err);
    vault_record_release(VAULT_KEY, &other.row);
    return code;
}

/* Two keys are kept apart, so each says so of the other and whichever is second waits. */
enum err_code key_keep_apart(struct engine *engine, struct vault_key *key, const char *other, struct err *err)
{
    char name[2 * LIMIT_NAME_BYTES + 2];
    (void)snprintf(name, sizeof name, "%s/%s", key->environment, key->name);
    if (strcmp(other, name) == 0)
        return err_set(err, ERR_INVALID, "%s cannot be kept apart from itself", name);
    if (key->not_with[0] && strcmp(key->not_with, other) != 0)
        TRY(set_other(engine, key->not_with, "", err));
    if (other[0])
        TRY(set_other(engine, other, name, err));
    COPY_TEXT(key->not_with, other);
    return ERR_OK;
}
