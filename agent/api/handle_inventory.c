/* /v1/providers and /v1/environments: what this agent was configured with. */
#include "handlers.h"

#include "encode.h"

static const char *kind_of_action(const struct action_spec *spec)
{
    if (!spec)
        return "none";
    if (spec->manual)
        return "manual";
    return spec->program ? "program" : "http";
}

static void write_environments(struct buf *out, const struct provider *provider)
{
    json_put_array_open(out, "environments");
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *environment = provider_environment_at(provider, i);
        json_put_object_open(out, NULL);
        json_put_string(out, "name", environment->name);
        json_put_string(out, "class", encode_class((int32_t)environment->class));
        encode_text(out, "base_url", environment->base_url);
        encode_text(out, "key_pattern", environment->key_pattern);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

static void write_actions(struct buf *out, const struct provider *provider)
{
    json_put_object_open(out, "actions");
    for (int action = 0; action < PROVIDER_ACTION_COUNT; action++)
        json_put_string(out, provider_action_name((enum provider_action)action),
                    kind_of_action(provider_spec(provider, (enum provider_action)action)));
    json_put_object_close(out);
}

static void write_provider_members(struct buf *out, const struct provider *provider)
{
    json_put_string(out, "name", provider_name(provider));
    json_put_string(out, "title", provider_title(provider));
    json_put_string(out, "file", provider_file(provider));
    json_put_boolean(out, "overlaps", provider_overlaps(provider));
    write_environments(out, provider);
    write_actions(out, provider);
}

static void write_limits(struct buf *out, const struct provider_limits *limits)
{
    json_put_object_open(out, "limits");
    json_put_integer(out, "parallel", limits->parallel);
    json_put_integer(out, "per_second", limits->per_second);
    json_put_integer(out, "keys", limits->keys);
    json_put_integer(out, "settle", limits->settle);
    encode_seconds(out, "settle_interval_s", limits->settle_interval_ms);
    encode_seconds(out, "propagation_s", limits->propagation_ms);
    encode_seconds(out, "proving_deadline_s", limits->proving_deadline_ms);
    encode_seconds(out, "watch_s", limits->watch_ms);
    encode_seconds(out, "usage_lag_s", limits->usage_lag_ms);
    encode_seconds(out, "horizon_s", limits->horizon_ms);
    json_put_object_close(out);
}

enum err_code handle_providers_list(struct request *request, struct err *err)
{
    (void)err;
    struct buf *out = &request->out;
    const struct provider_set *set = engine_providers(request_engine(request));
    json_put_object_open(out, NULL);
    json_put_array_open(out, "providers");
    for (size_t i = 0; i < provider_set_count(set); i++) {
        json_put_object_open(out, NULL);
        write_provider_members(out, provider_set_at(set, i));
        json_put_object_close(out);
    }
    json_put_array_close(out);
    json_put_null(out, "next");
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_provider_show(struct request *request, struct err *err)
{
    struct buf *out = &request->out;
    const struct provider *provider =
        provider_set_find(engine_providers(request_engine(request)), request->path.name);
    if (!provider)
        return err_set(err, ERR_NOT_FOUND, "there is no provider %s; see keyturn providers", request->path.name);
    json_put_object_open(out, NULL);
    write_provider_members(out, provider);
    write_limits(out, provider_limits(provider));
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_environments_list(struct request *request, struct err *err)
{
    (void)err;
    struct buf *out = &request->out;
    const struct engine_environment *environment = NULL;
    json_put_object_open(out, NULL);
    json_put_array_open(out, "environments");
    for (size_t i = 0; (environment = engine_environment_at(request_engine(request), i)); i++) {
        json_put_object_open(out, NULL);
        json_put_string(out, "name", environment->name);
        json_put_string(out, "class", encode_class((int32_t)environment->class));
        json_put_object_close(out);
    }
    json_put_array_close(out);
    json_put_object_close(out);
    return ERR_OK;
}
