/* The fields of a definition, each by itself. One that is unknown, or of another
 * kind, is refused by name: a misspelt "group" must not widen who can read. */
#include "delivery_private.h"

#include "action/program.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIELD_TIMEOUT_DEFAULT_MS = 30 * 1000,
    FIELD_TIMEOUT_LEAST_MS = 1000,
    FIELD_TIMEOUT_MOST_MS = 3600 * 1000,
    FIELD_ARGUMENT_BYTES = 4096,
    FIELD_ACCOUNT_BYTES = 64,
    FIELD_VARIABLE_BYTES = 128,
    FIELD_UNIT_BYTES = 255,
    FIELD_TEMPLATE_BYTES = 32 * 1024
};

struct field_row {
    const char *name;
    int kinds;    /* where it may stand … */
    int required; /* … and must */
    enum err_code (*take)(struct delivery *delivery, const char *name, const json_t *value,
                          struct err *err);
};

static enum err_code field_text(const char *name, const json_t *value, size_t max_bytes,
                                const char **ret_text, struct err *err)
{
    const char *text = json_string_value(value);
    if (!text || text[0] == '\0')
        return err_set(err, ERR_INVALID, "%s: expected a text that is not empty", name);
    TRY(text_check_utf8(text, max_bytes, name, err));
    *ret_text = text;
    return ERR_OK;
}

static const struct {
    const char *name;
    enum delivery_kind kind;
} field_kinds[] = {
    {"file", DELIVERY_FILE},
    {"program", DELIVERY_PROGRAM},
    {"systemd", DELIVERY_SYSTEMD},
    {"sink", DELIVERY_SINK},
};

static enum err_code field_kind(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    for (size_t i = 0; i < sizeof field_kinds / sizeof field_kinds[0]; i++)
        if (strcmp(text, field_kinds[i].name) == 0) {
            delivery->kind = field_kinds[i].kind;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "%s: \"%s\" is none of file, program, systemd, sink", name, text);
}

static enum err_code field_class(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    const char *text = "";
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    if (strcmp(text, "live") == 0)
        delivery->place_class = DELIVERY_CLASS_LIVE;
    else if (strcmp(text, "test") == 0)
        delivery->place_class = DELIVERY_CLASS_TEST;
    else
        return err_set(err, ERR_INVALID, "%s: \"%s\" is neither live nor test", name, text);
    return ERR_OK;
}

/* Is any part of the path empty, "." or ".."? */
static bool field_path_is_plain(const char *path)
{
    for (const char *at = path; *at == '/';) {
        size_t length = strcspn(++at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && memcmp(at, "..", 2) == 0))
            return false;
        at += length;
    }
    return true;
}

static enum err_code field_path(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *path = "";
    TRY(field_text(name, value, LIMIT_PATH_BYTES - 1, &path, err));
    if (path[0] != '/' || !field_path_is_plain(path))
        return err_set(err, ERR_INVALID,
                       "%s: expected an absolute path of a file, without \"//\", \".\" and \"..\"", name);
    if (strlen(strrchr(path, '/') + 1) > DELIVERY_FILE_NAME_BYTES)
        return err_set(err, ERR_LIMIT, "%s: the file's name has more than %d bytes", name,
                       DELIVERY_FILE_NAME_BYTES);
    delivery->path = path;
    return ERR_OK;
}

static enum err_code field_format(struct delivery *delivery, const char *name, const json_t *value,
                                  struct err *err)
{
    static const char *const formats[DELIVERY_FORMAT_COUNT] = {[DELIVERY_RAW] = "raw",
                                                               [DELIVERY_ENV] = "env",
                                                               [DELIVERY_JSON] = "json",
                                                               [DELIVERY_TEMPLATE] = "template"};
    const char *text = "";
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    for (int i = 0; i < DELIVERY_FORMAT_COUNT; i++)
        if (strcmp(text, formats[i]) == 0) {
            delivery->format = (enum delivery_format)i;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "%s: \"%s\" is none of raw, env, json, template", name, text);
}

