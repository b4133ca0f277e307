/* Effects in flight. A flight is planned inside a step, queued when the group is
 * committed, started when its provider's limits allow, and ended when its
 * answer has come; then it waits until a turn has recorded its outcome durably,
 * because an issued secret in it is held nowhere else (S3). */
#include "flights.h"

#include "credential.h"
#include "engine_private.h"
#include "notices.h"
#include "outcomes.h"
#include "places.h"
#include "traces.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "delivery/delivery.h"
#include "notify/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A provider that asks for a longer pause than this is asked again all the same. */
enum { PAUSE_MOST_MS = 60 * 1000 };

void flight_list_add(struct flight_list *list, struct flight *flight)
{
    flight->next = NULL;
    if (!list->end)
        list->end = &list->first;
    *list->end = flight;
    list->end = &flight->next;
    list->count++;
}

struct flight *flight_list_take(struct flight_list *list)
{
    struct flight *flight = list->first;
    if (!flight)
        return NULL;
    list->first = flight->next;
    if (!list->first)
        list->end = &list->first;
    list->count--;
    flight->next = NULL;
    return flight;
}

enum err_code flights_init(struct engine *engine, struct err *err)
{
    struct flights *flights = &engine->flights;
    size_t providers = provider_set_count(engine->options.providers);
    flights->loads = calloc(providers + 1, sizeof *flights->loads);
    if (!flights->loads)
        return err_set(err, ERR_MEMORY, "out of memory");
    flights->load_count = providers + 1;
    for (size_t i = 0; i < providers; i++)
        flights->loads[i].provider = provider_set_at(engine->options.providers, i);
    return ERR_OK;
}

static void list_free(struct flight_list *list)
{
    struct flight *flight;
    while ((flight = flight_list_take(list)))
        flight_free(flight);
}

void flights_release(struct engine *engine)
{
    struct flights *flights = &engine->flights;
    for (size_t i = 0; i < flights->load_count; i++) {
        list_free(&flights->loads[i].urgent);
        list_free(&flights->loads[i].begun);
        list_free(&flights->loads[i].waiting);
    }
    list_free(&flights->planned);
    list_free(&flights->ended);
    list_free(&flights->kept);
    free(flights->loads);
    flights->loads = NULL;
    flights->load_count = 0;
}

struct flight *flight_new(struct engine *engine, enum flight_kind kind, const struct vault_key *key)
{
    struct flight *flight = calloc(1, sizeof *flight);
    if (!flight)
        return NULL;
    flight->engine = engine;
    flight->kind = kind;
    flight->planned_at_ms = engine_now(engine);
    memcpy(flight->key_id, key->row.id, VAULT_ID_BYTES);
    COPY_TEXT(flight->environment, key->environment);
    COPY_TEXT(flight->name, key->name);
    COPY_TEXT(flight->credential, key->credential);
    snprintf(flight->key, sizeof flight->key, "%s/%s", key->environment, key->name);
    return flight;
}

void flight_free(struct flight *flight)
{
    if (!flight)
        return;
    if (flight->kind == FLIGHT_NOTICE)
        flight->engine->notices_in_flight--;
    action_values_free(flight->result.values);
    action_list_free(flight->result.list);
    action_values_free(flight->values);
    secret_free(flight->secret);
    secret_free(flight->credential_secret);
    delivery_free(flight->delivery);
    free(flight);
}

void flight_plan(struct engine *engine, struct flight *flight)
{
    flight_list_add(&engine->flights.planned, flight);
}

size_t flight_mark(const struct engine *engine)
{
    return engine->flights.planned.count;
}

void flight_drop_planned(struct engine *engine, size_t mark)
{
    struct flight_list kept = {0};
    struct flight *flight;
    while ((flight = flight_list_take(&engine->flights.planned))) {
        if (kept.count < mark)
            flight_list_add(&kept, flight);
        else
            flight_free(flight);
    }
    engine->flights.planned = kept;
    if (!kept.first)
        engine->flights.planned.end = NULL;
}

/* --- The table of flights by job ------------------------------------------ */

static size_t slot_of(const uint8_t job_id[VAULT_ID_BYTES])
{
    /* Ids are random, so their first bytes are a hash already. */
    return ((size_t)job_id[0] | (size_t)job_id[1] << 8) % FLIGHT_TABLE;
}

static void table_add(struct flights *flights, struct flight *flight)
{
    struct flight **slot = &flights->by_job[slot_of(flight->job_id)];
    flight->next_of_job = *slot;
    *slot = flight;
    flights->in_flight++;
}

static void table_remove(struct flights *flights, struct flight *flight)
{
    struct flight **link = &flights->by_job[slot_of(flight->job_id)];
    while (*link && *link != flight)
        link = &(*link)->next_of_job;
    if (!*link)
        return;
    *link = flight->next_of_job;
    flights->in_flight--;
}

bool flight_of_job(const struct engine *engine, const uint8_t job_id[VAULT_ID_BYTES])
{
    const struct flight *flight = engine->flights.by_job[slot_of(job_id)];
    while (flight && !id_equal(flight->job_id, job_id))
        flight = flight->next_of_job;
    return flight != NULL;
}

