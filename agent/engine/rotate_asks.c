/* The effects of the rotation table that ask the provider, or a person: a flight that is planned, or a due time when
 * it is to wait. */
#include "engine_private.h"
#include "flights.h"
#include "rotate_work.h"
#include "slots.h"
#include "subject.h"

#include "base/log.h"
#include "rotation/rotation.h"

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

bool rotation_is_urgent(const struct rotation_work *work)
{
    return work->rotation->emergency || work->rotation->replace || subject_replaces(work->subject, work->rotation);
}

enum err_code rotation_plan(struct rotation_work *work, enum flight_kind kind, struct err *err)
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
    flight->urgent = rotation_is_urgent(work);
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

/* --- The effects --------------------------------------------------------------- */

enum err_code rotation_do_back_off(struct rotation_work *work, struct err *err)
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

enum err_code rotation_do_issue(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    if (work->delay_ms > 0)
        return rotation_plan(work, FLIGHT_ISSUE, err);
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
    return rotation_plan(work, FLIGHT_ISSUE, err);
}

enum err_code rotation_do_free_slot(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    rotation->failures++;
    work->delay_ms = backoff_ms(work->engine, rotation->failures, BACKOFF_BASE_MS, SLOT_LOOKS_MOST_MS);
    snprintf(rotation->detail, sizeof rotation->detail,
             "waits for a slot: its provider lets %u keys live, held by the versions %s; what is condemned is revoked now",
             work->subject->limits->keys, work->slots.names);
    return slots_free(work->engine, work->subject, work->input->who, err);
}

enum err_code rotation_do_ask_operator(struct rotation_work *work, struct err *err)
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

enum err_code rotation_do_find(struct rotation_work *work, struct err *err)
{
    return rotation_plan(work, FLIGHT_FIND, err);
}

enum err_code rotation_do_probe_new(struct rotation_work *work, struct err *err)
{
    if (work->input->event == ROTATION_ON_ALIVE && !work->delay_ms)
        work->delay_ms = work->subject->limits->settle_interval_ms;
    return rotation_plan(work, FLIGHT_PROBE_NEW, err);
}

enum err_code rotation_do_ask_usage(struct rotation_work *work, struct err *err)
{
    work->rotation->usage_asked_at_ms = engine_now(work->engine);
    return rotation_plan(work, FLIGHT_USAGE, err);
}
