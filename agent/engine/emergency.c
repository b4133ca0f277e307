/* Emergencies: which versions die, and which are replaced first. One call is one
 * step, so all of its intents become durable together or none does. */
#include "calendar.h"
#include "calls.h"
#include "credential.h"
#include "engine_private.h"
#include "incident.h"
#include "notices.h"
#include "revoke.h"
#include "rotate.h"
#include "step.h"
#include "subject.h"

#include "base/text.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum { VERSIONS_AT_ONCE = 64 };

struct kill {
    const char *who;
    const struct engine_emergency *emergency;
    struct vault_incident *ret_incident;
    struct credential_names credentials;
    uint32_t incident;
    uint32_t replacing;
};

/* --- What an earlier incident has ------------------------------------------- */

struct promise {
    const uint8_t *version_id;
    struct vault_rotation found;
    bool is_found;
};

static int look_for_promise(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct promise *promise = context;
    const struct vault_rotation *rotation = (const struct vault_rotation *)record;
    if (!rotation->incident || rotation->old_condemned || !id_equal(rotation->old_id, promise->version_id))
        return ERR_OK;
    promise->found = *rotation;
    promise->is_found = true;
    return VAULT_STOP;
}

/* An earlier incident was to replace this version, and has not come to it or failed: it is this
 * one's now. */
static enum err_code take_over(struct engine *engine, struct subject *subject,
                               const struct vault_version *version, struct err *err)
{
    struct vault_key *key = &subject->key;
    struct promise promise = {.version_id = version->row.id};
    TRY(vault_children(engine->session, VAULT_ROTATION, key->row.id, look_for_promise, &promise, err));
    if (promise.is_found) {
        TRY(incident_leave(engine, promise.found.incident, true, err));
        promise.found.incident = 0;
        promise.found.replace = false;
        TRY(vault_update(engine->vault, VAULT_ROTATION, &promise.found.row, err));
    }
    if (!key->replace_incident || version->state != VAULT_CURRENT)
        return ERR_OK;
    TRY(incident_leave(engine, key->replace_incident, true, err));
    key->replace_incident = 0;
    return subject_save(engine, subject, err);
}

/* --- Killing one version ------------------------------------------------------ */

/* The open rotation's own versions are killed through its table, the others directly. */
static enum err_code kill_version(struct engine *engine, struct subject *subject,
                                  const struct vault_version *version, struct kill *kill, struct err *err)
{
    struct vault_rotation rotation = {0};
    bool last = version->state == VAULT_CURRENT && credentials_have(&kill->credentials, &subject->key);
    if (subject->key.rotation_state)
        TRY(vault_get(engine->session, VAULT_ROTATION, subject->key.rotation_id, &rotation.row, err));
    bool is_old = rotation.number && id_equal(rotation.old_id, version->row.id);
    bool is_new = rotation.number && rotation.new_number && id_equal(rotation.new_id, version->row.id);
    if (is_old || is_new) {
        struct rotation_input input = {.event = is_old ? ROTATION_ON_EMERGENCY : ROTATION_ON_EMERGENCY_NEW,
                                       .who = kill->who,
                                       .incident = kill->incident,
                                       .last = last,
                                       .retry_after_ms = -1};
        return rotation_step(engine, rotation.row.id, &input, NULL, err);
    }
    struct revocation_order order = {.version_id = version->row.id,
                                     .emergency = true,
                                     .last = last,
                                     .incident = kill->incident,
                                     .who = kill->who};
    TRY(revocation_open(engine, subject, &order, err));
    TRY(subject_save(engine, subject, err));
    return follow_up_run(engine, err);
}

/* --- Replacing the current version ------------------------------------------------ */

static enum rotation_state state_of(const struct vault_rotation *rotation)
{
    return (enum rotation_state)(rotation->state == ROTATION_ATTENTION ? rotation->resume_state : rotation->state);
}

