/* Providers that let only so many keys live ("two keys at most"). */
#include "slots.h"

#include "engine_private.h"
#include "follow_ups.h"
#include "subject.h"

#include "rotation/revocation.h"

#include <stdio.h>
#include <string.h>

static int count_version(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct slots *slots = context;
    const struct vault_version *version = (const struct vault_version *)record;
    size_t length = strlen(slots->names);
    if (version->state == VAULT_DEAD_VERSION)
        return ERR_OK;
    slots->held++;
    (void)snprintf(slots->names + length, sizeof slots->names - length, "%s%u (%s)", length ? ", " : "", version->number,
                   vault_version_state_name((enum vault_version_state)version->state));
    return ERR_OK;
}

static bool goes_on_alone(const struct vault_revocation *revocation)
{
    bool open = revocation_state_is_open((enum revocation_state)revocation->state);
    return open && revocation->state != REVOCATION_WAITING && revocation->state != REVOCATION_ATTENTION;
}

static int look_for_coming(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct slots *slots = context;
    slots->coming = slots->coming || goes_on_alone((const struct vault_revocation *)record);
    return ERR_OK;
}

enum err_code slots_read(struct engine *engine, const struct subject *subject, struct slots *ret_slots, struct err *err)
{
    *ret_slots = (struct slots){0};
    if (!subject->limits->keys)
        return ERR_OK;
    TRY(vault_children(engine->session, VAULT_VERSION, subject->key.row.id, count_version, ret_slots, err));
    ret_slots->full = ret_slots->held >= subject->limits->keys;
    if (!ret_slots->full)
        return ERR_OK;
    return vault_children(engine->session, VAULT_REVOCATION, subject->key.row.id, look_for_coming, ret_slots, err);
}

struct slots_hurry {
    struct engine *engine;
    const char *who;
};

static int hurry(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    const struct slots_hurry *slots = context;
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    if (revocation->state == REVOCATION_DISABLING && revocation->step_accepted)
        follow_up_add(slots->engine, true, record->id, REVOCATION_ON_SLOT_NEEDED, slots->who, 0);
    return ERR_OK;
}

enum err_code slots_free(struct engine *engine, const struct subject *subject, const char *who, struct err *err)
{
    struct slots_hurry slots = {.engine = engine, .who = who};
    return vault_children(engine->session, VAULT_REVOCATION, subject->key.row.id, hurry, &slots, err);
}