/* --- Queueing --------------------------------------------------------------- */

static struct load *load_of(struct engine *engine, const struct flight *flight)
{
    struct flights *flights = &engine->flights;
    for (size_t i = 0; i + 1 < flights->load_count; i++)
        if (flights->loads[i].provider == flight->provider)
            return &flights->loads[i];
    return &flights->loads[flights->load_count - 1];
}

/* A rotation whose key was issued goes on before another one's key is: what is half done is what may be
 * lost, and it holds two keys alive. */
static bool begins(const struct flight *flight)
{
    static const bool table[FLIGHT_KIND_COUNT] = {[FLIGHT_ISSUE] = true, [FLIGHT_PROBE_KEY] = true, [FLIGHT_PUT] = true,
                                                  [FLIGHT_LOOK] = true,  [FLIGHT_LIST] = true};
    return table[flight->kind];
}

static struct flight_list *list_for(struct load *load, const struct flight *flight)
{
    if (flight->urgent)
        return &load->urgent;
    return begins(flight) ? &load->waiting : &load->begun;
}

/* The next to start; an empty one when nothing waits. */
static struct flight_list *list_next(struct load *load)
{
    if (load->urgent.count)
        return &load->urgent;
    return load->begun.count ? &load->begun : &load->waiting;
}

static bool load_is_idle(const struct load *load)
{
    return !load->urgent.count && !load->begun.count && !load->waiting.count;
}

void flight_queue_planned(struct engine *engine)
{
    struct flight *flight;
    while ((flight = flight_list_take(&engine->flights.planned))) {
        table_add(&engine->flights, flight);
        flight_list_add(list_for(load_of(engine, flight), flight), flight);
    }
}

static void flight_ended(struct flight *flight)
{
    struct engine *engine = flight->engine;
    table_remove(&engine->flights, flight);
    if (flight->started) {
        load_of(engine, flight)->running--;
        engine->flights.running--;
        engine->flights.outliving -= flight->outlives_lock;
        atomic_fetch_add(&engine->figures.effects_ended, 1);
    }
    if (!engine->flights.ended.count)
        engine->flights.ended_since_ms = clock_monotonic_ms(engine->options.clock);
    engine->flights.pressing = engine->flights.pressing || flight->urgent || outcome_holds_key(flight);
    flight_list_add(&engine->flights.ended, flight);
}

/* While committed flights wait for their turn, outcomes wait a moment for each other and share a commit: where
 * a provider is asked one thing at a time, commits are most of the work. Not one that holds a new key, nor an
 * emergency's. */
int64_t flight_record_ms(const struct engine *engine)
{
    enum { TOGETHER_MS = 2, TOGETHER_COUNT = 64 };
    const struct flights *flights = &engine->flights;
    if (!flights->ended.count)
        return INT64_MAX;
    bool queued = flights->in_flight > flights->running && !engine->lock_call;
    bool now = !queued || flights->pressing || flights->ended.count >= TOGETHER_COUNT;
    return now ? 0 : flights->ended_since_ms + TOGETHER_MS;
}

static int64_t now_us(const struct engine *engine)
{
    return clock_monotonic_ms(engine->options.clock) * 1000;
}

static const enum provider_action action_of_kind[FLIGHT_KIND_COUNT] = {
    [FLIGHT_ISSUE] = PROVIDER_ISSUE,     [FLIGHT_FIND] = PROVIDER_FIND,
    [FLIGHT_PROBE_NEW] = PROVIDER_PROBE, [FLIGHT_DISABLE] = PROVIDER_DISABLE,
    [FLIGHT_ENABLE] = PROVIDER_ENABLE,   [FLIGHT_REVOKE] = PROVIDER_REVOKE,
    [FLIGHT_LOOK] = PROVIDER_FIND,       [FLIGHT_LIST] = PROVIDER_LIST,
    [FLIGHT_PROBE_CONDEMNED] = PROVIDER_PROBE, [FLIGHT_PROBE_KEY] = PROVIDER_PROBE,
    [FLIGHT_USAGE] = PROVIDER_USAGE,
};

/* A version whose secret we never saw is proved dead by looking for it instead. */
enum provider_action flight_action(const struct flight *flight)
{
    if (flight->kind == FLIGHT_PROBE_CONDEMNED && vault_id_is_zero(flight->version_id))
        return PROVIDER_FIND;
    /* Where issuing kills the old key, whether it did is seen by that one. */
    if (flight->kind == FLIGHT_FIND && !provider_overlaps(flight->provider))
        return PROVIDER_PROBE;
    return action_of_kind[flight->kind];
}

static void on_action_done(void *context, struct action_result *result)
{
    struct flight *flight = context;
    struct load *load = load_of(flight->engine, flight);
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
    flight_ended(flight);
}

static void on_delivery_done(void *context, const struct delivery_result *result)
{
    struct flight *flight = context;
    flight->delivered = *result;
    flight_ended(flight);
}

static void on_told(void *context, const struct notify_result *result)
{
    struct flight *flight = context;
    flight->told = *result;
    bool locking = flight->engine->lock_call && !flight->outlives_lock;
    flight->dropped = !result->sent && (locking || atomic_load(&flight->engine->stop));
    flight_ended(flight);
}