/* Does the open rotation still work at what will replace the current version? */
static bool is_replacing(const struct vault_rotation *rotation)
{
    enum rotation_state state = state_of(rotation);
    return state == ROTATION_STAGING || state == ROTATION_PROVING || state == ROTATION_DELIVERING;
}

static enum err_code hurry(struct engine *engine, struct vault_rotation *rotation, struct kill *kill,
                           struct err *err)
{
    rotation->replace = true;
    rotation->incident = kill->incident;
    if (rotation->row.due_at_ms && !rotation->intent && !rotation->waits_for_person)
        rotation->row.due_at_ms = engine_now(engine);
    return vault_update(engine->vault, VAULT_ROTATION, &rotation->row, err);
}

/* A rotation that has promoted must end before the next can begin: its old version dies now. */
static enum err_code replace_after(struct engine *engine, struct subject *subject,
                                   const struct vault_rotation *rotation, struct kill *kill, struct err *err)
{
    subject->key.replace_incident = kill->incident;
    TRY(subject_save(engine, subject, err));
    if (state_of(rotation) != ROTATION_SETTLING || !rotation->old_number || rotation->old_condemned)
        return ERR_OK;
    struct rotation_input input = {.event = ROTATION_ON_EMERGENCY,
                                   .who = kill->who,
                                   .incident = kill->incident,
                                   .retry_after_ms = -1};
    return rotation_step(engine, rotation->row.id, &input, NULL, err);
}

static enum err_code replace_version(struct engine *engine, struct subject *subject, struct kill *kill,
                                     struct err *err)
{
    struct vault_key *key = &subject->key;
    struct vault_rotation rotation = {0};
    kill->replacing++;
    if (key->rotation_state) {
        TRY(vault_get(engine->session, VAULT_ROTATION, key->rotation_id, &rotation.row, err));
        return is_replacing(&rotation) ? hurry(engine, &rotation, kill, err)
                                       : replace_after(engine, subject, &rotation, kill, err);
    }
    key->replace_incident = kill->incident;
    if (subject->provider && engine_has_room(engine))
        return rotation_open(engine, subject, kill->who, ROTATION_ON_ASKED, NULL, err);
    /* It begins when its definition is there, and as soon as there is room; until then the log or the plan
     * says that it waits. */
    calendar_plan_now(engine, key, VAULT_CAUSE_ASKED);
    return subject_save(engine, subject, err);
}

/* --- The targets ------------------------------------------------------------------- */

struct victims {
    uint32_t number; /* 0: every one that is not dead */
    struct vault_version versions[VERSIONS_AT_ONCE];
    size_t count;
    bool seen;
};

static int collect_victim(void *context, const struct vault_row *record, struct err *err)
{
    struct victims *victims = context;
    const struct vault_version *version = (const struct vault_version *)record;
    if (victims->number && version->number != victims->number)
        return ERR_OK;
    victims->seen = true;
    if (version->state == VAULT_DEAD_VERSION)
        return ERR_OK;
    if (victims->count == VERSIONS_AT_ONCE)
        return (int)err_set(err, ERR_LIMIT, "more than %d versions of one key are alive; name one with --version",
                            VERSIONS_AT_ONCE);
    victims->versions[victims->count++] = *version;
    return ERR_OK;
}

/* With a replacement, what the open rotation makes is the replacement, not a victim. */
static enum err_code end_version(struct engine *engine, const uint8_t *key_id, const struct vault_version *version,
                                 bool named, struct kill *kill, struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, key_id, &subject, err));
    TRY(take_over(engine, &subject, version, err));
    if (!kill->emergency->replace || (version->state == VAULT_STAGED && named))
        return kill_version(engine, &subject, version, kill, err);
    if (version->state == VAULT_STAGED)
        return ERR_OK;
    return version->state == VAULT_CURRENT ? replace_version(engine, &subject, kill, err)
                                           : kill_version(engine, &subject, version, kill, err);
}

