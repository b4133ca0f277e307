/* What a definition can do, as JSON. */
#include "examination.h"

#include <stdio.h>
#include <string.h>

static const char *describe_kind(const struct action_spec *spec)
{
    if (spec->manual)
        return "manual";
    return spec->program ? "program" : "http";
}

static void describe_environments(const struct provider *provider, struct buf *out)
{
    json_put_array_open(out, "environments");
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = provider_environment_at(provider, i);
        json_put_object_open(out, NULL);
        json_put_string(out, "name", one->name);
        json_put_string(out, "class", one->class == PROVIDER_CLASS_LIVE ? "live" : "test");
        json_put_string(out, "base_url", one->base_url);
        json_put_string(out, "key_pattern", one->key_pattern);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

static void describe_settings(const struct provider *provider, struct buf *out)
{
    const struct definition *definition = provider->definition;
    json_put_array_open(out, "settings");
    for (unsigned i = 0; i < definition->settings_count; i++) {
        const struct definition_setting *setting = &definition->settings[i];
        const char *value = provider_setting(provider, setting);
        json_put_object_open(out, NULL);
        json_put_string(out, "name", setting->name);
        json_put_string(out, "title", setting->title);
        json_put_string(out, "kind", setting->kind ? setting->kind : "text");
        json_put_string(out, "value", value);
        json_put_boolean(out, "needed", value == NULL);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

static void describe_seconds(struct buf *out, const char *name, int64_t ms)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
    json_put_raw(out, name, text, (size_t)length);
}

static void describe_limits(const struct provider *provider, struct buf *out)
{
    const struct provider_limits *limits = provider_limits(provider);
    json_put_object_open(out, "limits");
    json_put_integer(out, "parallel", limits->parallel);
    json_put_integer(out, "per_second", limits->per_second);
    json_put_integer(out, "keys", limits->keys);
    json_put_integer(out, "settle", limits->settle);
    describe_seconds(out, "settle_interval_s", limits->settle_interval_ms);
    describe_seconds(out, "propagation_s", limits->propagation_ms);
    describe_seconds(out, "proving_deadline_s", limits->proving_deadline_ms);
    describe_seconds(out, "watch_s", limits->watch_ms);
    describe_seconds(out, "horizon_s", limits->horizon_ms);
    json_put_object_close(out);
}

/* The verdicts that rules can give, each once. */
static void describe_verdicts(const struct action_spec *spec, struct buf *out)
{
    unsigned seen = 0;
    json_put_array_open(out, "verdicts");
    for (unsigned i = 0; i < spec->requests_count; i++)
        for (unsigned j = 0; j < spec->requests[i].rules_count; j++)
            for (unsigned k = 0; k < ACTION_VERDICT_COUNT; k++) {
                const char *name = action_verdict_name((enum action_verdict)k);
                if (seen & 1u << k || strcmp(spec->requests[i].rules[j].verdict, name) != 0)
                    continue;
                seen |= 1u << k;
                json_put_string(out, NULL, name);
            }
    json_put_array_close(out);
}

static void describe_requests(const struct action_spec *spec, struct buf *out)
{
    json_put_array_open(out, "requests");
    for (unsigned i = 0; i < spec->requests_count; i++) {
        json_put_object_open(out, NULL);
        json_put_string(out, "method", spec->requests[i].method);
        json_put_string(out, "url", spec->requests[i].url);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

static void describe_action(const struct action_spec *spec, enum provider_action action, struct buf *out)
{
    json_put_object_open(out, NULL);
    json_put_string(out, "action", provider_action_name(action));
    json_put_string(out, "kind", describe_kind(spec));
    json_put_string(out, "credential", spec->credential);
    describe_requests(spec, out);
    describe_verdicts(spec, out);
    json_put_string(out, "program", spec->program ? spec->program->command[0] : NULL);
    json_put_string(out, "instructions", spec->manual ? spec->manual->instructions : NULL);
    json_put_object_close(out);
}

void examine_describe(const struct provider *provider, struct buf *out)
{
    json_put_object_open(out, "provider");
    json_put_string(out, "name", provider_name(provider));
    json_put_string(out, "title", provider_title(provider));
    json_put_string(out, "documentation", provider->definition->documentation);
    describe_environments(provider, out);
    describe_settings(provider, out);
    describe_limits(provider, out);
    json_put_array_open(out, "actions");
    for (unsigned i = 0; i < PROVIDER_ACTION_COUNT; i++) {
        const struct action_spec *spec = definition_action(provider->definition, (enum provider_action)i);
        if (spec)
            describe_action(spec, (enum provider_action)i, out);
    }
    json_put_array_close(out);
    json_put_object_close(out);
}
