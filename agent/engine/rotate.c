/* One event of one rotation. What the event itself brings is written down
 * first (a new version sealed, an answer counted), then the table is asked, then its
 * effects are done in their order: those of the transaction at once, those that
 * reach outside as planned flights. Everything is one step of the group. */
#include "rotate.h"

#include "calendar.h"
#include "engine_private.h"
#include "flights.h"
#include "notices.h"
#include "rotate_work.h"
#include "slots.h"
#include "step.h"
#include "subject.h"
#include "usage.h"

#include "delivery/delivery.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum {
    SETTLING_DEADLINE_MS = 7 * 24 * 60 * 60 * 1000,
    DELIVERY_TRIES = 8,
    RETIRING_LOOK_MS = 24 * 60 * 60 * 1000,
};

/* --- The event, the facts, the move --------------------------------------------------- */

/* Where issuing replaces old it is asked with old's secret, and a look is a probe of old. */
static bool can_issue(const struct subject *subject, const struct vault_rotation *rotation)
{
    if (!subject->provider || provider_overlaps(subject->provider))
        return key_is_issued(subject->provider, &subject->key);
    return subject_replaces(subject, rotation) && !rotation->old_condemned && !rotation->old_dead;
}

static bool can_find(const struct subject *subject, const struct vault_rotation *rotation)
{
    if (subject_replaces(subject, rotation))
        return !rotation->old_condemned && !rotation->old_dead;
    return subject->provider && provider_can(subject->provider, PROVIDER_FIND);
}

static struct rotation_facts facts_of(struct rotation_work *work)
{
    const struct vault_rotation *rotation = work->rotation;
    const struct subject *subject = work->subject;
    int64_t now = engine_now(work->engine);
    /* An answer from before the propagation time proves no more because it is looked at after it. */
    int64_t asked_ms = work->input->asked_at_ms ? work->input->asked_at_ms : now;
    return (struct rotation_facts){
        .resume_state = (enum rotation_state)rotation->resume_state,
        .alive_in_row = (unsigned)rotation->alive_in_row,
        .settle = subject->limits->settle,
        .other_open = subject->key.rotation_state != 0,
        .provider_can_issue = can_issue(subject, rotation),
        .provider_can_find = can_find(subject, rotation),
        .replaces_old = subject_replaces(subject, rotation),
        .slots_full = work->slots.full,
        .slot_coming = work->slots.coming,
        .attempt_uncertain = rotation->attempt_uncertain,
        .supplied_fits = true, /* refused before, by subject_check_secret */
        .new_exists = rotation->new_number != 0,
        .new_condemned = rotation->new_condemned,
        .has_old = rotation->old_number != 0,
        .old_condemned = rotation->old_condemned,
        .old_dead = rotation->old_dead,
        /* Whether it is still early enough its revocation's table says when it is asked back. */
        .old_reversible = rotation->old_condemned && !rotation->emergency && !rotation->old_dead &&
                          subject->provider && provider_can(subject->provider, PROVIDER_DISABLE),
        .emergency = rotation->emergency,
        .propagation_passed = rotation->made_at_ms && asked_ms - rotation->made_at_ms >= subject->limits->propagation_ms,
        .deadline_passed = rotation->deadline_at_ms && now >= rotation->deadline_at_ms,
        .grace_passed = rotation->replace || (rotation->promoted_at_ms &&
                                              now >= rotation->promoted_at_ms + subject->key.grace_ms),
        .receipts_in = !rotation_lacks_receipts(rotation, &subject->key),
        .old_quiet = usage_is_quiet(work->engine, subject, rotation),
        .usage_due = usage_is_due(work->engine, rotation),
    };
}

static enum err_code take_new(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    struct vault_version version;
    TRY(subject_add_version(work->engine, work->subject, VAULT_STAGED, rotation->number, rotation->label,
                            work->input->provider_id, work->input->secret, work->input->unchecked,
                            &version, err));
    if (work->input->expires_at_ms) {
        version.expires_at_ms = work->input->expires_at_ms;
        TRY(vault_update(work->engine->vault, VAULT_VERSION, &version.row, err));
    }
    rotation->new_number = version.number;
    memcpy(rotation->new_id, version.row.id, VAULT_ID_BYTES);
    rotation->new_condemned = false;
    if (work->input->event == ROTATION_ON_ISSUED)
        rotation->attempt_uncertain = false; /* a person's key says nothing of the attempt's: its label is kept (S3) */
    rotation->made_at_ms = engine_now(work->engine);
    rotation->alive_in_row = 0;
    return ERR_OK;
}

