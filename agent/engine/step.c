/* A step of the group. What it planned and what it causes in other jobs is taken back with it. */
#include "step.h"

#include "calls.h"
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"

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
