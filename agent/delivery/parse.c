/* A definition, checked as a whole: what passes here can be carried out, but for
 * what only the place itself can say. */
#include "delivery_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    TRY(delivery_take_fields(delivery, err));
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

bool delivery_may_be_place(const struct delivery *delivery, const struct delivery_outline *other)
{
    if (!parse_kind_has_place(delivery->kind) || strcmp(delivery_kind(delivery), other->kind) != 0)
        return false;
    return other->target[0] == '\0' || strcmp(delivery->target, other->target) == 0;
}
