/* A definition, checked as a whole: what passes here can be carried out, but for
 * what only the place itself can say. A field that is unknown, or of the other
 * kind, is refused by name: a misspelt "group" must not widen who can read. */
#include "delivery_private.h"

#include "action/program.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARSE_TIMEOUT_DEFAULT_MS = 30 * 1000,
    PARSE_TIMEOUT_LEAST_MS = 1000,
    PARSE_TIMEOUT_MOST_MS = 3600 * 1000,
    PARSE_ARGUMENT_BYTES = 4096,
    PARSE_ACCOUNT_BYTES = 64,
    PARSE_VARIABLE_BYTES = 128,
    PARSE_UNIT_BYTES = 255,
    PARSE_TEMPLATE_BYTES = 32 * 1024
};

struct parse_field {
    const char *name;
    int kinds;    /* where it may stand … */
    int required; /* … and must */
    enum err_code (*take)(struct delivery *delivery, const char *name, const json_t *value,
                          struct err *err);
};

static enum err_code parse_text(const char *name, const json_t *value, size_t max_bytes,
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
} parse_kinds[] = {
    {"file", DELIVERY_FILE},
    {"program", DELIVERY_PROGRAM},
    {"systemd", DELIVERY_SYSTEMD},
    {"sink", DELIVERY_SINK},
};

static enum err_code parse_kind(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
    for (size_t i = 0; i < sizeof parse_kinds / sizeof parse_kinds[0]; i++)
        if (strcmp(text, parse_kinds[i].name) == 0) {
            delivery->kind = parse_kinds[i].kind;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "%s: \"%s\" is none of file, program, systemd, sink", name, text);
}

static enum err_code parse_class(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    const char *text = "";
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
    if (strcmp(text, "live") == 0)
        delivery->place_class = DELIVERY_CLASS_LIVE;
    else if (strcmp(text, "test") == 0)
        delivery->place_class = DELIVERY_CLASS_TEST;
    else
        return err_set(err, ERR_INVALID, "%s: \"%s\" is neither live nor test", name, text);
    return ERR_OK;
}

/* Is any part of the path empty, "." or ".."? */
static bool parse_path_is_plain(const char *path)
{
    for (const char *at = path; *at == '/';) {
        size_t length = strcspn(++at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && memcmp(at, "..", 2) == 0))
            return false;
        at += length;
    }
    return true;
}

static enum err_code parse_path(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *path = "";
    TRY(parse_text(name, value, LIMIT_PATH_BYTES - 1, &path, err));
    if (path[0] != '/' || !parse_path_is_plain(path))
        return err_set(err, ERR_INVALID,
                       "%s: expected an absolute path of a file, without \"//\", \".\" and \"..\"", name);
    if (strlen(strrchr(path, '/') + 1) > DELIVERY_FILE_NAME_BYTES)
        return err_set(err, ERR_LIMIT, "%s: the file's name has more than %d bytes", name,
                       DELIVERY_FILE_NAME_BYTES);
    delivery->path = path;
    return ERR_OK;
}

static enum err_code parse_format(struct delivery *delivery, const char *name, const json_t *value,
                                  struct err *err)
{
    static const char *const formats[DELIVERY_FORMAT_COUNT] = {[DELIVERY_RAW] = "raw",
                                                               [DELIVERY_ENV] = "env",
                                                               [DELIVERY_JSON] = "json",
                                                               [DELIVERY_TEMPLATE] = "template"};
    const char *text = "";
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
    for (int i = 0; i < DELIVERY_FORMAT_COUNT; i++)
        if (strcmp(text, formats[i]) == 0) {
            delivery->format = (enum delivery_format)i;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "%s: \"%s\" is none of raw, env, json, template", name, text);
}

