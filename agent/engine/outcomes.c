/* What an ended flight means. Each answer becomes one event of its job; an
 * answer that its job no longer waits for is dropped, but for a key that was
 * issued: that is sealed and condemned, never forgotten (S3). */
#include "outcomes.h"

#include "calendar.h"
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "label_looks.h"
#include "labels.h"
#include "notices.h"
#include "reconcile.h"
#include "revoke.h"
#include "rotate.h"
#include "schedule.h"
#include "step.h"
#include "subject.h"
#include "usage.h"

#include "base/log.h"
#include "base/text.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum {
    PROBE_RETRY_MS = 60 * 1000,
    PROBE_RETRY_MOST_MS = 60 * 60 * 1000,
    PUT_GUARD_MS = 5 * 1000, /* a place that is put now is looked at again: a crash must not lose it */
};

static enum rotation_event verdict_event(const struct action_result *result)
{
    switch (result->verdict) {
    case ACTION_ALIVE:
        return ROTATION_ON_ALIVE;
    case ACTION_UNFIT:
        return ROTATION_ON_UNFIT;
    case ACTION_DEAD:
        return ROTATION_ON_DEAD;
    case ACTION_UNKNOWN:
    case ACTION_DONE:
    case ACTION_GONE:
    case ACTION_REFUSED:
    case ACTION_CREDENTIAL_REFUSED:
    case ACTION_FOUND:
    case ACTION_NOT_FOUND:
    case ACTION_LISTED:
    case ACTION_MORE:
    case ACTION_VERDICT_COUNT:
        break;
    }
    return ROTATION_ON_UNKNOWN;
}

static enum rotation_event issue_event(const struct flight *flight)
{
    const struct action_result *result = &flight->result;
    if (flight_holds_key(flight))
        return ROTATION_ON_ISSUED;
    if (result->verdict == ACTION_REFUSED || result->verdict == ACTION_CREDENTIAL_REFUSED)
        return ROTATION_ON_REFUSED;
    return result->sent ? ROTATION_ON_UNCERTAIN : ROTATION_ON_UNSENT;
}

/* Where issuing kills the old key: does that one live? Dead, settle times in a row, says that it was replaced.
 * That it lives says that it was not when it was asked after the propagation time: an answer from before
 * would have it replaced twice, which kills the new key. */
static enum rotation_event replaced_event(const struct flight *flight, struct vault_rotation *rotation)
{
    const struct provider_limits *limits = provider_limits(flight->provider);
    bool late = flight->planned_at_ms - rotation->made_at_ms >= limits->propagation_ms;
    bool dead = flight->result.verdict == ACTION_DEAD;
    bool lives = flight->result.verdict == ACTION_ALIVE || flight->result.verdict == ACTION_UNFIT;
    if (lives)
        rotation->old_dead_in_row = 0;
    if (dead)
        rotation->old_dead_in_row++;
    if (dead && (unsigned)rotation->old_dead_in_row >= limits->settle)
        return ROTATION_ON_FOUND_BARE;
    return lives && late ? ROTATION_ON_NOT_FOUND : ROTATION_ON_UNKNOWN;
}

static enum rotation_event find_event(const struct flight *flight)
{
    if (flight->result.verdict == ACTION_FOUND)
        return flight_holds_key(flight) ? ROTATION_ON_ISSUED : ROTATION_ON_FOUND_BARE;
    if (flight->result.verdict == ACTION_NOT_FOUND)
        return ROTATION_ON_NOT_FOUND;
    return ROTATION_ON_UNKNOWN;
}

static const char *found_id(const struct flight *flight)
{
    return flight->result.values ? action_values_text(flight->result.values, "id") : NULL;
}

/* When the provider ends the key, where its answer says so; 0: it does not, or not as a time. */
static int64_t told_expiry(const struct flight *flight)
{
    const char *text = flight->result.values ? action_values_text(flight->result.values, "expires") : NULL;
    int64_t expires_at_ms = 0;
    struct err err = {0};
    if (text && text[0] && text_parse_date(text, &expires_at_ms, &err) != ERR_OK)
        log_warning("engine", "%s: the provider's answer says when the key expires in a way not known here: %s",
                    flight->key, err.message);
    return expires_at_ms;
}

