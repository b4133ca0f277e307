/* One event of one revocation, as rotate.c has it for rotations. */
#include "revoke.h"

#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "incident.h"
#include "notices.h"
#include "step.h"
#include "subject.h"

#include "base/log.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_BASE_MS = 1000,
    BACKOFF_MOST_MS = 5 * 60 * 1000,
    BACKOFF_MOST_EMERGENCY_MS = 15 * 1000,
    STUCK_AFTER = 10, /* tries without proof, then at each further ten */
};

struct step {
    struct engine *engine;
    struct subject *subject;
    struct vault_revocation *revocation;
    const struct revocation_input *input;
    struct revocation_decision decision;
    int64_t delay_ms;
};

static enum err_code plan(struct step *step, enum flight_kind kind, struct err *err)
{
    struct vault_revocation *revocation = step->revocation;
    int64_t now = engine_now(step->engine);
    if (step->delay_ms > 0) {
        revocation->row.due_at_ms = now + step->delay_ms;
        return ERR_OK;
    }
    struct vault_version version = {0};
    TRY(vault_get(step->engine->session, VAULT_VERSION, revocation->version_id, &version.row, err));
    struct flight *flight = flight_new(step->engine, kind, &step->subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    revocation->attempt++;
    revocation->intent = true;
    revocation->row.due_at_ms = engine_guard_ms(step->engine);
    memcpy(flight->job_id, revocation->row.id, VAULT_ID_BYTES);
    if (!version.wiped)
        memcpy(flight->version_id, version.row.id, VAULT_ID_BYTES);
    flight->attempt = revocation->attempt;
    flight->number = version.number;
    flight->urgent = revocation->emergency;
    flight->provider = step->subject->provider;
    flight->place = step->subject->place;
    COPY_TEXT(flight->label, version.label);
    COPY_TEXT(flight->provider_id, version.provider_id);
    flight_plan(step->engine, flight);
    return ERR_OK;
}

/* --- Effects ---------------------------------------------------------------------- */

/* Its rotation hears of its old version only: the end of a stray or of a new
 * version that was given up changes nothing for it. */
static enum err_code tell_rotation(struct step *step, enum rotation_event event, struct err *err)
{
    struct vault_rotation rotation = {0};
    const uint8_t *id = step->revocation->rotation_id;
    if (vault_id_is_zero(id))
        return ERR_OK;
    TRY(vault_get(step->engine->session, VAULT_ROTATION, id, &rotation.row, err));
    if (id_equal(rotation.old_id, step->revocation->version_id) && !rotation.ended_at_ms)
        follow_up_add(step->engine, false, id, (int)event, step->input->who, 0);
    return ERR_OK;
}

static enum err_code do_record_death(struct step *step, struct err *err)
{
    struct vault_version version = {0};
    TRY(version_set_state(step->engine, step->revocation->version_id, VAULT_DEAD_VERSION, &version, err));
    version.proof = step->revocation->evidence;
    TRY(vault_update(step->engine->vault, VAULT_VERSION, &version.row, err));
    if (step->subject->key.wipe_dead && !version.wiped)
        TRY(vault_version_wipe(step->engine->vault, &version, err));
    atomic_fetch_add(&step->engine->figures.revocations_done, 1);
    TRY(tell_rotation(step, ROTATION_ON_OLD_DEAD, err));
    return incident_count_dead(step->engine, step->revocation->incident, err);
}

static enum err_code do_restore(struct step *step, struct err *err)
{
    TRY(version_set_state(step->engine, step->revocation->version_id, VAULT_RETIRING, NULL, err));
    TRY(tell_rotation(step, ROTATION_ON_OLD_RESTORED, err));
    /* It lives again because somebody asked for it back: so it is put back, too (R17), before its grace,
     * which has passed, lets it be condemned anew. */
    return tell_rotation(step, ROTATION_ON_ROLL_BACK, err);
}

static enum err_code do_back_off(struct step *step, struct err *err)
{
    (void)err;
    int64_t most = step->revocation->emergency ? BACKOFF_MOST_EMERGENCY_MS : BACKOFF_MOST_MS;
    step->delay_ms = backoff_ms(step->engine, step->revocation->failures, BACKOFF_BASE_MS, most);
    if (step->input->retry_after_ms > step->delay_ms)
        step->delay_ms = step->input->retry_after_ms;
    if (step->delay_ms < 1)
        step->delay_ms = 1;
    return ERR_OK;
}

static enum err_code do_disable(struct step *step, struct err *err)
{
    return plan(step, FLIGHT_DISABLE, err);
}

static enum err_code do_enable(struct step *step, struct err *err)
{
    return plan(step, FLIGHT_ENABLE, err);
}

static enum err_code do_revoke(struct step *step, struct err *err)
{
    return plan(step, FLIGHT_REVOKE, err);
}

static enum err_code do_probe(struct step *step, struct err *err)
{
    /* The next of several answers in a row is asked for after the provider's interval. */
    bool again = step->input->event == REVOCATION_ON_DEAD || step->input->event == REVOCATION_ON_ALIVE;
    if (again && !step->delay_ms)
        step->delay_ms = step->subject->limits->settle_interval_ms;
    return plan(step, FLIGHT_PROBE_CONDEMNED, err);
}

static enum err_code do_wait(struct step *step, struct err *err)
{
    (void)err;
    step->revocation->row.due_at_ms = step->revocation->accepted_at_ms + step->subject->limits->watch_ms;
    return ERR_OK;
}

static void say(struct step *step, bool loud, const char *text)
{
    struct vault_revocation *revocation = step->revocation;
    COPY_TEXT(revocation->detail, text);
    log_write(loud ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "engine", "%s/%s version %u: %s",
              step->subject->key.environment, step->subject->key.name, revocation->version_number,
              revocation->detail);
}

static enum err_code tell_where(struct step *step, struct err *err)
{
    struct vault_version version = {0};
    char text[300];
    TRY(vault_get(step->engine->session, VAULT_VERSION, step->revocation->version_id, &version.row, err));
    snprintf(text, sizeof text, "waits for you: revoke %s%s%s at the provider; its death is then seen by itself",
             version.mask[0] ? version.mask : "the key", version.label[0] ? ", named " : "", version.label);
    step->revocation->waits_for_person = true;
    say(step, false, text);
    return ERR_OK;
}

static enum err_code tell_remind(struct step *step, struct err *err)
{
    (void)err;
    struct vault_revocation *revocation = step->revocation;
    revocation->waits_for_person = true;
    if (revocation->state == REVOCATION_ATTENTION && !revocation->intent)
        revocation->row.due_at_ms = engine_now(step->engine) + step->engine->options.remind_ms;
    if (revocation->failures % STUCK_AFTER == 0)
        log_warning("engine", "%s/%s version %u is still alive: %s", step->subject->key.environment,
                    step->subject->key.name, revocation->version_number, revocation->detail);
    return ERR_OK;
}

static enum err_code tell_stuck(struct step *step, struct err *err)
{
    (void)err;
    char text[320];
    if (step->revocation->failures % STUCK_AFTER || !step->revocation->failures)
        return ERR_OK;
    snprintf(text, sizeof text, "no proof after %d tries: %s", (int)step->revocation->failures,
             step->input->detail ? step->input->detail : "the API gives no proof");
    say(step, true, text);
    return ERR_OK;
}

static enum err_code tell_alive(struct step *step, struct err *err)
{
    (void)err;
    say(step, true, "revoked, and yet the API calls it alive; it is revoked again");
    return ERR_OK;
}

static enum err_code tell_credential(struct step *step, struct err *err)
{
    (void)err;
    char text[320];
    step->engine->credential_refused = true;
    step->revocation->waits_for_person = true;
    step->revocation->row.due_at_ms = engine_now(step->engine) + step->engine->options.remind_ms;
    snprintf(text, sizeof text, "the provider refuses the credential%s%s; replace it, and this goes on by itself",
             step->subject->key.credential[0] ? " " : "", step->subject->key.credential);
    say(step, true, text);
    return ERR_OK;
}

static enum err_code (*const effects[REVOCATION_EFFECT_COUNT])(struct step *, struct err *) = {
    [REVOCATION_DO_RECORD_DEATH] = do_record_death,
    [REVOCATION_DO_RESTORE] = do_restore,
    [REVOCATION_DO_BACK_OFF] = do_back_off,
    [REVOCATION_DO_DISABLE] = do_disable,
    [REVOCATION_DO_ENABLE] = do_enable,
    [REVOCATION_DO_REVOKE] = do_revoke,
    [REVOCATION_DO_PROBE] = do_probe,
    [REVOCATION_DO_WAIT] = do_wait,
    [REVOCATION_TELL_WHERE] = tell_where,
    [REVOCATION_TELL_REMIND] = tell_remind,
    [REVOCATION_TELL_STUCK] = tell_stuck,
    [REVOCATION_TELL_ALIVE] = tell_alive,
    [REVOCATION_TELL_CREDENTIAL] = tell_credential,
};

/* --- The event, the facts, the move ---------------------------------------------------- */

static void note_event(struct step *step)
{
    struct vault_revocation *revocation = step->revocation;
    int64_t now = engine_now(step->engine);
    if (step->input->evidence)
        revocation->evidence = *step->input->evidence;
    if (step->input->answer)
        doubt_note(&revocation->doubt, step->input->answer,
                   step->input->event != REVOCATION_ON_UNKNOWN && step->input->event != REVOCATION_ON_UNCERTAIN);
    switch (step->input->event) {
    case REVOCATION_ON_DEAD:
        revocation->dead_in_row++;
        revocation->alive_in_row = 0;
        break;
    case REVOCATION_ON_ALIVE:
    case REVOCATION_ON_UNFIT:
        revocation->alive_in_row++;
        revocation->dead_in_row = 0;
        revocation->failures++;
        break;
    case REVOCATION_ON_ACCEPTED:
    case REVOCATION_ON_ALREADY_GONE:
    case REVOCATION_ON_DISABLED:
        revocation->step_accepted = true;
        revocation->accepted_at_ms = now;
        revocation->alive_in_row = 0;
        revocation->dead_in_row = 0;
        break;
    case REVOCATION_ON_UNKNOWN:
    case REVOCATION_ON_UNCERTAIN:
        revocation->failures++;
        break;
    case REVOCATION_ON_EMERGENCY:
        revocation->emergency = true;
        break;
    case REVOCATION_ON_START:
    case REVOCATION_ON_TIME:
    case REVOCATION_ON_ROLL_BACK:
    case REVOCATION_ON_REFUSED_CREDENTIAL:
    case REVOCATION_ON_CREDENTIAL_CHANGED:
    case REVOCATION_ON_SAID_DONE:
    case REVOCATION_ON_SLOT_NEEDED:
    case REVOCATION_EVENT_COUNT:
        break;
    }
}

static bool can(const struct step *step, enum provider_action action)
{
    return step->subject->provider && provider_can(step->subject->provider, action);
}

static bool rotation_is_retiring(const struct step *step)
{
    const struct vault_key *key = &step->subject->key;
    return key->rotation_state == ROTATION_RETIRING + 1 &&
           id_equal(key->rotation_id, step->revocation->rotation_id);
}

static struct revocation_facts facts_of(const struct step *step)
{
    const struct vault_revocation *revocation = step->revocation;
    const struct provider_limits *limits = step->subject->limits;
    int64_t now = engine_now(step->engine);
    int64_t since = now - revocation->accepted_at_ms;
    /* An answer from before the propagation time proves no more because it is looked at after it. */
    int64_t asked = (step->input->asked_at_ms ? step->input->asked_at_ms : now) - revocation->accepted_at_ms;
    bool accepted = revocation->accepted_at_ms != 0;
    return (struct revocation_facts){
        .resume_state = (enum revocation_state)revocation->resume_state,
        .dead_in_row = (unsigned)revocation->dead_in_row,
        .alive_in_row = (unsigned)revocation->alive_in_row,
        .settle = limits->settle,
        .can_disable = can(step, PROVIDER_DISABLE) && can(step, PROVIDER_ENABLE),
        .can_revoke = can(step, PROVIDER_REVOKE),
        .emergency = revocation->emergency,
        .step_accepted = revocation->step_accepted,
        .watch_passed = accepted && since >= limits->watch_ms,
        .may_roll_back = rotation_is_retiring(step),
        .propagation_passed = accepted && asked >= limits->propagation_ms,
    };
}

static void enter(struct step *step)
{
    struct vault_revocation *revocation = step->revocation;
    enum revocation_state from = (enum revocation_state)revocation->state;
    enum revocation_state to = step->decision.next;
    revocation->intent = false;
    if (to == from)
        return;
    if (to == REVOCATION_ATTENTION)
        revocation->resume_state = (int32_t)from;
    bool to_next_request = to == REVOCATION_ENABLING || to == REVOCATION_REVOKING;
    if (to_next_request && from != REVOCATION_ATTENTION)
        revocation->step_accepted = false;
    revocation->state = (int32_t)to;
    revocation->since_ms = engine_now(step->engine);
    revocation->failures = 0;
    revocation->doubt = (struct vault_doubt){0};
    revocation->waits_for_person = false;
    revocation->row.due_at_ms = 0;
    if (!revocation_state_is_open(to))
        revocation->ended_at_ms = engine_now(step->engine);
}

static enum err_code audit_step(struct step *step, enum revocation_state from, struct err *err)
{
    const struct vault_revocation *revocation = step->revocation;
    const struct vault_evidence *evidence = step->input->evidence;
    static const char *const verdicts[] = {"unknown", "alive", "unfit", "dead"};
    char detail[200];
    snprintf(detail, sizeof detail, "revocation: %s, %s -> %s", revocation_event_name(step->input->event),
             revocation_state_name(from), revocation_state_name((enum revocation_state)revocation->state));
    struct audit_entry entry = {.who = step->input->who,
                                .what = "revocation.step",
                                .version = revocation->version_number,
                                .state = revocation_state_name((enum revocation_state)revocation->state),
                                .row = step->decision.row,
                                .incident = revocation->incident,
                                .detail = detail};
    if (evidence) {
        entry.verdict = verdicts[evidence->verdict];
        entry.status = evidence->status;
        entry.code = evidence->code;
        entry.request_id = evidence->request_id;
    }
    return engine_audit(step->engine, &step->subject->key, entry, err);
}

/* A person is told of what waits, again at times. */
static enum err_code tell_people(struct step *step, struct err *err)
{
    struct vault_revocation *revocation = step->revocation;
    struct vault_version version = {0};
    struct notice notice = {.about = VAULT_ABOUT_WAITS,
                            .subject_id = revocation->row.id,
                            .version = revocation->version_number,
                            .incident = revocation->incident,
                            .summary = revocation->detail};
    bool waits = revocation->waits_for_person && !revocation->ended_at_ms;
    if (!notice_is_due(step->engine, waits, &revocation->reminded_at_ms, &notice.again))
        return ERR_OK;
    TRY(vault_get(step->engine->session, VAULT_VERSION, revocation->version_id, &version.row, err));
    return notice_add_manual(step->engine, step->subject, PROVIDER_REVOKE, version.label, version.provider_id, notice,
                             err);
}

static enum err_code move(struct step *step, struct err *err)
{
    struct vault_revocation *revocation = step->revocation;
    enum revocation_state from = (enum revocation_state)revocation->state;

