/* The effects of the rotation table. Those of the transaction are written into
 * the records at once; those that reach outside become planned flights, or a due time when they
 * are to wait; those that tell people end in the rotation's detail and the service log. */
#include "calendar.h"
#include "credential.h"
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "labels.h"
#include "revoke.h"
#include "rotate.h"
#include "rotate_work.h"
#include "slots.h"
#include "subject.h"
#include "usage.h"

#include "base/log.h"
#include "delivery/delivery.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"
#include "vault/receipts.h"

#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_BASE_MS = 500,
    BACKOFF_MOST_MS = 5 * 60 * 1000,
    SLOT_LOOKS_MOST_MS = 30 * 1000,
};

/* --- Flights ----------------------------------------------------------------- */

static void fill_subject(struct flight *flight, const struct rotation_work *work)
{
    flight->provider = work->subject->provider;
    flight->place = work->subject->place;
}

/* What kills the old version, or leaves a key without one, is first in every queue. */
static bool is_urgent(const struct rotation_work *work)
{
    return work->rotation->emergency || work->rotation->replace || subject_replaces(work->subject, work->rotation);
}

/* Start now, or be due after the delay. */
static enum err_code plan(struct rotation_work *work, enum flight_kind kind, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);

    if (work->delay_ms > 0) {
        rotation->row.due_at_ms = now + work->delay_ms;
        return ERR_OK;
    }
    struct vault_version old = {0};
    if (kind == FLIGHT_USAGE)
        TRY(vault_get(work->engine->session, VAULT_VERSION, rotation->old_id, &old.row, err));
    struct flight *flight = flight_new(work->engine, kind, &work->subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    rotation->attempt++;
    rotation->intent = true;
    rotation->row.due_at_ms = engine_guard_ms(work->engine);
    memcpy(flight->job_id, rotation->row.id, VAULT_ID_BYTES);
    flight->attempt = rotation->attempt;
    flight->number = rotation->number;
    flight->urgent = is_urgent(work);
    COPY_TEXT(flight->label, rotation->label);
    fill_subject(flight, work);
    if (kind == FLIGHT_PROBE_NEW)
        memcpy(flight->version_id, rotation->new_id, VAULT_ID_BYTES);
    if ((kind == FLIGHT_ISSUE || kind == FLIGHT_FIND) && subject_replaces(work->subject, rotation))
        memcpy(flight->version_id, rotation->old_id, VAULT_ID_BYTES); /* asked with it, about itself */
    if (kind == FLIGHT_USAGE) { /* of old, by its name and id alone: its secret would be used by being asked with */
        COPY_TEXT(flight->label, old.label);
        COPY_TEXT(flight->provider_id, old.provider_id);
    }
    flight_plan(work->engine, flight);
    return ERR_OK;
}

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
    flight->urgent = is_urgent(work);
    const uint8_t *version = kind == FLIGHT_DELIVER ? rotation->new_id : rotation->old_id;
    memcpy(flight->version_id, version, VAULT_ID_BYTES);
    flight->number = kind == FLIGHT_DELIVER ? rotation->new_number : rotation->old_number;
    flight_plan(work->engine, flight);
    return ERR_OK;
}

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

/* --- Effects that reach outside -------------------------------------------------- */

static enum err_code do_back_off(struct rotation_work *work, struct err *err)
{
    (void)err;
    const struct provider_limits *limits = work->subject->limits;
    int64_t base = work->rotation->state == ROTATION_PROVING ? limits->settle_interval_ms : BACKOFF_BASE_MS;
    work->delay_ms = backoff_ms(work->engine, work->rotation->failures, base, BACKOFF_MOST_MS);
    if (work->input->retry_after_ms > work->delay_ms)
        work->delay_ms = work->input->retry_after_ms;
    if (work->delay_ms < 1)
        work->delay_ms = 1;
    return ERR_OK;
}