/* A key came under a label that nothing waits for any more. */
enum err_code outcome_record_stray(struct engine *engine, struct flight *flight, struct err *err)
{
    struct rotation_input input = {.event = ROTATION_ON_STRAY,
                                   .who = "engine",
                                   .secret = action_values_secret(flight->result.values, "secret"),
                                   .provider_id = found_id(flight),
                                   .stray_label = flight->label,
                                   .stray_number = flight->number,
                                   .detail = "a key came after it was given up; it is revoked",
                                   .retry_after_ms = -1};
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}

/* An answer to an attempt that was given up. Where it says how that ended, its label is looked for
 * no longer. */
static enum err_code record_late(struct engine *engine, struct flight *flight, struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    bool holds_key = flight_holds_key(flight);
    if (holds_key)
        TRY(outcome_record_stray(engine, flight, err));
    if (flight->kind != FLIGHT_ISSUE)
        return ERR_OK;
    enum rotation_event event = issue_event(flight);
    if (!holds_key && event != ROTATION_ON_REFUSED && event != ROTATION_ON_UNSENT)
        return ERR_OK;
    TRY(subject_load(engine, flight->key_id, &subject, err));
    return label_settle(engine, &subject.key, flight->label,
                        holds_key ? "its answer came late; it is revoked" : "it was not made", err);
}

static enum err_code record_issue(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(vault_get(engine->session, VAULT_ROTATION, flight->job_id, &rotation.row, err));
    bool awaited = rotation.attempt == flight->attempt && rotation.intent && rotation.state == ROTATION_STAGING;
    if (!awaited)
        return record_late(engine, flight, err);
    bool replaces = flight->kind == FLIGHT_FIND && !provider_overlaps(flight->provider);
    enum rotation_event event = flight->kind == FLIGHT_ISSUE ? issue_event(flight)
                                : replaces                   ? replaced_event(flight, &rotation)
                                                             : find_event(flight);
    if (replaces)
        TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    struct rotation_input input = {
        .event = event,
        .who = "engine",
        .answer = &flight->result,
        .provider_id = found_id(flight),
        .expires_at_ms = told_expiry(flight),
        .asked_at_ms = flight->planned_at_ms,
        .detail = flight->result.detail,
        .retry_after_ms = flight->result.retry_after_ms};
    if (flight->result.values)
        input.secret = action_values_secret(flight->result.values, "secret");
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}

static enum err_code record_probe_new(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_rotation rotation = {0};
    struct vault_evidence evidence;
    TRY(vault_get(engine->session, VAULT_ROTATION, flight->job_id, &rotation.row, err));
    if (rotation.attempt != flight->attempt || !rotation.intent)
        return ERR_OK;
    evidence_of_result(engine, &flight->result, &rotation.evidence, &evidence);
    struct rotation_input input = {.event = verdict_event(&flight->result),
                                   .who = "engine",
                                   .answer = &flight->result,
                                   .evidence = &evidence,
                                   .asked_at_ms = flight->planned_at_ms,
                                   .detail = flight->result.detail,
                                   .retry_after_ms = flight->result.retry_after_ms};
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}

static enum err_code record_usage(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(vault_get(engine->session, VAULT_ROTATION, flight->job_id, &rotation.row, err));
    if (rotation.attempt != flight->attempt || !rotation.intent)
        return ERR_OK;
    TRY(usage_note(engine, flight, &rotation, err));
    struct rotation_input input = {.event = ROTATION_ON_TIME, .who = "engine", .retry_after_ms = -1};
    return rotation_step(engine, flight->job_id, &input, NULL, err);
}

/* --- Revocations ------------------------------------------------------------------ */