static bool takes_new(const struct rotation_work *work)
{
    enum rotation_state state = (enum rotation_state)work->rotation->state;
    bool staging = state == ROTATION_STAGING ||
                   (state == ROTATION_ATTENTION && work->rotation->resume_state == ROTATION_STAGING);
    return staging && (work->input->event == ROTATION_ON_ISSUED || work->input->event == ROTATION_ON_SUPPLIED);
}

/* What the event brings, written into the record before the table is asked. */
static enum err_code note_event(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    enum rotation_event event = work->input->event;

    if (takes_new(work))
        TRY(take_new(work, err));
    if (work->input->evidence)
        rotation->evidence = *work->input->evidence;
    /* That a key was not made does not say why. */
    if (work->input->answer && event != ROTATION_ON_NOT_FOUND)
        doubt_note(&rotation->doubt, work->input->answer,
                   event != ROTATION_ON_UNKNOWN && event != ROTATION_ON_UNCERTAIN && event != ROTATION_ON_UNSENT);
    if (event == ROTATION_ON_ALIVE)
        rotation->alive_in_row++;
    if (event == ROTATION_ON_DEAD || event == ROTATION_ON_UNFIT)
        rotation->alive_in_row = 0;
    if (event == ROTATION_ON_UNKNOWN || event == ROTATION_ON_UNCERTAIN || event == ROTATION_ON_UNSENT ||
        event == ROTATION_ON_DEAD || event == ROTATION_ON_UNFIT || event == ROTATION_ON_NOT_FOUND)
        rotation->failures++;
    if (event == ROTATION_ON_REFUSED || event == ROTATION_ON_UNSENT)
        rotation->attempt_uncertain = false;
    if (event == ROTATION_ON_NOT_FOUND)
        rotation->looks++;
    bool replaced = subject_replaces(work->subject, rotation) && rotation->state == ROTATION_STAGING &&
                    (event == ROTATION_ON_ISSUED || event == ROTATION_ON_FOUND_BARE);
    if (event == ROTATION_ON_OLD_DEAD || replaced)
        rotation->old_dead = true;
    if (event == ROTATION_ON_OLD_RESTORED)
        rotation->old_condemned = false;
    return ERR_OK;
}

static int64_t deadline_of(const struct rotation_work *work, enum rotation_state state)
{
    int64_t now = engine_now(work->engine);
    if (state == ROTATION_PROVING)
        return now + work->subject->limits->proving_deadline_ms;
    if (state == ROTATION_STAGING && can_issue(work->subject, work->rotation))
        return now + work->subject->limits->proving_deadline_ms;
    if (state == ROTATION_SETTLING)
        return now + work->subject->key.grace_ms + SETTLING_DEADLINE_MS;
    return 0;
}

/* Neither asks for what is under way nor answers it: its flight is still waited for. */
static bool comes_from_aside(enum rotation_event event)
{
    return event == ROTATION_ON_EMERGENCY || event == ROTATION_ON_EMERGENCY_NEW || event == ROTATION_ON_STRAY ||
           event == ROTATION_ON_OLD_DEAD;
}

/* Enter the state that the table named. */
static void enter(struct rotation_work *work)
{
    struct vault_rotation *rotation = work->rotation;
    enum rotation_state from = (enum rotation_state)rotation->state;
    enum rotation_state to = work->decision.next;
    int64_t now = engine_now(work->engine);

    if (to == from && comes_from_aside(work->input->event))
        return;
    rotation->intent = false;
    if (to == from)
        return;
    if (to == ROTATION_ATTENTION)
        rotation->resume_state = (int32_t)from;
    rotation->state = (int32_t)to;
    rotation->since_ms = now;
    rotation->failures = 0;
    rotation->doubt = (struct vault_doubt){0};
    rotation->waits_for_person = false;
    rotation->row.due_at_ms = 0;
    rotation->deadline_at_ms = work->subject->provider ? deadline_of(work, to) : 0;
    if (to == ROTATION_DELIVERING)
        rotation->undone_mask = 0;
    if (to == ROTATION_UNDOING) {
        rotation->undone_mask = 0;
        rotation->undo_failed_mask = 0;
    }
    if (to == ROTATION_DELIVERING && from == ROTATION_UNDOING)
        rotation->put_mask = 0;
    if (to != ROTATION_ATTENTION && rotation_state_is_open(to))
        rotation->detail[0] = '\0';
    if (to == ROTATION_ATTENTION) {
        rotation->waits_for_person = true;
        rotation->row.due_at_ms = now + work->engine->options.remind_ms;
    }
    if (!rotation_state_is_open(to))
        rotation->ended_at_ms = now;
    work->summary_changed = true;
}

