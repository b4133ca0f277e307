/* Use cases on rotations, and on one revocation. Emergencies: incident.c. */
#include "calls.h"
#include "engine_private.h"
#include "revoke.h"
#include "rotate.h"
#include "subject.h"

#include "rotation/revocation.h"
#include "rotation/rotation.h"

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
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, ask->environment, ask->name, &subject, err));
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
    const struct engine_supply *given;
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
    TRY(subject_check_secret(engine, &subject, supply->given->secret, supply->given->unchecked, err));
    struct rotation_input input = {.event = ROTATION_ON_SUPPLIED,
                                   .who = supply->who,
                                   .secret = supply->given->secret,
                                   .unchecked = supply->given->unchecked,
                                   .expires_at_ms = supply->given->expires_at_ms,
                                   .retry_after_ms = -1};
    return rotation_step(engine, supply->id, &input, supply->ret_rotation, err);
}

enum err_code engine_stage(struct engine *engine, const char *who, const uint8_t rotation_id[VAULT_ID_BYTES],
                           const struct engine_supply *supply, struct vault_rotation *ret_rotation,
                           struct err *err)
{
    struct supply call = {.who = who, .id = rotation_id, .given = supply, .ret_rotation = ret_rotation};
    return engine_call(engine, do_stage, &call, false, err);
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