static enum err_code field_variable(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char letters_and_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    TRY(field_text(name, value, FIELD_VARIABLE_BYTES, &delivery->variable, err));
    const char *text = delivery->variable;
    if (!strchr(letters, text[0]) || text[strspn(text, letters_and_digits)] != '\0')
        return err_set(err, ERR_INVALID,
                       "%s: \"%s\" is not the name of a variable: letters, digits and '_', no digit first",
                       name, text);
    return ERR_OK;
}

/* Whether its placeholders have values is seen when it is rendered for a try. */
static enum err_code field_template(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    const char *text = json_string_value(value);
    if (!text)
        return err_set(err, ERR_INVALID, "%s: expected a text", name);
    if (strlen(text) > FIELD_TEMPLATE_BYTES)
        return err_set(err, ERR_LIMIT, "%s: has more than %d bytes", name, FIELD_TEMPLATE_BYTES);
    if (!strstr(text, "{{secret}}") && !strstr(text, "{{secret|"))
        return err_set(err, ERR_INVALID, "%s: {{secret}} does not stand in it", name);
    delivery->template_text = text;
    return ERR_OK;
}

static enum err_code field_owner(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return field_text(name, value, FIELD_ACCOUNT_BYTES, &delivery->owner, err);
}

static enum err_code field_group(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return field_text(name, value, FIELD_ACCOUNT_BYTES, &delivery->group, err);
}

static enum err_code field_mode(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    size_t digits = strspn(text, "01234567");
    if (digits < 3 || digits > 4 || text[digits] != '\0')
        return err_set(err, ERR_INVALID, "%s: expected octal digits as in \"0640\", not \"%s\"", name, text);
    mode_t mode = (mode_t)strtoul(text, NULL, 8);
    if (mode & 0007)
        return err_set(err, ERR_INVALID,
                       "%s: %s lets everybody at the secret; use 0600, or 0640 with a group", name, text);
    if ((mode & ~(mode_t)DELIVERY_MODE_MOST) || !(mode & 0400))
        return err_set(err, ERR_INVALID,
                       "%s: %s is not for a file that is read: use 0400, 0440, 0600, 0640 or 0660", name,
                       text);
    delivery->mode = mode;
    return ERR_OK;
}

static enum err_code field_command_list(struct delivery_command *command, const char *name,
                                        const json_t *value, struct err *err)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count < 1 || count > DELIVERY_ARGUMENTS)
        return err_set(err, ERR_INVALID, "%s: expected a list of 1 to %d texts, the program first", name,
                       DELIVERY_ARGUMENTS);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!text)
            return err_set(err, ERR_INVALID, "%s: item %zu is not a text", name, i + 1);
        TRY(text_check_utf8(text, FIELD_ARGUMENT_BYTES, name, err));
        command->argv[i] = text;
    }
    const char *program = command->argv[0];
    if (program[0] == '\0' || (program[0] != '/' && strchr(program, '/')))
        return err_set(err, ERR_INVALID, "%s: the program is an absolute path, or a name to be found in %s",
                       name, ACTION_PROGRAM_PATH);
    return ERR_OK;
}

static enum err_code field_command(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    return field_command_list(&delivery->command, name, value, err);
}

static enum err_code field_remove(struct delivery *delivery, const char *name, const json_t *value,
                                  struct err *err)
{
    return field_command_list(&delivery->remove, name, value, err);
}

static enum err_code field_check(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return field_command_list(&delivery->check, name, value, err);
}

static enum err_code field_duration(const char *name, const json_t *value, int64_t *ret_ms,
                                    struct err *err)
{
    const char *text = "";
    int64_t ms = 0;
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    if (text_parse_duration(text, &ms, err) != ERR_OK)
        return err_prefix(err, "%s", name);
    if (ms < FIELD_TIMEOUT_LEAST_MS || ms > FIELD_TIMEOUT_MOST_MS)
        return err_set(err, ERR_LIMIT, "%s: a time limit is between 1s and 1h, not %s", name, text);
    *ret_ms = ms;
    return ERR_OK;
}