static void count_end(struct rotation_work *work)
{
    /* A store of before keep_due has open ones that were not counted. */
    if (!rotation_state_is_open((enum rotation_state)work->rotation->state) && work->engine->open_rotations > 0)
        work->engine->open_rotations--;
    if (work->rotation->state == ROTATION_DONE)
        atomic_fetch_add(&work->engine->figures.rotations_done, 1);
    if (work->rotation->state == ROTATION_FAILED)
        atomic_fetch_add(&work->engine->figures.rotations_failed, 1);
}

static void summarise(struct rotation_work *work)
{
    struct vault_key *key = &work->subject->key;
    struct vault_rotation *rotation = work->rotation;
    bool open = rotation_state_is_open((enum rotation_state)rotation->state);
    bool mine = !key->rotation_state || id_equal(key->rotation_id, rotation->row.id);
    if (!mine)
        return;
    key->rotation_state = open ? rotation->state + 1 : 0;
    if (open)
        memcpy(key->rotation_id, rotation->row.id, VAULT_ID_BYTES);
    else
        memset(key->rotation_id, 0, VAULT_ID_BYTES);
    if (!open && key->replace_incident)
        calendar_plan_now(work->engine, key, VAULT_CAUSE_ASKED);
    key->waits_for_person = rotation->waits_for_person || (key->waits_for_person && key->open_revocations);
}

static enum err_code audit_step(struct rotation_work *work, enum rotation_state from, struct err *err)
{
    const struct vault_rotation *rotation = work->rotation;
    const struct vault_evidence *evidence = work->input->evidence;
    static const char *const verdicts[] = {"unknown", "alive", "unfit", "dead"};
    char detail[2 * ERR_MESSAGE_BYTES];
    snprintf(detail, sizeof detail, "rotation %u: %s, %s -> %s%s%s", rotation->number,
             rotation_event_name(work->input->event), rotation_state_name(from),
             rotation_state_name((enum rotation_state)rotation->state), rotation->detail[0] ? ": " : "",
             rotation->detail);
    struct audit_entry entry = {.who = work->input->who,
                                .what = "rotation.step",
                                .version = rotation->new_number,
                                .state = rotation_state_name((enum rotation_state)rotation->state),
                                .row = work->decision.row,
                                .incident = work->input->incident,
                                .detail = detail};
    if (evidence) {
        entry.verdict = verdicts[evidence->verdict];
        entry.status = evidence->status;
        entry.code = evidence->code;
        entry.request_id = evidence->request_id;
    }
    return engine_audit(work->engine, &work->subject->key, entry, err);
}

static enum err_code do_effects(struct rotation_work *work, struct err *err)
{
    for (int effect = 0; effect < ROTATION_EFFECT_COUNT; effect++)
        if (rotation_does(&work->decision, (enum rotation_effect)effect))
            TRY(rotation_effects[effect](work, err));
    return ERR_OK;
}

/* A person is told of what waits, again at times; and of a rotation that failed by itself. */
static enum err_code tell_people(struct rotation_work *work, enum rotation_state from, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    bool staging = rotation->state == ROTATION_STAGING;
    struct notice notice = {.subject_id = rotation->row.id,
                            .version = rotation->number,
                            .incident = rotation->incident,
                            .summary = rotation->detail};
    bool failed = rotation->state == ROTATION_FAILED && from != ROTATION_FAILED;
    if (failed && work->input->event != ROTATION_ON_CANCEL) {
        notice.about = VAULT_ABOUT_FAILED;
        return notice_add_of_key(work->engine, &work->subject->key, notice, err);
    }
    if (!notice_is_due(work->engine, rotation->waits_for_person && !rotation->ended_at_ms, &rotation->reminded_at_ms,
                       &notice.again))
        return ERR_OK;
    notice.about = VAULT_ABOUT_WAITS;
    if (staging)
        return notice_add_manual(work->engine, work->subject, PROVIDER_ISSUE, rotation->label, NULL, notice, err);
    return notice_add_of_key(work->engine, &work->subject->key, notice, err);
}