static enum err_code parse_variable(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char letters_and_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    TRY(parse_text(name, value, PARSE_VARIABLE_BYTES, &delivery->variable, err));
    const char *text = delivery->variable;
    if (!strchr(letters, text[0]) || text[strspn(text, letters_and_digits)] != '\0')
        return err_set(err, ERR_INVALID,
                       "%s: \"%s\" is not the name of a variable: letters, digits and '_', no digit first",
                       name, text);
    return ERR_OK;
}

/* Whether its placeholders have values is seen when it is rendered for a try. */
static enum err_code parse_template(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    const char *text = json_string_value(value);
    if (!text)
        return err_set(err, ERR_INVALID, "%s: expected a text", name);
    if (strlen(text) > PARSE_TEMPLATE_BYTES)
        return err_set(err, ERR_LIMIT, "%s: has more than %d bytes", name, PARSE_TEMPLATE_BYTES);
    if (!strstr(text, "{{secret}}") && !strstr(text, "{{secret|"))
        return err_set(err, ERR_INVALID, "%s: {{secret}} does not stand in it", name);
    delivery->template_text = text;
    return ERR_OK;
}

static enum err_code parse_owner(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return parse_text(name, value, PARSE_ACCOUNT_BYTES, &delivery->owner, err);
}

static enum err_code parse_group(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return parse_text(name, value, PARSE_ACCOUNT_BYTES, &delivery->group, err);
}

static enum err_code parse_mode(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
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

static enum err_code parse_command_list(struct delivery_command *command, const char *name,
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
        TRY(text_check_utf8(text, PARSE_ARGUMENT_BYTES, name, err));
        command->argv[i] = text;
    }
    const char *program = command->argv[0];
    if (program[0] == '\0' || (program[0] != '/' && strchr(program, '/')))
        return err_set(err, ERR_INVALID, "%s: the program is an absolute path, or a name to be found in %s",
                       name, ACTION_PROGRAM_PATH);
    return ERR_OK;
}

static enum err_code parse_command(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    return parse_command_list(&delivery->command, name, value, err);
}

static enum err_code parse_remove(struct delivery *delivery, const char *name, const json_t *value,
                                  struct err *err)
{
    return parse_command_list(&delivery->remove, name, value, err);
}

static enum err_code parse_check(struct delivery *delivery, const char *name, const json_t *value,
                                 struct err *err)
{
    return parse_command_list(&delivery->check, name, value, err);
}

static enum err_code parse_duration(const char *name, const json_t *value, int64_t *ret_ms,
                                    struct err *err)
{
    const char *text = "";
    int64_t ms = 0;
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
    if (text_parse_duration(text, &ms, err) != ERR_OK)
        return err_prefix(err, "%s", name);
    if (ms < PARSE_TIMEOUT_LEAST_MS || ms > PARSE_TIMEOUT_MOST_MS)
        return err_set(err, ERR_LIMIT, "%s: a time limit is between 1s and 1h, not %s", name, text);
    *ret_ms = ms;
    return ERR_OK;
}

static enum err_code parse_timeout(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    TRY(parse_duration(name, value, &delivery->command.timeout_ms, err));
    delivery->remove.timeout_ms = delivery->command.timeout_ms;
    return ERR_OK;
}

static enum err_code parse_check_timeout(struct delivery *delivery, const char *name,
                                         const json_t *value, struct err *err)
{
    return parse_duration(name, value, &delivery->check.timeout_ms, err);
}

/* By systemctl and not sd-bus: it is on each machine with systemd, knows reload-or-restart and --user,
 * and takes its time limit and its end from us as any program does.
 * systemd.unit(5): "a valid unit name". One that begins with '-' would be an option. */
