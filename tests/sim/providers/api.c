/* One request to a provider: which route, who asks, what it does, and which of the
 * table's answers that is. */
#include "sim.h"

#include "common/route.h"

#include <stdio.h>
#include <string.h>

struct call {
    struct sim *sim;
    struct table *table;
    const json_t *route;
    struct exchange *exchange;
    struct caller caller;
    char argument[ROUTE_ARGUMENT_BYTES];
    struct sim_key *key; /* it is about */
    int64_t now_ms;
    const char *effect; /* of the journal */
};

static const char *route_text(const struct call *call, const char *name)
{
    return json_string_value(json_object_get(call->route, name));
}

/* Fields that must stand so: {"/status": "inactive", "Action": "CreateAccessKey", "/password": "$admin"}. */
static bool fields_are(const struct table *table, const struct exchange *exchange, const json_t *fields)
{
    json_t *wanted = json_deep_copy(fields);
    bool are = true;
    const char *place = NULL;
    json_t *value = NULL;
    json_object_foreach (wanted, place, value) {
        char given[TABLE_TEXT_BYTES];
        const char *text = json_string_value(value);
        bool there = body_field(exchange, place, given) && given[0];
        if (!there || (text && strcmp(strcmp(text, "$admin") == 0 ? table->admin : text, given) != 0))
            are = false;
    }
    json_decref(wanted);
    return are;
}

static const json_t *route_find(const struct table *table, const char *path, const struct exchange *exchange,
                                char argument[ROUTE_ARGUMENT_BYTES])
{
    size_t index = 0;
    const json_t *route = NULL;
    json_array_foreach (json_object_get(table->rows, "routes"), index, route) {
        const char *method = json_string_value(json_object_get(route, "method"));
        const char *pattern = json_string_value(json_object_get(route, "path"));
        if (method && pattern && strcmp(method, exchange->method) == 0 && route_match(pattern, path, argument) &&
            fields_are(table, exchange, json_object_get(route, "when")))
            return route;
    }
    return NULL;
}

/* --- What a route does: the name of the answer -------------------------------- */

static const char *do_make(struct call *call)
{
    char name[TABLE_TEXT_BYTES] = "";
    const char *place = route_text(call, "name");
    int64_t most = table_number(call->table, "most");
    if (place && !body_field(call->exchange, place, name))
        return "bad";
    if (most && table_held(call->table) >= most)
        return "full";
    call->key = table_make(call->table, name, call->now_ms);
    call->effect = "made";
    return call->key ? "ok" : "full";
}

static const char *do_show(struct call *call)
{
    call->key = call->caller.key;
    return "ok";
}

/* "by": what names the key: "path", "self", or a field that holds its id ("secret": its secret). */
static struct sim_key *target(struct call *call)
{
    const char *by = route_text(call, "by");
    char text[TABLE_TEXT_BYTES];
    if (!by || strcmp(by, "path") == 0)
        return table_by_id(call->table, call->argument);
    if (strcmp(by, "self") == 0)
        return call->caller.key;
    if (!body_field(call->exchange, by, text))
        return NULL;
    struct sim_key *key = table_by_id(call->table, text);
    return key ? key : table_by_secret(call->table, text);
}

static const char *do_end(struct call *call, enum key_state state, const char *effect)
{
    call->key = target(call);
    if (!call->key)
        return "none";
    if (call->key->state == KEY_DEAD)
        return json_object_get(call->route, "again") ? "again" : "none";
    table_end(call->table, call->key, state, call->now_ms);
    call->effect = effect;
    return "ok";
}

/* About one key, without a change. */
static const char *do_look(struct call *call)
{
    call->key = target(call);
    return call->key && call->key->state != KEY_DEAD ? "ok" : "none";
}

static const char *do_kill(struct call *call)
{
    return do_end(call, KEY_DEAD, "killed");
}

static const char *do_disable(struct call *call)
{
    return do_end(call, KEY_DISABLED, "disabled");
}

static const char *do_enable(struct call *call)
{
    return do_end(call, KEY_ACTIVE, "enabled");
}

/* What is told to anybody, done or not: a leaked token's revocation. */
static const char *do_report(struct call *call)
{
    (void)do_kill(call);
    return "ok";
}

static const struct {
    const char *name;
    const char *(*run)(struct call *call);
} deeds[] = {
    {"make", do_make},       {"list", do_show},     {"show", do_show},     {"kill", do_kill},
    {"disable", do_disable}, {"enable", do_enable}, {"report", do_report},
    {"look", do_look},
};

static const char *call_do(struct call *call)
{
    const char *does = route_text(call, "does");
    for (size_t i = 0; does && i < sizeof deeds / sizeof deeds[0]; i++)
        if (strcmp(deeds[i].name, does) == 0)
            return deeds[i].run(call);
    return "none";
}

/* --- Who may ------------------------------------------------------------------- */

static const char *call_run(struct call *call)
{
    const char *who = route_text(call, "who");
    if (who && strcmp(who, "anyone") == 0)
        return call_do(call);
    if (call->caller.kind == CALLER_NONE || call->caller.kind == CALLER_UNKNOWN)
        return who && strcmp(who, "admin") == 0 ? "unauthorized" : "dead";
    bool admin = who && strcmp(who, "admin") == 0;
    bool deputy = call->table->deputies && call->caller.kind == CALLER_KEY;
    if (admin && ((call->caller.kind != CALLER_ADMIN && !deputy) ||
                  !fields_are(call->table, call->exchange, json_object_get(call->route, "needs"))))
        return "forbidden";
    return call_do(call);
}

/* The route's own answer of that name, else the table's. */
static const json_t *answer_find(const struct call *call, const char *name)
{
    const json_t *answer = json_object_get(call->route, name);
    return answer ? answer : json_object_get(json_object_get(call->table->rows, "answers"), name);
}

static void call_note(struct call *call, const char *credential)
{
    struct exchange *exchange = call->exchange;
    struct journal_entry entry = {.port = call->table->name,
                                  .credential = credential,
                                  .status = exchange->status,
                                  .fault = exchange->fault.kind ? exchange->fault.kind->name : NULL,
                                  .effect = call->effect};
    (void)snprintf(entry.method, sizeof entry.method, "%s", exchange->method);
    (void)snprintf(entry.target, sizeof entry.target, "%.255s", exchange->path);
    if (call->key)
        (void)snprintf(entry.key_name, sizeof entry.key_name, "%.103s", call->key->name);
    journal_add(call->sim->journal, &entry);
}

void sim_api(struct sim *sim, struct table *table, const char *path, struct exchange *exchange)
{
    static const char *const callers[] = {
        [CALLER_NONE] = "none", [CALLER_UNKNOWN] = "unknown", [CALLER_KEY] = "key", [CALLER_ADMIN] = "admin"};
    struct call call = {.sim = sim, .table = table, .exchange = exchange, .now_ms = clock_monotonic_ms(sim->clock)};
    call.route = route_find(table, path, exchange, call.argument);
    faults_take(sim->faults, exchange->method, exchange->path, NULL, &exchange->fault);
    if (call.route)
        call.caller = caller_find(table, call.route, exchange, call.now_ms);
    const char *answer = "none";
    if (call.route && (!exchange->fault.kind || exchange->fault.effect))
        answer = call_run(&call);
    body_answer(exchange, table, answer_find(&call, answer), call.key);
    if (fault_hit_way(&exchange->fault) == FAULT_WAY_REPLACE)
        exchange_replace(exchange);
    if (exchange->status == 0)
        exchange->status = 404;
    call_note(&call, callers[call.caller.kind]);
}
