/* Reconciliation: what each provider lists, held against the store. It runs in parts, one a turn of
 * the loop, so that a store of a million keys holds nothing up:
 *
 *   gather   the keys are looked through: which accounts are to be asked, with which credential
 *   list     each is asked for all that it holds, in pages
 *   compare  the keys are looked through again, each held against its account's list (compare.c)
 *
 * Nothing of it is kept but what comes of it: a run that a crash or a lock cut off is done anew.
 * An account that did not answer with all of its list proves nothing (S2). */
#include "reconcile.h"

#include "accounts.h"
#include "calls.h"
#include "compare.h"
#include "engine_private.h"
#include "flights.h"
#include "step.h"
#include "subject.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_PER_TURN = 200,
    FIRST_AFTER_MS = 10 * 60 * 1000, /* by itself, after unlocking */
    DAY_MS = 24 * 60 * 60 * 1000,
    ASKED_GUARD_MS = 10 * 60 * 1000, /* asked, and no answer came: asked again */
};

/* --- Its life ------------------------------------------------------------------------------- */

static int64_t every_ms(const struct engine *engine)
{
    return engine->options.reconcile_every_ms ? engine->options.reconcile_every_ms : DAY_MS;
}

enum err_code reconciliation_new(struct engine *engine, struct err *err)
{
    engine->reconciliation = calloc(1, sizeof *engine->reconciliation);
    if (!engine->reconciliation)
        return err_set(err, ERR_MEMORY, "out of memory");
    return ERR_OK;
}

void reconciliation_free(struct reconciliation *run)
{
    if (!run)
        return;
    reconcile_forget(run);
    free(run);
}

static void begin(struct engine *engine, const char *who, const struct provider *only, bool dry_run)
{
    struct reconciliation *run = engine->reconciliation;
    reconcile_forget(run);
    run->state = ENGINE_RECONCILIATION_RUNNING;
    run->phase = RECONCILE_GATHER;
    run->number++;
    run->dry_run = dry_run;
    run->only = only;
    run->started_at_ms = engine_now(engine);
    run->ended_at_ms = 0;
    run->begun = false;
    COPY_TEXT(run->who, who);
}

static void plan_next(struct engine *engine, int64_t after_ms)
{
    struct reconciliation *run = engine->reconciliation;
    int64_t every = every_ms(engine);
    run->next_ms = every < 0 ? 0 : clock_monotonic_ms(engine->options.clock) + (after_ms < every ? after_ms : every);
}

void reconciliation_restart(struct engine *engine)
{
    struct reconciliation *run = engine->reconciliation;
    if (run->state != ENGINE_RECONCILIATION_RUNNING)
        return;
    reconcile_forget(run);
    run->phase = RECONCILE_GATHER;
    run->begun = false;
}

void reconciliation_stop(struct engine *engine)
{
    struct reconciliation *run = engine->reconciliation;
    reconcile_forget(run);
    run->state = ENGINE_RECONCILIATION_NONE;
    run->next_ms = 0;
}

/* --- Gathering -------------------------------------------------------------------------------- */

/* The next keys, in the order of the store. */
struct slice {
    uint8_t ids[KEYS_PER_TURN][VAULT_ID_BYTES];
    size_t count;
    bool more;
    int64_t from; /* there the rest begins */
};

static int take_key(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct slice *slice = context;
    if (slice->count == KEYS_PER_TURN) {
        slice->more = true;
        slice->from = record->place;
        return VAULT_STOP;
    }
    memcpy(slice->ids[slice->count++], record->id, VAULT_ID_BYTES);
    return ERR_OK;
}

/* *ret_last: there are no more. */
static enum err_code next_keys(struct engine *engine, struct slice *slice, bool *ret_last, struct err *err)
{
    struct reconciliation *run = engine->reconciliation;
    const struct vault_span rest = {run->begun ? run->from : INT64_MIN, INT64_MAX, false};
    *slice = (struct slice){0};
    TRY(vault_scan(engine->session, VAULT_KEY, &rest, take_key, slice, err));
    *ret_last = !slice->more;
    run->begun = slice->more;
    run->from = slice->from;
    return ERR_OK;
}

static enum err_code gather(struct engine *engine, struct err *err)
{
    struct slice slice;
    bool last = false;
    TRY(next_keys(engine, &slice, &last, err));
    for (size_t i = 0; i < slice.count; i++) {
        OWN_SUBJECT struct subject subject = {0};
        TRY(subject_load(engine, slice.ids[i], &subject, err));
        TRY(reconcile_add_place(engine, &subject, err));
    }
    if (last) {
        engine->reconciliation->phase = RECONCILE_LIST;
        engine->reconciliation->begun = false;
    }
    return ERR_OK;
}

/* --- Listing ------------------------------------------------------------------------------------ */

