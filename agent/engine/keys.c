/* Use cases on keys and deliveries: checked here with what the provider and the
 * delivery's definition know, then written by the vault. */
#include "calendar.h"
#include "calls.h"
#include "engine_private.h"
#include "follow_ups.h"
#include "place_check.h"
#include "rotate.h"
#include "schedule.h"
#include "subject.h"
#include "traces.h"

#include "base/text.h"
#include "base/zone.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* --- Checking a draft ------------------------------------------------------------ */

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
static enum err_code apply_draft(struct engine *engine, const struct engine_key_draft *draft,
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

static enum err_code new_key(struct engine *engine, const struct engine_key_draft *draft,
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
    return apply_draft(engine, draft, &ret_subject->key, err);
}

/* --- Deliveries --------------------------------------------------------------------- */

struct last_order {
    uint32_t last;
    size_t count;
};

static int look_at_order(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct last_order *order = context;
    const struct vault_delivery *delivery = (const struct vault_delivery *)record;
    order->count++;
    if (delivery->order > order->last)
        order->last = delivery->order;
    return ERR_OK;
}

static enum err_code insert_delivery(struct engine *engine, const struct vault_key *key,
                                     const char *definition, struct vault_delivery *ret_delivery,
                                     struct err *err)
{
    struct last_order order = {0};
    struct vault_delivery delivery = {.created_at_ms = engine_now(engine)};
    size_t length = strlen(definition);
    TRY(place_check(engine, key, definition, &delivery, err));
    TRY(vault_children(engine->session, VAULT_DELIVERY, key->row.id, look_at_order, &order, err));
    if (order.count >= VAULT_DELIVERIES_PER_KEY)
        return err_set(err, ERR_LIMIT, "a key has at most %d deliveries", VAULT_DELIVERIES_PER_KEY);
    if (length > VAULT_DEFINITION_BYTES)
        return err_set(err, ERR_LIMIT, "a delivery's definition has at most %d bytes", VAULT_DEFINITION_BYTES);
    delivery.order = order.last + 1;
    memcpy(delivery.row.parent, key->row.id, VAULT_ID_BYTES);
    delivery.definition = (struct vault_text){.data = strdup(definition), .length = length};
    if (!delivery.definition.data)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code code = vault_insert(engine->vault, VAULT_DELIVERY, &delivery.row, NULL, err);
    if (code == ERR_OK && ret_delivery) {
        *ret_delivery = delivery;
        return ERR_OK;
    }
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    return code;
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
static enum err_code keep_apart(struct engine *engine, struct vault_key *key, const char *other, struct err *err)
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

/* --- Adding --------------------------------------------------------------------------- */

struct add {
    const char *who;
    const struct engine_key_draft *draft;
    const struct secret *secret;
    struct vault_key *ret_key;
};

/* When the version expires, as a person says. */
static enum err_code set_expiry(struct engine *engine, const struct engine_key_draft *draft,
                                struct vault_version *version, struct err *err)
{
    if (!(draft->fields & ENGINE_EXPIRES))
        return ERR_OK;
    version->expires_at_ms = draft->expires_at_ms;
    return vault_update(engine->vault, VAULT_VERSION, &version->row, err);
}

static enum err_code add_first_version(struct engine *engine, struct subject *subject, const struct add *add,
                                       struct err *err)
{
    struct vault_key *key = &subject->key;
    struct vault_version version;
    char label[2 * LIMIT_NAME_BYTES + 32];
    snprintf(label, sizeof label, "%s-1", key->name);
    TRY(subject_add_version(engine, subject, VAULT_CURRENT, 1, label, NULL, add->secret,
                            add->draft->unchecked, &version, err));
    TRY(set_expiry(engine, add->draft, &version, err));
    key->last_number = 1;
    subject_set_current(subject, &version);
    int64_t now = engine_now(engine);
    TRY(calendar_plan(engine, key, now, err));
    if (key->probe_every_ms)
        key->probe_at_ms = now + key->probe_every_ms;
    TRY(schedule_probe(engine, subject, true, err));
    return subject_save(engine, subject, err);
}

static enum err_code copy_key(struct engine *engine, const struct vault_key *key, struct vault_key *ret_key,
                              struct err *err)
{
    if (!ret_key)
        return ERR_OK;
    return vault_get(engine->session, VAULT_KEY, key->row.id, &ret_key->row, err);
}

static enum err_code do_add(struct engine *engine, void *argument, struct err *err)
{
    const struct add *add = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(new_key(engine, add->draft, &subject, err));
    struct vault_key *key = &subject.key;
    calendar_clear(key);
    key->probe_at_ms = 0;
    if (add->draft->trace)
        TRY(trace_begin_key(engine, &subject, err));
    if (add->secret)
        TRY(subject_check_secret(engine, &subject, add->secret, add->draft->unchecked, err));
    enum err_code code = vault_insert(engine->vault, VAULT_KEY, &key->row, NULL, err);
    if (code == ERR_EXISTS)
        return err_set(err, ERR_EXISTS, "there is a key %s/%s already. To replace its secret: keyturn rotate %s/%s",
                       key->environment, key->name, key->environment, key->name);
    TRY(code);
    if (add->draft->fields & ENGINE_NOT_WITH)
        TRY(keep_apart(engine, key, add->draft->not_with, err));
    for (size_t i = 0; i < add->draft->delivery_count; i++)
        TRY(insert_delivery(engine, key, add->draft->deliveries[i], NULL, err));
    struct audit_entry entry = {.who = add->who, .what = "key.add", .version = add->secret ? 1 : 0,
                                .detail = key->provider};
    TRY(engine_audit(engine, key, entry, err));
    if (add->secret)
        TRY(add_first_version(engine, &subject, add, err));
    else
        TRY(rotation_open(engine, &subject, add->who, ROTATION_ON_ASKED, NULL, err));
    return copy_key(engine, key, add->ret_key, err);
}

enum err_code engine_key_add(struct engine *engine, const char *who, const struct engine_key_draft *draft,
                             const struct secret *secret, struct vault_key *ret_key, struct err *err)
{
    struct add add = {.who = who, .draft = draft, .secret = secret, .ret_key = ret_key};
    for (size_t i = 0; i < draft->delivery_count; i++)
        TRY(place_look(engine, draft->deliveries[i], err));
    return engine_call(engine, do_add, &add, false, err);
}

/* --- Changing, probing, removing --------------------------------------------------------- */

struct named {
    const char *who;
    const char *environment;
    const char *name;
    const struct engine_key_draft *draft;
    const char *definition;
    uint32_t order;
    struct vault_key *ret_key;
    struct vault_delivery *ret_delivery;
};

static enum err_code subject_find(struct engine *engine, const struct named *named,
                                  struct subject *ret_subject, struct err *err)
{
    struct vault_key key = {0};
    TRY(vault_key_find(engine->session, named->environment, named->name, &key, err));
    subject_of_key(engine, &key, ret_subject);
    return ERR_OK;
}

static enum err_code change_expiry(struct engine *engine, const struct engine_key_draft *draft, struct vault_key *key,
                                   struct err *err)
{
    struct vault_version version = {0};
    if (!(draft->fields & ENGINE_EXPIRES))
        return ERR_OK;
    if (!key->current_number)
        return err_set(err, ERR_STATE, "%s/%s has no version that could expire", key->environment, key->name);
    TRY(vault_get(engine->session, VAULT_VERSION, key->current_id, &version.row, err));
    TRY(set_expiry(engine, draft, &version, err));
    key->expires_at_ms = draft->expires_at_ms;
    return calendar_plan_current(engine, key, err);
}

static enum err_code do_change(struct engine *engine, void *argument, struct err *err)
{
    const struct named *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, named, &subject, err));
    bool issued = key_is_issued(subject.provider, &subject.key);
    if (named->draft->fields & ENGINE_NOT_WITH)
        TRY(keep_apart(engine, &subject.key, named->draft->not_with, err));
    TRY(apply_draft(engine, named->draft, &subject.key, err));
    TRY(change_expiry(engine, named->draft, &subject.key, err));
    TRY(subject_save(engine, &subject, err));
    struct audit_entry entry = {.who = named->who, .what = "key.change"};
    TRY(engine_audit(engine, &subject.key, entry, err));
    /* What waited for a person until its policy accepted how its provider does it. */
    if (!issued && key_is_issued(subject.provider, &subject.key) &&
        subject.key.rotation_state == ROTATION_STAGING + 1)
        follow_up_add(engine, false, subject.key.rotation_id, ROTATION_ON_TIME, named->who, 0);
    TRY(follow_up_run(engine, err));
    return copy_key(engine, &subject.key, named->ret_key, err);
}