static enum err_code field_timeout(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    TRY(field_duration(name, value, &delivery->command.timeout_ms, err));
    delivery->remove.timeout_ms = delivery->command.timeout_ms;
    return ERR_OK;
}

static enum err_code field_check_timeout(struct delivery *delivery, const char *name,
                                         const json_t *value, struct err *err)
{
    return field_duration(name, value, &delivery->check.timeout_ms, err);
}

/* By systemctl and not sd-bus: it is on each machine with systemd, knows reload-or-restart and --user,
 * and takes its time limit and its end from us as any program does.
 * systemd.unit(5): "a valid unit name". One that begins with '-' would be an option. */
static enum err_code field_unit(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    static const char valid[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
    TRY(field_text(name, value, FIELD_UNIT_BYTES, &delivery->unit, err));
    const char *unit = delivery->unit;
    if (unit[strspn(unit, valid)] != '\0' || unit[0] == '-' || !strchr(unit, '.'))
        return err_set(err, ERR_INVALID, "%s: expected a unit's whole name, as reporting.service", name);
    const char *const words[] = {"systemctl", "--no-ask-password", "reload-or-restart", "--", unit};
    size_t given = 0;
    while (delivery->command.argv[given])
        given++;
    for (size_t i = given > 0 ? 1 : 0; i < sizeof words / sizeof words[0]; i++, given++) {
        if (given == DELIVERY_ARGUMENTS)
            return err_set(err, ERR_LIMIT, "systemctl: has too many arguments");
        delivery->command.argv[given] = words[i];
    }
    return ERR_OK;
}

static enum err_code field_sink(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(field_text(name, value, LIMIT_NAME_BYTES, &text, err));
    delivery->sink = delivery_sinks_find(delivery->sinks, text);
    if (!delivery->sink)
        return err_set(err, ERR_INVALID, "%s: there is no definition of a sink \"%s\" in deliveries.d", name, text);
    return ERR_OK;
}

static enum err_code field_settings(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    if (!json_is_object(value))
        return err_set(err, ERR_INVALID, "%s: expected an object of texts", name);
    delivery->settings = value;
    return ERR_OK;
}

static enum err_code field_credential(struct delivery *delivery, const char *name, const json_t *value,
                                      struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1], key[LIMIT_NAME_BYTES + 1];
    TRY(field_text(name, value, 2 * LIMIT_NAME_BYTES + 1, &delivery->credential, err));
    if (text_split_key(delivery->credential, environment, key, err) != ERR_OK)
        return err_prefix(err, "%s", name);
    return ERR_OK;
}

static enum err_code field_check_url(struct delivery *delivery, const char *name, const json_t *value,
                                     struct err *err)
{
    TRY(field_text(name, value, FIELD_ARGUMENT_BYTES, &delivery->check_url, err));
    const char *url = delivery->check_url;
    bool http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!http || url[strcspn(url, "@# \t\"<>\\")] != '\0')
        return err_set(err, ERR_INVALID, "%s: expected http:// or https://, without a user", name);
    return ERR_OK;
}

static enum err_code field_at_once(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, ERR_INVALID, "%s: expected true or false", name);
    delivery->at_once = json_is_true(value);
    return ERR_OK;
}

enum { FIELD_ANY = DELIVERY_FILE | DELIVERY_PROGRAM | DELIVERY_SYSTEMD | DELIVERY_SINK };