static enum err_code end_target(struct engine *engine, const struct engine_target *target, struct kill *kill,
                                struct err *err)
{
    struct vault_key key = {0};
    struct victims victims = {.number = target->number};
    TRY(vault_key_find(engine->session, target->environment, target->name, &key, err));
    uint8_t key_id[VAULT_ID_BYTES];
    memcpy(key_id, key.row.id, VAULT_ID_BYTES);
    vault_record_release(VAULT_KEY, &key.row);
    TRY(vault_children(engine->session, VAULT_VERSION, key_id, collect_victim, &victims, err));
    if (target->number && !victims.seen)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no version %u", target->environment, target->name,
                       target->number);
    for (size_t i = 0; i < victims.count; i++)
        TRY(end_version(engine, key_id, &victims.versions[i], target->number != 0, kill, err));
    return ERR_OK;
}

/* --- The incident ------------------------------------------------------------------- */

struct tally {
    uint32_t incident;
    uint32_t count;
};

static int count_member(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct tally *tally = context;
    tally->count += ((const struct vault_revocation *)record)->incident == tally->incident;
    return ERR_OK;
}

static enum err_code open_incident(struct engine *engine, struct kill *kill, struct vault_incident *ret_incident,
                                   struct err *err)
{
    const char *asked = kill->emergency->reason;
    const char *reason = asked && asked[0] ? asked : "no reason given";
    TRY(text_check_utf8(reason, LIMIT_TITLE_BYTES, "the reason", err));
    TRY(vault_next_incident(engine->vault, &kill->incident, err));
    struct vault_incident incident = {.number = kill->incident, .opened_at_ms = engine_now(engine)};
    COPY_TEXT(incident.asked_by, kill->who);
    COPY_TEXT(incident.reason, reason);
    TRY(vault_insert(engine->vault, VAULT_INCIDENT, &incident.row, NULL, err));
    struct audit_entry entry = {.who = kill->who, .what = "incident.open", .incident = kill->incident,
                                .detail = reason};
    TRY(engine_audit(engine, NULL, entry, err));
    *ret_incident = incident;
    return ERR_OK;
}

static enum err_code tell_people(struct engine *engine, const struct vault_incident *incident, struct err *err)
{
    char summary[384];
    (void)snprintf(summary, sizeof summary, "incident %u: %u version%s to die, asked by %s: %s", incident->number,
                   incident->revocations, incident->revocations == 1 ? " is" : "s are", incident->asked_by,
                   incident->reason);
    const struct notice notice = {.about = VAULT_ABOUT_INCIDENT,
                                  .subject_id = incident->row.id,
                                  .incident = incident->number,
                                  .summary = summary};
    return notice_add(engine, &notice, err);
}

static enum err_code do_revoke(struct engine *engine, void *argument, struct err *err)
{
    struct kill *kill = argument;
    struct vault_incident incident = {0};
    TRY(credentials_read(engine, &kill->credentials, err));
    TRY(open_incident(engine, kill, &incident, err));
    for (size_t i = 0; i < kill->emergency->count; i++)
        TRY(end_target(engine, &kill->emergency->targets[i], kill, err));
    struct tally tally = {.incident = kill->incident};
    TRY(vault_scan(engine->session, VAULT_REVOCATION, NULL, count_member, &tally, err));
    if (tally.count + kill->replacing == 0)
        return err_set(err, ERR_STATE, "nothing is left to kill: every version named is dead already");
    TRY(vault_get(engine->session, VAULT_INCIDENT, incident.row.id, &incident.row, err));
    incident.revocations = tally.count + kill->replacing;
    incident.replacing = kill->replacing;
    TRY(vault_update(engine->vault, VAULT_INCIDENT, &incident.row, err));
    *kill->ret_incident = incident;
    return tell_people(engine, &incident, err);
}

enum err_code engine_revoke(struct engine *engine, const char *who, const struct engine_emergency *emergency,
                            struct vault_incident *ret_incident, struct err *err)
{
    struct kill kill = {.who = who, .emergency = emergency, .ret_incident = ret_incident};
    enum err_code code = engine_call(engine, do_revoke, &kill, false, err);
    credentials_release(&kill.credentials);
    return code;
}
