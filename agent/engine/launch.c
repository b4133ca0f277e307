/* Starting what waits, as each provider's limits allow, and what its answer leaves in the flight. */
#include "launch.h"

#include "engine_private.h"
#include "flight_secrets.h"
#include "flights.h"
#include "notices.h"
#include "places.h"
#include "traces.h"

#include "base/fault.h"
#include "base/log.h"
#include "delivery/delivery.h"
#include "notify/notify.h"

/* A provider that asks for a longer pause than this is asked again all the same. */
enum { PAUSE_MOST_MS = 60 * 1000 };

static int64_t now_us(const struct engine *engine)
{
    return clock_monotonic_ms(engine->options.clock) * 1000;
}

/* --- What has ended --------------------------------------------------------------- */

static void on_action_done(void *context, struct action_result *result)
{
    struct flight *flight = context;
    struct load *load = flight_load(flight->engine, flight);
    struct err err = {0};
    flight->result = *result;
    result->values = NULL;
    result->list = NULL;
    if (flight_action(flight) == PROVIDER_FIND && provider_pick(flight->label, &flight->result, &err) != ERR_OK)
        flight->result.verdict = ACTION_UNKNOWN;
    if (result->retry_after_ms > 0) {
        int64_t pause_ms = result->retry_after_ms < PAUSE_MOST_MS ? result->retry_after_ms : PAUSE_MOST_MS;
        load->pause_until_us = now_us(flight->engine) + 1000 * pause_ms;
    }
    flight_end(flight);
}

static void on_delivery_done(void *context, const struct delivery_result *result)
{
    struct flight *flight = context;
    flight->delivered = *result;
    flight_end(flight);
}

static void on_told(void *context, const struct notify_result *result)
{
    struct flight *flight = context;
    flight->told = *result;
    bool locking = flight->engine->lock_call && !flight->outlives_lock;
    flight->dropped = !result->sent && (locking || atomic_load(&flight->engine->stop));
    flight_end(flight);
}

/* --- Starting --------------------------------------------------------------- */

static enum err_code start_action(struct engine *engine, struct flight *flight, struct err *err)
{
    const struct action_spec *spec = provider_spec(flight->provider, flight_action(flight));
    if (!spec)
        return err_set(err, ERR_STATE, "provider %s has no action %s", provider_name(flight->provider),
                       provider_action_name(flight_action(flight)));
    const char *credential = flight->credential[0] ? flight->credential : spec->credential;
    if (spec->credential && credential)
        TRY(flight_read_credential(engine, flight, credential, err));
    if (!vault_id_is_zero(flight->version_id))
        TRY(flight_read_version(engine, flight, err));
    struct provider_subject subject = {.environment = flight->place,
                                       .key = flight->key,
                                       .label = flight->label,
                                       .id = flight->provider_id,
                                       .secret = flight->secret,
                                       .credential = flight->credential_secret};
    TRY(provider_values(flight->provider, &subject, &flight->values, err));
    return action_start(trace_runner(engine, flight), spec, flight->values, flight->urgent || flight->asked,
                        on_action_done, flight, err);
}

static enum err_code start_delivery(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_delivery record = {0};
    TRY(vault_get(engine->session, VAULT_DELIVERY, flight->delivery_id, &record.row, err));
    enum err_code code = delivery_parse(flight->key, record.definition.data, record.definition.length,
                                        engine->options.sinks, &flight->delivery, err);
    vault_record_release(VAULT_DELIVERY, &record.row);
    TRY(code);
    if (delivery_credential(flight->delivery))
        TRY(flight_read_credential(engine, flight, delivery_credential(flight->delivery), err));
    if (!vault_id_is_zero(flight->version_id))
        TRY(version_read_secret(engine, flight->version_id, flight->number, &flight->secret, err));
    flight->subject = (struct delivery_subject){.key = flight->key,
                                                .environment = flight->environment,
                                                .name = flight->name,
                                                .version = flight->number,
                                                .secret = flight->secret,
                                                .credential = flight->credential_secret,
                                                .may_touch = places_may_touch,
                                                .context = flight};
    bool take_away = vault_id_is_zero(flight->version_id);
    return delivery_start(&engine->runner, flight->delivery, take_away ? DELIVERY_TAKE_AWAY : DELIVERY_PUT,
                          &flight->subject, flight->urgent, on_delivery_done, flight, err);
}

