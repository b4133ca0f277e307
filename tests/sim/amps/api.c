/* The API port: who asks, what strikes, what is done, and its journal entry.
 *
 *     identify → route → subject → fault? → gate → handler → journal
 */
#include "request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum gate { GATE_KEY, GATE_ADMIN };

struct api_route {
    const char *method;
    const char *pattern;
    enum gate gate;
    void (*handle)(struct amps_request *request);
};

/* Those behind GATE_ADMIN exist only with the key API, which real Amps lacks. */
static const struct api_route routes[] = {
    {"GET", "/battery", GATE_KEY, amps_battery_list},
    {"GET", "/vehicle", GATE_KEY, amps_vehicle_list},
    {"POST", "/keys", GATE_ADMIN, amps_key_create},
    {"GET", "/keys", GATE_ADMIN, amps_key_list},
    {"POST", "/keys/{}/disable", GATE_ADMIN, amps_key_disable},
    {"POST", "/keys/{}/enable", GATE_ADMIN, amps_key_enable},
    {"DELETE", "/keys/{}", GATE_ADMIN, amps_key_delete},
};

static const char *const credential_names[] = {
    [CREDENTIAL_NONE] = "none",
    [CREDENTIAL_UNKNOWN] = "unknown",
    [CREDENTIAL_KEY] = "key",
    [CREDENTIAL_ADMIN] = "admin",
};

/* --- who asks ------------------------------------------------------------ */

static const char *presented_text(const struct exchange *exchange)
{
    static const char scheme[] = "Bearer ";
    const char *key = exchange_header(exchange, "x-api-key");
    if (key)
        return key;
    const char *authorization = exchange_header(exchange, "Authorization");
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    return authorization + sizeof scheme - 1;
}

static void identify(struct amps_request *request)
{
    const struct amps *amps = request->amps;
    const char *text = request->presented_text = presented_text(request->exchange);
    if (!text)
        return;
    request->presented = keys_by_secret(amps->keys, text);
    if (request->presented)
        request->credential = CREDENTIAL_KEY;
    else if (amps->key_api && strcmp(text, amps->admin_key) == 0)
        request->credential = CREDENTIAL_ADMIN;
    else
        request->credential = CREDENTIAL_UNKNOWN;
}

/* A short name for a secret that nobody made: FNV-1a folded to 32 bits. */
static void write_hash(const char *text, char out[JOURNAL_HASH_BYTES])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    snprintf(out, JOURNAL_HASH_BYTES, "%08x", (unsigned int)(hash ^ (hash >> 32)));
}

/* Numbers that look random and never repeat (the mixer of splitmix64). */
static void write_request_id(struct amps *amps, char out[JOURNAL_ID_BYTES])
{
    uint64_t mixed = amps->request_ids += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    snprintf(out, JOURNAL_ID_BYTES, "req_%012llx", (unsigned long long)(mixed & UINT64_C(0xffffffffffff)));
}

/* --- what is asked ------------------------------------------------------- */

static const struct api_route *find_route(struct amps_request *request, enum amps_error *ret_error)
{
    const struct exchange *exchange = request->exchange;
    *ret_error = AMPS_NOT_FOUND;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct api_route *route = &routes[i];
        if (route->gate == GATE_ADMIN && !request->amps->key_api)
            continue;
        if (!route_match(route->pattern, exchange->path, request->argument))
            continue;
        if (strcmp(route->method, exchange->method) == 0)
            return route;
        *ret_error = AMPS_METHOD_NOT_ALLOWED;
    }
    return NULL;
}

/* The key that the request is about: the one it is made with, or the one that
 * the key API is to act on. One to be made or looked for has only a name. */
static const char *find_subject_name(struct amps_request *request, const struct api_route *route)
{
    if (!route || route->gate == GATE_KEY)
        request->subject = request->presented;
    else if (request->argument[0])
        request->subject = keys_by_id(request->amps->keys, request->argument);
    if (request->subject)
        return request->subject->name;
    if (request->body)
        return json_string_value(json_object_get(request->body, "name"));
    return exchange_query(request->exchange, "name");
}

static bool over_rate(struct amps *amps, int64_t now_ms)
{
    int64_t second = now_ms / 1000;
    if (amps->settings.rate_limit == 0)
        return false;
    if (amps->rate_window_s != second) {
        amps->rate_window_s = second;
        amps->rate_count = 0;
    }
    return ++amps->rate_count > amps->settings.rate_limit;
}

/* What stands between this request and its handler. */
static enum amps_error judge(const struct amps_request *request, enum gate gate)
{
    const struct key *key = request->presented;
    if (request->credential == CREDENTIAL_NONE)
        return AMPS_UNAUTHORIZED;
    if (request->credential == CREDENTIAL_ADMIN)
        return gate == GATE_ADMIN ? AMPS_OK : AMPS_INSUFFICIENT_PERMISSIONS;
    if (!key || !key_works(key, request->now_ms))
        return AMPS_INVALID_API_KEY;
    if (key->expired)
        return AMPS_EXPIRED_TOKEN;
    if (gate == GATE_ADMIN || !key->permissions)
        return AMPS_INSUFFICIENT_PERMISSIONS;
    if (key->environment == KEY_LIVE && !key->live_access)
        return AMPS_LIVE_ACCESS_DISABLED;
    return AMPS_OK;
}

