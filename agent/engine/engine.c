/* The loop. A turn:
 *
 *   1. let HTTP and the workers move; their answers join flights.ended
 *   2. calls that run outside a group (init, unlock, lock)
 *   3. start flights that waited for those that ended; one group (group.c)
 *   4. start the flights that the group planned; anchor the log now and then */
#include "calls.h"
#include "checks.h"
#include "engine_private.h"
#include "flights.h"
#include "follow_ups.h"
#include "group.h"
#include "launch.h"
#include "notices.h"
#include "opening.h"
#include "places.h"
#include "reconcile.h"
#include "traces.h"

#include "base/log.h"
#include "base/memory.h"
#include "notify/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ARENA_BYTES = 2 * 1024 * 1024,
    ANCHOR_EVERY_MS = 1000,
    WAIT_MOST_MS = 60 * 1000,
    DRAIN_MS = 10 * 1000,
    PROGRAMS_MS = 50 * 1000,
};

/* --- Construction ------------------------------------------------------------------- */

static void wake(void *context)
{
    struct engine *engine = context;
    http_wake(engine->http);
}

static enum err_code build(struct engine *engine, struct err *err)
{
    engine->arena = secret_arena_new(ARENA_BYTES);
    if (!engine->arena)
        return err_set(err, ERR_MEMORY, "no %d KiB of memory could be locked for secrets; raise LimitMEMLOCK= "
                       "of the service, or ulimit -l", ARENA_BYTES / 1024);
    vault_writer_arena(engine->vault, engine->arena);
    /* How many requests go to a host is for its definition to say; a lower bound here would only hold them up. */
    struct http_options http = {.user_agent = "keyturn/" KEYTURN_VERSION,
                                .connections_per_host = engine->options.parallel};
    TRY(http_client_new(&http, engine->options.clock, engine->arena, &engine->http, err));
    TRY(work_pool_new(engine->options.workers, wake, engine, &engine->work, err));
    bool programs = false;
    for (size_t i = 0; i < engine->options.channel_count; i++)
        programs = programs || notify_channel_is_program(engine->options.channels[i]);
    if (programs) {
        TRY(work_pool_new(1, wake, engine, &engine->notify_work, err));
        engine->notify_stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (engine->notify_stop_fd < 0)
            return err_set_errno(err, errno, "no descriptor to end programs of channels by");
    }
    engine->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->stop_fd < 0)
        return err_set_errno(err, errno, "no descriptor to end programs by");
    engine->runner = (struct action_runner){.http = engine->http,
                                            .stop_fd = engine->stop_fd,
                                            .work = engine->work,
                                            .arena = engine->arena,
                                            .clock = engine->options.clock,
                                            .ca_file = engine->options.ca_file};
    engine->traced_runner = engine->runner;
    engine->traced_runner.trace = trace_take;
    TRY(reconciliation_new(engine, err));
    return flights_init(engine, err);
}

enum err_code engine_new(const struct engine_options *options, struct engine **ret_engine, struct err *err)
{
    OWN(engine_free) struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return err_set(err, ERR_MEMORY, "out of memory");
    engine->options = *options;
    if (!engine->options.workers)
        engine->options.workers = 4;
    if (!engine->options.parallel)
        engine->options.parallel = 256;
    if (!engine->options.open_rotations)
        engine->options.open_rotations = LIMIT_OPEN_ROTATIONS;
    if (!engine->options.drain_ms)
        engine->options.drain_ms = DRAIN_MS;
    if (!engine->options.programs_ms)
        engine->options.programs_ms = PROGRAMS_MS;
    if (!engine->options.remind_ms)
        engine->options.remind_ms = 60 * 60 * 1000;
    engine->vault = options->vault;
    engine->session = vault_writer(options->vault);
    calls_init(&engine->calls);
    checks_init(&engine->checks);
    places_init(&engine->places);
    TRY(build(engine, err));
    *ret_engine = GIVE(engine);
    return ERR_OK;
}

/* Programs may take an hour. Whoever ends the agent does not wait so long (systemd: TimeoutStopSec), and would kill
 * them without a word; so they are asked to end before. What they were doing is done again at the next start. */
static void end_programs(struct engine *engine)
{
    if (work_pool_stop(engine->work, engine->options.programs_ms))
        return;
    log_warning("engine", "what still runs is asked to end, for the agent ends; it is done again at the next start");
    (void)eventfd_write(engine->stop_fd, 1);
}

