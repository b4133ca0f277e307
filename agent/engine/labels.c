/* Labels of keys that were asked for, and of whose making nobody knows whether it worked (S3). Each
 * is a record of its own, made in the step that gave the attempt up, and outlives its rotation: a
 * create whose answer was lost can land late. label_looks.c looks for them. */
#include "labels.h"

#include "engine_private.h"
#include "subject.h"

#include "base/log.h"
#include "rotation/label.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum err_code label_audit(struct engine *engine, const struct vault_key *key, const struct vault_label *label,
                          const char *who, const char *what, const char *text, struct err *err)
{
    char detail[320];
    (void)snprintf(detail, sizeof detail, "%s: %s", label->label, text);
    const struct audit_entry entry = {.who = who, .what = what, .version = label->number, .detail = detail};
    return engine_audit(engine, key, entry, err);
}

static int look_at_label(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct label_search *search = context;
    const struct vault_label *label = (const struct vault_label *)record;
    if (strcmp(label->label, search->label) != 0)
        return ERR_OK;
    search->found = *label;
    search->is_there = true;
    return VAULT_STOP;
}

enum err_code label_find(struct engine *engine, const struct vault_key *key, struct label_search *search,
                         struct err *err)
{
    return vault_children(engine->session, VAULT_LABEL, key->row.id, look_at_label, search, err);
}

enum err_code label_keep(struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation,
                         const char *who, struct err *err)
{
    const struct vault_key *key = &subject->key;
    struct label_search search = {.label = rotation->label};
    struct vault_label label = {.number = rotation->number, .made_at_ms = rotation->made_at_ms};
    TRY(label_find(engine, key, &search, err));
    if (search.is_there)
        return ERR_OK;
    memcpy(label.row.parent, key->row.id, VAULT_ID_BYTES);
    COPY_TEXT(label.label, rotation->label);
    COPY_TEXT(label.detail, "whether it was made at the provider is not known");
    if (!label.made_at_ms)
        label.made_at_ms = engine_now(engine);
    label.row.due_at_ms = engine_now(engine) + label_look_after_ms(0, subject->limits->propagation_ms,
                                                                   subject->limits->horizon_ms);
    log_warning("engine", "%s/%s: whether %s was made at the provider is not known; it is looked for", key->environment,
                key->name, label.label);
    TRY(vault_insert(engine->vault, VAULT_LABEL, &label.row, NULL, err));
    return label_audit(engine, key, &label, who, "label.keep", label.detail, err);
}

enum err_code label_close(struct engine *engine, const struct vault_key *key, struct vault_label *label,
                          const char *who, const char *what, const char *text, struct err *err)
{
    log_info("engine", "%s/%s: %s: %s", key->environment, key->name, label->label, text);
    TRY(label_audit(engine, key, label, who, what, text, err));
    return vault_remove(engine->vault, VAULT_LABEL, &label->row, err);
}

enum err_code label_settle(struct engine *engine, const struct vault_key *key, const char *text_of_label,
                           const char *text, struct err *err)
{
    struct label_search search = {.label = text_of_label};
    TRY(label_find(engine, key, &search, err));
    if (!search.is_there)
        return ERR_OK;
    return label_close(engine, key, &search.found, "engine", "label.settled", text, err);
}

enum err_code label_is_awaited(struct engine *engine, const struct vault_key *key, const char *label,
                               struct vault_rotation *ret_rotation, bool *ret_awaited, struct err *err)
{
    struct vault_rotation *rotation = ret_rotation;
    *ret_awaited = false;
    if (!key->rotation_state)
        return ERR_OK;
    TRY(vault_get(engine->session, VAULT_ROTATION, key->rotation_id, &rotation->row, err));
    bool staging = rotation->state == ROTATION_STAGING ||
                   (rotation->state == ROTATION_ATTENTION && rotation->resume_state == ROTATION_STAGING);
    *ret_awaited = staging && strcmp(rotation->label, label) == 0;
    return ERR_OK;
}

struct number_search {
    uint32_t number;
    bool taken;
};

static int look_at_number(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct number_search *search = context;
    search->taken = search->taken || ((const struct vault_version *)record)->number == search->number;
    return ERR_OK;
}

enum err_code version_free_number(struct engine *engine, struct subject *subject, uint32_t *number, struct err *err)
{
    struct number_search search = {.number = *number};
    TRY(vault_children(engine->session, VAULT_VERSION, subject->key.row.id, look_at_number, &search, err));
    if (search.taken || *number == 0)
        *number = ++subject->key.last_number;
    return ERR_OK;
}
