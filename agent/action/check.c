/* What the YAML schema cannot say about a step. Every message starts with the
 * field ("actions.probe.requests[1].rules[2].pointer"), by which place.c finds
 * its line. */
#include "body.h"
#include "judge.h"
#include "template.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHECK_FIELD_BYTES = 160 };

static const char *const check_methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

struct check_field {
    char path[CHECK_FIELD_BYTES];
};

__attribute__((format(printf, 1, 2))) static struct check_field check_field(const char *format, ...)
{
    struct check_field field;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(field.path, sizeof field.path, format, arguments);
    va_end(arguments);
    return field;
}

static enum err_code check_needed(const char *value, const char *where, const char *name, struct err *err)
{
    if (!value)
        return err_set(err, ERR_INVALID, "%s.%s: is missing", where, name);
    return ERR_OK;
}

static enum err_code check_template(const char *value, const char *where, const char *name, struct err *err)
{
    struct check_field field = check_field("%s.%s", where, name);
    return value ? action_template_check(value, field.path, err) : ERR_OK;
}

static enum err_code check_flag(const char *value, const char *where, const char *name, struct err *err)
{
    if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return err_set(err, ERR_INVALID, "%s.%s: is \"%s\"; expected true or false", where, name, value);
    return ERR_OK;
}

static enum err_code check_duration(const char *value, const char *where, struct err *err)
{
    int64_t ms = 0;
    if (value && text_parse_duration(value, &ms, err) != ERR_OK)
        return err_prefix(err, "%s.timeout", where);
    if (value && ms <= 0)
        return err_set(err, ERR_INVALID, "%s.timeout: must be more than 0", where);
    return ERR_OK;
}

static enum err_code check_header_name(const char *name, const char *where, struct err *err)
{
    static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
    if (name[strspn(name, token)] != '\0')
        return err_set(err, ERR_INVALID, "%s: \"%s\" is not a header's name", where, name);
    return ERR_OK;
}

static enum err_code check_pointer(const char *pointer, const char *where, struct err *err)
{
    if (!body_pointer_is_good(pointer))
        return err_set(err, ERR_INVALID,
                       "%s.pointer: \"%s\" is not a JSON Pointer; expected like /error/code", where, pointer);
    return ERR_OK;
}

static enum err_code check_condition(const struct action_condition *condition, const char *where,
                                     struct err *err)
{
    TRY(check_needed(condition->pointer, where, "pointer", err));
    TRY(check_pointer(condition->pointer, where, err));
    TRY(check_template(condition->equals, where, "equals", err));
    TRY(check_template(condition->not_equals, where, "not_equals", err));
    TRY(check_flag(condition->present, where, "present", err));
    if (!condition->equals && !condition->not_equals && !condition->present)
        return err_set(err, ERR_INVALID, "%s: a pointer needs equals, not_equals or present", where);
    if (condition->present && (condition->equals || condition->not_equals))
        return err_set(err, ERR_INVALID, "%s: present stands without equals and not_equals", where);
    return ERR_OK;
}

static enum err_code check_rule_body(const struct action_rule *rule, const char *where, struct err *err)
{
    const struct action_condition first = {rule->pointer, rule->equals, rule->not_equals, rule->present};
    if (rule->pointer || rule->equals || rule->not_equals || rule->present)
        TRY(check_condition(&first, where, err));
    for (unsigned i = 0; i < rule->also_count; i++) {
        struct check_field field = check_field("%s.also[%u]", where, i + 1);
        TRY(check_condition(&rule->also[i], field.path, err));
    }
    return ERR_OK;
}

/* A status of 0 in the struct is "not given"; -1 and 42 are not statuses. */
static enum err_code check_rule_status(const struct action_rule *rule, const char *where, struct err *err)
{
    const char *class = rule->status_class;
    if (rule->status != 0 && (rule->status < 100 || rule->status > 599))
        return err_set(err, ERR_INVALID, "%s.status: is %d; expected 100 to 599", where, rule->status);
    if (class && (strlen(class) != 3 || class[0] < '1' || class[0] > '5' || strcmp(class + 1, "xx") != 0))
        return err_set(err, ERR_INVALID, "%s.status_class: is \"%s\"; expected 1xx to 5xx", where, class);
    if (!rule->status && !class)
        return err_set(err, ERR_INVALID, "%s: a rule needs a status or a status_class", where);
    return ERR_OK;
}

