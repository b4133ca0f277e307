/* Settings: what belongs to a user's account and stands in no shipped file. They
 * are values of every action; an action that needs one nobody gave sends nothing. */
#include "provider_private.h"

#include "action/load.h"

#include "base/own.h"

#include <stdio.h>
#include <string.h>

/* Names that the agent gives itself, which a setting must not hide. */
static const char *const setting_taken[] = {"provider", "environment", "class",  "base_url",  "key",
                                            "label",    "id",          "secret", "credential"};

static const struct definition_setting *setting_find(const struct definition_setting *settings, unsigned count,
                                                     const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

static enum err_code setting_check(const struct definition_setting *setting, const char *where, struct err *err)
{
    size_t length = strspn(setting->name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (setting->name[length] != '\0' || length > 64)
        return err_set(err, ERR_INVALID, "%s.name: \"%s\"; expected a-z, 0-9 and _", where, setting->name);
    for (size_t i = 0; i < sizeof setting_taken / sizeof setting_taken[0]; i++)
        if (strcmp(setting_taken[i], setting->name) == 0)
            return err_set(err, ERR_INVALID, "%s.name: \"%s\" is a value of the agent's", where, setting->name);
    if (setting->kind && strcmp(setting->kind, "url") != 0 && strcmp(setting->kind, "text") != 0)
        return err_set(err, ERR_INVALID, "%s.kind: is \"%s\"; expected url or text", where, setting->kind);
    if (setting->value && setting->kind && strcmp(setting->kind, "url") == 0)
        return definition_check_url(setting->value, where, "value", err);
    return ERR_OK;
}

enum err_code definition_check_settings(const struct definition *definition, struct err *err)
{
    for (unsigned i = 0; i < definition->settings_count; i++) {
        const struct definition_setting *setting = &definition->settings[i];
        char where[32];
        (void)snprintf(where, sizeof where, "settings[%u]", i + 1);
        TRY(setting_check(setting, where, err));
        if (setting_find(definition->settings, i, setting->name))
            return err_set(err, ERR_INVALID, "%s.name: \"%s\" is there twice", where, setting->name);
    }
    return ERR_OK;
}

static enum err_code setting_check_given(const struct definition *definition,
                                         const struct definition_values *values, unsigned index, struct err *err)
{
    const struct definition_setting *given = &values->settings[index];
    const struct definition_setting *declared =
        setting_find(definition->settings, definition->settings_count, given->name);
    char where[32];
    (void)snprintf(where, sizeof where, "settings[%u]", index + 1);
    if (!declared)
        return err_set(err, ERR_INVALID, "%s.name: %s has no setting \"%s\"", where, definition->name,
                       given->name);
    if (given->kind || given->title || !given->value)
        return err_set(err, ERR_INVALID, "%s: expected name and value", where);
    if (setting_find(values->settings, index, given->name))
        return err_set(err, ERR_INVALID, "%s.name: \"%s\" is there twice", where, given->name);
    const struct definition_setting both = {.name = given->name, .kind = declared->kind, .value = given->value};
    return setting_check(&both, where, err);
}

enum err_code provider_configure(struct provider *provider, const char *path, struct err *err)
{
    OWN_BUF struct buf text = {0};
    void *data = NULL;
    TRY(action_load_read(path, &text, err));
    TRY(action_load_text(path, buf_text(&text), text.length, &definition_values_schema, &data, err));
    action_unload(&definition_values_schema, provider->values);
    provider->values = data;
    for (unsigned i = 0; i < provider->values->settings_count; i++)
        if (setting_check_given(provider->definition, provider->values, i, err) != ERR_OK)
            return action_load_place(path, buf_text(&text), text.length, err);
    return ERR_OK;
}

const char *provider_setting(const struct provider *provider, const struct definition_setting *setting)
{
    const struct definition_values *values = provider->values;
    const struct definition_setting *given =
        values ? setting_find(values->settings, values->settings_count, setting->name) : NULL;
    return given ? given->value : setting->value;
}
