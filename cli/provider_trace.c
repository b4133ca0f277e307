#include "provider_trace.h"

#include "base/text.h"
#include "field.h"

#include <stdio.h>
#include <string.h>

static void trace_print_members(const json_t *step, const char *name, const char *lead)
{
    json_t *members = json_object_get(step, name);
    const char *member = NULL;
    json_t *value = NULL;
    json_object_foreach (members, member, value)
        if (json_is_string(value))
            printf("    %s %s = %s\n", lead, member, json_string_value(value));
}

static void trace_print_request(const json_t *step)
{
    size_t index = 0;
    const json_t *header = NULL;
    if (field_given(step, "program"))
        printf("  → program %s\n", field_text(step, "program"));
    else
        printf("  → %s %s\n", field_text(step, "method"), field_text(step, "url"));
    json_array_foreach (json_object_get(step, "headers"), index, header)
        printf("    %s: %s\n", field_text(header, "name"), field_text(header, "value"));
    if (field_given(step, "body"))
        printf("    %s\n", field_text(step, "body"));
}

static void trace_print_answer(const json_t *step)
{
    const char *detail = field_text(step, "detail");
    if (!field_true(step, "answered")) {
        printf("  ← no answer: %s\n", detail);
        return;
    }
    printf("  ← %lld %s\n", (long long)field_number(step, "status"), field_text(step, "content_type"));
    trace_print_members(step, "places", "at");
    trace_print_members(step, "taken", "taken");
    printf("  = %s", field_text(step, "verdict"));
    if (field_number(step, "rule") > 0)
        printf(", by rule %lld", (long long)field_number(step, "rule"));
    printf("%s%s\n", detail[0] ? ": " : "", detail);
}

size_t trace_print(const json_t *trace, size_t from)
{
    const json_t *entries = json_object_get(trace, "entries");
    for (; from < json_array_size(entries); from++) {
        const json_t *entry = json_array_get(entries, from);
        const json_t *step = json_object_get(entry, "step");
        printf("%s %s", field_text(entry, "at"), field_text(entry, "action"));
        if (field_number(step, "request") > 1)
            printf(" (request %lld)", (long long)field_number(step, "request"));
        printf("\n");
        trace_print_request(step);
        trace_print_answer(step);
    }
    (void)fflush(stdout);
    return from;
}

static int64_t trace_first(const json_t *trace, const char *action, const char *verdict, int64_t from_ms)
{
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach (json_object_get(trace, "entries"), index, entry) {
        int64_t at_ms = field_time(entry, "at");
        if (at_ms >= from_ms && strcmp(field_text(entry, "action"), action) == 0 &&
            strcmp(field_text(json_object_get(entry, "step"), "verdict"), verdict) == 0)
            return at_ms;
    }
    return 0;
}

int64_t trace_lag_ms(const json_t *trace, const char *action, const char *verdict)
{
    int64_t done = trace_first(trace, action, "done", 0);
    int64_t seen = done ? trace_first(trace, "probe", verdict, done) : 0;
    return seen ? seen - done : -1;
}

static int64_t trace_asked(const json_t *trace, const char *action)
{
    int64_t count = 0;
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach (json_object_get(trace, "entries"), index, entry)
        count += strcmp(field_text(entry, "action"), action) == 0;
    return count;
}

void trace_print_unmatched(const json_t *trace)
{
    size_t index = 0;
    const json_t *rule = NULL;
    json_array_foreach (json_object_get(trace, "rules"), index, rule) {
        const char *action = field_text(rule, "action");
        if (field_number(rule, "matched") > 0 || trace_asked(trace, action) == 0)
            continue;
        printf("never matched: %s, request %lld, rule %lld: %s%s%s\n", action,
               (long long)field_number(rule, "request"), (long long)field_number(rule, "rule"),
               field_text(rule, "verdict"), field_given(rule, "because") ? ", " : "", field_text(rule, "because"));
    }
}
