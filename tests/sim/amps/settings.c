#include "settings.h"

#include "base/buf.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const variants[] = {
    [AMPS_VARIANT_ENVELOPE] = "envelope", [AMPS_VARIANT_BARE] = "bare", NULL};
static const char *const prefix_styles[] = {
    [AMPS_PREFIX_TEST] = "test", [AMPS_PREFIX_SANDBOX] = "sandbox", [AMPS_PREFIX_AMPS_SK] = "amps_sk", NULL};

static const char *const rate_statuses[] = {[AMPS_RATE_429] = "429", [AMPS_RATE_401] = "401", NULL};

enum { HOUR_MS = 3600 * 1000 };

struct setting {
    const char *name;
    size_t offset;
    const char *const *choices; /* NULL: a number */
    int64_t highest; /* from 0 */
    const char *unit; /* may follow the number */
};

/* clang-format off */
static const struct setting table[] = {
    {.name = "variant",      .offset = offsetof(struct amps_settings, variant),      .choices = variants},
    {.name = "prefix_style", .offset = offsetof(struct amps_settings, prefix_style), .choices = prefix_styles},
    {.name = "birth_lag_ms", .offset = offsetof(struct amps_settings, birth_lag_ms), .highest = HOUR_MS, .unit = "ms"},
    {.name = "death_lag_ms", .offset = offsetof(struct amps_settings, death_lag_ms), .highest = HOUR_MS, .unit = "ms"},
    {.name = "rate_limit",   .offset = offsetof(struct amps_settings, rate_limit),   .highest = 1000000, .unit = "/s"},
    {.name = "rate_status",  .offset = offsetof(struct amps_settings, rate_status),  .choices = rate_statuses},
    {.name = "max_keys",     .offset = offsetof(struct amps_settings, max_keys),     .highest = 10000000, .unit = ""},
};
/* clang-format on */
enum { SETTINGS = sizeof table / sizeof table[0] };

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    return *a == *b;
}

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (same_name(table[i].name, name))
            return &table[i];
    return NULL;
}

bool amps_setting_exists(const char *name)
{
    return find(name) != NULL;
}

static int64_t *field(struct amps_settings *settings, const struct setting *setting)
{
    return (int64_t *)(void *)((char *)settings + setting->offset);
}

static enum err_code choose(const struct setting *setting, const char *text, int64_t *ret, struct err *err)
{
    OWN_BUF struct buf names = {0};
    for (int64_t i = 0; setting->choices[i]; i++) {
        if (strcmp(setting->choices[i], text) == 0) {
            *ret = i;
            return ERR_OK;
        }
        buf_printf(&names, "%s%s", i ? ", " : "", setting->choices[i]);
    }
    return err_set(err, ERR_INVALID, "%s must be one of %s", setting->name, buf_text(&names));
}

static enum err_code read_number(const struct setting *setting, const char *text, int64_t *ret, struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool whole = end != text && (*end == '\0' || strcmp(end, setting->unit) == 0);
    if (errno || !whole || number < 0 || number > setting->highest)
        return err_set(err, ERR_INVALID, "%s must be a whole number from 0 to %lld", setting->name,
                       (long long)setting->highest);
    *ret = number;
    return ERR_OK;
}

enum err_code amps_setting_set(struct amps_settings *settings, const char *name, const char *text,
                               struct err *err)
{
    const struct setting *setting = find(name);
    int64_t value = 0;
    if (!setting)
        return err_set(err, ERR_NOT_FOUND, "there is no setting %s", name);
    TRY(setting->choices ? choose(setting, text, &value, err) : read_number(setting, text, &value, err));
    *field(settings, setting) = value;
    return ERR_OK;
}

static enum err_code read_member(struct amps_settings *settings, const char *name, const json_t *value,
                                 struct err *err)
{
    char number[24];
    if (json_is_string(value))
        return amps_setting_set(settings, name, json_string_value(value), err);
    if (!json_is_integer(value))
        return err_set(err, ERR_INVALID, "%s must be a text or a whole number", name);
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    return amps_setting_set(settings, name, number, err);
}

enum err_code amps_settings_read(struct amps_settings *settings, json_t *object, struct err *err)
{
    struct amps_settings changed = *settings;
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(object))
        return err_set(err, ERR_INVALID, "settings must be an object");
    json_object_foreach(object, name, value)
        TRY(read_member(&changed, name, value, err));
    *settings = changed;
    return ERR_OK;
}

void amps_settings_write(const struct amps_settings *settings, struct buf *out)
{
    struct amps_settings copy = *settings;
    json_put_object_open(out, NULL);
    for (size_t i = 0; i < SETTINGS; i++) {
        int64_t value = *field(&copy, &table[i]);
        if (table[i].choices)
            json_put_string(out, table[i].name, table[i].choices[value]);
        else
            json_put_integer(out, table[i].name, value);
    }
    json_put_object_close(out);
}
