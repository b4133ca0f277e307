/* A group: the outcomes, calls and due work of a turn, each a step, and their one commit.
 *
 * Only after the commit are the flights queued that the group planned, and the calls answered. When it
 * fails nothing of the group happened: its calls get the error, its flights are dropped, and its outcomes
 * stay where they are and are recorded by a later group. */
#include "group.h"

#include "calls.h"
#include "checks.h"
#include "engine_private.h"
#include "flights.h"
#include "outcomes.h"
#include "reconcile.h"
#include "schedule.h"
#include "step.h"

#include "base/fault.h"
#include "base/log.h"

enum {
    OUTCOMES_PER_GROUP = 512,
    COMMIT_RETRY_BASE_MS = 100,
    COMMIT_RETRY_MOST_MS = 5000,
    KEPT_RETRY_MS = 5 * 1000,
};

/* --- Outcomes --------------------------------------------------------------------------------- */

static enum err_code step_outcome(struct engine *engine, void *argument, struct err *err)
{
    return outcome_record(engine, argument, err);
}

static enum err_code step_stray(struct engine *engine, void *argument, struct err *err)
{
    return outcome_record_stray(engine, argument, err);
}

/* A key must not be lost with an answer that its rotation refuses (S3): then it is
 * sealed as a stray, and if that fails, too, it is kept and tried again. */
static void record_outcome(struct engine *engine, struct flight *flight)
{
    struct err err = {0};
    enum err_code code = engine_step(engine, step_outcome, flight, &err);
    if (code == ERR_OK)
        return;
    log_error("engine", "%s: an answer could not be recorded: %s", flight->key, err.message);
    if (!flight_holds_key(flight) || code == ERR_EXISTS)
        return;
    code = engine_step(engine, step_stray, flight, &err);
    flight->keep = code != ERR_OK && code != ERR_NOT_FOUND && code != ERR_EXISTS;
    if (flight->keep)
        log_error("engine", "%s: its new key is not sealed yet: %s; tried again in 5 s", flight->key, err.message);
}

/* Record outcomes; they stay in ended until the commit, in case it fails. */
static size_t record_outcomes(struct engine *engine)
{
    size_t recorded = 0;
    engine->flights.pressing = false;
    for (struct flight *flight = engine->flights.ended.first; flight && recorded < OUTCOMES_PER_GROUP;
         flight = flight->next, recorded++)
        record_outcome(engine, flight);
    return recorded;
}

static void forget_outcomes(struct engine *engine, size_t count)
{
    while (count-- > 0) {
        struct flight *flight = flight_list_take(&engine->flights.ended);
        if (!flight->keep) {
            flight_free(flight);
            continue;
        }
        flight_list_add(&engine->flights.kept, flight);
        engine->flights.kept_until_ms = clock_monotonic_ms(engine->options.clock) + KEPT_RETRY_MS;
    }
}

void group_retry_kept(struct engine *engine)
{
    struct flights *flights = &engine->flights;
    if (!flights->kept.count || flights->kept_until_ms > clock_monotonic_ms(engine->options.clock))
        return;
    struct flight *flight;
    while ((flight = flight_list_take(&flights->kept))) {
        flight->keep = false;
        flight_list_add(&flights->ended, flight);
    }
}

/* --- Calls ------------------------------------------------------------------------------------ */

static void run_calls(struct engine *engine, struct call *list)
{
    for (struct call *call = list; call; call = call->next) {
        call->code = engine_step(engine, call->function, call->argument, call->err);
        atomic_fetch_add(&engine->figures.calls, 1);
    }
}

static void fail_calls(struct call *list, const struct err *err)
{
    for (struct call *call = list; call; call = call->next)
        if (call->code == ERR_OK)
            call->code = err_set(call->err, err->code, "nothing was changed: %s", err->message);
}

/* --- The commit ------------------------------------------------------------------------------- */

static void commit_failed(struct engine *engine, const struct err *err)
{
    atomic_fetch_add(&engine->figures.commit_failures, 1);
    int64_t delay = COMMIT_RETRY_BASE_MS << (engine->commit_failures_in_row < 6 ? engine->commit_failures_in_row : 6);
    if (delay > COMMIT_RETRY_MOST_MS)
        delay = COMMIT_RETRY_MOST_MS;
    if (engine->commit_failures_in_row++ == 0)
        log_error("engine", "the store cannot be written: %s. Work waits until it can", err->message);
    engine->commit_retry_ms = clock_monotonic_ms(engine->options.clock) + delay;
}

static void commit_works(struct engine *engine)
{
    if (engine->commit_failures_in_row)
        log_info("engine", "the store can be written again, after %u attempts; work goes on",
                 engine->commit_failures_in_row);
    engine->commit_failures_in_row = 0;
    engine->commit_retry_ms = 0;
}

/* The next due time is read while the transaction is open, which spares one for each table. */
static enum err_code group_commit(struct engine *engine, struct err *err)
{
    int64_t next_due_ms = engine->next_due_ms;
    enum err_code code = ERR_OK;
    FAULT_POINT("engine.commit.before");
    if (vault_changed(engine->vault)) {
        code = vault_next_due(engine->session, &next_due_ms, err);
        if (code == ERR_OK)
            code = vault_commit(engine->vault, err);
    }
    vault_rollback(engine->vault); /* what was not committed */
    if (code == ERR_OK)
        engine->next_due_ms = next_due_ms;
    FAULT_POINT("engine.commit.after");
    return code;
}

void group_run(struct engine *engine, struct call *calls)
{
    struct err err = {0};
    enum err_code code = vault_begin(engine->vault, &err);
    size_t open_rotations = engine->open_rotations;
    size_t recorded = 0;
    bool told = false;
    if (code == ERR_OK) {
        recorded = record_outcomes(engine);
        run_calls(engine, calls);
        told = checks_tell(engine);
        if (!engine->lock_call && !atomic_load(&engine->stop)) {
            schedule_run(engine);
            reconciliation_turn(engine);
        }
        code = group_commit(engine, &err);
    }
    if (code == ERR_OK) {
        commit_works(engine);
        atomic_fetch_add(&engine->figures.commits, 1);
        engine->checks.untold = engine->checks.untold && !told;
        forget_outcomes(engine, recorded);
        flight_queue_planned(engine);
    } else {
        flight_drop_planned(engine, 0);
        engine->open_rotations = open_rotations;
        reconciliation_restart(engine);
        fail_calls(calls, &err);
        commit_failed(engine, &err);
    }
    calls_answer(&engine->calls, calls);
}