static enum err_code do_issue(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return plan(work, FLIGHT_ISSUE, err);
    if (!subject_replaces(work->subject, rotation))
        TRY(slots_read(work->engine, work->subject, &work->slots, err));
    if (work->slots.full) { /* R80 or R81 says what is done about it */
        rotation->attempt_uncertain = false;
        rotation->row.due_at_ms = engine_now(work->engine);
        return ERR_OK;
    }
    /* The number reserved at opening serves the first attempt; each further one has its own,
     * so that no label is used twice. */
    if (rotation->label[0])
        rotation->number = ++work->subject->key.last_number;
    snprintf(rotation->label, sizeof rotation->label, "%s-%u", work->subject->key.name, rotation->number);
    /* From its intent on it may have worked, until its outcome is recorded (S3). */
    rotation->attempt_uncertain = true;
    rotation->waits_for_person = false; /* a person was asked until the policy accepted it */
    rotation->detail[0] = '\0';
    rotation->made_at_ms = engine_now(work->engine);
    return plan(work, FLIGHT_ISSUE, err);
}

static enum err_code do_free_slot(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    rotation->failures++;
    work->delay_ms = backoff_ms(work->engine, rotation->failures, BACKOFF_BASE_MS, SLOT_LOOKS_MOST_MS);
    snprintf(rotation->detail, sizeof rotation->detail,
             "waits for a slot: its provider lets %u keys live, held by the versions %s; what is condemned is revoked now",
             work->subject->limits->keys, work->slots.names);
    return slots_free(work->engine, work->subject, work->input->who, err);
}

