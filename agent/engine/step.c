/* A step of the group, with what it causes in other jobs: all of it is done, or none of it happened. What it planned is
 * taken back with it.
 *
 * Here the parts know each other in a circle: a rotation's step condemns a version, which is a step of a revocation,
 * which tells its rotation. */
#include "step.h"

#include "calls.h"
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "revoke.h"
#include "rotate.h"

#include "rotation/revocation.h"
#include "rotation/rotation.h"

static enum err_code follow(struct engine *engine, const struct follow_up *follow_up, struct err *err)
{
    if (follow_up->revocation) {
        struct revocation_input input = {.event = (enum revocation_event)follow_up->event,
                                         .who = follow_up->who,
                                         .incident = follow_up->incident,
                                         .retry_after_ms = -1};
        return revocation_step(engine, follow_up->id, &input, err);
    }
    struct rotation_input input = {.event = (enum rotation_event)follow_up->event,
                                   .who = follow_up->who,
                                   .incident = follow_up->incident,
                                   .retry_after_ms = -1};
    enum err_code code = rotation_step(engine, follow_up->id, &input, NULL, err);
    /* A rotation that has ended or moved on meanwhile has no use for the news, nor for the time. */
    bool may_be_late = follow_up->event == ROTATION_ON_OLD_DEAD || follow_up->event == ROTATION_ON_TIME ||
                       follow_up->event == ROTATION_ON_ROLL_BACK;
    return code == ERR_STATE && may_be_late ? ERR_OK : code;
}

enum err_code follow_up_run(struct engine *engine, struct err *err)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    while (follow_ups->first < follow_ups->end) {
        struct follow_up next = follow_ups->items[follow_ups->first++];
        if (follow_ups->first == follow_ups->end)
            follow_ups->first = follow_ups->end = 0;
        TRY(follow(engine, &next, err));
    }
    return follow_ups->lost ? err_set(err, ERR_MEMORY, "out of memory for what a step leads to") : ERR_OK;
}

enum err_code engine_step(struct engine *engine, call_function *function, void *argument, struct err *err)
{
    size_t mark = flight_mark(engine);
    size_t open_rotations = engine->open_rotations;
    follow_ups_clear(&engine->follow_ups);
    TRY(vault_step_begin(engine->vault, err));
    enum err_code code = function(engine, argument, err);
    if (code == ERR_OK)
        code = follow_up_run(engine, err);
    if (code == ERR_OK)
        code = vault_step_end(engine->vault, err);
    if (code == ERR_OK)
        return ERR_OK;
    vault_step_undo(engine->vault);
    flight_drop_planned(engine, mark);
    engine->open_rotations = open_rotations;
    follow_ups_clear(&engine->follow_ups);
    return code;
}
