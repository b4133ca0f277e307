/* The effects of the rotation table on the places of the key: the new version is put there, or the old one put back. */
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "rotate_work.h"
#include "subject.h"

#include "base/log.h"
#include "delivery/delivery.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

/* One place's flight, of the attempt that the rotation is at. */
static enum err_code plan_delivery(struct rotation_work *work, enum flight_kind kind, unsigned place,
                                   const struct vault_delivery *delivery, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    struct flight *flight = flight_new(work->engine, kind, &work->subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    rotation->intent = true;
    flight->first_try = kind == FLIGHT_DELIVER && !(rotation->tried_mask >> place & 1u);
    if (kind == FLIGHT_DELIVER)
        rotation->tried_mask |= (uint32_t)1 << place;
    rotation->row.due_at_ms = engine_guard_ms(work->engine);
    memcpy(flight->job_id, rotation->row.id, VAULT_ID_BYTES);
    memcpy(flight->delivery_id, delivery->row.id, VAULT_ID_BYTES);
    flight->attempt = rotation->attempt;
    flight->place_in_list = place;
    flight->urgent = rotation_is_urgent(work);
    const uint8_t *version = kind == FLIGHT_DELIVER ? rotation->new_id : rotation->old_id;
    memcpy(flight->version_id, version, VAULT_ID_BYTES);
    flight->number = kind == FLIGHT_DELIVER ? rotation->new_number : rotation->old_number;
    flight_plan(work->engine, flight);
    return ERR_OK;
}

static enum err_code next_event(struct rotation_work *work, enum rotation_event event)
{
    follow_up_add(work->engine, false, work->rotation->row.id, (int)event, work->input->who, 0);
    return ERR_OK;
}

/* What the definition of a place says of its order; one that cannot be read says neither. */
static void look_at_order(const struct rotation_work *work, const struct vault_delivery *record, bool *ret_signal,
                          bool *ret_at_once)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    struct err err = {0};
    bool read = delivery_parse("delivery", record->definition.data, record->definition.length,
                               work->engine->options.sinks, &delivery, &err) == ERR_OK;
    *ret_signal = read && delivery_is_signal(delivery);
    *ret_at_once = read && delivery_is_at_once(delivery);
}

/* Plan the put of a place, unless it is to wait for those planned before it. *ret_more: the one after
 * it may be put at once with it. */
static enum err_code deliver_next(struct rotation_work *work, unsigned place, bool *planned, bool *ret_more,
                                  struct err *err)
{
    struct vault_delivery delivery = {0};
    bool found = false;
    bool signal = false;
    TRY(delivery_at(work->engine, work->subject->key.row.id, place, &delivery, &found, err));
    *ret_more = false;
    if (!found)
        return ERR_OK;
    enum err_code code = ERR_OK;
    look_at_order(work, &delivery, &signal, ret_more);
    if (*ret_more || !*planned) {
        code = plan_delivery(work, FLIGHT_DELIVER, place, &delivery, err);
        *planned = true;
    }
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    return code;
}

enum err_code rotation_do_deliver(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return rotation_plan(work, FLIGHT_DELIVER, err);
    bool planned = false;
    bool more = true;
    rotation->attempt++;
    for (unsigned place = 0; more && place < VAULT_DELIVERIES_PER_KEY; place++)
        if (!(rotation->put_mask >> place & 1u))
            TRY(deliver_next(work, place, &planned, &more, err));
    if (planned)
        return ERR_OK;
    return next_event(work, ROTATION_ON_DELIVERED);
}

/* Plan the undo of the last place of the kind that is still to be put back. */
static enum err_code undo_last(struct rotation_work *work, bool signals, bool *ret_planned, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    uint32_t left = (rotation->put_mask | rotation->tried_mask) & ~(rotation->undone_mask | rotation->undo_failed_mask);
    for (unsigned place = VAULT_DELIVERIES_PER_KEY; place-- > 0;) {
        if (!(left >> place & 1u))
            continue;
        struct vault_delivery delivery = {0};
        bool found = false;
        TRY(delivery_at(work->engine, work->subject->key.row.id, place, &delivery, &found, err));
        if (!found)
            continue;
        enum err_code code = ERR_OK;
        bool signal = false;
        bool at_once = false;
        look_at_order(work, &delivery, &signal, &at_once);
        *ret_planned = signal == signals;
        if (*ret_planned)
            code = plan_delivery(work, FLIGHT_UNDO, place, &delivery, err);
        vault_record_release(VAULT_DELIVERY, &delivery.row);
        if (code != ERR_OK || *ret_planned)
            return code;
    }
    return ERR_OK;
}

enum err_code rotation_do_undo(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return rotation_plan(work, FLIGHT_UNDO, err);
    if (flight_of_job(work->engine, rotation->row.id)) {
        /* A put of this rotation is still running; its end brings the event time. */
        rotation->attempt++;
        rotation->intent = true;
        rotation->row.due_at_ms = engine_guard_ms(work->engine);
        return ERR_OK;
    }
    /* Backwards; but a program or unit that reloads comes after the file it reads. */
    bool planned = false;
    rotation->attempt++;
    TRY(undo_last(work, false, &planned, err));
    if (!planned)
        TRY(undo_last(work, true, &planned, err));
    if (planned)
        return ERR_OK;
    return next_event(work, rotation->undo_failed_mask ? ROTATION_ON_PUT_BACK_FAILED : ROTATION_ON_PUT_BACK);
}

/* --- What becomes of them, for people ------------------------------------------- */

struct places_text {
    struct buf text;
    uint32_t failed_mask;
    unsigned place;
};

static int say_place(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct places_text *places = context;
    const struct vault_delivery *delivery = (const struct vault_delivery *)record;
    bool failed = places->failed_mask >> places->place++ & 1u;
    if (failed)
        buf_printf(&places->text, "; delivery %u cannot be put back (%.80s) and may hold the new version",
                   delivery->order, delivery->detail);
    else
        buf_printf(&places->text, "; delivery %u holds version %u", delivery->order, delivery->holds_version);
    return ERR_OK;
}

/* What becomes of the places, where it is not a failure that decides it. */
static const char *places_outlook(const struct vault_rotation *rotation)
{
    if (!rotation->old_number)
        return "the new version is taken away again";
    if (rotation->old_condemned || rotation->old_dead)
        return "the old version cannot come back: every place gets the new one";
    return "every place gets the old version back";
}

/* R12: which delivery failed; R14: which place holds what. */
enum err_code rotation_tell_places(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    struct places_text places = {.failed_mask = rotation->undo_failed_mask};
    bool failed = work->input->event == ROTATION_ON_DELIVERY_FAILED;
    if (!places.failed_mask)
        return rotation_tell(work, failed, failed ? "a delivery failed" : places_outlook(rotation));
    enum err_code code = vault_children(work->engine->session, VAULT_DELIVERY, work->subject->key.row.id, say_place,
                                        &places, err);
    if (code == ERR_OK)
        snprintf(rotation->detail, sizeof rotation->detail,
                 "both versions stay alive: mend the places, then keyturn retry%s", buf_text(&places.text));
    buf_release(&places.text);
    if (code == ERR_OK)
        log_warning("engine", "%s/%s: rotation %u: %s", work->subject->key.environment, work->subject->key.name,
                    rotation->number, rotation->detail);
    return code;
}
