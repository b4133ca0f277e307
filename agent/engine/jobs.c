/* Use cases on rotations and revocations. */
#include "internal.h"

#include "base/text.h"

#include <stdio.h>

/* --- Rotations ---------------------------------------------------------------------- */

struct ask {
    const char *who;
    const char *environment;
    const char *name;
    struct vault_rotation *ret_rotation;
};

static enum err_code do_rotate(struct engine *engine, void *argument, struct err *err)
{
    const struct ask *ask = argument;
    struct vault_key key = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_key_find(engine->session, ask->environment, ask->name, &key, err));
    subject_of_key(engine, &key, &subject);
    return rotation_open(engine, &subject, ask->who, ROTATION_ON_ASKED, ask->ret_rotation, err);
}

enum err_code engine_rotate(struct engine *engine, const char *who, const char *environment,
                            const char *name, struct vault_rotation *ret_rotation, struct err *err)
{
    struct ask ask = {.who = who, .environment = environment, .name = name, .ret_rotation = ret_rotation};
    return engine_call(engine, do_rotate, &ask, false, err);
}

struct supply {
    const char *who;
    const uint8_t *id;
    const struct secret *secret;
    bool unchecked;
    struct vault_rotation *ret_rotation;
};

static enum err_code do_stage(struct engine *engine, void *argument, struct err *err)
{
    const struct supply *supply = argument;
    struct vault_rotation rotation = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_ROTATION, supply->id, &rotation.row, err));
    TRY(subject_load(engine, rotation.row.parent, &subject, err));
    if (!subject.provider)
        return err_set(err, ERR_STATE, "provider %s is not defined", subject.key.provider);
    TRY(subject_check_secret(engine, &subject, supply->secret, supply->unchecked, err));
    struct rotation_input input = {.event = ROTATION_ON_SUPPLIED,
                                   .who = supply->who,
                                   .secret = supply->secret,
                                   .unchecked = supply->unchecked,
                                   .retry_after_ms = -1};
    return rotation_step(engine, supply->id, &input, supply->ret_rotation, err);
}

enum err_code engine_stage(struct engine *engine, const char *who, const uint8_t rotation_id[VAULT_ID_BYTES],
                           const struct secret *secret, bool unchecked, struct vault_rotation *ret_rotation,
                           struct err *err)
{
    struct supply supply = {.who = who, .id = rotation_id, .secret = secret, .unchecked = unchecked,
                            .ret_rotation = ret_rotation};
    return engine_call(engine, do_stage, &supply, false, err);
}

struct nudge {
    const char *who;
    const uint8_t *id;
    enum engine_move move;
    struct vault_rotation *ret_rotation;
};

static enum err_code do_move(struct engine *engine, void *argument, struct err *err)
{
    static const enum rotation_event events[] = {[ENGINE_CANCEL] = ROTATION_ON_CANCEL,
                                                 [ENGINE_RETRY] = ROTATION_ON_RETRY,
                                                 [ENGINE_ROLL_BACK] = ROTATION_ON_ROLL_BACK,
                                                 [ENGINE_GO_ON] = ROTATION_ON_GO_ON};
    const struct nudge *nudge = argument;
    struct rotation_input input = {.event = events[nudge->move], .who = nudge->who, .retry_after_ms = -1};
    return rotation_step(engine, nudge->id, &input, nudge->ret_rotation, err);
}

enum err_code engine_move(struct engine *engine, const char *who, const uint8_t rotation_id[VAULT_ID_BYTES],
                          enum engine_move move, struct vault_rotation *ret_rotation, struct err *err)
{
    struct nudge nudge = {.who = who, .id = rotation_id, .move = move, .ret_rotation = ret_rotation};
    return engine_call(engine, do_move, &nudge, false, err);
}

/* --- Revocations --------------------------------------------------------------------- */

struct kill {
    const char *who;
    const struct engine_target *targets;
    size_t count;
    const char *reason;
    struct vault_incident *ret_incident;
    uint32_t incident;
    uint32_t killed;
};

enum { VERSIONS_AT_ONCE = 64 };

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

