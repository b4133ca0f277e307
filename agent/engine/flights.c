/* Effects in flight. A flight is planned inside a step, queued when the group is
 * committed, started when its provider's limits allow (launch.c), and ended when its
 * answer has come; then it waits until a turn has recorded its outcome durably,
 * because an issued secret in it is held nowhere else (S3). */
#include "flights.h"

#include "engine_private.h"

#include "delivery/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        list_free(&flights->loads[i].asked);
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

struct load *flight_load(struct engine *engine, const struct flight *flight)
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
    if (flight->asked)
        return &load->asked;
    return begins(flight) ? &load->waiting : &load->begun;
}

void flight_queue_planned(struct engine *engine)
{
    struct flight *flight;
    while ((flight = flight_list_take(&engine->flights.planned))) {
        table_add(&engine->flights, flight);
        flight_list_add(list_for(flight_load(engine, flight), flight), flight);
    }
}

bool flight_holds_key(const struct flight *flight)
{
    const struct action_values *values = flight->result.values;
    return values && action_values_secret(values, "secret") != NULL;
}

void flight_end(struct flight *flight)
{
    struct engine *engine = flight->engine;
    table_remove(&engine->flights, flight);
    if (flight->started) {
        flight_load(engine, flight)->running--;
        engine->flights.running--;
        engine->flights.outliving -= flight->outlives_lock;
        atomic_fetch_add(&engine->figures.effects_ended, 1);
    }
    if (!engine->flights.ended.count)
        engine->flights.ended_since_ms = clock_monotonic_ms(engine->options.clock);
    engine->flights.pressing = engine->flights.pressing || flight->urgent || flight_holds_key(flight);
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