static enum err_code ask(struct engine *engine, struct reconcile_place *place, struct err *err)
{
    const struct vault_key no_key = {0};
    struct flight *flight = flight_new(engine, FLIGHT_LIST, &no_key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(flight->job_id, place->job_id, VAULT_ID_BYTES);
    flight->attempt = ++place->attempt;
    flight->provider = place->provider;
    flight->place = place->place;
    COPY_TEXT(flight->credential, place->credential);
    COPY_TEXT(flight->key, provider_name(place->provider));
    place->asked_at_ms = engine_now(engine);
    flight_plan(engine, flight);
    return ERR_OK;
}

static bool must_ask(const struct engine *engine, const struct reconcile_place *place)
{
    return !place->answered && (!place->asked_at_ms || (engine_now(engine) - place->asked_at_ms > ASKED_GUARD_MS &&
                                                        !flight_of_job(engine, place->job_id)));
}

static enum err_code list(struct engine *engine, struct err *err)
{
    struct reconciliation *run = engine->reconciliation;
    bool all = true;
    for (size_t i = 0; i < run->place_count; i++) {
        if (must_ask(engine, &run->places[i]))
            TRY(ask(engine, &run->places[i], err));
        all = all && run->places[i].answered;
    }
    if (all)
        run->phase = RECONCILE_COMPARE;
    return ERR_OK;
}

enum err_code reconciliation_record(struct engine *engine, struct flight *flight, struct err *err)
{
    struct reconciliation *run = engine->reconciliation;
    struct reconcile_place *place = NULL;
    for (size_t i = 0; run->state == ENGINE_RECONCILIATION_RUNNING && i < run->place_count && !place; i++)
        if (id_equal(run->places[i].job_id, flight->job_id))
            place = &run->places[i];
    if (!place || place->answered || place->attempt != flight->attempt)
        return ERR_OK;
    place->answered = true;
    place->whole = flight->result.verdict == ACTION_LISTED && flight->result.list;
    COPY_TEXT(place->detail, place->whole ? "" : flight->result.detail);
    if (!place->whole)
        return ERR_OK;
    place->list = flight->result.list;
    flight->result.list = NULL;
    place->figures.listed = (uint32_t)place->list->count;
    return compare_index(place) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

/* --- Comparing ------------------------------------------------------------------------------------ */

static enum err_code compare_step(struct engine *engine, void *argument, struct err *err)
{
    return compare_key(engine, engine->reconciliation, argument, err);
}

static enum err_code end_step(struct engine *engine, void *argument, struct err *err)
{
    const struct reconcile_place *place = argument;
    const struct reconciliation *run = engine->reconciliation;
    const struct engine_reconciled *figures = &place->figures;
    char detail[400];
    if (place->whole)
        (void)snprintf(detail, sizeof detail, "%s, %s: %u listed, %u ours, %u condemned, %u not ours; %u missing%s",
                       provider_name(place->provider), place->place->name, figures->listed, figures->ours,
                       figures->condemned, figures->foreign, figures->missing, run->dry_run ? " (dry run)" : "");
    else
        (void)snprintf(detail, sizeof detail, "%s, %s: not compared: %s", provider_name(place->provider),
                       place->place->name, place->detail);
    log_write(place->whole ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "engine", "reconciled %s", detail);
    const struct audit_entry entry = {.who = run->who, .what = "reconcile", .detail = detail};
    return engine_audit(engine, NULL, entry, err);
}

static void count_place(struct reconcile_place *place)
{
    struct engine_reconciled *figures = &place->figures;
    uint32_t seen = 0;
    for (size_t i = 0; place->whole && i < place->list->count; i++)
        seen += place->seen[i] ? 1 : 0;
    figures->ours = seen > figures->condemned ? seen - figures->condemned : 0;
    figures->foreign = figures->listed - seen;
}

static void end(struct engine *engine)
{
    struct reconciliation *run = engine->reconciliation;
    for (size_t i = 0; i < run->place_count; i++) {
        struct err err = {0};
        count_place(&run->places[i]);
        if (engine_step(engine, end_step, &run->places[i], &err) != ERR_OK)
            log_error("engine", "%s", err.message);
        reconcile_forget_list(&run->places[i]);
    }
    run->state = ENGINE_RECONCILIATION_DONE;
    run->ended_at_ms = engine_now(engine);
    plan_next(engine, every_ms(engine));
}

static enum err_code compare(struct engine *engine, struct err *err)
{
    struct slice slice;
    bool last = false;
    TRY(next_keys(engine, &slice, &last, err));
    for (size_t i = 0; i < slice.count; i++) {
        struct err problem = {0};
        if (engine_step(engine, compare_step, slice.ids[i], &problem) != ERR_OK)
            log_error("engine", "a key could not be compared: %s", problem.message);
    }
    if (last)
        end(engine);
    return ERR_OK;
}

/* --- Its turns ------------------------------------------------------------------------------------- */

static bool is_due(const struct engine *engine)
{
    return reconciliation_wait_ms(engine) <= 0;
}

void reconciliation_turn(struct engine *engine)
{
    static enum err_code (*const parts[])(struct engine *, struct err *) = {
        [RECONCILE_GATHER] = gather, [RECONCILE_LIST] = list, [RECONCILE_COMPARE] = compare};
    struct reconciliation *run = engine->reconciliation;
    struct err err = {0};
    if (!is_due(engine))
        return;
    if (run->state != ENGINE_RECONCILIATION_RUNNING) {
        if (!run->next_ms)
            plan_next(engine, FIRST_AFTER_MS);
        else
            begin(engine, "schedule", NULL, false);
        return;
    }
    if (parts[run->phase](engine, &err) == ERR_OK)
        return;
    log_error("engine", "the reconciliation is given up: %s", err.message);
    reconciliation_stop(engine);
    plan_next(engine, every_ms(engine));
}

static int64_t list_wait_ms(const struct engine *engine, const struct reconciliation *run)
{
    bool waits = false;
    for (size_t i = 0; i < run->place_count; i++) {
        if (must_ask(engine, &run->places[i]))
            return 0;
        waits = waits || !run->places[i].answered;
    }
    return waits ? ASKED_GUARD_MS : 0;
}

int64_t reconciliation_wait_ms(const struct engine *engine)
{
    const struct reconciliation *run = engine->reconciliation;
    if (run->state == ENGINE_RECONCILIATION_RUNNING)
        return run->phase == RECONCILE_LIST ? list_wait_ms(engine, run) : 0;
    if (every_ms(engine) < 0)
        return INT64_MAX;
    return run->next_ms ? run->next_ms - clock_monotonic_ms(engine->options.clock) : 0;
}

/* --- From other threads ------------------------------------------------------------------------------ */

struct wish {
    const char *who;
    const char *provider;
    bool dry_run;
};

static enum err_code do_reconcile(struct engine *engine, void *argument, struct err *err)
{
    const struct wish *wish = argument;
    const struct provider *only = wish->provider ? provider_set_find(engine->options.providers, wish->provider) : NULL;
    if (wish->provider && !only)
        return err_set(err, ERR_NOT_FOUND, "there is no provider %s. See keyturn providers", wish->provider);
    if (only && !provider_can(only, PROVIDER_LIST))
        return err_set(err, ERR_STATE, "%s cannot list: its definition has no action list", wish->provider);
    if (engine->reconciliation->state == ENGINE_RECONCILIATION_RUNNING)
        return err_set(err, ERR_STATE, "a reconciliation runs already. See keyturn reconcile when it has ended");
    begin(engine, wish->who, only, wish->dry_run);
    return ERR_OK;
}

enum err_code engine_reconcile(struct engine *engine, const char *who, const char *provider, bool dry_run,
                               struct err *err)
{
    struct wish wish = {.who = who, .provider = provider, .dry_run = dry_run};
    return engine_call(engine, do_reconcile, &wish, false, err);
}

static void report_place(const struct reconcile_place *place, struct engine_reconciled_place *report)
{
    *report = (struct engine_reconciled_place){
        .answered = place->answered, .whole = place->whole, .figures = place->figures};
    COPY_TEXT(report->provider, provider_name(place->provider));
    COPY_TEXT(report->environment, place->place->name);
    COPY_TEXT(report->credential, place->credential);
    COPY_TEXT(report->detail, place->detail);
}

static enum err_code do_report(struct engine *engine, void *argument, struct err *err)
{
    struct engine_reconciliation *latest = argument;
    const struct reconciliation *run = engine->reconciliation;
    *latest = (struct engine_reconciliation){.number = run->number,
                                             .state = run->state,
                                             .dry_run = run->dry_run,
                                             .started_at_ms = run->started_at_ms,
                                             .ended_at_ms = run->ended_at_ms};
    COPY_TEXT(latest->who, run->who);
    latest->places = calloc(run->place_count + 1, sizeof *latest->places);
    latest->findings = calloc(run->finding_count + 1, sizeof *latest->findings);
    if (!latest->places || !latest->findings)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (; latest->place_count < run->place_count; latest->place_count++)
        report_place(&run->places[latest->place_count], &latest->places[latest->place_count]);
    for (; latest->finding_count < run->finding_count; latest->finding_count++)
        latest->findings[latest->finding_count] = run->findings[latest->finding_count];
    return ERR_OK;
}

void engine_reconciliation_release(struct engine_reconciliation *reconciliation)
{
    free(reconciliation->places);
    free(reconciliation->findings);
    *reconciliation = (struct engine_reconciliation){0};
}

enum err_code engine_reconciliation(struct engine *engine, struct engine_reconciliation *ret_latest, struct err *err)
{
    enum err_code code = engine_call(engine, do_report, ret_latest, false, err);
    if (code != ERR_OK)
        engine_reconciliation_release(ret_latest);
    return code;
}