struct engine *engine_free(struct engine *engine)
{
    if (!engine)
        return NULL;
    /* The clients end their requests first: each calls its flight's done. */
    if (engine->work)
        end_programs(engine);
    work_pool_free(engine->work);
    work_pool_free(engine->notify_work);
    if (engine->notify_stop_fd > 0)
        (void)close(engine->notify_stop_fd);
    if (engine->stop_fd > 0)
        (void)close(engine->stop_fd);
    http_client_free(engine->http);
    if (engine->flights.loads)
        flights_release(engine);
    traces_release(engine);
    reconciliation_free(engine->reconciliation);
    vault_writer_arena(engine->vault, NULL);
    secret_arena_free(engine->arena);
    calls_release(&engine->calls);
    checks_release(&engine->checks);
    places_release(&engine->places);
    follow_ups_release(&engine->follow_ups);
    free(engine);
    return NULL;
}

struct vault *engine_vault(struct engine *engine)
{
    return engine->vault;
}

const struct provider_set *engine_providers(struct engine *engine)
{
    return engine->options.providers;
}

const struct delivery_sinks *engine_sinks(struct engine *engine)
{
    return engine->options.sinks;
}

const struct engine_environment *engine_environment_at(struct engine *engine, size_t index)
{
    return index < engine->options.environment_count ? &engine->options.environments[index] : NULL;
}

void engine_stop(struct engine *engine)
{
    atomic_store(&engine->stop, true);
    http_wake(engine->http);
}

void engine_figures(struct engine *engine, struct engine_figures *ret_figures)
{
    /* Before what was started: more never ended than began. */
    uint64_t ended = atomic_load(&engine->figures.effects_ended);
    *ret_figures = (struct engine_figures){
        .turns = atomic_load(&engine->figures.turns),
        .commits = atomic_load(&engine->figures.commits),
        .commit_failures = atomic_load(&engine->figures.commit_failures),
        .effects_started = atomic_load(&engine->figures.effects_started),
        .effects_ended = ended,
        .calls = atomic_load(&engine->figures.calls),
        .rotations_done = atomic_load(&engine->figures.rotations_done),
        .rotations_failed = atomic_load(&engine->figures.rotations_failed),
        .revocations_done = atomic_load(&engine->figures.revocations_done),
    };
    ret_figures->in_flight = ret_figures->effects_started - ended;
}

/* --- The turn ----------------------------------------------------------------------------- */

/* Calls outside a group. A lock waits until every answer under way is recorded (S3), but not for
 * notices; no effect starts meanwhile. What is left of the list goes into the group. */
static struct call *run_exclusive(struct engine *engine, struct call *list)
{
    struct call *rest = NULL, **rest_end = &rest;
    while (list) {
        struct call *call = list;
        list = call->next;
        call->next = NULL;
        if (!call->exclusive) {
            *rest_end = call;
            rest_end = &call->next;
        } else if (call->function == opening_lock && engine_is_unlocked(engine) && !engine->lock_call) {
            engine->lock_call = call;
            notice_drop_all(engine);
        } else {
            call->code = call->function(engine, call->argument, call->err);
            calls_answer(&engine->calls, call);
        }
    }
    return rest;
}

static void finish_lock(struct engine *engine)
{
    struct call *call = engine->lock_call;
    if (!call || engine->flights.running > engine->flights.outliving || engine->flights.ended.count)
        return;
    engine->lock_call = NULL;
    call->code = call->function(engine, call->argument, call->err);
    calls_answer(&engine->calls, call);
}

static void refuse_calls(struct engine *engine, struct call *list, enum vault_state state)
{
    for (struct call *call = list; call; call = call->next)
        call->code = state == VAULT_ABSENT
                         ? err_set(call->err, ERR_NOT_FOUND, "there is no vault yet. Make one: keyturn init")
                         : err_set(call->err, ERR_LOCKED, "the vault is locked. Open it: keyturn unlock");
    calls_answer(&engine->calls, list);
}

static bool is_due(struct engine *engine)
{
    return engine->next_due_ms && engine->next_due_ms <= engine_now(engine);
}

/* After a whole second without a commit, once. What thousands of rotations took is not kept for the next. */
static void rest_when_quiet(struct engine *engine)
{
    uint64_t commits = atomic_load(&engine->figures.commits);
    bool quiet = commits == engine->anchored_commits && !engine->flights.running;
    engine->anchored_commits = commits;
    if (quiet && !engine->rested) {
        vault_rest(engine->vault);
        secret_arena_rest(engine->arena);
        memory_trim();
    }
    engine->rested = quiet;
}