static enum revocation_event request_event(const struct flight *flight)
{
    switch (flight->result.verdict) {
    case ACTION_DONE:
        return flight->kind == FLIGHT_DISABLE ? REVOCATION_ON_DISABLED : REVOCATION_ON_ACCEPTED;
    case ACTION_GONE:
    case ACTION_NOT_FOUND:
        return REVOCATION_ON_ALREADY_GONE;
    case ACTION_CREDENTIAL_REFUSED:
        return REVOCATION_ON_REFUSED_CREDENTIAL;
    case ACTION_UNKNOWN:
    case ACTION_REFUSED:
    case ACTION_ALIVE:
    case ACTION_UNFIT:
    case ACTION_DEAD:
    case ACTION_FOUND:
    case ACTION_LISTED:
    case ACTION_MORE:
    case ACTION_VERDICT_COUNT:
        break;
    }
    return REVOCATION_ON_UNCERTAIN;
}

static enum revocation_event condemned_event(const struct flight *flight)
{
    switch (flight->result.verdict) {
    case ACTION_ALIVE:
    case ACTION_FOUND:
        return REVOCATION_ON_ALIVE;
    case ACTION_UNFIT:
        return REVOCATION_ON_UNFIT;
    case ACTION_DEAD:
    case ACTION_NOT_FOUND: /* of a version whose secret was never ours: not there is dead */
        return REVOCATION_ON_DEAD;
    case ACTION_CREDENTIAL_REFUSED:
        return REVOCATION_ON_REFUSED_CREDENTIAL;
    case ACTION_UNKNOWN:
    case ACTION_DONE:
    case ACTION_GONE:
    case ACTION_REFUSED:
    case ACTION_LISTED:
    case ACTION_MORE:
    case ACTION_VERDICT_COUNT:
        break;
    }
    return REVOCATION_ON_UNKNOWN;
}

static enum err_code record_revocation(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_revocation revocation = {0};
    struct vault_evidence evidence;
    TRY(vault_get(engine->session, VAULT_REVOCATION, flight->job_id, &revocation.row, err));
    if (revocation.attempt != flight->attempt || !revocation.intent)
        return ERR_OK;
    bool probe = flight->kind == FLIGHT_PROBE_CONDEMNED;
    enum revocation_event event = probe ? condemned_event(flight) : request_event(flight);
    struct action_result seen = flight->result;
    if (probe && event == REVOCATION_ON_DEAD)
        seen.verdict = ACTION_DEAD; /* of a version whose secret was never ours, not found is the proof */
    evidence_of_result(engine, &seen, &revocation.evidence, &evidence);
    struct revocation_input input = {.event = event,
                                     .who = "engine",
                                     .answer = &flight->result,
                                     .evidence = probe ? &evidence : NULL,
                                     .asked_at_ms = flight->planned_at_ms,
                                     .detail = flight->result.detail,
                                     .retry_after_ms = flight->result.retry_after_ms};
    return revocation_step(engine, flight->job_id, &input, err);
}

/* --- The current version on its schedule --------------------------------------------- */

static enum err_code audit_probe(struct engine *engine, const struct subject *subject,
                                 const struct vault_evidence *evidence, struct err *err)
{
    static const char *const verdicts[] = {"unknown", "alive", "unfit", "dead"};
    struct audit_entry entry = {.who = "schedule",
                                .what = "key.probe",
                                .version = subject->key.current_number,
                                .verdict = verdicts[evidence->verdict],
                                .status = evidence->status,
                                .code = evidence->code,
                                .request_id = evidence->request_id,
                                .detail = evidence->detail};
    return engine_audit(engine, &subject->key, entry, err);
}

/* A place that does not hold the current version gets it, once it is proved alive. */
static enum err_code put_where_missing(struct engine *engine, struct subject *subject, struct err *err)
{
    if (subject->key.rotation_state)
        return ERR_OK;
    for (unsigned place = 0; place < VAULT_DELIVERIES_PER_KEY; place++) {
        struct vault_delivery delivery = {0};
        bool found = false;
        TRY(delivery_at(engine, subject->key.row.id, place, &delivery, &found, err));
        if (!found)
            break;
        bool holds = delivery.holds_version == subject->key.current_number;
        if (!holds)
            subject->key.probe_at_ms = engine_now(engine) + PUT_GUARD_MS;
        bool under_way = flight_of_job(engine, delivery.row.id);
        struct flight *flight = holds || under_way ? NULL : flight_new(engine, FLIGHT_PUT, &subject->key);
        if (flight) {
            memcpy(flight->job_id, delivery.row.id, VAULT_ID_BYTES);
            memcpy(flight->delivery_id, delivery.row.id, VAULT_ID_BYTES);
            memcpy(flight->version_id, subject->key.current_id, VAULT_ID_BYTES);
            flight->number = subject->key.current_number;
            flight->place_in_list = place;
            flight_plan(engine, flight);
        }
        vault_record_release(VAULT_DELIVERY, &delivery.row);
    }
    return ERR_OK;
}