enum err_code engine_key_change(struct engine *engine, const char *who, const struct engine_key_draft *draft,
                                struct vault_key *ret_key, struct err *err)
{
    struct named named = {.who = who, .environment = draft->environment, .name = draft->name, .draft = draft,
                          .ret_key = ret_key};
    return engine_call(engine, do_change, &named, false, err);
}

static enum err_code do_probe(struct engine *engine, void *argument, struct err *err)
{
    const struct named *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, named, &subject, err));
    if (!subject.key.current_number)
        return err_set(err, ERR_STATE, "%s/%s has no current version to probe", named->environment, named->name);
    if (!subject.provider)
        return err_set(err, ERR_STATE, "%s/%s: provider %s is not defined", named->environment, named->name,
                       subject.key.provider);
    TRY(schedule_probe(engine, &subject, true, err));
    return subject_save(engine, &subject, err);
}

enum err_code engine_key_probe(struct engine *engine, const char *who, const char *environment,
                               const char *name, struct err *err)
{
    struct named named = {.who = who, .environment = environment, .name = name};
    return engine_call(engine, do_probe, &named, false, err);
}

static int refuse_alive(void *context, const struct vault_row *record, struct err *err)
{
    const struct vault_key *key = context;
    const struct vault_version *version = (const struct vault_version *)record;
    if (version->state == VAULT_DEAD_VERSION)
        return ERR_OK;
    return (int)err_set(err, ERR_STATE,
                        "%s/%s version %u is %s, not dead. Revoke it first: keyturn revoke %s/%s",
                        key->environment, key->name, version->number,
                        vault_version_state_name((enum vault_version_state)version->state),
                        key->environment, key->name);
}