/* kind comes first: it decides about the others. */
static const struct field_row field_rows[] = {
    {"kind", FIELD_ANY, FIELD_ANY, field_kind},
    {"class", FIELD_ANY, FIELD_ANY, field_class},
    {"path", DELIVERY_FILE, DELIVERY_FILE, field_path},
    {"format", DELIVERY_FILE, 0, field_format},
    {"variable", DELIVERY_FILE, 0, field_variable},
    {"template", DELIVERY_FILE, 0, field_template},
    {"owner", DELIVERY_FILE, 0, field_owner},
    {"group", DELIVERY_FILE, 0, field_group},
    {"mode", DELIVERY_FILE, 0, field_mode},
    {"command", DELIVERY_PROGRAM, DELIVERY_PROGRAM, field_command},
    {"remove", DELIVERY_PROGRAM, 0, field_remove},
    {"systemctl", DELIVERY_SYSTEMD, 0, field_command}, /* before what is added to it */
    {"unit", DELIVERY_SYSTEMD, DELIVERY_SYSTEMD, field_unit},
    {"timeout", DELIVERY_PROGRAM | DELIVERY_SYSTEMD, 0, field_timeout},
    {"sink", DELIVERY_SINK, DELIVERY_SINK, field_sink},
    {"settings", DELIVERY_SINK, 0, field_settings},
    {"credential", DELIVERY_SINK, 0, field_credential},
    {"check", FIELD_ANY, 0, field_check},
    {"check_timeout", FIELD_ANY, 0, field_check_timeout},
    {"check_url", FIELD_ANY, 0, field_check_url},
    {"at_once", FIELD_ANY, 0, field_at_once},
};
enum { FIELD_ROWS = sizeof field_rows / sizeof field_rows[0] };

static enum err_code field_refuse_unknown(json_t *definition, struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(definition, name, value)
    {
        size_t i = 0;
        while (i < FIELD_ROWS && strcmp(name, field_rows[i].name) != 0)
            i++;
        if (i == FIELD_ROWS)
            return err_set(err, ERR_INVALID, "%.64s: there is no such field", name);
    }
    return ERR_OK;
}

static enum err_code field_take_known(struct delivery *delivery, struct err *err)
{
    for (size_t i = 0; i < FIELD_ROWS; i++) {
        const struct field_row *field = &field_rows[i];
        const json_t *value = json_object_get(delivery->definition, field->name);
        int kind = i == 0 ? field->kinds : (int)delivery->kind;
        if (!value && (field->required & kind))
            return err_set(err, ERR_INVALID, "%s: is missing", field->name);
        if (value && !(field->kinds & kind))
            return err_set(err, ERR_INVALID, "%s: a delivery of kind %s has no such field", field->name,
                           delivery_kind(delivery));
        if (value)
            TRY(field->take(delivery, field->name, value, err));
    }
    return ERR_OK;
}

enum err_code delivery_take_fields(struct delivery *delivery, struct err *err)
{
    delivery->command.timeout_ms = FIELD_TIMEOUT_DEFAULT_MS;
    delivery->remove.timeout_ms = FIELD_TIMEOUT_DEFAULT_MS;
    delivery->check.timeout_ms = FIELD_TIMEOUT_DEFAULT_MS;
    TRY(field_refuse_unknown(delivery->definition, err));
    return field_take_known(delivery, err);
}

const char *delivery_kind(const struct delivery *delivery)
{
    for (size_t i = 0; i < sizeof field_kinds / sizeof field_kinds[0]; i++)
        if (field_kinds[i].kind == delivery->kind)
            return field_kinds[i].name;
    return "delivery"; /* while its kind is not yet known */
}

/* Kind and class by the parsers of the fields: what they refuse was never stored. */
void delivery_outline_read(const char *json, size_t length, const char *target, struct delivery_outline *ret_outline)
{
    struct err ignored = {0};
    struct delivery delivery = {.place_class = DELIVERY_CLASS_TEST};
    json_t *definition = json_loadb(json, length, 0, NULL);
    const json_t *kind = json_object_get(definition, "kind");
    const json_t *class = json_object_get(definition, "class");
    if (kind)
        (void)field_kind(&delivery, "kind", kind, &ignored);
    if (class)
        (void)field_class(&delivery, "class", class, &ignored);
    json_decref(definition);
    ret_outline->kind = delivery_kind(&delivery);
    ret_outline->place_class = delivery.place_class;
    (void)snprintf(ret_outline->target, sizeof ret_outline->target, "%s", target);
}