/* The open rotation's own versions are killed through its table, the others directly. */
static enum err_code kill_version(struct engine *engine, const uint8_t *key_id, const struct vault_version *version,
                                  struct kill *kill, struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    struct vault_rotation rotation = {0};
    TRY(subject_load(engine, key_id, &subject, err));
    if (subject.key.rotation_state)
        TRY(vault_get(engine->session, VAULT_ROTATION, subject.key.rotation_id, &rotation.row, err));
    bool is_old = rotation.number && id_equal(rotation.old_id, version->row.id);
    bool is_new = rotation.number && rotation.new_number && id_equal(rotation.new_id, version->row.id);
    kill->killed++;
    if (is_old || is_new) {
        struct rotation_input input = {.event = is_old ? ROTATION_ON_EMERGENCY : ROTATION_ON_EMERGENCY_NEW,
                                       .who = kill->who,
                                       .incident = kill->incident,
                                       .retry_after_ms = -1};
        return rotation_step(engine, rotation.row.id, &input, NULL, err);
    }
    struct revocation_order order = {.version_id = version->row.id,
                                     .emergency = true,
                                     .incident = kill->incident,
                                     .who = kill->who};
    TRY(revocation_open(engine, &subject, &order, err));
    TRY(subject_save(engine, &subject, err));
    return follow_up_run(engine, err);
}

static enum err_code kill_target(struct engine *engine, const struct engine_target *target, struct kill *kill,
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
        TRY(kill_version(engine, key_id, &victims.versions[i], kill, err));
    return ERR_OK;
}

static enum err_code do_revoke(struct engine *engine, void *argument, struct err *err)
{
    struct kill *kill = argument;
    const char *reason = kill->reason && kill->reason[0] ? kill->reason : "no reason given";
    TRY(text_check_utf8(reason, LIMIT_TITLE_BYTES, "the reason", err));
    TRY(vault_next_incident(engine->vault, &kill->incident, err));
    struct vault_incident incident = {.number = kill->incident, .opened_at_ms = engine_now(engine)};
    COPY_TEXT(incident.asked_by, kill->who);
    COPY_TEXT(incident.reason, reason);
    /* Counted up front, so that a death within this step finds its incident. */
    TRY(vault_insert(engine->vault, VAULT_INCIDENT, &incident.row, NULL, err));
    struct audit_entry entry = {.who = kill->who, .what = "incident.open", .incident = kill->incident,
                                .detail = reason};
    TRY(engine_audit(engine, NULL, entry, err));
    for (size_t i = 0; i < kill->count; i++)
        TRY(kill_target(engine, &kill->targets[i], kill, err));
    if (!kill->killed)
        return err_set(err, ERR_STATE, "nothing is left to kill: every version named is dead already");
    TRY(vault_get(engine->session, VAULT_INCIDENT, incident.row.id, &incident.row, err));
    incident.revocations = kill->killed;
    TRY(vault_update(engine->vault, VAULT_INCIDENT, &incident.row, err));
    *kill->ret_incident = incident;
    return ERR_OK;
}

enum err_code engine_revoke(struct engine *engine, const char *who, const struct engine_target *targets,
                            size_t count, const char *reason, struct vault_incident *ret_incident,
                            struct err *err)
{
    struct kill kill = {.who = who, .targets = targets, .count = count, .reason = reason,
                        .ret_incident = ret_incident};
    return engine_call(engine, do_revoke, &kill, false, err);
}

static enum err_code do_look(struct engine *engine, void *argument, struct err *err)
{
    const struct nudge *nudge = argument;
    struct vault_revocation revocation = {0};
    TRY(vault_get(engine->session, VAULT_REVOCATION, nudge->id, &revocation.row, err));
    /* What came to attention waits for its credential: whoever says look has seen to it. */
    bool attention = revocation.state == REVOCATION_ATTENTION;
    struct revocation_input input = {
        .event = attention ? REVOCATION_ON_CREDENTIAL_CHANGED : REVOCATION_ON_SAID_DONE,
        .who = nudge->who,
        .retry_after_ms = -1};
    return revocation_step(engine, nudge->id, &input, err);
}

enum err_code engine_revocation_look(struct engine *engine, const char *who,
                                     const uint8_t revocation_id[VAULT_ID_BYTES], struct err *err)
{
    struct nudge nudge = {.who = who, .id = revocation_id};
    return engine_call(engine, do_look, &nudge, false, err);
}