/* Its provider knows when it expires, and may have moved that. */
static enum err_code note_expiry(struct engine *engine, struct subject *subject, int64_t expires_at_ms,
                                 struct vault_version *version, struct err *err)
{
    if (!expires_at_ms || expires_at_ms == version->expires_at_ms)
        return ERR_OK;
    version->expires_at_ms = expires_at_ms;
    subject->key.expires_at_ms = expires_at_ms;
    return calendar_plan_current(engine, &subject->key, err);
}

static enum err_code tell_alarm(struct engine *engine, const struct vault_key *key, bool replaces, struct err *err)
{
    char summary[384];
    (void)snprintf(summary, sizeof summary, "version %u, in use, is %s (%d%s%s). %s", key->current_number,
                   key->proof.verdict == VAULT_DEAD ? "dead" : "unfit", (int)key->proof.status,
                   key->proof.code[0] ? " " : "", key->proof.code,
                   replaces ? "It is replaced" : "Replace it with keyturn rotate");
    const struct notice notice = {.about = VAULT_ABOUT_ALARM,
                                  .subject_id = key->row.id,
                                  .version = key->current_number,
                                  .summary = summary};
    return notice_add_of_key(engine, key, notice, err);
}

static enum err_code tell_dead_current(struct engine *engine, struct subject *subject, struct err *err)
{
    struct vault_key *key = &subject->key;
    if (key->alarm)
        return ERR_OK;
    key->alarm = true;
    bool dead = key->proof.verdict == VAULT_DEAD;
    bool replaces = dead && key->rotate_dead && !key->rotation_state;
    log_error("engine", "%s/%s: version %u, in use, is %s (%d %s). %s: keyturn %s %s/%s", key->environment, key->name,
              key->current_number, dead ? "dead" : "unfit", (int)key->proof.status, key->proof.code,
              replaces ? "It is replaced" : "Rotate it", replaces ? "show" : "rotate", key->environment, key->name);
    if (replaces)
        calendar_plan_now(engine, key, VAULT_CAUSE_DEAD);
    if (key->rotation_state)
        follow_up_add(engine, false, key->rotation_id, ROTATION_ON_OLD_DEAD, "schedule", 0);
    return tell_alarm(engine, key, replaces, err);
}

/* No proof: what was proved last stays, and it is asked again before long, and then less and less. */
static void probe_again(struct engine *engine, struct vault_key *key, const struct action_result *result)
{
    int64_t now = engine_now(engine);
    doubt_note(&key->doubt, result, false);
    int64_t retry = backoff_ms(engine, key->doubt.times, PROBE_RETRY_MS, PROBE_RETRY_MOST_MS);
    if (result->retry_after_ms > retry)
        retry = result->retry_after_ms;
    int64_t next = schedule_next_probe(engine, key);
    key->probe_at_ms = next && next < now + retry ? next : now + retry;
}

static enum err_code record_probe_key(struct engine *engine, struct flight *flight, struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    struct vault_evidence evidence;
    struct vault_version version = {0};
    TRY(subject_load(engine, flight->key_id, &subject, err));
    struct vault_key *key = &subject.key;
    if (!id_equal(key->current_id, flight->version_id))
        return ERR_OK;
    evidence_of_result(engine, &flight->result, &key->proof, &evidence);
    TRY(audit_probe(engine, &subject, &evidence, err));

    int64_t now = engine_now(engine);
    if (evidence.verdict == VAULT_UNKNOWN) {
        probe_again(engine, key, &flight->result);
        return subject_save(engine, &subject, err);
    }
    key->proof = evidence;
    doubt_note(&key->doubt, &flight->result, true);
    key->probe_at_ms = schedule_next_probe(engine, key);
    TRY(vault_get(engine->session, VAULT_VERSION, key->current_id, &version.row, err));
    version.proof = evidence;
    TRY(note_expiry(engine, &subject, told_expiry(flight), &version, err));
    TRY(vault_update(engine->vault, VAULT_VERSION, &version.row, err));
    if (evidence.verdict == VAULT_ALIVE) {
        key->alarm = false;
        TRY(put_where_missing(engine, &subject, err));
    } else if ((unsigned)evidence.times >= subject.limits->settle) {
        TRY(tell_dead_current(engine, &subject, err));
    } else {
        key->probe_at_ms = now + subject.limits->settle_interval_ms;
    }
    TRY(subject_save(engine, &subject, err));
    return follow_up_run(engine, err);
}