/* One that is open is due at some time: who counts and who lists them goes by that. One that retires the old
 * version waits for its end, which comes as an event, and is looked at daily all the same. */
static void keep_due(struct rotation_work *work)
{
    struct vault_rotation *rotation = work->rotation;
    int64_t now = engine_now(work->engine);
    if (rotation->ended_at_ms)
        rotation->row.due_at_ms = 0;
    else if (rotation->state == ROTATION_RETIRING && rotation->row.due_at_ms <= now)
        rotation->row.due_at_ms = now + RETIRING_LOOK_MS;
}

/* Ask the table and do what it says. *ret_moved false: it refused. */
static enum err_code move(struct rotation_work *work, struct err *err)
{
    struct vault_rotation *rotation = work->rotation;
    enum rotation_state from = (enum rotation_state)rotation->state;

    TRY(note_event(work, err));
    if (from == ROTATION_STAGING && work->input->event == ROTATION_ON_TIME && !subject_replaces(work->subject, rotation))
        TRY(slots_read(work->engine, work->subject, &work->slots, err));
    struct rotation_facts facts = facts_of(work);
    struct rotation_decision decision = rotation_next(from, work->input->event, &facts);
    work->decision = decision;
    if (decision.answer == ROTATION_REFUSED)
        return err_set(err, ERR_STATE, "%s/%s, rotation %u (%s): %s", work->subject->key.environment,
                       work->subject->key.name, rotation->number, rotation_state_name(from), decision.reason);
    if (decision.answer == ROTATION_MOVED)
        enter(work);
    TRY(do_effects(work, err));
    keep_due(work);
    summarise(work);
    if (decision.next != from)
        count_end(work);
    TRY(tell_people(work, from, err));
    return audit_step(work, from, err);
}

enum err_code rotation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                            const struct rotation_input *input, struct vault_rotation *ret_rotation,
                            struct err *err)
{
    struct vault_rotation rotation = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_ROTATION, id, &rotation.row, err));
    TRY(subject_load(engine, rotation.row.parent, &subject, err));

    struct rotation_work work = {.engine = engine, .subject = &subject, .rotation = &rotation, .input = input};
    TRY(move(&work, err));
    TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    TRY(subject_save(engine, &subject, err));
    TRY(follow_up_run(engine, err));
    if (ret_rotation)
        return vault_get(engine->session, VAULT_ROTATION, id, &ret_rotation->row, err);
    return ERR_OK;
}

enum err_code rotation_open(struct engine *engine, struct subject *subject, const char *who,
                            enum rotation_event event, struct vault_rotation *ret_rotation,
                            struct err *err)
{
    struct vault_key *key = &subject->key;
    int64_t now = engine_now(engine);
    struct vault_rotation rotation = {.number = key->last_number + 1,
                                      .state = ROTATION_IDLE,
                                      .old_number = key->current_number,
                                      .replace = key->replace_incident != 0,
                                      .incident = key->replace_incident,
                                      .opened_at_ms = now,
                                      .since_ms = now};
    struct rotation_input input = {.event = event, .who = who, .retry_after_ms = -1};
    if (!subject->provider)
        return err_set(err, ERR_STATE, "%s/%s: provider %s is not defined; put its definition into "
                       "providers.d and start the agent again", key->environment, key->name, key->provider);
    if (key->rotation_state)
        return err_set(err, ERR_STATE, "%s/%s: a rotation is open already (%s). See keyturn show %s/%s",
                       key->environment, key->name,
                       rotation_state_name((enum rotation_state)(key->rotation_state - 1)),
                       key->environment, key->name);
    if (!engine_has_room(engine))
        return err_set(err, ERR_LIMIT, "%s/%s: %zu rotations are open, as many as there may be; end some first. "
                       "See keyturn rotations", key->environment, key->name, engine->open_rotations);
    engine->open_rotations++;
    memcpy(rotation.row.parent, key->row.id, VAULT_ID_BYTES);
    memcpy(rotation.old_id, key->current_id, VAULT_ID_BYTES);
    COPY_TEXT(rotation.asked_by, who);
    key->last_number = rotation.number;
    key->opened_at_ms = now;
    key->rotate_at_ms = 0;
    key->rotate_hold = VAULT_HOLD_NONE;
    key->replace_incident = 0;