static bool is_delivery(const struct flight *flight)
{
    return flight->kind == FLIGHT_DELIVER || flight->kind == FLIGHT_UNDO || flight->kind == FLIGHT_PUT;
}

static enum err_code start(struct engine *engine, struct flight *flight, struct err *err)
{
    if (flight->kind == FLIGHT_NOTICE)
        return notice_start(engine, flight, on_told, err);
    return is_delivery(flight) ? start_delivery(engine, flight, err) : start_action(engine, flight, err);
}

static void flight_start(struct engine *engine, struct load *load, struct flight *flight)
{
    struct err err = {0};
    load->running++;
    engine->flights.running++;
    flight->started = true;
    atomic_fetch_add(&engine->figures.effects_started, 1);
    FAULT_POINT("engine.effect.start");
    enum err_code code = start(engine, flight, &err);
    if (code == ERR_OK)
        return;
    /* Nothing left: an outcome like any other, and safe to repeat. */
    flight->not_begun = true;
    flight->result = (struct action_result){
        .verdict = ACTION_UNKNOWN, .rule = -1, .retry_after_ms = -1};
    flight->delivered = (struct delivery_result){.transient = true};
    COPY_TEXT(flight->result.detail, err.message);
    COPY_TEXT(flight->delivered.detail, err.message);
    COPY_TEXT(flight->told.detail, err.message);
    log_warning("engine", "%s: %s", flight->key, err.message);
    flight_end(flight);
}

/* --- What the limits allow ------------------------------------------------------------ */

/* The next to start; an empty one when nothing waits. */
static struct flight_list *list_next(struct load *load)
{
    if (load->urgent.count)
        return &load->urgent;
    if (load->asked.count)
        return &load->asked;
    return load->begun.count ? &load->begun : &load->waiting;
}

static bool load_is_idle(const struct load *load)
{
    return !load->urgent.count && !load->asked.count && !load->begun.count && !load->waiting.count;
}

static const struct provider_limits *limits_of(const struct load *load)
{
    return load->provider ? provider_limits(load->provider) : NULL;
}

/* May this load start one more now? What is urgent does not wait for a Retry-After. */
static bool load_allows(const struct load *load, int64_t at_us)
{
    const struct provider_limits *limits = limits_of(load);
    if (load_is_idle(load))
        return false;
    if (!limits)
        return true;
    bool asked_to_wait = load->pause_until_us > at_us && !load->urgent.count;
    return load->running < limits->parallel && load->next_start_us <= at_us && !asked_to_wait;
}

static void load_count_start(struct load *load, int64_t at_us)
{
    const struct provider_limits *limits = limits_of(load);
    if (!limits || !limits->per_second)
        return;
    /* A tenth of a second's starts may come at once; the mean stays under the rate. */
    int64_t burst_us = 100000;
    if (load->next_start_us < at_us - burst_us)
        load->next_start_us = at_us - burst_us;
    load->next_start_us += 1000000 / (int64_t)limits->per_second;
}

size_t flight_start_allowed(struct engine *engine)
{
    struct flights *flights = &engine->flights;
    size_t started = 0;
    int64_t at_us = now_us(engine);
    flights->starting = true;
    for (size_t i = 0; i < flights->load_count; i++) {
        struct load *load = &flights->loads[i];
        while (load_allows(load, at_us)) {
            if (!load->urgent.count && flights->running >= engine->options.parallel)
                break;
            struct flight *flight = flight_list_take(list_next(load));
            load_count_start(load, at_us);
            flight_start(engine, load, flight);
            started++;
        }
    }
    flights->starting = false;
    flights->shared.secret = secret_free(flights->shared.secret);
    return started;
}

int64_t flight_next_start_ms(const struct engine *engine)
{
    int64_t soonest = INT64_MAX;
    for (size_t i = 0; i < engine->flights.load_count; i++) {
        const struct load *load = &engine->flights.loads[i];
        const struct provider_limits *limits = limits_of(load);
        if (!limits || load_is_idle(load))
            continue;
        if (load->running >= limits->parallel || engine->flights.running >= engine->options.parallel)
            continue;
        int64_t at_us = load->next_start_us;
        if (!load->urgent.count && load->pause_until_us > at_us)
            at_us = load->pause_until_us;
        int64_t at_ms = (at_us + 999) / 1000;
        soonest = at_ms < soonest ? at_ms : soonest;
    }
    return soonest;
}