static enum err_code tell_delivery(struct engine *engine, const struct flight *flight, const struct vault_key *key,
                                   struct vault_delivery *delivery, struct err *err)
{
    char summary[384];
    (void)snprintf(summary, sizeof summary, "delivery %u does not hold version %u, which is in use: %s. It is tried again",
                   delivery->order, flight->number, delivery->detail);
    struct notice notice = {.about = VAULT_ABOUT_DELIVERY,
                            .subject_id = flight->delivery_id,
                            .version = flight->number,
                            .summary = summary};
    if (!notice_is_due(engine, !flight->delivered.done, &delivery->reminded_at_ms, &notice.again))
        return ERR_OK;
    return notice_add_of_key(engine, key, notice, err);
}

static enum err_code record_put(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_delivery delivery = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, flight->key_id, &subject, err));
    TRY(vault_get(engine->session, VAULT_DELIVERY, flight->delivery_id, &delivery.row, err));
    COPY_TEXT(delivery.detail, flight->delivered.detail);
    if (flight->delivered.done) {
        delivery.holds_version = flight->number;
        delivery.put_at_ms = engine_now(engine);
        delivery.failures = 0;
    } else {
        log_warning("engine", "%s: delivery %u: %s", flight->key, delivery.order, delivery.detail);
        subject.key.probe_at_ms =
            engine_now(engine) + backoff_ms(engine, ++delivery.failures, PROBE_RETRY_MS, PROBE_RETRY_MOST_MS);
    }
    enum err_code code = tell_delivery(engine, flight, &subject.key, &delivery, err);
    if (code == ERR_OK)
        code = vault_update(engine->vault, VAULT_DELIVERY, &delivery.row, err);
    struct audit_entry entry = {.who = "engine",
                                .what = flight->delivered.done ? "delivery.put" : "delivery.failed",
                                .version = flight->number,
                                .detail = flight->delivered.detail};
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    TRY(code);
    if (!flight->delivered.done)
        TRY(subject_save(engine, &subject, err));
    return engine_audit(engine, &subject.key, entry, err);
}

/* --- By kind ---------------------------------------------------------------------------- */

typedef enum err_code record_function(struct engine *engine, struct flight *flight, struct err *err);

static record_function *const records[FLIGHT_KIND_COUNT] = {
    [FLIGHT_ISSUE] = record_issue,
    [FLIGHT_FIND] = record_issue,
    [FLIGHT_PROBE_NEW] = record_probe_new,
    [FLIGHT_DELIVER] = rotation_delivered,
    [FLIGHT_UNDO] = rotation_delivered,
    [FLIGHT_DISABLE] = record_revocation,
    [FLIGHT_ENABLE] = record_revocation,
    [FLIGHT_REVOKE] = record_revocation,
    [FLIGHT_PROBE_CONDEMNED] = record_revocation,
    [FLIGHT_PROBE_KEY] = record_probe_key,
    [FLIGHT_USAGE] = record_usage,
    [FLIGHT_PUT] = record_put,
    [FLIGHT_NOTICE] = notice_record,
    [FLIGHT_LOOK] = label_record,
    [FLIGHT_LIST] = reconciliation_record,
};

enum err_code outcome_record(struct engine *engine, struct flight *flight, struct err *err)
{
    enum err_code code = records[flight->kind](engine, flight, err);
    /* Its job was removed meanwhile: nobody is left to tell. */
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}