/* --- Starting --------------------------------------------------------------- */

static enum err_code read_version_secret(struct engine *engine, const uint8_t id[VAULT_ID_BYTES], uint32_t number,
                                         struct secret **ret_secret, struct err *err)
{
    struct vault_version version = {.number = number};
    memcpy(version.row.id, id, VAULT_ID_BYTES);
    return vault_version_secret(engine->session, &version, ret_secret, err);
}

/* The version that an action is about: its secret, and its id and name at the provider. */
static enum err_code read_version(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_version version = {0};
    TRY(vault_get(engine->session, VAULT_VERSION, flight->version_id, &version.row, err));
    COPY_TEXT(flight->provider_id, version.provider_id);
    if (flight->kind != FLIGHT_ISSUE) /* one that is asked with the old key names the new one */
        COPY_TEXT(flight->label, version.label);
    return vault_version_secret(engine->session, &version, &flight->secret, err);
}

/* What an emergency over all keys still needs: to kill, and to tell people of it. */
static bool may_use_condemned(const struct flight *flight)
{
    return flight->kind == FLIGHT_DISABLE || flight->kind == FLIGHT_REVOKE ||
           flight->kind == FLIGHT_PROBE_CONDEMNED || flight->kind == FLIGHT_NOTICE;
}

/* Flights that start together often use one credential: it is opened once for all of them. */
static struct secret *shared_credential(struct engine *engine, const char *credential)
{
    const struct shared_credential *shared = &engine->flights.shared;
    if (!shared->secret || strcmp(shared->name, credential) != 0)
        return NULL;
    struct secret *copy = secret_new_in(engine->arena, secret_length(shared->secret));
    if (copy && secret_set(copy, secret_peek(shared->secret), secret_length(shared->secret)) != ERR_OK)
        copy = secret_free(copy);
    return copy;
}

static void share_credential(struct engine *engine, const char *credential, const struct secret *secret)
{
    struct shared_credential *shared = &engine->flights.shared;
    shared->secret = secret_free(shared->secret);
    COPY_TEXT(shared->name, credential);
    if (engine->flights.starting)
        shared->secret = secret_new_in(engine->arena, secret_length(secret));
    if (shared->secret && secret_set(shared->secret, secret_peek(secret), secret_length(secret)) != ERR_OK)
        shared->secret = secret_free(shared->secret);
}

/* The secret of the key that the action uses as its credential. */
static enum err_code read_credential(struct engine *engine, const struct flight *flight, const char *credential,
                                     struct secret **ret_secret, struct err *err)
{
    struct secret *shared = shared_credential(engine, credential);
    if (shared) {
        *ret_secret = shared;
        return ERR_OK;
    }
    char environment[LIMIT_NAME_BYTES + 1], name[LIMIT_NAME_BYTES + 1];
    struct vault_key key = {0};
    TRY(text_split_key(credential, environment, name, err));
    enum err_code code = vault_key_find(engine->session, environment, name, &key, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the credential %s is not in the vault; add it", credential);
    bool current = key.current_number != 0;
    if (code == ERR_OK && !current && may_use_condemned(flight))
        code = credential_condemned(engine, &key, key.current_id, err);
    else if (code == ERR_OK && !current)
        code = err_set(err, ERR_STATE, "the credential %s has no current version", credential);
    if (code == ERR_OK)
        code = read_version_secret(engine, key.current_id, key.current_number, ret_secret, err);
    if (code == ERR_OK && current)
        share_credential(engine, credential, *ret_secret);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}

enum err_code flight_read_credential(struct engine *engine, struct flight *flight, const char *credential,
                                     struct err *err)
{
    return read_credential(engine, flight, credential, &flight->credential_secret, err);
}

static enum err_code start_action(struct engine *engine, struct flight *flight, struct err *err)
{
    const struct action_spec *spec = provider_spec(flight->provider, flight_action(flight));
    if (!spec)
        return err_set(err, ERR_STATE, "provider %s has no action %s", provider_name(flight->provider),
                       provider_action_name(flight_action(flight)));
    const char *credential = flight->credential[0] ? flight->credential : spec->credential;
    if (spec->credential && credential)
        TRY(read_credential(engine, flight, credential, &flight->credential_secret, err));
    if (!vault_id_is_zero(flight->version_id))
        TRY(read_version(engine, flight, err));
    struct provider_subject subject = {.environment = flight->place,
                                       .key = flight->key,
                                       .label = flight->label,
                                       .id = flight->provider_id,
                                       .secret = flight->secret,
                                       .credential = flight->credential_secret};
    TRY(provider_values(flight->provider, &subject, &flight->values, err));
    return action_start(trace_runner(engine, flight), spec, flight->values, flight->urgent, on_action_done, flight, err);
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
        TRY(read_credential(engine, flight, delivery_credential(flight->delivery), &flight->credential_secret,
                            err));
    if (!vault_id_is_zero(flight->version_id))
        TRY(read_version_secret(engine, flight->version_id, flight->number, &flight->secret, err));
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
    flight_ended(flight);
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