static enum err_code parse_unit(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    static const char valid[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
    TRY(parse_text(name, value, PARSE_UNIT_BYTES, &delivery->unit, err));
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

static enum err_code parse_sink(struct delivery *delivery, const char *name, const json_t *value,
                                struct err *err)
{
    const char *text = "";
    TRY(parse_text(name, value, LIMIT_NAME_BYTES, &text, err));
    delivery->sink = delivery_sinks_find(delivery->sinks, text);
    if (!delivery->sink)
        return err_set(err, ERR_INVALID, "%s: there is no definition of a sink \"%s\" in deliveries.d", name, text);
    return ERR_OK;
}

static enum err_code parse_settings(struct delivery *delivery, const char *name, const json_t *value,
                                    struct err *err)
{
    if (!json_is_object(value))
        return err_set(err, ERR_INVALID, "%s: expected an object of texts", name);
    delivery->settings = value;
    return ERR_OK;
}

static enum err_code parse_credential(struct delivery *delivery, const char *name, const json_t *value,
                                      struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1], key[LIMIT_NAME_BYTES + 1];
    TRY(parse_text(name, value, 2 * LIMIT_NAME_BYTES + 1, &delivery->credential, err));
    if (text_split_key(delivery->credential, environment, key, err) != ERR_OK)
        return err_prefix(err, "%s", name);
    return ERR_OK;
}

static enum err_code parse_check_url(struct delivery *delivery, const char *name, const json_t *value,
                                     struct err *err)
{
    TRY(parse_text(name, value, PARSE_ARGUMENT_BYTES, &delivery->check_url, err));
    const char *url = delivery->check_url;
    bool http = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    if (!http || url[strcspn(url, "@# \t\"<>\\")] != '\0')
        return err_set(err, ERR_INVALID, "%s: expected http:// or https://, without a user", name);
    return ERR_OK;
}

static enum err_code parse_at_once(struct delivery *delivery, const char *name, const json_t *value,
                                   struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, ERR_INVALID, "%s: expected true or false", name);
    delivery->at_once = json_is_true(value);
    return ERR_OK;
}

enum { PARSE_ANY = DELIVERY_FILE | DELIVERY_PROGRAM | DELIVERY_SYSTEMD | DELIVERY_SINK };

/* kind comes first: it decides about the others. */
static const struct parse_field parse_fields[] = {
    {"kind", PARSE_ANY, PARSE_ANY, parse_kind},
    {"class", PARSE_ANY, PARSE_ANY, parse_class},
    {"path", DELIVERY_FILE, DELIVERY_FILE, parse_path},
    {"format", DELIVERY_FILE, 0, parse_format},
    {"variable", DELIVERY_FILE, 0, parse_variable},
    {"template", DELIVERY_FILE, 0, parse_template},
    {"owner", DELIVERY_FILE, 0, parse_owner},
    {"group", DELIVERY_FILE, 0, parse_group},
    {"mode", DELIVERY_FILE, 0, parse_mode},
    {"command", DELIVERY_PROGRAM, DELIVERY_PROGRAM, parse_command},
    {"remove", DELIVERY_PROGRAM, 0, parse_remove},
    {"systemctl", DELIVERY_SYSTEMD, 0, parse_command}, /* before what is added to it */
    {"unit", DELIVERY_SYSTEMD, DELIVERY_SYSTEMD, parse_unit},
    {"timeout", DELIVERY_PROGRAM | DELIVERY_SYSTEMD, 0, parse_timeout},
    {"sink", DELIVERY_SINK, DELIVERY_SINK, parse_sink},
    {"settings", DELIVERY_SINK, 0, parse_settings},
    {"credential", DELIVERY_SINK, 0, parse_credential},
    {"check", PARSE_ANY, 0, parse_check},
    {"check_timeout", PARSE_ANY, 0, parse_check_timeout},
    {"check_url", PARSE_ANY, 0, parse_check_url},
    {"at_once", PARSE_ANY, 0, parse_at_once},
};
enum { PARSE_FIELDS = sizeof parse_fields / sizeof parse_fields[0] };