    note_event(step);
    struct revocation_facts facts = facts_of(step);
    struct revocation_decision decision = revocation_next(from, step->input->event, &facts);
    step->decision = decision;
    if (decision.answer == REVOCATION_REFUSED)
        return err_set(err, ERR_STATE, "%s/%s, revocation of version %u (%s): %s",
                       step->subject->key.environment, step->subject->key.name, revocation->version_number,
                       revocation_state_name(from), decision.reason);
    enter(step);
    for (int effect = 0; effect < REVOCATION_EFFECT_COUNT; effect++)
        if (revocation_does(&decision, (enum revocation_effect)effect))
            TRY(effects[effect](step, err));
    if (revocation->ended_at_ms)
        revocation->row.due_at_ms = 0;
    TRY(tell_people(step, err));
    return audit_step(step, from, err);
}

/* Where a person waits for nothing, and this one's end is all that changed, the key's others need not be
 * looked at: it has one for each version that it ever had. */
static enum err_code summarise(struct step *step, bool only_end, struct err *err)
{
    struct vault_key *key = &step->subject->key;
    bool ended = step->revocation->ended_at_ms && !step->revocation->waits_for_person;
    if (!only_end || !ended || key->waits_for_person || key->open_revocations == 0)
        return subject_summarise(step->engine, step->subject, err);
    key->open_revocations--;
    return ERR_OK;
}

enum err_code revocation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                              const struct revocation_input *input, struct err *err)
{
    struct vault_revocation revocation = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_REVOCATION, id, &revocation.row, err));
    TRY(subject_load(engine, revocation.row.parent, &subject, err));

    bool waited = revocation.waits_for_person;
    bool was_open = !revocation.ended_at_ms;
    struct step step = {.engine = engine, .subject = &subject, .revocation = &revocation, .input = input};
    TRY(move(&step, err));
    TRY(vault_update(engine->vault, VAULT_REVOCATION, &revocation.row, err));
    if (revocation.ended_at_ms || revocation.waits_for_person != waited) {
        TRY(summarise(&step, was_open && !waited, err));
        TRY(subject_save(engine, &subject, err));
    }
    return follow_up_run(engine, err);
}