static void fail_for_rate(struct amps_request *request)
{
    amps_fail(request, AMPS_RATE_LIMIT_EXCEEDED, NULL);
    request->exchange->retry_after_s = 1;
    if (request->amps->settings.rate_status == AMPS_RATE_401)
        request->exchange->status = 401;
}

static void handle(struct amps_request *request, const struct api_route *route, enum amps_error no_route)
{
    if (over_rate(request->amps, request->now_ms)) {
        fail_for_rate(request);
        return;
    }
    enum amps_error error = judge(request, route ? route->gate : GATE_KEY);
    if (request->presented && error != AMPS_INVALID_API_KEY)
        request->presented->used_wall_ms = clock_wall_ms(request->amps->clock);
    if (error == AMPS_OK && !route)
        error = no_route;
    if (error != AMPS_OK)
        amps_fail(request, error, NULL);
    else
        route->handle(request);
}

/* --- what strikes -------------------------------------------------------- */

static enum amps_error error_meant(enum fault_meaning meaning)
{
    switch (meaning) {
    case FAULT_MEANS_NOTHING:
        return AMPS_OK;
    case FAULT_MEANS_INTERNAL:
        return AMPS_INTERNAL_ERROR;
    case FAULT_MEANS_RATE_LIMITED:
        return AMPS_RATE_LIMIT_EXCEEDED;
    case FAULT_MEANS_UNAUTHORIZED:
        return AMPS_UNAUTHORIZED;
    case FAULT_MEANS_KEY_INVALID:
        return AMPS_INVALID_API_KEY;
    }
    return AMPS_OK;
}

static void replace(struct amps_request *request)
{
    struct exchange *exchange = request->exchange;
    const struct fault_hit *hit = &exchange->fault;
    enum amps_error error = error_meant(hit->kind->meaning);
    request->code = NULL;
    exchange->retry_after_s = 0;
    if (error == AMPS_OK) {
        exchange_replace(exchange);
        return;
    }
    amps_fail(request, error, NULL);
    exchange->status = hit->status;
    if (error == AMPS_RATE_LIMIT_EXCEEDED)
        exchange->retry_after_s = hit->retry_after_s;
}

/* --- what is remembered -------------------------------------------------- */

static bool no_answer_leaves(const struct fault_hit *hit)
{
    enum fault_way way = fault_hit_way(hit);
    return way == FAULT_WAY_SILENCE || way == FAULT_WAY_RESET;
}

static void record(const struct amps_request *request)
{
    const struct exchange *exchange = request->exchange;
    bool silent = no_answer_leaves(&exchange->fault);
    struct journal_entry entry = {
        .port = "api",
        .credential = credential_names[request->credential],
        .status = silent ? 0 : exchange->status,
        .code = silent ? NULL : request->code,
        .fault = exchange->fault.kind ? exchange->fault.kind->name : NULL,
        .effect = request->effect,
    };
    snprintf(entry.method, sizeof entry.method, "%s", exchange->method);
    snprintf(entry.target, sizeof entry.target, "%s", exchange->target);
    memcpy(entry.request_id, request->request_id, sizeof entry.request_id);
    if (request->subject) {
        memcpy(entry.key_id, request->subject->id, sizeof request->subject->id);
        entry.environment = key_environment_name(request->subject->environment);
    }
    if (request->subject_name)
        snprintf(entry.key_name, sizeof entry.key_name, "%s", request->subject_name);
    if (request->credential == CREDENTIAL_UNKNOWN)
        write_hash(request->presented_text, entry.hash);
    journal_add(request->amps->journal, &entry);
}

void amps_api_answer(void *context, struct exchange *exchange)
{
    struct amps *amps = context;
    struct amps_request request = {.amps = amps, .exchange = exchange};
    enum amps_error no_route = AMPS_OK;
    if (exchange->body.length > 0)
        request.body = json_loadb(exchange->body.data, exchange->body.length, JSON_REJECT_DUPLICATES, NULL);

    pthread_mutex_lock(&amps->lock);
    request.now_ms = clock_monotonic_ms(amps->clock);
    write_request_id(amps, request.request_id);
    identify(&request);
    const struct api_route *route = find_route(&request, &no_route);
    request.subject_name = find_subject_name(&request, route);
    faults_take(amps->faults, exchange->method, exchange->path, request.subject_name, &exchange->fault);
    if (!exchange->fault.kind || exchange->fault.effect)
        handle(&request, route, no_route);
    if (fault_hit_way(&exchange->fault) == FAULT_WAY_REPLACE)
        replace(&request);
    record(&request);
    pthread_mutex_unlock(&amps->lock);
    json_decref(request.body);
}