    TRY(vault_insert(engine->vault, VAULT_ROTATION, &rotation.row, NULL, err));
    struct rotation_work work = {.engine = engine, .subject = subject, .rotation = &rotation, .input = &input};
    TRY(move(&work, err));
    TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    TRY(subject_save(engine, subject, err));
    TRY(follow_up_run(engine, err));
    if (ret_rotation)
        return vault_get(engine->session, VAULT_ROTATION, rotation.row.id, &ret_rotation->row, err);
    return ERR_OK;
}

/* --- Deliveries ------------------------------------------------------------------------ */

static enum err_code note_delivery(struct engine *engine, const struct flight *flight, struct err *err)
{
    struct vault_delivery delivery = {0};
    TRY(vault_get(engine->session, VAULT_DELIVERY, flight->delivery_id, &delivery.row, err));
    COPY_TEXT(delivery.detail, flight->delivered.detail);
    if (flight->delivered.done) {
        delivery.holds_version = flight->number;
        delivery.put_at_ms = engine_now(engine);
    }
    enum err_code code = vault_update(engine->vault, VAULT_DELIVERY, &delivery.row, err);
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    return code;
}

static enum rotation_event delivery_event(struct vault_rotation *rotation, const struct flight *flight)
{
    bool undo = flight->kind == FLIGHT_UNDO;
    uint32_t bit = (uint32_t)1 << flight->place_in_list;
    if (flight->delivered.done) {
        rotation->failures = 0;
        *(undo ? &rotation->undone_mask : &rotation->put_mask) |= bit;
        return ROTATION_ON_TIME; /* the next place, or all of them are done */
    }
    if (flight->delivered.transient && rotation->failures < DELIVERY_TRIES)
        return ROTATION_ON_UNCERTAIN;
    if (!undo)
        return ROTATION_ON_DELIVERY_FAILED;
    /* The other places are put back first; then it is told (do_undo). */
    rotation->failures = 0;
    rotation->undo_failed_mask |= bit;
    return ROTATION_ON_TIME;
}

/* Is another flight of the job in flight, or ended and not yet recorded? (Those before it in the list of
 * ended ones are recorded, and stay there until the commit.) */
static bool others_under_way(const struct engine *engine, const struct flight *flight)
{
    if (flight_of_job(engine, flight->job_id))
        return true;
    for (const struct flight *other = flight->next; other; other = other->next)
        if (id_equal(other->job_id, flight->job_id))
            return true;
    return false;
}

enum err_code rotation_delivered(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(note_delivery(engine, flight, err));
    TRY(vault_get(engine->session, VAULT_ROTATION, flight->job_id, &rotation.row, err));
    bool awaited = rotation.attempt == flight->attempt && rotation.intent &&
                   rotation.state == (flight->kind == FLIGHT_UNDO ? ROTATION_UNDOING : ROTATION_DELIVERING);
    enum rotation_event event = ROTATION_ON_TIME;
    /* Its definition is missing, or its credential: the place holds what it held, and is not to be put back. */
    if (awaited && flight->not_begun && flight->first_try)
        rotation.tried_mask &= ~((uint32_t)1 << flight->place_in_list);
    if (awaited && others_under_way(engine, flight)) {
        /* The last of those put at once brings the event; one that failed is then tried again alone. */
        if (flight->delivered.done)
            rotation.put_mask |= (uint32_t)1 << flight->place_in_list;
        return vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err);
    }
    if (awaited) {
        event = delivery_event(&rotation, flight);
        TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    } else if (rotation.state != ROTATION_UNDOING && rotation.state != ROTATION_DELIVERING) {
        return ERR_OK; /* it went another way meanwhile and waits for nothing of this */
    }
    char detail[512];
    snprintf(detail, sizeof detail, "%s: %s", flight->delivery ? delivery_target(flight->delivery) : "not started",
             flight->delivered.detail);
    struct rotation_input input = {.event = event,
                                   .who = "engine",
                                   .detail = flight->delivered.done ? NULL : detail,
                                   .retry_after_ms = -1};
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}
