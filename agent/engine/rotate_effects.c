/* The effects of the rotation table, by a table. Those of the transaction are here, and written into
 * the records at once; rotate_asks.c and rotate_places.c have those that reach outside, rotate_waits.c those that
 * wait, rotate_tells.c those that tell people. */
#include "calendar.h"
#include "credential.h"
#include "engine_private.h"
#include "follow_ups.h"
#include "labels.h"
#include "revoke.h"
#include "rotate.h"
#include "rotate_work.h"
#include "subject.h"
#include "usage.h"

#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <string.h>

/* --- Effects of the transaction ------------------------------------------------ */

static enum err_code do_keep_label(struct rotation_work *work, struct err *err)
{
    return label_keep(work->engine, work->subject, work->rotation, work->input->who, err);
}

static enum err_code condemn(struct rotation_work *work, const uint8_t *version_id, bool emergency, struct err *err)
{
    bool replaced = id_equal(version_id, work->rotation->old_id);
    uint32_t incident = work->input->incident ? work->input->incident : replaced ? work->rotation->incident : 0;
    struct revocation_order order = {.version_id = version_id,
                                     .rotation_id = work->rotation->row.id,
                                     .emergency = emergency,
                                     .last = work->input->last,
                                     .incident = incident,
                                     .who = work->input->who};
    work->summary_changed = true;
    return revocation_open(work->engine, work->subject, &order, err);
}

static enum err_code do_condemn_found(struct rotation_work *work, struct err *err)
{
    const struct rotation_input *input = work->input;
    bool stray = input->event == ROTATION_ON_STRAY;
    uint32_t number = stray ? input->stray_number : work->rotation->number;
    struct vault_version version;
    TRY(version_free_number(work->engine, work->subject, &number, err));
    TRY(subject_add_version(work->engine, work->subject, VAULT_STAGED, number,
                            stray ? input->stray_label : work->rotation->label, input->provider_id,
                            input->secret, true, &version, err));
    return condemn(work, version.row.id, work->rotation->emergency, err);
}

static enum err_code do_condemn_new(struct rotation_work *work, struct err *err)
{
    work->rotation->new_condemned = true;
    return condemn(work, work->rotation->new_id, work->input->event == ROTATION_ON_EMERGENCY_NEW, err);
}

static enum err_code do_condemn_old(struct rotation_work *work, struct err *err)
{
    if (work->input->event == ROTATION_ON_EMERGENCY)
        work->rotation->emergency = true;
    work->rotation->old_condemned = true;
    return condemn(work, work->rotation->old_id, work->rotation->emergency || work->rotation->replace, err);
}

static enum err_code do_restore_old(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (!rotation->old_number || work->subject->key.current_number == rotation->old_number)
        return ERR_OK;
    struct vault_version old;
    TRY(version_set_state(work->engine, rotation->old_id, VAULT_CURRENT, &old, err));
    subject_set_current(work->subject, &old);
    return ERR_OK;
}

static enum err_code do_promote(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    struct vault_version new = {0};
    struct vault_version old = {0};
    if (rotation->old_number && !rotation->old_condemned)
        TRY(version_set_state(work->engine, rotation->old_id, VAULT_RETIRING, &old, err));
    TRY(version_set_state(work->engine, rotation->new_id, VAULT_CURRENT, &new, err));
    new.proof = rotation->evidence;
    TRY(vault_update(work->engine->vault, VAULT_VERSION, &new.row, err));
    subject_set_current(work->subject, &new);
    rotation->promoted_at_ms = engine_now(work->engine);
    usage_begin(work->subject, &old, rotation);
    if (work->subject->key.grace_ms > 0 && !rotation->replace)
        rotation->alive_in_row = 0; /* what was proved before the grace may die in it: S1 wants it proved at its end */
    if (work->subject->key.probe_every_ms)
        work->subject->key.probe_at_ms = engine_now(work->engine) + work->subject->key.probe_every_ms;
    return credential_changed(work->engine, &work->subject->key, work->input->who, err);
}

static enum err_code do_ask_back(struct rotation_work *work, struct err *err)
{
    struct vault_revocation revocation;
    bool found = false;
    TRY(revocation_of_version(work->engine, work->subject->key.row.id, work->rotation->old_id,
                              &revocation, &found, err));
    if (found)
        follow_up_add(work->engine, true, revocation.row.id, REVOCATION_ON_ROLL_BACK,
                      work->input->who, 0);
    return ERR_OK;
}

static enum err_code do_set_next_due(struct rotation_work *work, struct err *err)
{
    return calendar_plan(work->engine, &work->subject->key, engine_now(work->engine), err);
}

static enum err_code do_due_now(struct rotation_work *work, struct err *err)
{
    (void)err;
    calendar_plan_now(work->engine, &work->subject->key, VAULT_CAUSE_ASKED);
    return ERR_OK;
}

rotation_effect_function *const rotation_effects[ROTATION_EFFECT_COUNT] = {
    [ROTATION_DO_KEEP_LABEL] = do_keep_label,
    [ROTATION_DO_CONDEMN_FOUND] = do_condemn_found,
    [ROTATION_DO_CONDEMN_NEW] = do_condemn_new,
    [ROTATION_DO_CONDEMN_OLD] = do_condemn_old,
    [ROTATION_DO_RESTORE_OLD] = do_restore_old,
    [ROTATION_DO_PROMOTE] = do_promote,
    [ROTATION_DO_ASK_BACK] = do_ask_back,
    [ROTATION_DO_SET_NEXT_DUE] = do_set_next_due,
    [ROTATION_DO_DUE_NOW] = do_due_now,
    [ROTATION_DO_BACK_OFF] = rotation_do_back_off,
    [ROTATION_DO_FREE_SLOT] = rotation_do_free_slot,
    [ROTATION_DO_ISSUE] = rotation_do_issue,
    [ROTATION_DO_ASK_OPERATOR] = rotation_do_ask_operator,
    [ROTATION_DO_FIND] = rotation_do_find,
    [ROTATION_DO_PROBE_NEW] = rotation_do_probe_new,
    [ROTATION_DO_DELIVER] = rotation_do_deliver,
    [ROTATION_DO_UNDO] = rotation_do_undo,
    [ROTATION_DO_ASK_USAGE] = rotation_do_ask_usage,
    [ROTATION_DO_WAIT] = rotation_do_wait,
    [ROTATION_TELL_LABEL] = rotation_tell_label,
    [ROTATION_TELL_REFUSED] = rotation_tell_refused,
    [ROTATION_TELL_UNKNOWN] = rotation_tell_unknown,
    [ROTATION_TELL_UNFIT] = rotation_tell_unfit,
    [ROTATION_TELL_PLACES] = rotation_tell_places,
    [ROTATION_TELL_SLOTS] = rotation_tell_slots,
    [ROTATION_TELL_READERS] = rotation_tell_readers,
    [ROTATION_TELL_OLD_DEAD] = rotation_tell_old_dead,
    [ROTATION_TELL_NEW_DEAD] = rotation_tell_new_dead,
    [ROTATION_TELL_NO_KEY] = rotation_tell_no_key,
    [ROTATION_TELL_GIVEN_UP] = rotation_tell_given_up,
    [ROTATION_TELL_DONE] = rotation_tell_done,
    [ROTATION_TELL_REMIND] = rotation_tell_remind,
};
