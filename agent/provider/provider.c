/* A definition that was read and checked, with its patterns compiled. */
#include "provider_private.h"

#include "action/load.h"

#include <stdlib.h>
#include <string.h>

static const char *const provider_action_names[PROVIDER_ACTION_COUNT] = {
    [PROVIDER_ISSUE] = "issue",     [PROVIDER_FIND] = "find",     [PROVIDER_PROBE] = "probe",
    [PROVIDER_DISABLE] = "disable", [PROVIDER_ENABLE] = "enable", [PROVIDER_REVOKE] = "revoke",
    [PROVIDER_USAGE] = "usage",
    [PROVIDER_LIST] = "list",
};

const char *provider_action_name(enum provider_action action)
{
    return (unsigned)action < PROVIDER_ACTION_COUNT ? provider_action_names[action] : "unknown";
}

struct provider *provider_free(struct provider *provider)
{
    if (!provider)
        return NULL;
    for (size_t i = 0; i < provider->patterns_count; i++)
        regfree(&provider->patterns[i]);
    free(provider->patterns);
    free(provider->environments);
    action_unload(&definition_schema, provider->definition);
    action_unload(&definition_values_schema, provider->values);
    free(provider->file);
    free(provider);
    return NULL;
}

static enum err_code provider_compile(struct provider *provider, unsigned index, struct err *err)
{
    const struct definition_environment *from = &provider->definition->environments[index];
    char problem[96];
    int code = regcomp(&provider->patterns[index], from->key_pattern, REG_EXTENDED | REG_NOSUB);
    if (code != 0) {
        (void)regerror(code, &provider->patterns[index], problem, sizeof problem);
        return err_set(err, ERR_INVALID, "environments[%u].key_pattern: %s", index + 1, problem);
    }
    provider->patterns_count = index + 1;
    provider->environments[index] = (struct provider_environment){
        .name = from->name,
        .class = definition_class(from->class),
        .base_url = from->base_url,
        .key_pattern = from->key_pattern,
    };
    return ERR_OK;
}

static enum err_code provider_set_up(struct provider *provider, const struct action_mistakes *mistakes,
                                     struct err *err)
{
    const struct definition *definition = provider->definition;
    TRY(definition_check(definition, mistakes, err));
    TRY(definition_keep(mistakes, definition_limits(definition, &provider->limits, err), err));
    provider->patterns = calloc(definition->environments_count, sizeof *provider->patterns);
    provider->environments = calloc(definition->environments_count, sizeof *provider->environments);
    if (!provider->patterns || !provider->environments)
        return err_set(err, ERR_MEMORY, "no memory for a provider");
    for (unsigned i = 0; i < definition->environments_count; i++)
        TRY(provider_compile(provider, i, err));
    return ERR_OK;
}

/* Takes data. An error's message starts with the field. */
static enum err_code provider_make(const char *what, void *data, const struct action_mistakes *mistakes,
                                   struct provider **ret_provider, struct err *err)
{
    OWN(provider_free) struct provider *provider = calloc(1, sizeof *provider);
    if (!provider) {
        action_unload(&definition_schema, data);
        return err_set(err, ERR_MEMORY, "no memory for a provider");
    }
    provider->definition = data;
    provider->file = strdup(what);
    if (!provider->file)
        return err_set(err, ERR_MEMORY, "no memory for a provider");
    TRY(provider_set_up(provider, mistakes, err));
    *ret_provider = GIVE(provider);
    return ERR_OK;
}

enum err_code provider_load_checked(const char *what, const char *text, size_t length,
                                    const struct action_mistakes *mistakes, struct provider **ret_provider,
                                    struct err *err)
{
    void *data = NULL;
    TRY(action_load_text(what, text, length, &definition_schema, &data, err));
    if (provider_make(what, data, mistakes, ret_provider, err) != ERR_OK)
        return action_load_place(what, text, length, err);
    return ERR_OK;
}

enum err_code provider_load_text(const char *what, const char *text, size_t length,
                                 struct provider **ret_provider, struct err *err)
{
    return provider_load_checked(what, text, length, NULL, ret_provider, err);
}

enum err_code provider_load(const char *path, struct provider **ret_provider, struct err *err)
{
    OWN_BUF struct buf text = {0};
    TRY(action_load_read(path, &text, err));
    return provider_load_text(path, buf_text(&text), text.length, ret_provider, err);
}

const char *provider_name(const struct provider *provider)
{
    return provider->definition->name;
}

const char *provider_title(const struct provider *provider)
{
    return provider->definition->title ? provider->definition->title : provider->definition->name;
}

const char *provider_file(const struct provider *provider)
{
    return provider->file;
}

const struct provider_limits *provider_limits(const struct provider *provider)
{
    return &provider->limits;
}

const struct action_spec *provider_spec(const struct provider *provider, enum provider_action action)
{
    const struct action_spec *spec = definition_action(provider->definition, action);
    bool by_list = !spec && action == PROVIDER_FIND;
    return by_list ? definition_action(provider->definition, PROVIDER_LIST) : spec;
}

bool provider_can(const struct provider *provider, enum provider_action action)
{
    const struct action_spec *spec = provider_spec(provider, action);
    return spec && !spec->manual;
}

bool provider_overlaps(const struct provider *provider)
{
    return !provider->definition->overlap;
}