struct child_list {
    struct vault_row rows[256];
    size_t count;
};

static int collect_child(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct child_list *list = context;
    list->rows[list->count++] = *record;
    return list->count == sizeof list->rows / sizeof list->rows[0] ? VAULT_STOP : ERR_OK;
}

static enum err_code remove_children(struct engine *engine, enum vault_kind kind, const struct vault_key *key,
                                     struct err *err)
{
    struct child_list list;
    do {
        list.count = 0;
        TRY(vault_children(engine->session, kind, key->row.id, collect_child, &list, err));
        for (size_t i = 0; i < list.count; i++)
            TRY(vault_remove(engine->vault, kind, &list.rows[i], err));
    } while (list.count == sizeof list.rows / sizeof list.rows[0]);
    return ERR_OK;
}

static int refuse_label(void *context, const struct vault_row *record, struct err *err)
{
    const struct vault_key *key = context;
    const struct vault_label *label = (const struct vault_label *)record;
    return (int)err_set(err, ERR_STATE,
                        "%s/%s: whether %s was made at the provider is not known, and it may live there. It is looked for "
                        "(keyturn status); when you know that it is not there: keyturn reconcile --forget %s/%s",
                        key->environment, key->name, label->label, key->environment, label->label);
}

static enum err_code do_remove(struct engine *engine, void *argument, struct err *err)
{
    static const enum vault_kind children[] = {VAULT_REVOCATION, VAULT_ROTATION, VAULT_DELIVERY, VAULT_VERSION};
    const struct named *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, named, &subject, err));
    if (subject.key.rotation_state)
        return err_set(err, ERR_STATE, "%s/%s has an open rotation. Cancel it first: keyturn cancel %s/%s",
                       named->environment, named->name, named->environment, named->name);
    TRY(vault_children(engine->session, VAULT_VERSION, subject.key.row.id, refuse_alive, &subject.key, err));
    TRY(vault_children(engine->session, VAULT_LABEL, subject.key.row.id, refuse_label, &subject.key, err));
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
        TRY(remove_children(engine, children[i], &subject.key, err));
    TRY(keep_apart(engine, &subject.key, "", err));
    struct audit_entry entry = {.who = named->who, .what = "key.remove"};
    TRY(engine_audit(engine, &subject.key, entry, err));
    return vault_remove(engine->vault, VAULT_KEY, &subject.key.row, err);
}

