/* What is due. Rotations and revocations get the event time; keys open a
 * rotation or are probed. Each in a step of its own, so that one that fails
 * does not hold up the others; it is put off and tried again. */
#include "schedule.h"

#include "calendar.h"
#include "calls.h"
#include "credential.h"
#include "engine_private.h"
#include "flights.h"
#include "label_looks.h"
#include "notices.h"
#include "revoke.h"
#include "rotate.h"
#include "step.h"
#include "subject.h"

#include "base/log.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <stdlib.h>
#include <string.h>

enum {
    DUE_PER_TURN = 256,
    RECOVER_MOST = 2 * LIMIT_OPEN_ROTATIONS,
    PUT_OFF_MS = 30 * 1000,
    LAST_LOOKS_MS = 500,         /* may a credential die now? */
    PROBE_GUARD_MS = 60 * 1000,        /* a probe in flight is due again after this, */
    PROBE_GUARD_ASKED_MS = 5 * 1000,   /* so that a crash does not lose it */
    PROBE_CROWD = 4,                   /* times what may run at once: more do not queue, in memory, */
    PROBE_LATER_MS = 2 * 60 * 1000,    /* but are due again after this, and so much more at most */
};

struct due_list {
    uint8_t (*ids)[VAULT_ID_BYTES];
    size_t count;
    size_t capacity;
};

struct collect {
    struct engine *engine;
    struct due_list *list;
    bool only_intents;
    enum vault_kind kind;
    size_t open; /* of rotations: how many have not ended */
};

static int collect_due(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct collect *collect = context;
    struct due_list *list = collect->list;
    collect->open += collect->kind == VAULT_ROTATION && !((const struct vault_rotation *)record)->ended_at_ms;
    if (list->count == list->capacity)
        return VAULT_STOP;
    if (collect->kind != VAULT_KEY && flight_of_job(collect->engine, record->id))
        return ERR_OK;
    bool intent = false;
    if (collect->kind == VAULT_ROTATION)
        intent = ((const struct vault_rotation *)record)->intent;
    if (collect->kind == VAULT_REVOCATION)
        intent = ((const struct vault_revocation *)record)->intent;
    if (collect->only_intents && !intent)
        return ERR_OK;
    memcpy(list->ids[list->count++], record->id, VAULT_ID_BYTES);
    return ERR_OK;
}

/* A provider that is slower than its keys are due, or are added, must not fill the memory with what waits for it. */
static bool is_crowded(const struct engine *engine)
{
    return engine->flights.in_flight + engine->flights.planned.count >= PROBE_CROWD * engine->options.parallel;
}

enum err_code schedule_probe(struct engine *engine, struct subject *subject, bool asked, struct err *err)
{
    struct vault_key *key = &subject->key;
    if (!key->current_number || !subject->provider || !provider_can(subject->provider, PROVIDER_PROBE))
        return ERR_OK;
    if (flight_of_job(engine, key->row.id))
        return ERR_OK;
    if (is_crowded(engine)) {
        key->probe_at_ms = engine_now(engine) + PROBE_LATER_MS + random_below(engine->options.random, PROBE_LATER_MS);
        return ERR_OK;
    }
    struct flight *flight = flight_new(engine, FLIGHT_PROBE_KEY, key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(flight->job_id, key->row.id, VAULT_ID_BYTES);
    memcpy(flight->version_id, key->current_id, VAULT_ID_BYTES);
    flight->number = key->current_number;
    flight->provider = subject->provider;
    flight->place = subject->place;
    flight->asked = asked;
    flight_plan(engine, flight);
    /* Its outcome sets the next time. */
    key->probe_at_ms = engine_now(engine) + (asked ? PROBE_GUARD_ASKED_MS : PROBE_GUARD_MS);
    return ERR_OK;
}

int64_t schedule_next_probe(struct engine *engine, const struct vault_key *key)
{
    if (!key->probe_every_ms)
        return 0;
    /* Spread by a twentieth, so that keys added together part over time. */
    int64_t spread = backoff_ms(engine, 1, key->probe_every_ms / 10, key->probe_every_ms / 10);
    return engine_now(engine) + key->probe_every_ms - spread / 2;
}

static enum err_code probe_when_due(struct engine *engine, struct subject *subject, struct err *err)
{
    struct vault_key *key = &subject->key;
    int64_t now = engine_now(engine);
    if (!key->probe_at_ms || key->probe_at_ms > now || !calendar_probes(engine, key))
        return ERR_OK;
    /* One that is still in flight, or cannot be asked, is looked at again as late. */
    key->probe_at_ms = flight_of_job(engine, key->row.id) ? now + PROBE_GUARD_MS : schedule_next_probe(engine, key);
    return schedule_probe(engine, subject, false, err);
}

static enum err_code step_key(struct engine *engine, void *argument, struct err *err)
{
    const uint8_t *id = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, id, &subject, err));
    struct vault_key *key = &subject.key;
    int64_t now = engine_now(engine);
    TRY(probe_when_due(engine, &subject, err));
    if (key->rotate_at_ms && key->rotate_at_ms <= now) {
        bool opens = false;
        if (key->rotation_state)
            key->rotate_at_ms = 0; /* the open one sets the next time when it ends */
        else
            TRY(calendar_opens(engine, key, &opens, err));
        if (opens)
            return rotation_open(engine, &subject, "schedule", ROTATION_ON_DUE, NULL, err);
    }
    return subject_save(engine, &subject, err);
}