static enum err_code do_ask_operator(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    snprintf(rotation->label, sizeof rotation->label, "%s-%u", work->subject->key.name, rotation->number);
    rotation->waits_for_person = true;
    rotation->intent = false;
    rotation->row.due_at_ms = engine_now(work->engine) + work->engine->options.remind_ms;
    bool refused = work->subject->provider && !provider_overlaps(work->subject->provider) &&
                   !work->subject->key.without_overlap;
    snprintf(rotation->detail, sizeof rotation->detail,
             "waits for a new key: make one named %s at the provider, then hand it in with "
             "keyturn stage %s/%s",
             rotation->label, work->subject->key.environment, work->subject->key.name);
    if (refused)
        snprintf(rotation->detail, sizeof rotation->detail,
                 "its provider kills the old key when it makes the new one, which its policy does not accept (keyturn "
                 "set --without-overlap yes does). Or make one by hand, named %s, and keyturn stage",
                 rotation->label);
    log_info("engine", "%s/%s: rotation %u %s", work->subject->key.environment,
             work->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code do_find(struct rotation_work *work, struct err *err)
{
    return plan(work, FLIGHT_FIND, err);
}

static enum err_code do_probe_new(struct rotation_work *work, struct err *err)
{
    if (work->input->event == ROTATION_ON_ALIVE && !work->delay_ms)
        work->delay_ms = work->subject->limits->settle_interval_ms;
    return plan(work, FLIGHT_PROBE_NEW, err);
}

static enum err_code next_event(struct rotation_work *work, enum rotation_event event)
{
    follow_up_add(work->engine, false, work->rotation->row.id, (int)event, work->input->who, 0);
    return ERR_OK;
}

static enum err_code do_ask_usage(struct rotation_work *work, struct err *err)
{
    work->rotation->usage_asked_at_ms = engine_now(work->engine);
    return plan(work, FLIGHT_USAGE, err);
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

static enum err_code do_deliver(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return plan(work, FLIGHT_DELIVER, err);
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

static enum err_code do_undo(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return plan(work, FLIGHT_UNDO, err);
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

bool rotation_lacks_receipts(const struct vault_rotation *rotation, const struct vault_key *key)
{
    return key->needs_receipts && !rotation->replace && rotation->old_number &&
           receipts_of_version(&key->receipts, rotation->old_number) > 0;
}

/* "nightly@ana, app@root": who read the old version last. */
static void name_readers(const struct rotation_work *work, char *ret_text, size_t size)
{
    const char *cursor = NULL;
    struct receipt receipt;
    size_t length = 0;
    ret_text[0] = '\0';
    while (receipts_next(&work->subject->key.receipts, &cursor, &receipt))
        if (receipt.version == work->rotation->old_number && length < size)
            length += (size_t)snprintf(ret_text + length, size - length, "%s%s", length ? ", " : "", receipt.consumer);
}

static enum err_code tell_waits(struct rotation_work *work)
{
    char readers[200];
    if (!rotation_lacks_receipts(work->rotation, &work->subject->key)) {
        usage_say(work->rotation, readers, sizeof readers);
        snprintf(work->rotation->detail, sizeof work->rotation->detail, "waits until version %u is used no more: %s",
                 work->rotation->old_number, readers);
        return ERR_OK;
    }
    name_readers(work, readers, sizeof readers);
    snprintf(work->rotation->detail, sizeof work->rotation->detail, "waits until who read version %u has read version %u: %s",
             work->rotation->old_number, work->rotation->new_number, readers);
    return ERR_OK;
}

/* Receipts come by themselves (receipts.c), so until its deadline it need not look; use is asked about. */
static enum err_code wait_for_readers(struct rotation_work *work, int64_t look_at_ms)
{
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);
    if (rotation->deadline_at_ms > now)
        rotation->row.due_at_ms = look_at_ms && look_at_ms < rotation->deadline_at_ms ? look_at_ms
                                                                                      : rotation->deadline_at_ms;
    else if (!rotation->deadline_at_ms)
        rotation->row.due_at_ms = now + work->engine->options.remind_ms;
    return tell_waits(work);
}

static enum err_code do_wait(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);
    int64_t grace_ends = rotation->promoted_at_ms + work->subject->key.grace_ms;
    bool wait = rotation->promoted_at_ms && grace_ends > now && !rotation->emergency && !rotation->replace &&
                !rotation->old_dead;
    rotation->row.due_at_ms = wait ? grace_ends : now;
    if (wait)
        return ERR_OK;
    if (!rotation->emergency && rotation_lacks_receipts(rotation, &work->subject->key))
        return wait_for_readers(work, 0);
    if (!rotation->emergency && !usage_is_quiet(work->engine, work->subject, rotation))
        return wait_for_readers(work, rotation->usage_due_at_ms);
    /* Nothing to wait for: what time would bring comes in this step, but not from time itself, in a circle,
     * nor where what follows is a roll back. */
    if (work->input->event != ROTATION_ON_TIME && work->input->event != ROTATION_ON_OLD_RESTORED)
        follow_up_add(work->engine, false, rotation->row.id, ROTATION_ON_TIME, "engine", 0);
    return ERR_OK;
}

/* --- Effects that tell people ------------------------------------------------------ */

static enum err_code tell(struct rotation_work *work, bool loud, const char *text)
{
    struct vault_rotation *rotation = work->rotation;
    const struct vault_evidence *evidence = &rotation->evidence;
    const char *detail = work->input->detail;
    if (detail && detail[0])
        snprintf(rotation->detail, sizeof rotation->detail, "%s: %s", text, detail);
    else if (loud && evidence->at_ms && evidence->status)
        snprintf(rotation->detail, sizeof rotation->detail, "%s (%d%s%s)", text, (int)evidence->status,
                 evidence->code[0] ? " " : "", evidence->code);
    else
        COPY_TEXT(rotation->detail, text);
    log_write(loud ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "engine", "%s/%s: rotation %u: %s",
              work->subject->key.environment, work->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code tell_label(struct rotation_work *work, struct err *err)
{
    (void)err;
    char text[300];
    if (subject_replaces(work->subject, work->rotation))
        return tell(work, true, work->rotation->old_dead
                                    ? "the old key is dead and the answer with the new one was lost: make a new key at the "
                                      "provider and hand it in with keyturn stage"
                                    : "whether the provider replaced the old key is not known: look at it there; keyturn "
                                      "retry asks it again, or make a new key and hand it in with keyturn stage");
    snprintf(text, sizeof text,
             "whether the key was made is not known: look for %s at the provider; hand it in with "
             "keyturn stage, or revoke it there and run keyturn retry",
             work->rotation->label);
    return tell(work, true, text);
}

#define TELL_FUNCTION(name, loud, text)                                                            \
    static enum err_code name(struct rotation_work *work, struct err *err)                                  \
    {                                                                                              \
        (void)err;                                                                                 \
        return tell(work, loud, text);                                                             \
    }

TELL_FUNCTION(tell_unknown, true, "the API gives no proof; nothing was changed. keyturn retry, or cancel")
TELL_FUNCTION(tell_unfit, true, "the new key was given up: the API calls it dead or unfit")
TELL_FUNCTION(tell_old_dead, true, "the old version is dead before its time")
TELL_FUNCTION(tell_new_dead, true, "the new version is dead or unfit after it was proved")
TELL_FUNCTION(tell_no_key, true, "the rotation failed")
TELL_FUNCTION(tell_given_up, false, "given up")
TELL_FUNCTION(tell_done, false, "done")

static enum err_code tell_refused(struct rotation_work *work, struct err *err)
{
    char text[320];
    TRY(slots_read(work->engine, work->subject, &work->slots, err));
    if (work->slots.held > 1)
        snprintf(text, sizeof text, "the provider refused to issue a key; the old one stays current. It lets %u keys live; "
                 "the versions %s hold some", work->subject->limits->keys, work->slots.names);
    else
        COPY_TEXT(text, "the provider refused to issue a key; the old one stays current");
    return tell(work, true, text);
}

static enum err_code tell_slots(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    snprintf(rotation->detail, sizeof rotation->detail,
             "its provider lets %u keys live, and the versions %s hold them: nothing was asked for. When one is dead (keyturn "
             "revocations), keyturn retry",
             work->subject->limits->keys, work->slots.names);
    log_warning("engine", "%s/%s: rotation %u: %s", work->subject->key.environment, work->subject->key.name,
                rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code tell_readers(struct rotation_work *work, struct err *err)
{
    char text[300];
    char readers[200];
    (void)err;
    if (!rotation_lacks_receipts(work->rotation, &work->subject->key)) {
        struct vault_rotation *rotation = work->rotation;
        usage_say(rotation, readers, sizeof readers);
        snprintf(rotation->detail, sizeof rotation->detail,
                 "version %u is not known to be out of use: %s. keyturn go-on, or wait on with keyturn retry",
                 rotation->old_number, readers);
        log_warning("engine", "%s/%s: rotation %u: %s", work->subject->key.environment, work->subject->key.name,
                    rotation->number, rotation->detail);
        return ERR_OK;
    }
    name_readers(work, readers, sizeof readers);
    snprintf(text, sizeof text, "not everybody has read the new version: %s. keyturn go-on, or keyturn consumers KEY forget",
             readers);
    return tell(work, true, text);
}

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
static enum err_code tell_places(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    struct places_text places = {.failed_mask = rotation->undo_failed_mask};
    bool failed = work->input->event == ROTATION_ON_DELIVERY_FAILED;
    if (!places.failed_mask)
        return tell(work, failed, failed ? "a delivery failed" : places_outlook(rotation));
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

static enum err_code tell_remind(struct rotation_work *work, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = work->rotation;
    rotation->waits_for_person = true;
    rotation->row.due_at_ms = engine_now(work->engine) + work->engine->options.remind_ms;
    log_warning("engine", "%s/%s: rotation %u still waits: %s", work->subject->key.environment,
                work->subject->key.name, rotation->number, rotation->detail);
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
    [ROTATION_DO_BACK_OFF] = do_back_off,
    [ROTATION_DO_FREE_SLOT] = do_free_slot,
    [ROTATION_DO_ISSUE] = do_issue,
    [ROTATION_DO_ASK_OPERATOR] = do_ask_operator,
    [ROTATION_DO_FIND] = do_find,
    [ROTATION_DO_PROBE_NEW] = do_probe_new,
    [ROTATION_DO_DELIVER] = do_deliver,
    [ROTATION_DO_UNDO] = do_undo,
    [ROTATION_DO_ASK_USAGE] = do_ask_usage,
    [ROTATION_DO_WAIT] = do_wait,
    [ROTATION_TELL_LABEL] = tell_label,
    [ROTATION_TELL_REFUSED] = tell_refused,
    [ROTATION_TELL_UNKNOWN] = tell_unknown,
    [ROTATION_TELL_UNFIT] = tell_unfit,
    [ROTATION_TELL_PLACES] = tell_places,
    [ROTATION_TELL_SLOTS] = tell_slots,
    [ROTATION_TELL_READERS] = tell_readers,
    [ROTATION_TELL_OLD_DEAD] = tell_old_dead,
    [ROTATION_TELL_NEW_DEAD] = tell_new_dead,
    [ROTATION_TELL_NO_KEY] = tell_no_key,
    [ROTATION_TELL_GIVEN_UP] = tell_given_up,
    [ROTATION_TELL_DONE] = tell_done,
    [ROTATION_TELL_REMIND] = tell_remind,
};
