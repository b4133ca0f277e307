/* Use cases on keys: added, changed, probed and removed. */
#include "calendar.h"
#include "calls.h"
#include "drafts.h"
#include "engine_private.h"
#include "follow_ups.h"
#include "key_places.h"
#include "place_check.h"
#include "rotate.h"
#include "schedule.h"
#include "step.h"
#include "subject.h"
#include "traces.h"

#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

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
    TRY(draft_new_key(engine, add->draft, &subject, err));
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
        TRY(key_keep_apart(engine, key, add->draft->not_with, err));
    for (size_t i = 0; i < add->draft->delivery_count; i++)
        TRY(place_insert(engine, key, add->draft->deliveries[i], NULL, err));
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
    struct vault_key *ret_key;
};

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
    TRY(subject_find(engine, named->environment, named->name, &subject, err));
    bool issued = key_is_issued(subject.provider, &subject.key);
    if (named->draft->fields & ENGINE_NOT_WITH)
        TRY(key_keep_apart(engine, &subject.key, named->draft->not_with, err));
    TRY(draft_apply(engine, named->draft, &subject.key, err));
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
    TRY(subject_find(engine, named->environment, named->name, &subject, err));
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
    TRY(subject_find(engine, named->environment, named->name, &subject, err));
    if (subject.key.rotation_state)
        return err_set(err, ERR_STATE, "%s/%s has an open rotation. Cancel it first: keyturn cancel %s/%s",
                       named->environment, named->name, named->environment, named->name);
    TRY(vault_children(engine->session, VAULT_VERSION, subject.key.row.id, refuse_alive, &subject.key, err));
    TRY(vault_children(engine->session, VAULT_LABEL, subject.key.row.id, refuse_label, &subject.key, err));
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
        TRY(remove_children(engine, children[i], &subject.key, err));
    TRY(key_keep_apart(engine, &subject.key, "", err));
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
