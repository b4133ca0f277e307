/* A sink's file: its shape, what must hold beyond it, and the settings that a
 * delivery gives it. */
#include "sink.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { SINK_SHORT_BYTES = 256, SINK_SETTINGS = 16, SINK_VALUE_BYTES = 1024 };

#define SINK_TEXT(type, member, flags) \
    CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | (flags), type, member, 1, SINK_SHORT_BYTES)
#define SINK_ACTION(member, flags)                                                                    \
    CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_POINTER | (flags), struct sink_actions, member, \
                            action_spec_fields)

static const cyaml_schema_field_t sink_setting_fields[] = {
    SINK_TEXT(struct sink_setting, name, 0),
    SINK_TEXT(struct sink_setting, title, 0),
    SINK_TEXT(struct sink_setting, kind, 0),
    SINK_TEXT(struct sink_setting, pattern, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("default", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sink_setting, fallback, 0,
                           SINK_SHORT_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t sink_setting_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sink_setting, sink_setting_fields),
};

static const cyaml_schema_field_t sink_actions_fields[] = {
    SINK_ACTION(put, 0),
    SINK_ACTION(check, CYAML_FLAG_OPTIONAL),
    SINK_ACTION(take_away, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t sink_fields[] = {
    SINK_TEXT(struct sink, name, 0),
    SINK_TEXT(struct sink, title, 0),
    SINK_TEXT(struct sink, documentation, CYAML_FLAG_OPTIONAL),
    SINK_TEXT(struct sink, target, 0),
    SINK_TEXT(struct sink, credential, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_SEQUENCE("settings", CYAML_FLAG_POINTER, struct sink, settings, &sink_setting_value, 1,
                         SINK_SETTINGS),
    CYAML_FIELD_MAPPING_PTR("actions", CYAML_FLAG_POINTER, struct sink, actions, sink_actions_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t sink_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct sink, sink_fields),
};

/* --- The definition ---------------------------------------------------------- */

/* These come from the key that is delivered. */
static bool sink_name_is_taken(const char *name)
{
    static const char *const taken[] = {"key",    "environment", "name",  "version",   "class",
                                        "secret", "credential",  "nonce", "public_key"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(taken[i], name) == 0)
            return true;
    return false;
}

static enum err_code sink_check_setting(const struct sink *sink, unsigned index, struct err *err)
{
    const struct sink_setting *setting = &sink->settings[index];
    regex_t compiled;
    if (setting->name[strspn(setting->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
        sink_name_is_taken(setting->name))
        return err_set(err, ERR_INVALID, "settings[%u].name: \"%s\" is taken, or not of a-z, 0-9 and _",
                       index + 1, setting->name);
    if (strcmp(setting->kind, "url") == 0)
        return setting->pattern ? err_set(err, ERR_INVALID, "settings[%u].pattern: kind url has none", index + 1)
                                : ERR_OK;
    if (strcmp(setting->kind, "text") != 0)
        return err_set(err, ERR_INVALID, "settings[%u].kind: is \"%s\"; expected url or text", index + 1,
                       setting->kind);
    size_t length = setting->pattern ? strlen(setting->pattern) : 0;
    if (length < 3 || setting->pattern[0] != '^' || setting->pattern[length - 1] != '$' ||
        regcomp(&compiled, setting->pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(err, ERR_INVALID, "settings[%u].pattern: expected a regular expression, ^ to $", index + 1);
    regfree(&compiled);
    return ERR_OK;
}

static enum err_code sink_check_action(const struct action_spec *spec, const char *where, struct err *err)
{
    if (!spec)
        return ERR_OK;
    if (spec->requests_count == 0 || spec->credential)
        return err_set(err, ERR_INVALID, "%s: a sink's action is of requests; a delivery names the credential",
                       where);
    return action_check(spec, where, err);
}

enum err_code sink_check(const struct sink *sink, struct err *err)
{
    if (text_check_name(sink->name, "the sink's name", err) != ERR_OK)
        return err_prefix(err, "name");
    TRY(action_template_check(sink->target, "target", err));
    for (unsigned i = 0; i < sink->settings_count; i++)
        TRY(sink_check_setting(sink, i, err));
    TRY(sink_check_action(sink->actions->put, "actions.put", err));
    TRY(sink_check_action(sink->actions->check, "actions.check", err));
    return sink_check_action(sink->actions->take_away, "actions.take_away", err);
}

/* --- The settings of a delivery ------------------------------------------------ */

/* A secret travels there: TLS, or not off this machine. */
static bool sink_url_is_good(const char *url)
{
    static const char *const local[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    size_t length = strlen(url);
    bool good = strncmp(url, "https://", 8) == 0 && length > 8;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        size_t prefix = strlen(local[i]);
        good = good || (strncmp(url, local[i], prefix) == 0 && strchr(":/", url[prefix]));
    }
    return good && url[length - 1] != '/' && url[strcspn(url, "@?# \t\"<>\\")] == '\0';
}

static bool sink_matches(const char *pattern, const char *text)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return matches;
}

static enum err_code sink_check_value(const struct sink *sink, const struct sink_setting *setting,
                                      const char *value, struct err *err)
{
    TRY(text_check_utf8(value, SINK_VALUE_BYTES, setting->name, err));
    if (!setting->pattern && !sink_url_is_good(value))
        return err_set(err, ERR_INVALID,
                       "settings.%s: expected https://HOST, or http:// on this machine, and no / at its end",
                       setting->name);
    if (setting->pattern && !sink_matches(setting->pattern, value))
        return err_set(err, ERR_INVALID, "settings.%s: \"%.80s\" is not what %s takes: %s, as %s", setting->name,
                       value, sink->name, setting->title, setting->pattern);
    return ERR_OK;
}

static enum err_code sink_refuse_unknown(const struct sink *sink, const json_t *settings, struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
    {
        unsigned i = 0;
        while (i < sink->settings_count && strcmp(sink->settings[i].name, name) != 0)
            i++;
        if (i == sink->settings_count)
            return err_set(err, ERR_INVALID, "settings.%.64s: %s has no such setting", name, sink->name);
    }
    return ERR_OK;
}

enum err_code sink_settings(const struct sink *sink, const json_t *settings, struct action_values *values,
                            struct err *err)
{
    TRY(sink_refuse_unknown(sink, settings, err));
    for (unsigned i = 0; i < sink->settings_count; i++) {
        const struct sink_setting *setting = &sink->settings[i];
        const json_t *given = json_object_get(settings, setting->name);
        const char *value = given ? json_string_value(given) : setting->fallback;
        if (!value)
            return err_set(err, ERR_INVALID, "settings.%s: expected a text: %s", setting->name, setting->title);
        TRY(sink_check_value(sink, setting, value, err));
        TRY(action_values_set(values, setting->name, value, err));
    }
    return ERR_OK;
}
