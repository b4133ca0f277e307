/* A second after each unlocking the store's file, each row and the whole audit log are looked at, on a worker, for
 * that may take seconds; unlocking itself looks at what it needs and at the log's last megabyte. The second is for
 * whoever unlocks to get what he wants: the checks would take a processor from him. When he locks again
 * meanwhile the file is looked at all the same, which needs no key.
 *
 * A store that is not whole locks the vault: nothing in it can be relied on (S8). A log that does not
 * hold is an alarm (S9): what it says was done cannot be undone by locking, and an emergency must still
 * be possible. */
#include "checks.h"

#include "engine_private.h"
#include "notices.h"
#include "places.h"
#include "step.h"

#include "base/fault.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { CHECKS_AFTER_MS = 1000 };

void checks_init(struct checks *checks)
{
    (void)pthread_mutex_init(&checks->mutex, NULL);
}

void checks_release(struct checks *checks)
{
    (void)pthread_mutex_destroy(&checks->mutex);
}

static void run(void *context)
{
    struct engine *engine = context;
    struct checks *checks = &engine->checks;
    uint64_t entries = 0;
    FAULT_POINT("engine.file_check");
    checks->store_code = vault_check_file(engine->vault, &checks->store_err);
    if (checks->store_code == ERR_OK)
        checks->store_code = vault_check_rows(engine->vault, &checks->store_err);
    checks->log_code = vault_audit_verify(engine->vault, &entries, &checks->log_err);
}

/* Locked before its end, it says nothing of the rows. */
static void judge_store(struct engine *engine)
{
    const struct checks *checks = &engine->checks;
    if (checks->store_code == ERR_OK || checks->store_code == ERR_LOCKED)
        return;
    log_error("engine", "the store: %s", checks->store_err.message);
    if (checks->store_code != ERR_TAMPERED || !engine_is_unlocked(engine))
        return;
    log_error("engine", "the vault is locked until somebody has looked at it");
    vault_lock(engine->vault, "engine");
}

/* Locked before its end, it says nothing. */
static void judge_log(struct checks *checks)
{
    char problem[ERR_MESSAGE_BYTES] = "";
    if (checks->log_code == ERR_LOCKED)
        return;
    if (checks->log_code != ERR_OK) {
        COPY_TEXT(problem, checks->log_err.message);
        log_error("engine", "%s", problem);
    }
    (void)pthread_mutex_lock(&checks->mutex);
    checks->untold = problem[0] && strcmp(problem, checks->problem) != 0;
    COPY_TEXT(checks->problem, problem);
    (void)pthread_mutex_unlock(&checks->mutex);
}

static void done(void *context, bool cancelled)
{
    struct engine *engine = context;
    engine->checks.running = false;
    if (cancelled)
        return;
    judge_store(engine);
    judge_log(&engine->checks);
}

void checks_plan(struct engine *engine)
{
    engine->checks.due_ms = clock_monotonic_ms(engine->options.clock) + CHECKS_AFTER_MS;
}

int64_t checks_wait_ms(struct engine *engine)
{
    const struct checks *checks = &engine->checks;
    if (!checks->due_ms || checks->running)
        return INT64_MAX;
    return checks->due_ms - clock_monotonic_ms(engine->options.clock);
}

void checks_run_due(struct engine *engine)
{
    struct err err = {0};
    struct work_job job = {.run = run, .done = done, .context = engine};
    if (checks_wait_ms(engine) > 0)
        return;
    engine->checks.due_ms = 0;
    places_look(engine); /* not with the checks: a dead mount would hold them up */
    engine->checks.running = true;
    if (work_submit(engine->work, &job, false, &err) != ERR_OK) {
        engine->checks.running = false;
        log_error("engine", "the store's file and the audit log are not checked: %s", err.message);
    }
}

void engine_log_problem(struct engine *engine, size_t size, char *ret_problem)
{
    struct checks *checks = &engine->checks;
    (void)pthread_mutex_lock(&checks->mutex);
    text_copy(ret_problem, size, checks->problem);
    (void)pthread_mutex_unlock(&checks->mutex);
}

/* --- Telling ---------------------------------------------------------------- */

static enum err_code tell(struct engine *engine, void *argument, struct err *err)
{
    static const uint8_t no_subject[VAULT_ID_BYTES];
    char summary[ERR_MESSAGE_BYTES + 64];
    (void)argument;
    (void)snprintf(summary, sizeof summary, "%s. Look: keyturn audit --verify", engine->checks.problem);
    const struct notice notice = {.about = VAULT_ABOUT_ALARM, .subject_id = no_subject, .summary = summary};
    return notice_add(engine, &notice, err);
}

bool checks_tell(struct engine *engine)
{
    struct err err = {0};
    if (!engine->checks.untold)
        return false;
    if (engine_step(engine, tell, NULL, &err) == ERR_OK)
        return true;
    log_error("engine", "nobody could be told of the audit log: %s", err.message);
    return false;
}