/* --- Opening ---------------------------------------------------------------------------- */

struct search {
    const uint8_t *version_id;
    struct vault_revocation found;
    bool is_found;
};

static int look(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct search *search = context;
    const struct vault_revocation *revocation = (const struct vault_revocation *)record;
    if (revocation->ended_at_ms || !id_equal(revocation->version_id, search->version_id))
        return ERR_OK;
    search->found = *revocation;
    search->is_found = true;
    return VAULT_STOP;
}

enum err_code revocation_of_version(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                                    const uint8_t version_id[VAULT_ID_BYTES],
                                    struct vault_revocation *ret_revocation, bool *ret_found,
                                    struct err *err)
{
    struct search search = {.version_id = version_id};
    TRY(vault_children(engine->session, VAULT_REVOCATION, key_id, look, &search, err));
    *ret_found = search.is_found;
    if (search.is_found)
        *ret_revocation = search.found;
    return ERR_OK;
}

static enum err_code reopen(struct engine *engine, struct vault_revocation *revocation,
                            const struct revocation_order *order, struct err *err)
{
    if (order->incident && revocation->incident != order->incident) {
        if (revocation->incident)
            TRY(incident_leave(engine, revocation->incident, false, err));
        revocation->incident = order->incident;
        TRY(vault_update(engine->vault, VAULT_REVOCATION, &revocation->row, err));
    }
    if (order->emergency && !revocation->emergency)
        follow_up_add(engine, true, revocation->row.id, REVOCATION_ON_EMERGENCY, order->who, order->incident);
    return ERR_OK;
}

