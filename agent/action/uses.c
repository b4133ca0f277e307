/* Which values a step uses, and where: so that a definition that names one nobody
 * gives is found before it is needed. */
#include "template.h"

#include "action/action.h"

#include <stdio.h>

enum { USES_FIELD_BYTES = 160 };

struct uses {
    const char *where; /* of the request, or of the step */
    action_use *use;
    void *context;
    unsigned before;
};

static void uses_in(const struct uses *uses, const char *template_text, const char *field)
{
    char where[USES_FIELD_BYTES];
    const char *at = template_text;
    bool more = template_text != NULL;
    (void)snprintf(where, sizeof where, "%s.%s", uses->where, field);
    while (more) {
        struct template_piece piece;
        struct err err;
        if (template_next(&at, where, &piece, &more, &err) != ERR_OK)
            return;
        if (!more || piece.literal)
            continue;
        uses->use(uses->context, where, piece.name, uses->before);
        if (piece.filter && piece.filter->key_name)
            uses->use(uses->context, where, piece.filter->key_name, uses->before);
    }
}

static void uses_of_rule(const struct uses *uses, const struct action_rule *rule, unsigned number)
{
    char field[64];
    const char *const texts[] = {rule->equals, rule->not_equals, rule->header_equals, rule->pointer};
    (void)snprintf(field, sizeof field, "rules[%u]", number);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        uses_in(uses, texts[i], field);
    for (unsigned i = 0; i < rule->also_count; i++) {
        (void)snprintf(field, sizeof field, "rules[%u].also[%u]", number, i + 1);
        uses_in(uses, rule->also[i].pointer, field);
        uses_in(uses, rule->also[i].equals, field);
        uses_in(uses, rule->also[i].not_equals, field);
    }
}

static void uses_of_request(const struct uses *uses, const struct action_request *request)
{
    const struct {
        const char *text, *field;
    } texts[] = {
        {request->url, "url"},
        {request->body, "body"},
        {request->basic_user, "basic_user"},
        {request->basic_password, "basic_password"},
        {request->sigv4, "sigv4"},
        {request->sigv4_user, "sigv4_user"},
        {request->client_certificate, "client_certificate"},
        {request->pick ? request->pick->equals : NULL, "pick.equals"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        uses_in(uses, texts[i].text, texts[i].field);
    for (unsigned i = 0; i < request->headers_count; i++) {
        char field[64];
        (void)snprintf(field, sizeof field, "headers[%u].value", i + 1);
        uses_in(uses, request->headers[i].value, field);
    }
    for (unsigned i = 0; i < request->rules_count; i++)
        uses_of_rule(uses, &request->rules[i], i + 1);
}

void action_uses_each(const struct action_spec *spec, const char *where, action_use *use, void *context)
{
    struct uses uses = {.where = where, .use = use, .context = context};
    if (spec->manual) {
        uses_in(&uses, spec->manual->instructions, "manual.instructions");
        uses_in(&uses, spec->manual->link, "manual.link");
    }
    for (unsigned i = 0; spec->program && i < spec->program->command_count; i++)
        uses_in(&uses, spec->program->command[i], "program.command");
    for (unsigned i = 0; i < spec->requests_count; i++) {
        char request[USES_FIELD_BYTES];
        (void)snprintf(request, sizeof request, "%s.requests[%u]", where, i + 1);
        uses.where = request;
        uses.before = i;
        uses_of_request(&uses, &spec->requests[i]);
    }
}