static void anchor(struct engine *engine, int64_t now)
{
    struct err err = {0};
    if (engine->anchor_at_ms > now)
        return;
    engine->anchor_at_ms = now + ANCHOR_EVERY_MS;
    if (vault_anchor(engine->vault, &err) != ERR_OK)
        log_error("engine", "the audit log could not be anchored: %s", err.message);
    rest_when_quiet(engine);
}

static bool group_is_due(struct engine *engine, int64_t now)
{
    if (engine->commit_retry_ms > now)
        return false;
    return flight_record_ms(engine) <= now || engine->checks.untold || is_due(engine) ||
           (!engine->lock_call && reconciliation_wait_ms(engine) <= 0);
}

static void run_unlocked(struct engine *engine, struct call *calls)
{
    int64_t now = clock_monotonic_ms(engine->options.clock);
    group_retry_kept(engine);
    /* The intents of what waits were committed before: it is under way while the commit is waited for. */
    bool started = !engine->lock_call && flight_start_allowed(engine) > 0;
    if (calls || group_is_due(engine, now)) {
        if (started)
            http_perform(engine->http);
        group_run(engine, calls);
        if (!engine->lock_call)
            (void)flight_start_allowed(engine);
    }
    anchor(engine, now);
}

static int64_t soonest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t wait_ms(struct engine *engine)
{
    int64_t mono = clock_monotonic_ms(engine->options.clock);
    int64_t wait = soonest(WAIT_MOST_MS, checks_wait_ms(engine));
    wait = wait > 0 ? wait : 0;
    if (!engine_is_unlocked(engine))
        return wait;
    wait = soonest(wait, engine->anchor_at_ms - mono);
    if (engine->commit_retry_ms > mono)
        return soonest(wait, engine->commit_retry_ms - mono);
    wait = soonest(wait, flight_record_ms(engine) - mono);
    if (engine->next_due_ms && !engine->lock_call)
        wait = soonest(wait, engine->next_due_ms - engine_now(engine));
    if (!engine->lock_call)
        wait = soonest(wait, reconciliation_wait_ms(engine));
    if (engine->flights.kept.count)
        wait = soonest(wait, engine->flights.kept_until_ms - mono);
    wait = soonest(wait, flight_next_start_ms(engine) - mono);
    return wait > 0 ? wait : 0;
}

static void move(struct engine *engine)
{
    http_perform(engine->http);
    work_collect(engine->work);
    if (engine->notify_work)
        work_collect(engine->notify_work);
}

static void turn(struct engine *engine)
{
    atomic_fetch_add(&engine->figures.turns, 1);
    move(engine);
    checks_run_due(engine);
    struct call *calls = run_exclusive(engine, calls_take(&engine->calls));
    enum vault_state state = vault_state(engine->vault);
    if (state == VAULT_UNLOCKED)
        run_unlocked(engine, calls);
    else
        refuse_calls(engine, calls, state);
    finish_lock(engine);
}

/* Nothing new starts, and what is under way gets some time to end and be recorded: an issue that
 * is cut off would have to be looked for at the next start. */
static void drain(struct engine *engine)
{
    int64_t until = clock_monotonic_ms(engine->options.clock) + engine->options.drain_ms;
    for (;;) {
        move(engine);
        if (engine->flights.ended.count)
            group_run(engine, NULL);
        int64_t left = until - clock_monotonic_ms(engine->options.clock);
        if (!engine->flights.running || left <= 0)
            return;
        http_wait(engine->http, left < 100 ? left : 100);
    }
}

enum err_code engine_run(struct engine *engine, struct err *err)
{
    (void)err;
    while (!atomic_load(&engine->stop)) {
        turn(engine);
        http_wait(engine->http, wait_ms(engine));
    }
    notice_stop_all(engine);
    calls_close(engine);
    if (engine->lock_call)
        calls_answer(&engine->calls, engine->lock_call);
    if (engine_is_unlocked(engine)) {
        struct err anchor_err = {0};
        drain(engine);
        if (vault_anchor(engine->vault, &anchor_err) != ERR_OK)
            log_error("engine", "the audit log could not be anchored: %s", anchor_err.message);
        vault_lock(engine->vault, "engine");
    }
    return ERR_OK;
}