static enum err_code condemn(struct engine *engine, struct vault_version *version, struct err *err)
{
    if (version->state != VAULT_CONDEMNED)
        version->since_ms = engine_now(engine);
    version->state = VAULT_CONDEMNED;
    return vault_update(engine->vault, VAULT_VERSION, &version->row, err);
}

enum err_code revocation_open(struct engine *engine, struct subject *subject,
                              const struct revocation_order *order, struct err *err)
{
    struct vault_revocation revocation = {0};
    struct vault_version version = {0};
    bool found = false;
    TRY(vault_get(engine->session, VAULT_VERSION, order->version_id, &version.row, err));
    if (version.state == VAULT_DEAD_VERSION)
        return ERR_OK;
    if (version.state == VAULT_CONDEMNED)
        TRY(revocation_of_version(engine, subject->key.row.id, order->version_id, &revocation, &found, err));
    if (found)
        return reopen(engine, &revocation, order, err);

    if (subject->key.current_number == version.number)
        subject_set_current(subject, NULL);
    revocation = (struct vault_revocation){.version_number = version.number,
                                           .incident = order->incident,
                                           .state = REVOCATION_REQUESTED,
                                           .emergency = order->emergency,
                                           .last = order->last,
                                           .opened_at_ms = engine_now(engine),
                                           .since_ms = engine_now(engine)};
    memcpy(revocation.row.parent, subject->key.row.id, VAULT_ID_BYTES);
    memcpy(revocation.version_id, order->version_id, VAULT_ID_BYTES);
    if (order->rotation_id)
        memcpy(revocation.rotation_id, order->rotation_id, VAULT_ID_BYTES);
    COPY_TEXT(revocation.asked_by, order->who);
    if (order->last)
        revocation.row.due_at_ms = engine_now(engine);
    TRY(vault_insert(engine->vault, VAULT_REVOCATION, &revocation.row, NULL, err));
    memcpy(version.revocation_id, revocation.row.id, VAULT_ID_BYTES);
    TRY(condemn(engine, &version, err));
    subject->key.open_revocations++;
    if (!order->last)
        follow_up_add(engine, true, revocation.row.id, REVOCATION_ON_START, order->who, order->incident);
    return ERR_OK;
}