static enum err_code step_rotation(struct engine *engine, void *argument, struct err *err)
{
    struct rotation_input input = {.event = ROTATION_ON_TIME, .who = "engine", .retry_after_ms = -1};
    return rotation_step(engine, argument, &input, NULL, err);
}

/* What is requested and has a due time waits to be the last of its incident. */
static enum err_code step_last(struct engine *engine, struct vault_revocation *revocation, struct err *err)
{
    bool needed = false;
    TRY(credential_is_needed(engine, revocation, &needed, err));
    if (needed) {
        revocation->row.due_at_ms = engine_now(engine) + LAST_LOOKS_MS;
        return vault_update(engine->vault, VAULT_REVOCATION, &revocation->row, err);
    }
    struct revocation_input input = {.event = REVOCATION_ON_START, .who = "engine", .retry_after_ms = -1};
    return revocation_step(engine, revocation->row.id, &input, err);
}

static enum err_code step_revocation(struct engine *engine, void *argument, struct err *err)
{
    struct vault_revocation revocation = {0};
    TRY(vault_get(engine->session, VAULT_REVOCATION, argument, &revocation.row, err));
    if (revocation.state == REVOCATION_REQUESTED)
        return step_last(engine, &revocation, err);
    struct revocation_input input = {
        .event = REVOCATION_ON_TIME, .who = "engine", .retry_after_ms = -1};
    return revocation_step(engine, argument, &input, err);
}

/* A step that failed is not tried again at once: that would be a busy loop. */
struct put_off {
    enum vault_kind kind;
    const uint8_t *id;
};

static enum err_code step_put_off(struct engine *engine, void *argument, struct err *err)
{
    const struct put_off *put_off = argument;
    union {
        struct vault_row row;
        struct vault_key key;
        struct vault_rotation rotation;
        struct vault_revocation revocation;
        struct vault_notice notice;
        struct vault_label label;
    } record = {0};
    TRY(vault_get(engine->session, put_off->kind, put_off->id, &record.row, err));
    record.row.due_at_ms = engine_now(engine) + PUT_OFF_MS;
    enum err_code code = vault_update(engine->vault, put_off->kind, &record.row, err);
    vault_record_release(put_off->kind, &record.row);
    return code;
}

static void run_one(struct engine *engine, enum vault_kind kind, uint8_t *id)
{
    static call_function *const steps[] = {
        [VAULT_KEY] = step_key, [VAULT_ROTATION] = step_rotation, [VAULT_REVOCATION] = step_revocation,
        [VAULT_NOTICE] = notice_step,
        [VAULT_LABEL] = label_step};
    struct err err = {0};
    if (engine_step(engine, steps[kind], id, &err) == ERR_OK)
        return;
    log_error("engine", "%s; it is tried again in 30 s", err.message);
    struct put_off put_off = {.kind = kind, .id = id};
    if (engine_step(engine, step_put_off, &put_off, &err) != ERR_OK)
        log_error("engine", "%s", err.message);
}

static size_t run_kind(struct engine *engine, enum vault_kind kind)
{
    uint8_t ids[DUE_PER_TURN][VAULT_ID_BYTES];
    struct due_list list = {.ids = ids, .capacity = DUE_PER_TURN};
    struct collect collect = {.engine = engine, .list = &list, .kind = kind};
    struct err err = {0};
    if (vault_due(engine->session, kind, engine_now(engine), 2 * DUE_PER_TURN, collect_due, &collect, &err) != ERR_OK)
        log_error("engine", "%s", err.message);
    for (size_t i = 0; i < list.count; i++)
        run_one(engine, kind, ids[i]);
    return list.count;
}

size_t schedule_run(struct engine *engine)
{
    static const enum vault_kind order[] = {VAULT_REVOCATION, VAULT_ROTATION, VAULT_KEY, VAULT_NOTICE, VAULT_LABEL};
    size_t steps = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        steps += run_kind(engine, order[i]);
    return steps;
}

static enum err_code recover_kind(struct engine *engine, enum vault_kind kind, struct err *err)
{
    struct due_list list = {.capacity = RECOVER_MOST};
    list.ids = calloc(RECOVER_MOST, sizeof *list.ids);
    struct collect collect = {.engine = engine, .list = &list, .only_intents = true, .kind = kind};
    enum err_code code = err_set(err, ERR_MEMORY, "out of memory");
    if (list.ids)
        code = vault_due(engine->session, kind, INT64_MAX, SIZE_MAX, collect_due, &collect, err);
    if (kind == VAULT_ROTATION)
        engine->open_rotations = collect.open; /* one that is open is due at some time */
    if (code == ERR_OK && list.count)
        log_info("engine", "%zu %s were under way when the agent ended; they go on", list.count,
                 kind == VAULT_ROTATION ? "rotations" : "revocations");
    for (size_t i = 0; code == ERR_OK && i < list.count; i++)
        run_one(engine, kind, list.ids[i]);
    free(list.ids);
    return code;
}

enum err_code schedule_recover(struct engine *engine, struct err *err)
{
    engine->credential_refused = true; /* not known: looked for when a credential changes */
    TRY(recover_kind(engine, VAULT_REVOCATION, err));
    return recover_kind(engine, VAULT_ROTATION, err);
}