static enum err_code check_rule(const struct action_rule *rule, const char *where, struct err *err)
{
    bool known;
    TRY(check_needed(rule->verdict, where, "verdict", err));
    (void)judge_verdict_find(rule->verdict, &known);
    if (!known)
        return err_set(err, ERR_INVALID, "%s.verdict: there is no verdict \"%s\"", where, rule->verdict);
    TRY(check_rule_status(rule, where, err));
    if (rule->header)
        TRY(check_header_name(rule->header, where, err));
    if (rule->header_equals)
        TRY(check_needed(rule->header, where, "header", err));
    TRY(check_template(rule->header_equals, where, "header_equals", err));
    return check_rule_body(rule, where, err);
}

static enum err_code check_extract(const struct action_extract *extract, const char *where, struct err *err)
{
    TRY(check_needed(extract->name, where, "name", err));
    size_t length = strspn(extract->name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (extract->name[length] != '\0' || length > TEMPLATE_NAME_BYTES)
        return err_set(err, ERR_INVALID, "%s.name: \"%s\"; expected a-z, 0-9 and _", where, extract->name);
    if (!extract->pointer == !extract->header)
        return err_set(err, ERR_INVALID, "%s: expected one of pointer and header", where);
    TRY(check_flag(extract->optional, where, "optional", err));
    if (extract->header)
        return check_header_name(extract->header, where, err);
    return check_pointer(extract->pointer, where, err);
}

/* A value in a URL is encoded, or it could lead somewhere else; only what the URL
 * begins with (the base URL) stands as it is. */
static enum err_code check_url(const char *url, const char *where, struct err *err)
{
    const char *at = url;
    bool more = true;
    struct check_field field = check_field("%s.url", where);
    while (more) {
        struct template_piece piece;
        bool first = at == url;
        TRY(template_next(&at, field.path, &piece, &more, err));
        if (more && !piece.literal && !first && piece.filter != template_filter_find("urlencode", 9))
            return err_set(err, ERR_INVALID, "%s: write {{%s|urlencode}} in a URL", field.path, piece.name);
    }
    return ERR_OK;
}

/* The same for a body of JSON: a quote in a value must not end its string. */
static enum err_code check_body(const struct action_request *request, const char *where, struct err *err)
{
    const char *at = request->body;
    bool more = at != NULL;
    bool json = !request->content_type || strcmp(request->content_type, "application/json") == 0;
    struct check_field field = check_field("%s.body", where);
    while (more) {
        struct template_piece piece;
        TRY(template_next(&at, field.path, &piece, &more, err));
        if (more && json && !piece.literal && !piece.filter)
            return err_set(err, ERR_INVALID, "%s: write {{%s|json}} in a JSON body", field.path, piece.name);
    }
    return ERR_OK;
}

static enum err_code check_method(const char *method, const char *where, struct err *err)
{
    TRY(check_needed(method, where, "method", err));
    for (size_t i = 0; i < sizeof check_methods / sizeof check_methods[0]; i++)
        if (strcmp(check_methods[i], method) == 0)
            return ERR_OK;
    return err_set(err, ERR_INVALID, "%s.method: is \"%s\"; expected GET, HEAD, POST, PUT, PATCH or DELETE",
                   where, method);
}

static enum err_code check_authentication(const struct action_request *request, const char *where,
                                          struct err *err)
{
    if (request->basic_user || request->basic_password) {
        TRY(check_needed(request->basic_user, where, "basic_user", err));
        TRY(check_needed(request->basic_password, where, "basic_password", err));
    }
    if (request->sigv4 || request->sigv4_user) {
        TRY(check_needed(request->sigv4, where, "sigv4", err));
        TRY(check_needed(request->sigv4_user, where, "sigv4_user", err));
    }
    TRY(check_template(request->client_certificate, where, "client_certificate", err));
    TRY(check_template(request->basic_user, where, "basic_user", err));
    TRY(check_template(request->basic_password, where, "basic_password", err));
    TRY(check_template(request->sigv4, where, "sigv4", err));
    return check_template(request->sigv4_user, where, "sigv4_user", err);
}

static enum err_code check_headers(const struct action_request *request, const char *where, struct err *err)
{
    for (unsigned i = 0; i < request->headers_count; i++) {
        struct check_field field = check_field("%s.headers[%u]", where, i + 1);
        TRY(check_needed(request->headers[i].name, field.path, "name", err));
        TRY(check_needed(request->headers[i].value, field.path, "value", err));
        TRY(check_header_name(request->headers[i].name, field.path, err));
        TRY(check_template(request->headers[i].value, field.path, "value", err));
    }
    return ERR_OK;
}

static enum err_code check_pick(const struct action_pick *pick, const char *parent, struct err *err)
{
    struct check_field field = check_field("%s.pick", parent);
    TRY(check_needed(pick->list, field.path, "list", err));
    TRY(check_needed(pick->equals, field.path, "equals", err));
    if (!body_pointer_is_good(pick->list))
        return err_set(err, ERR_INVALID, "%s.list: is not a JSON Pointer", field.path);
    if (pick->by && !body_pointer_is_good(pick->by))
        return err_set(err, ERR_INVALID, "%s.by: is not a JSON Pointer", field.path);
    return check_template(pick->equals, field.path, "equals", err);
}

static enum err_code check_item_pointer(const char *pointer, const char *where, const char *name, struct err *err)
{
    TRY(check_needed(pointer, where, name, err));
    if (!body_pointer_is_good(pointer))
        return err_set(err, ERR_INVALID, "%s.%s: is not a JSON Pointer", where, name);
    return ERR_OK;
}

static enum err_code check_items(const struct action_items *items, const char *parent, struct err *err)
{
    struct check_field field = check_field("%s.items", parent);
    TRY(check_item_pointer(items->list, field.path, "list", err));
    TRY(check_item_pointer(items->id, field.path, "id", err));
    return check_item_pointer(items->label, field.path, "label", err);
}

/* Where several are wanted, a mistake is told, and the check goes on. */
static enum err_code check_keep(const struct action_mistakes *mistakes, enum err_code code, const struct err *err)
{
    if (code != ERR_INVALID || !mistakes)
        return code;
    mistakes->each(mistakes->context, err);
    return ERR_OK;
}

static enum err_code check_request_head(const struct action_request *request, const char *where, struct err *err)
{
    TRY(check_method(request->method, where, err));
    TRY(check_needed(request->url, where, "url", err));
    TRY(check_url(request->url, where, err));
    TRY(check_headers(request, where, err));
    TRY(check_body(request, where, err));
    TRY(check_authentication(request, where, err));
    TRY(check_duration(request->timeout, where, err));
    if (request->pick)
        TRY(check_pick(request->pick, where, err));
    if (request->items)
        TRY(check_items(request->items, where, err));
    if (request->rules_count == 0)
        return err_set(err, ERR_INVALID, "%s.rules: are missing; without one no answer proves anything", where);
    return ERR_OK;
}

static enum err_code check_request(const struct action_request *request, const char *where,
                                   const struct action_mistakes *mistakes, struct err *err)
{
    TRY(check_keep(mistakes, check_request_head(request, where, err), err));
    for (unsigned i = 0; i < request->rules_count; i++) {
        struct check_field field = check_field("%s.rules[%u]", where, i + 1);
        TRY(check_keep(mistakes, check_rule(&request->rules[i], field.path, err), err));
    }
    for (unsigned i = 0; i < request->extract_count; i++) {
        struct check_field field = check_field("%s.extract[%u]", where, i + 1);
        TRY(check_keep(mistakes, check_extract(&request->extract[i], field.path, err), err));
    }
    return ERR_OK;
}

static enum err_code check_manual(const struct action_manual *manual, const char *where, struct err *err)
{
    struct check_field field = check_field("%s.manual", where);
    TRY(check_needed(manual->instructions, field.path, "instructions", err));
    TRY(check_template(manual->instructions, field.path, "instructions", err));
    return check_template(manual->link, field.path, "link", err);
}

static enum err_code check_program(const struct action_program *program, const char *where, struct err *err)
{
    struct check_field field = check_field("%s.program", where);
    if (program->command_count == 0)
        return err_set(err, ERR_INVALID, "%s.command: is missing", field.path);
    for (unsigned i = 0; i < program->command_count; i++)
        TRY(check_template(program->command[i], field.path, "command", err));
    return check_duration(program->timeout, field.path, err);
}

static enum err_code check_kind(const struct action_spec *spec, const char *where, struct err *err)
{
    int kinds = (spec->requests_count > 0 ? 1 : 0) + (spec->manual ? 1 : 0) + (spec->program ? 1 : 0);
    if (kinds != 1)
        return err_set(err, ERR_INVALID, "%s: expected one of requests, manual and program", where);
    TRY(check_template(spec->credential, where, "credential", err));
    if (spec->manual)
        return check_manual(spec->manual, where, err);
    return spec->program ? check_program(spec->program, where, err) : ERR_OK;
}

enum err_code action_check_all(const struct action_spec *spec, const char *where,
                               const struct action_mistakes *mistakes, struct err *err)
{
    TRY(check_keep(mistakes, check_kind(spec, where, err), err));
    for (unsigned i = 0; i < spec->requests_count; i++) {
        struct check_field field = check_field("%s.requests[%u]", where, i + 1);
        TRY(check_request(&spec->requests[i], field.path, mistakes, err));
    }
    return ERR_OK;
}

enum err_code action_check(const struct action_spec *spec, const char *where, struct err *err)
{
    return action_check_all(spec, where, NULL, err);
}