enum err_code engine_key_remove(struct engine *engine, const char *who, const char *environment,
                                const char *name, struct err *err)
{
    struct named named = {.who = who, .environment = environment, .name = name};
    return engine_call(engine, do_remove, &named, false, err);
}

/* --- Deliveries of a key -------------------------------------------------------------------- */

static enum err_code refuse_while_rotating(const struct subject *subject, struct err *err)
{
    const struct vault_key *key = &subject->key;
    if (!key->rotation_state)
        return ERR_OK;
    return err_set(err, ERR_STATE, "%s/%s has an open rotation; its deliveries can change when it has ended",
                   key->environment, key->name);
}

static enum err_code do_delivery_add(struct engine *engine, void *argument, struct err *err)
{
    const struct named *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, named, &subject, err));
    TRY(refuse_while_rotating(&subject, err));
    TRY(insert_delivery(engine, &subject.key, named->definition, named->ret_delivery, err));
    /* Once the current version is proved alive, the new place gets it. */
    TRY(schedule_probe(engine, &subject, true, err));
    TRY(subject_save(engine, &subject, err));
    struct audit_entry entry = {.who = named->who, .what = "delivery.add"};
    return engine_audit(engine, &subject.key, entry, err);
}

enum err_code engine_delivery_add(struct engine *engine, const char *who, const char *environment,
                                  const char *name, const char *definition,
                                  struct vault_delivery *ret_delivery, struct err *err)
{
    struct named named = {.who = who, .environment = environment, .name = name, .definition = definition,
                          .ret_delivery = ret_delivery};
    TRY(place_look(engine, definition, err));
    return engine_call(engine, do_delivery_add, &named, false, err);
}

struct order_search {
    uint32_t order;
    struct vault_row found;
    bool is_found;
};

static int look_for_order(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct order_search *search = context;
    if (((const struct vault_delivery *)record)->order != search->order)
        return ERR_OK;
    search->found = *record;
    search->is_found = true;
    return VAULT_STOP;
}

static enum err_code do_delivery_remove(struct engine *engine, void *argument, struct err *err)
{
    const struct named *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    struct order_search search = {.order = named->order};
    TRY(subject_find(engine, named, &subject, err));
    TRY(refuse_while_rotating(&subject, err));
    TRY(vault_children(engine->session, VAULT_DELIVERY, subject.key.row.id, look_for_order, &search, err));
    if (!search.is_found)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no delivery %u; see keyturn show %s/%s", named->environment,
                       named->name, named->order, named->environment, named->name);
    TRY(vault_remove(engine->vault, VAULT_DELIVERY, &search.found, err));
    struct audit_entry entry = {.who = named->who, .what = "delivery.remove"};
    return engine_audit(engine, &subject.key, entry, err);
}

enum err_code engine_delivery_remove(struct engine *engine, const char *who, const char *environment,
                                     const char *name, uint32_t order, struct err *err)
{
    struct named named = {.who = who, .environment = environment, .name = name, .order = order};
    return engine_call(engine, do_delivery_remove, &named, false, err);
}
