/* Traces: what the actions about a key sent and what was answered, kept in memory for
 * whoever tries out a provider's definition. They hold no secret (action/trace.c). */
#include "traces.h"

#include "calls.h"
#include "engine_private.h"
#include "flights.h"
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_BYTES = 512 * 1024, TRACE_REQUESTS = 8, TRACE_RULES = 64 };

struct trace {
    char key[2 * LIMIT_NAME_BYTES + 2];
    struct buf entries; /* elements of a JSON array */
    unsigned count;
    unsigned dropped; /* past TRACE_BYTES */
    const struct provider *provider;
    unsigned short matched[PROVIDER_ACTION_COUNT][TRACE_REQUESTS][TRACE_RULES];
};

static struct trace *trace_find(struct engine *engine, const char *key)
{
    for (size_t i = 0; i < TRACES; i++)
        if (engine->traces[i] && strcmp(engine->traces[i]->key, key) == 0)
            return engine->traces[i];
    return NULL;
}

static void trace_free(struct trace *trace)
{
    if (!trace)
        return;
    buf_release(&trace->entries);
    free(trace);
}

void traces_release(struct engine *engine)
{
    for (size_t i = 0; i < TRACES; i++)
        trace_free(engine->traces[i]);
    memset(engine->traces, 0, sizeof engine->traces);
}

enum err_code trace_begin_key(struct engine *engine, const struct subject *subject, struct err *err)
{
    struct trace *trace = calloc(1, sizeof *trace);
    if (!trace)
        return err_set(err, ERR_MEMORY, "out of memory");
    snprintf(trace->key, sizeof trace->key, "%s/%s", subject->key.environment, subject->key.name);
    trace->provider = subject->provider;
    /* The oldest gives way. */
    trace_free(engine->traces[TRACES - 1]);
    memmove(engine->traces + 1, engine->traces, sizeof engine->traces - sizeof engine->traces[0]);
    engine->traces[0] = trace;
    return ERR_OK;
}

const struct action_runner *trace_runner(struct engine *engine, const struct flight *flight)
{
    return trace_find(engine, flight->key) ? &engine->traced_runner : &engine->runner;
}

/* action_tracer */
void trace_take(void *context, int rule, unsigned request, const char *json, size_t length)
{
    const struct flight *flight = context;
    struct trace *trace = trace_find(flight->engine, flight->key);
    enum provider_action action = flight_action(flight);
    if (!trace)
        return;
    if (rule >= 0 && rule < TRACE_RULES && request < TRACE_REQUESTS)
        trace->matched[action][request][rule]++;
    if (trace->entries.length + length > TRACE_BYTES) {
        trace->dropped++;
        return;
    }
    json_put_object_open(&trace->entries, NULL);
    json_put_time(&trace->entries, "at", engine_now(flight->engine));
    json_put_string(&trace->entries, "action", provider_action_name(action));
    json_put_integer(&trace->entries, "version", flight->number);
    json_put_raw(&trace->entries, "step", json, length);
    json_put_object_close(&trace->entries);
    trace->count++;
}

static void write_rules_of(const struct trace *trace, enum provider_action action, const struct action_spec *spec,
                           struct buf *out)
{
    for (unsigned i = 0; i < spec->requests_count && i < TRACE_REQUESTS; i++)
        for (unsigned j = 0; j < spec->requests[i].rules_count && j < TRACE_RULES; j++) {
            const struct action_rule *rule = &spec->requests[i].rules[j];
            json_put_object_open(out, NULL);
            json_put_string(out, "action", provider_action_name(action));
            json_put_integer(out, "request", (int64_t)i + 1);
            json_put_integer(out, "rule", (int64_t)j + 1);
            json_put_string(out, "verdict", rule->verdict);
            json_put_string(out, "because", rule->because);
            json_put_integer(out, "matched", trace->matched[action][i][j]);
            json_put_object_close(out);
        }
}

static void write_trace(const struct trace *trace, struct buf *out)
{
    json_put_object_open(out, NULL);
    json_put_string(out, "key", trace->key);
    json_put_array_open(out, "entries");
    buf_add(out, buf_text(&trace->entries), trace->entries.length);
    json_put_array_close(out);
    json_put_integer(out, "dropped", trace->dropped);
    json_put_array_open(out, "rules");
    for (unsigned i = 0; trace->provider && i < PROVIDER_ACTION_COUNT; i++) {
        const struct action_spec *spec = provider_spec(trace->provider, (enum provider_action)i);
        if (spec)
            write_rules_of(trace, (enum provider_action)i, spec, out);
    }
    json_put_array_close(out);
    json_put_object_close(out);
}

struct trace_question {
    const char *environment;
    const char *name;
    struct buf *out;
};

static enum err_code do_read(struct engine *engine, void *argument, struct err *err)
{
    const struct trace_question *question = argument;
    char key[2 * LIMIT_NAME_BYTES + 2];
    snprintf(key, sizeof key, "%s/%s", question->environment, question->name);
    const struct trace *trace = trace_find(engine, key);
    if (!trace)
        return err_set(err, ERR_NOT_FOUND, "nothing is traced of %s; keyturn provider test traces its key", key);
    write_trace(trace, question->out);
    return ERR_OK;
}

enum err_code engine_trace(struct engine *engine, const char *environment, const char *name, struct buf *out,
                           struct err *err)
{
    struct trace_question question = {.environment = environment, .name = name, .out = out};
    return engine_call(engine, do_read, &question, false, err);
}
