/* One event of one rotation. What the event itself brings is written down
 * first (a new version sealed, an answer counted), then the table is asked, then its
 * effects are done in their order: those of the transaction at once, those that
 * reach outside as planned flights. Everything is one step of the group. */
#include "internal.h"

#include "base/log.h"

#include <stdio.h>

enum {
    FLIGHT_GUARD_MS = 60 * 60 * 1000,  /* in flight: looked at again after this at the latest */
    BACKOFF_BASE_MS = 500,
    BACKOFF_MOST_MS = 5 * 60 * 1000,
    SETTLING_DEADLINE_MS = 7 * 24 * 60 * 60 * 1000,
    DELIVERY_TRIES = 8,
};

struct step {
    struct engine *engine;
    struct subject *subject;
    struct vault_rotation *rotation;
    const struct rotation_input *input;
    struct rotation_decision decision;
    int64_t delay_ms; /* effects start after it; 0: with the commit */
    bool summary_changed;
};

/* --- Flights ----------------------------------------------------------------- */

static void fill_subject(struct flight *flight, const struct step *step)
{
    flight->provider = step->subject->provider;
    flight->place = step->subject->place;
}

/* Start now, or be due after the delay. */
static enum err_code plan(struct step *step, enum flight_kind kind, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    int64_t now = engine_now(step->engine);

    if (step->delay_ms > 0) {
        rotation->row.due_at_ms = now + step->delay_ms;
        return ERR_OK;
    }
    struct flight *flight = flight_new(step->engine, kind, &step->subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    rotation->attempt++;
    rotation->intent = true;
    rotation->row.due_at_ms = now + FLIGHT_GUARD_MS;
    memcpy(flight->job_id, rotation->row.id, VAULT_ID_BYTES);
    flight->attempt = rotation->attempt;
    flight->number = rotation->number;
    flight->urgent = rotation->emergency || rotation->replace;
    COPY_TEXT(flight->label, rotation->label);
    fill_subject(flight, step);
    if (kind == FLIGHT_PROBE_NEW)
        memcpy(flight->version_id, rotation->new_id, VAULT_ID_BYTES);
    flight_plan(step->engine, flight);
    return ERR_OK;
}

/* The next place that is to get new: NULL found when all hold it. */
static enum err_code plan_delivery(struct step *step, enum flight_kind kind, unsigned place,
                                   const struct vault_delivery *delivery, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    struct flight *flight = flight_new(step->engine, kind, &step->subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    rotation->attempt++;
    rotation->intent = true;
    rotation->row.due_at_ms = engine_now(step->engine) + FLIGHT_GUARD_MS;
    memcpy(flight->job_id, rotation->row.id, VAULT_ID_BYTES);
    memcpy(flight->delivery_id, delivery->row.id, VAULT_ID_BYTES);
    flight->attempt = rotation->attempt;
    flight->place_in_list = place;
    flight->urgent = rotation->emergency;
    const uint8_t *version = kind == FLIGHT_DELIVER ? rotation->new_id : rotation->old_id;
    memcpy(flight->version_id, version, VAULT_ID_BYTES);
    flight->number = kind == FLIGHT_DELIVER ? rotation->new_number : rotation->old_number;
    flight_plan(step->engine, flight);
    return ERR_OK;
}

/* --- Effects of the transaction ------------------------------------------------ */

static enum err_code do_keep_label(struct step *step, struct err *err)
{
    /* The label stays in the rotation's own record, marked as having no known end. */
    (void)step;
    (void)err;
    return ERR_OK;
}

static enum err_code condemn(struct step *step, const uint8_t *version_id, bool emergency, struct err *err)
{
    struct revocation_order order = {.version_id = version_id,
                                     .rotation_id = step->rotation->row.id,
                                     .emergency = emergency,
                                     .incident = step->input->incident,
                                     .who = step->input->who};
    step->summary_changed = true;
    return revocation_open(step->engine, step->subject, &order, err);
}

static enum err_code do_condemn_found(struct step *step, struct err *err)
{
    const struct rotation_input *input = step->input;
    bool stray = input->event == ROTATION_ON_STRAY;
    uint32_t number = stray ? input->stray_number : step->rotation->number;
    struct vault_version version;
    TRY(subject_add_version(step->engine, step->subject, VAULT_STAGED, number,
                            stray ? input->stray_label : step->rotation->label, input->provider_id,
                            input->secret, true, &version, err));
    return condemn(step, version.row.id, step->rotation->emergency, err);
}

static enum err_code do_condemn_new(struct step *step, struct err *err)
{
    step->rotation->new_condemned = true;
    return condemn(step, step->rotation->new_id, step->input->event == ROTATION_ON_EMERGENCY_NEW, err);
}

static enum err_code do_condemn_old(struct step *step, struct err *err)
{
    if (step->input->event == ROTATION_ON_EMERGENCY)
        step->rotation->emergency = true;
    step->rotation->old_condemned = true;
    return condemn(step, step->rotation->old_id, step->rotation->emergency, err);
}

static enum err_code do_restore_old(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    if (!rotation->old_number || step->subject->key.current_number == rotation->old_number)
        return ERR_OK;
    struct vault_version old;
    TRY(version_set_state(step->engine, rotation->old_id, VAULT_CURRENT, &old, err));
    subject_set_current(step->subject, &old);
    return ERR_OK;
}

static enum err_code do_promote(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    struct vault_version new = {0};
    if (rotation->old_number && !rotation->old_condemned)
        TRY(version_set_state(step->engine, rotation->old_id, VAULT_RETIRING, NULL, err));
    TRY(version_set_state(step->engine, rotation->new_id, VAULT_CURRENT, &new, err));
    new.proof = rotation->evidence;
    TRY(vault_update(step->engine->vault, VAULT_VERSION, &new.row, err));
    subject_set_current(step->subject, &new);
    rotation->promoted_at_ms = engine_now(step->engine);
    if (step->subject->key.probe_every_ms)
        step->subject->key.probe_at_ms = engine_now(step->engine) + step->subject->key.probe_every_ms;
    return ERR_OK;
}

static enum err_code do_ask_back(struct step *step, struct err *err)
{
    struct vault_revocation revocation;
    bool found = false;
    TRY(revocation_of_version(step->engine, step->subject->key.row.id, step->rotation->old_id,
                              &revocation, &found, err));
    if (found)
        follow_up_add(step->engine, true, revocation.row.id, REVOCATION_ON_ROLL_BACK,
                      step->input->who, 0);
    return ERR_OK;
}

static enum err_code do_set_next_due(struct step *step, struct err *err)
{
    (void)err;
    struct vault_key *key = &step->subject->key;
    key->rotate_at_ms = key->every_ms ? engine_now(step->engine) + key->every_ms : 0;
    return ERR_OK;
}

static enum err_code do_due_now(struct step *step, struct err *err)
{
    (void)err;
    step->subject->key.rotate_at_ms = engine_now(step->engine);
    return ERR_OK;
}

/* --- Effects that reach outside -------------------------------------------------- */

static enum err_code do_back_off(struct step *step, struct err *err)
{
    (void)err;
    const struct provider_limits *limits = step->subject->limits;
    int64_t base = step->rotation->state == ROTATION_PROVING ? limits->settle_interval_ms : BACKOFF_BASE_MS;
    step->delay_ms = backoff_ms(step->engine, step->rotation->failures, base, BACKOFF_MOST_MS);
    if (step->input->retry_after_ms > step->delay_ms)
        step->delay_ms = step->input->retry_after_ms;
    if (step->delay_ms < 1)
        step->delay_ms = 1;
    return ERR_OK;
}

static enum err_code do_issue(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    if (step->delay_ms > 0)
        return plan(step, FLIGHT_ISSUE, err);
    /* The number reserved at opening serves the first attempt; each further one has its own,
     * so that no label is used twice. */
    if (rotation->label[0])
        rotation->number = ++step->subject->key.last_number;
    snprintf(rotation->label, sizeof rotation->label, "%s-%u", step->subject->key.name, rotation->number);
    /* From its intent on it may have worked, until its outcome is recorded (S3). */
    rotation->attempt_uncertain = true;
    rotation->made_at_ms = engine_now(step->engine);
    return plan(step, FLIGHT_ISSUE, err);
}

static enum err_code do_ask_operator(struct step *step, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = step->rotation;
    snprintf(rotation->label, sizeof rotation->label, "%s-%u", step->subject->key.name, rotation->number);
    rotation->waits_for_person = true;
    rotation->intent = false;
    rotation->row.due_at_ms = engine_now(step->engine) + step->engine->options.remind_ms;
    snprintf(rotation->detail, sizeof rotation->detail,
             "waits for a new key: make one named %s at the provider, then hand it in with "
             "keyturn stage %s/%s",
             rotation->label, step->subject->key.environment, step->subject->key.name);
    log_info("engine", "%s/%s: rotation %u %s", step->subject->key.environment,
             step->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code do_find(struct step *step, struct err *err)
{
    return plan(step, FLIGHT_FIND, err);
}

static enum err_code do_probe_new(struct step *step, struct err *err)
{
    if (step->input->event == ROTATION_ON_ALIVE && !step->delay_ms)
        step->delay_ms = step->subject->limits->settle_interval_ms;
    return plan(step, FLIGHT_PROBE_NEW, err);
}

static enum err_code next_event(struct step *step, enum rotation_event event)
{
    follow_up_add(step->engine, false, step->rotation->row.id, (int)event, step->input->who, 0);
    return ERR_OK;
}

static enum err_code do_deliver(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    if (step->delay_ms > 0)
        return plan(step, FLIGHT_DELIVER, err);
    for (unsigned place = 0; place < VAULT_DELIVERIES_PER_KEY; place++) {
        if (rotation->put_mask >> place & 1u)
            continue;
        struct vault_delivery delivery = {0};
        bool found = false;
        TRY(delivery_at(step->engine, step->subject->key.row.id, place, &delivery, &found, err));
        if (!found)
            break;
        enum err_code code = plan_delivery(step, FLIGHT_DELIVER, place, &delivery, err);
        vault_record_release(VAULT_DELIVERY, &delivery.row);
        return code;
    }
    return next_event(step, ROTATION_ON_DELIVERED);
}

/* The highest place that may hold new: those that were put, and the one after
 * them, whose put may have happened although its outcome was not recorded. */
static unsigned places_to_undo(const struct vault_rotation *rotation)
{
    unsigned places = 0;
    for (unsigned place = 0; place < VAULT_DELIVERIES_PER_KEY; place++)
        if (rotation->put_mask >> place & 1u)
            places = place + 1;
    return places < VAULT_DELIVERIES_PER_KEY ? places + 1 : places;
}

static enum err_code do_undo(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    if (step->delay_ms > 0)
        return plan(step, FLIGHT_UNDO, err);
    if (flight_of_job(step->engine, rotation->row.id)) {
        /* A put of this rotation is still running; its end brings the event time. */
        rotation->attempt++;
        rotation->intent = true;
        rotation->row.due_at_ms = engine_now(step->engine) + FLIGHT_GUARD_MS;
        return ERR_OK;
    }
    for (unsigned n = places_to_undo(rotation); n > 0; n--) {
        unsigned place = n - 1;
        if (rotation->undone_mask >> place & 1u)
            continue;
        struct vault_delivery delivery = {0};
        bool found = false;
        TRY(delivery_at(step->engine, step->subject->key.row.id, place, &delivery, &found, err));
        if (!found)
            continue;
        enum err_code code = plan_delivery(step, FLIGHT_UNDO, place, &delivery, err);
        vault_record_release(VAULT_DELIVERY, &delivery.row);
        return code;
    }
    return next_event(step, ROTATION_ON_PUT_BACK);
}

static enum err_code do_wait(struct step *step, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = step->rotation;
    int64_t now = engine_now(step->engine);
    int64_t grace_ends = rotation->promoted_at_ms + step->subject->key.grace_ms;
    bool wait = rotation->promoted_at_ms && grace_ends > now && !rotation->emergency && !rotation->old_dead;
    rotation->row.due_at_ms = wait ? grace_ends : now;
    return ERR_OK;
}

/* --- Effects that tell people ------------------------------------------------------ */

static enum err_code tell(struct step *step, bool loud, const char *text)
{
    struct vault_rotation *rotation = step->rotation;
    const struct vault_evidence *evidence = &rotation->evidence;
    const char *detail = step->input->detail;
    if (detail && detail[0])
        snprintf(rotation->detail, sizeof rotation->detail, "%s: %s", text, detail);
    else if (loud && evidence->at_ms && evidence->status)
        snprintf(rotation->detail, sizeof rotation->detail, "%s (%d%s%s)", text, (int)evidence->status,
                 evidence->code[0] ? " " : "", evidence->code);
    else
        COPY_TEXT(rotation->detail, text);
    log_write(loud ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "engine", "%s/%s: rotation %u: %s",
              step->subject->key.environment, step->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code tell_label(struct step *step, struct err *err)
{
    (void)err;
    char text[300];
    snprintf(text, sizeof text,
             "whether the key was made is not known: look for %s at the provider; hand it in with "
             "keyturn stage, or revoke it there and run keyturn retry",
             step->rotation->label);
    return tell(step, true, text);
}

#define TELL_FUNCTION(name, loud, text)                                                            \
    static enum err_code name(struct step *step, struct err *err)                                  \
    {                                                                                              \
        (void)err;                                                                                 \
        return tell(step, loud, text);                                                             \
    }

TELL_FUNCTION(tell_refused, true, "the provider refused to issue a key; the old one stays current")
TELL_FUNCTION(tell_unknown, true, "the API gives no proof; nothing was changed. keyturn retry, or cancel")
TELL_FUNCTION(tell_unfit, true, "the new key was given up: the API calls it dead or unfit")
TELL_FUNCTION(tell_places, true, "a delivery failed")
TELL_FUNCTION(tell_readers, true, "readers of the old version are missing")
TELL_FUNCTION(tell_old_dead, true, "the old version is dead before its time")
TELL_FUNCTION(tell_new_dead, true, "the new version is dead or unfit after it was proved")
TELL_FUNCTION(tell_no_key, true, "the rotation failed")
TELL_FUNCTION(tell_given_up, false, "given up")
TELL_FUNCTION(tell_done, false, "done")

static enum err_code tell_remind(struct step *step, struct err *err)
{
    (void)err;
    struct vault_rotation *rotation = step->rotation;
    rotation->waits_for_person = true;
    rotation->row.due_at_ms = engine_now(step->engine) + step->engine->options.remind_ms;
    log_warning("engine", "%s/%s: rotation %u still waits: %s", step->subject->key.environment,
                step->subject->key.name, rotation->number, rotation->detail);
    return ERR_OK;
}

static enum err_code (*const effects[ROTATION_EFFECT_COUNT])(struct step *, struct err *) = {
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
    [ROTATION_DO_ISSUE] = do_issue,
    [ROTATION_DO_ASK_OPERATOR] = do_ask_operator,
    [ROTATION_DO_FIND] = do_find,
    [ROTATION_DO_PROBE_NEW] = do_probe_new,
    [ROTATION_DO_DELIVER] = do_deliver,
    [ROTATION_DO_UNDO] = do_undo,
    [ROTATION_DO_WAIT] = do_wait,
    [ROTATION_TELL_LABEL] = tell_label,
    [ROTATION_TELL_REFUSED] = tell_refused,
    [ROTATION_TELL_UNKNOWN] = tell_unknown,
    [ROTATION_TELL_UNFIT] = tell_unfit,
    [ROTATION_TELL_PLACES] = tell_places,
    [ROTATION_TELL_READERS] = tell_readers,
    [ROTATION_TELL_OLD_DEAD] = tell_old_dead,
    [ROTATION_TELL_NEW_DEAD] = tell_new_dead,
    [ROTATION_TELL_NO_KEY] = tell_no_key,
    [ROTATION_TELL_GIVEN_UP] = tell_given_up,
    [ROTATION_TELL_DONE] = tell_done,
    [ROTATION_TELL_REMIND] = tell_remind,
};

/* --- The event, the facts, the move --------------------------------------------------- */

static struct rotation_facts facts_of(struct step *step)
{
    const struct vault_rotation *rotation = step->rotation;
    const struct subject *subject = step->subject;
    int64_t now = engine_now(step->engine);
    return (struct rotation_facts){
        .resume_state = (enum rotation_state)rotation->resume_state,
        .alive_in_row = (unsigned)rotation->alive_in_row,
        .settle = subject->limits->settle,
        .other_open = subject->key.rotation_state != 0,
        .provider_can_issue = subject->provider && provider_can(subject->provider, PROVIDER_ISSUE),
        .provider_can_find = subject->provider && provider_can(subject->provider, PROVIDER_FIND),
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
        .propagation_passed = rotation->made_at_ms && now - rotation->made_at_ms >= subject->limits->propagation_ms,
        .deadline_passed = rotation->deadline_at_ms && now >= rotation->deadline_at_ms,
        .grace_passed = rotation->promoted_at_ms && now >= rotation->promoted_at_ms + subject->key.grace_ms,
        .receipts_in = true, /* nobody asks for receipts: engine_key_add refuses such a policy */
        .old_quiet = true,   /* no provider tells of usage yet */
    };
}

static enum err_code take_new(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    struct vault_version version;
    TRY(subject_add_version(step->engine, step->subject, VAULT_STAGED, rotation->number, rotation->label,
                            step->input->provider_id, step->input->secret, step->input->unchecked,
                            &version, err));
    rotation->new_number = version.number;
    memcpy(rotation->new_id, version.row.id, VAULT_ID_BYTES);
    rotation->new_condemned = false;
    rotation->attempt_uncertain = false;
    rotation->made_at_ms = engine_now(step->engine);
    rotation->alive_in_row = 0;
    return ERR_OK;
}

static bool takes_new(const struct step *step)
{
    enum rotation_state state = (enum rotation_state)step->rotation->state;
    bool staging = state == ROTATION_STAGING ||
                   (state == ROTATION_ATTENTION && step->rotation->resume_state == ROTATION_STAGING);
    return staging && (step->input->event == ROTATION_ON_ISSUED || step->input->event == ROTATION_ON_SUPPLIED);
}

/* What the event brings, written into the record before the table is asked. */
static enum err_code note_event(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    enum rotation_event event = step->input->event;

    if (takes_new(step))
        TRY(take_new(step, err));
    if (step->input->evidence)
        rotation->evidence = *step->input->evidence;
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
    if (event == ROTATION_ON_OLD_DEAD)
        rotation->old_dead = true;
    if (event == ROTATION_ON_OLD_RESTORED)
        rotation->old_condemned = false;
    return ERR_OK;
}

static int64_t deadline_of(const struct step *step, enum rotation_state state)
{
    int64_t now = engine_now(step->engine);
    if (state == ROTATION_PROVING)
        return now + step->subject->limits->proving_deadline_ms;
    if (state == ROTATION_STAGING && provider_can(step->subject->provider, PROVIDER_ISSUE))
        return now + step->subject->limits->proving_deadline_ms;
    if (state == ROTATION_SETTLING)
        return now + step->subject->key.grace_ms + SETTLING_DEADLINE_MS;
    return 0;
}

/* Enter the state that the table named. */
static void enter(struct step *step)
{
    struct vault_rotation *rotation = step->rotation;
    enum rotation_state from = (enum rotation_state)rotation->state;
    enum rotation_state to = step->decision.next;
    int64_t now = engine_now(step->engine);

    rotation->intent = false;
    if (to == from)
        return;
    if (to == ROTATION_ATTENTION)
        rotation->resume_state = (int32_t)from;
    rotation->state = (int32_t)to;
    rotation->since_ms = now;
    rotation->failures = 0;
    rotation->waits_for_person = false;
    rotation->row.due_at_ms = 0;
    rotation->deadline_at_ms = step->subject->provider ? deadline_of(step, to) : 0;
    if (to == ROTATION_DELIVERING)
        rotation->undone_mask = 0;
    if (to == ROTATION_UNDOING)
        rotation->undone_mask = 0;
    if (to == ROTATION_DELIVERING && from == ROTATION_UNDOING)
        rotation->put_mask = 0;
    if (to != ROTATION_ATTENTION && rotation_state_is_open(to))
        rotation->detail[0] = '\0';
    if (to == ROTATION_ATTENTION) {
        rotation->waits_for_person = true;
        rotation->row.due_at_ms = now + step->engine->options.remind_ms;
    }
    if (!rotation_state_is_open(to))
        rotation->ended_at_ms = now;
    step->summary_changed = true;
}

static void count_end(struct step *step)
{
    if (step->rotation->state == ROTATION_DONE)
        atomic_fetch_add(&step->engine->figures.rotations_done, 1);
    if (step->rotation->state == ROTATION_FAILED)
        atomic_fetch_add(&step->engine->figures.rotations_failed, 1);
}

static void summarise(struct step *step)
{
    struct vault_key *key = &step->subject->key;
    struct vault_rotation *rotation = step->rotation;
    bool open = rotation_state_is_open((enum rotation_state)rotation->state);
    bool mine = !key->rotation_state || id_equal(key->rotation_id, rotation->row.id);
    if (!mine)
        return;
    key->rotation_state = open ? rotation->state + 1 : 0;
    if (open)
        memcpy(key->rotation_id, rotation->row.id, VAULT_ID_BYTES);
    else
        memset(key->rotation_id, 0, VAULT_ID_BYTES);
    key->waits_for_person = rotation->waits_for_person || (key->waits_for_person && key->open_revocations);
}

static enum err_code audit_step(struct step *step, enum rotation_state from, struct err *err)
{
    const struct vault_rotation *rotation = step->rotation;
    const struct vault_evidence *evidence = step->input->evidence;
    static const char *const verdicts[] = {"unknown", "alive", "unfit", "dead"};
    char detail[2 * ERR_MESSAGE_BYTES];
    snprintf(detail, sizeof detail, "rotation %u: %s, %s -> %s%s%s", rotation->number,
             rotation_event_name(step->input->event), rotation_state_name(from),
             rotation_state_name((enum rotation_state)rotation->state), rotation->detail[0] ? ": " : "",
             rotation->detail);
    struct audit_entry entry = {.who = step->input->who,
                                .what = "rotation.step",
                                .version = rotation->new_number,
                                .state = rotation_state_name((enum rotation_state)rotation->state),
                                .row = step->decision.row,
                                .incident = step->input->incident,
                                .detail = detail};
    if (evidence) {
        entry.verdict = verdicts[evidence->verdict];
        entry.status = evidence->status;
        entry.code = evidence->code;
        entry.request_id = evidence->request_id;
    }
    return engine_audit(step->engine, &step->subject->key, entry, err);
}

static enum err_code do_effects(struct step *step, struct err *err)
{
    for (int effect = 0; effect < ROTATION_EFFECT_COUNT; effect++)
        if (rotation_does(&step->decision, (enum rotation_effect)effect))
            TRY(effects[effect](step, err));
    return ERR_OK;
}

/* Ask the table and do what it says. *ret_moved false: it refused. */
static enum err_code move(struct step *step, struct err *err)
{
    struct vault_rotation *rotation = step->rotation;
    enum rotation_state from = (enum rotation_state)rotation->state;

    TRY(note_event(step, err));
    struct rotation_facts facts = facts_of(step);
    struct rotation_decision decision = rotation_next(from, step->input->event, &facts);
    step->decision = decision;
    if (decision.answer == ROTATION_REFUSED)
        return err_set(err, ERR_STATE, "%s/%s, rotation %u (%s): %s", step->subject->key.environment,
                       step->subject->key.name, rotation->number, rotation_state_name(from), decision.reason);
    if (decision.answer == ROTATION_MOVED)
        enter(step);
    TRY(do_effects(step, err));
    if (rotation->ended_at_ms)
        rotation->row.due_at_ms = 0;
    summarise(step);
    if (decision.next != from)
        count_end(step);
    return audit_step(step, from, err);
}

enum err_code rotation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                            const struct rotation_input *input, struct vault_rotation *ret_rotation,
                            struct err *err)
{
    struct vault_rotation rotation = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_ROTATION, id, &rotation.row, err));
    TRY(subject_load(engine, rotation.row.parent, &subject, err));

    struct step step = {.engine = engine, .subject = &subject, .rotation = &rotation, .input = input};
    TRY(move(&step, err));
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
    memcpy(rotation.row.parent, key->row.id, VAULT_ID_BYTES);
    memcpy(rotation.old_id, key->current_id, VAULT_ID_BYTES);
    COPY_TEXT(rotation.asked_by, who);
    key->last_number = rotation.number;
    key->rotate_at_ms = 0;

    TRY(vault_insert(engine->vault, VAULT_ROTATION, &rotation.row, NULL, err));
    struct step step = {.engine = engine, .subject = subject, .rotation = &rotation, .input = &input};
    TRY(move(&step, err));
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
    return undo ? ROTATION_ON_PUT_BACK_FAILED : ROTATION_ON_DELIVERY_FAILED;
}

enum err_code rotation_delivered(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(note_delivery(engine, flight, err));
    TRY(vault_get(engine->session, VAULT_ROTATION, flight->job_id, &rotation.row, err));
    bool awaited = rotation.attempt == flight->attempt && rotation.intent &&
                   rotation.state == (flight->kind == FLIGHT_UNDO ? ROTATION_UNDOING : ROTATION_DELIVERING);
    enum rotation_event event = ROTATION_ON_TIME;
    if (awaited) {
        event = delivery_event(&rotation, flight);
        TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    } else if (rotation.state != ROTATION_UNDOING && rotation.state != ROTATION_DELIVERING) {
        return ERR_OK; /* it went another way meanwhile and waits for nothing of this */
    }
    struct rotation_input input = {.event = event,
                                   .who = "engine",
                                   .detail = flight->delivered.done ? NULL : flight->delivered.detail,
                                   .retry_after_ms = -1};
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}