static enum err_code parse_known_fields(struct delivery *delivery, struct err *err)
{
    for (size_t i = 0; i < PARSE_FIELDS; i++) {
        const struct parse_field *field = &parse_fields[i];
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

static enum err_code parse_refuse_unknown(json_t *definition, struct err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(definition, name, value)
    {
        size_t i = 0;
        while (i < PARSE_FIELDS && strcmp(name, parse_fields[i].name) != 0)
            i++;
        if (i == PARSE_FIELDS)
            return err_set(err, ERR_INVALID, "%.64s: there is no such field", name);
    }
    return ERR_OK;
}

/* Fields that belong together. */
static enum err_code parse_check_together(const struct delivery *delivery, struct err *err)
{
    bool env = delivery->kind == DELIVERY_FILE && delivery->format == DELIVERY_ENV;
    bool template = delivery->kind == DELIVERY_FILE && delivery->format == DELIVERY_TEMPLATE;
    if (env != (delivery->variable != NULL))
        return err_set(err, ERR_INVALID, "variable: belongs to format env, and format env needs it");
    if (template != (delivery->template_text != NULL))
        return err_set(err, ERR_INVALID, "template: belongs to format template, and format template needs it");
    if (!delivery->check.argv[0] && json_object_get(delivery->definition, "check_timeout"))
        return err_set(err, ERR_INVALID, "check_timeout: there is no check");
    if (delivery->sink && (delivery->sink->credential != NULL) != (delivery->credential != NULL))
        return err_set(err, ERR_INVALID, "credential: %s needs %s%s", delivery->sink->name,
                       delivery->sink->credential ? "the key of the vault that holds " : "none",
                       delivery->sink->credential ? delivery->sink->credential : "");
    return ERR_OK;
}

/* Make the content once with a made-up secret: it finds placeholders that have no value. */
static enum err_code parse_try_template(const struct delivery *delivery, struct err *err)
{
    OWN(secret_free) struct secret *sample = secret_new(1);
    OWN(secret_free) struct secret *content = NULL;
    if (!delivery->template_text)
        return ERR_OK;
    if (!sample || secret_set(sample, "x", 1) != ERR_OK)
        return err_set(err, ERR_MEMORY, "no locked memory to try the template");
    const struct delivery_subject subject = {
        .key = "test/sample", .environment = "test", .name = "sample", .version = 1, .secret = sample};
    return delivery_render(delivery, &subject, &content, err);
}

/* Rendering it tries the settings, too. */
static enum err_code parse_sink_target(struct delivery *delivery, struct err *err)
{
    const struct delivery_subject subject = {
        .key = "test/sample", .environment = "test", .name = "sample", .version = 1};
    OWN(action_values_free) struct action_values *values = NULL;
    OWN_BUF struct buf text = {0};
    TRY(delivery_values(delivery, &subject, &values, err));
    TRY(action_render(delivery->sink->target, values, "target", &text, err));
    if (snprintf(delivery->target, sizeof delivery->target, "%s", buf_text(&text)) >= (int)sizeof delivery->target)
        return err_set(err, ERR_LIMIT, "settings: what they lead to has more than %d bytes",
                       DELIVERY_TARGET_BYTES - 1);
    return ERR_OK;
}

static enum err_code parse_target(struct delivery *delivery, struct err *err)
{
    size_t used = 0;
    const char *text = delivery->unit ? delivery->unit : delivery->path;
    if (delivery->sink)
        return parse_sink_target(delivery, err);
    if (text)
        (void)snprintf(delivery->target, sizeof delivery->target, "%s", text);
    for (size_t i = 0; !text && delivery->command.argv[i] && used < sizeof delivery->target; i++)
        used += (size_t)snprintf(delivery->target + used, sizeof delivery->target - used, "%s%s",
                                 i > 0 ? " " : "", delivery->command.argv[i]);
    return ERR_OK;
}

static enum err_code parse_definition(struct delivery *delivery, const char *json, size_t length,
                                      struct err *err)
{
    json_error_t error;
    if (length > DELIVERY_DEFINITION_BYTES)
        return err_set(err, ERR_LIMIT, "has more than %d bytes", DELIVERY_DEFINITION_BYTES);
    delivery->definition = json_loadb(json, length, JSON_REJECT_DUPLICATES, &error);
    if (!delivery->definition)
        return err_set(err, ERR_INVALID, "line %d: %s", error.line, error.text);
    if (!json_is_object(delivery->definition))
        return err_set(err, ERR_INVALID, "expected a JSON object");
    delivery->command.timeout_ms = PARSE_TIMEOUT_DEFAULT_MS;
    delivery->remove.timeout_ms = PARSE_TIMEOUT_DEFAULT_MS;
    delivery->check.timeout_ms = PARSE_TIMEOUT_DEFAULT_MS;
    TRY(parse_refuse_unknown(delivery->definition, err));
    TRY(parse_known_fields(delivery, err));
    TRY(parse_check_together(delivery, err));
    TRY(parse_try_template(delivery, err));
    return parse_target(delivery, err);
}

enum err_code delivery_parse(const char *what, const char *json, size_t length,
                             const struct delivery_sinks *sinks, struct delivery **ret_delivery,
                             struct err *err)
{
    struct err problem = {0};
    OWN(delivery_free) struct delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return err_set(err, ERR_MEMORY, "%s: out of memory", what);
    delivery->sinks = sinks;
    enum err_code code = parse_definition(delivery, json, length, &problem);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", what, problem.message);
    *ret_delivery = GIVE(delivery);
    return ERR_OK;
}

struct delivery *delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return NULL;
    json_decref(delivery->definition);
    free(delivery);
    return NULL;
}

const char *delivery_kind(const struct delivery *delivery)
{
    for (size_t i = 0; i < sizeof parse_kinds / sizeof parse_kinds[0]; i++)
        if (parse_kinds[i].kind == delivery->kind)
            return parse_kinds[i].name;
    return "delivery"; /* while its kind is not yet known */
}

const char *delivery_target(const struct delivery *delivery)
{
    return delivery->target;
}

enum delivery_class delivery_place_class(const struct delivery *delivery)
{
    return delivery->place_class;
}

const char *delivery_credential(const struct delivery *delivery)
{
    return delivery->credential;
}

bool delivery_is_signal(const struct delivery *delivery)
{
    return delivery->kind == DELIVERY_SYSTEMD || delivery->kind == DELIVERY_PROGRAM;
}

bool delivery_is_at_once(const struct delivery *delivery)
{
    return delivery->at_once;
}

/* A program's words do not say where it puts the secret. */
static bool parse_kind_has_place(enum delivery_kind kind)
{
    return kind == DELIVERY_FILE || kind == DELIVERY_SINK;
}

/* Two definitions of one service, as after a copy, lead to the same place by the same target. */
bool delivery_same_target(const struct delivery *a, const struct delivery *b)
{
    if (a->kind != b->kind || !parse_kind_has_place(a->kind))
        return false;
    return a->kind == DELIVERY_FILE ? strcmp(a->path, b->path) == 0 : strcmp(a->target, b->target) == 0;
}

bool delivery_same_place(const struct delivery *a, const struct delivery *b)
{
    if (a->kind == DELIVERY_FILE && b->kind == DELIVERY_FILE)
        return delivery_same_file(a->path, b->path);
    return delivery_same_target(a, b);
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
        (void)parse_kind(&delivery, "kind", kind, &ignored);
    if (class)
        (void)parse_class(&delivery, "class", class, &ignored);
    json_decref(definition);
    ret_outline->kind = delivery_kind(&delivery);
    ret_outline->place_class = delivery.place_class;
    (void)snprintf(ret_outline->target, sizeof ret_outline->target, "%s", target);
}

bool delivery_may_be_place(const struct delivery *delivery, const struct delivery_outline *other)
{
    if (!parse_kind_has_place(delivery->kind) || strcmp(delivery_kind(delivery), other->kind) != 0)
        return false;
    return other->target[0] == '\0' || strcmp(delivery->target, other->target) == 0;
}
