/* The first rule that holds decides, and without one nothing is proved (S2). */
#include "judge.h"

#include "body.h"
#include "template.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct judge {
    const struct action_values *known;
    const struct judge_answer *answer;
    struct secret_arena *arena;
    struct body body;
};

static bool judge_is_true(const char *flag)
{
    return flag && strcmp(flag, "true") == 0;
}

/* Does a template, rendered, read like text? One that cannot be rendered is
 * unequal and not different: neither proves anything. It may hold a secret: a
 * sink that is read back must hold what was put. */
static bool judge_compare(const struct judge *judge, const char *template_text, const char *text,
                          size_t length, bool *ret_comparable)
{
    OWN(secret_free) struct secret *wanted = NULL;
    struct err err = {0};
    *ret_comparable = true;
    if (!strstr(template_text, "{{"))
        return strlen(template_text) == length && memcmp(template_text, text, length) == 0;
    *ret_comparable = action_render_secret(template_text, judge->known, "rule", judge->arena, &wanted, &err) == ERR_OK;
    return *ret_comparable && secret_length(wanted) == length && memcmp(secret_peek(wanted), text, length) == 0;
}

static bool judge_value_holds(const struct judge *judge, const struct action_condition *condition,
                              const struct json_t *value)
{
    char number[BODY_NUMBER_BYTES];
    size_t length = 0;
    const char *text = body_text(value, number, &length);
    bool comparable = true;
    if (condition->equals && !(text && judge_compare(judge, condition->equals, text, length, &comparable)))
        return false;
    if (condition->not_equals && text &&
        (judge_compare(judge, condition->not_equals, text, length, &comparable) || !comparable))
        return false;
    return true;
}

/* A pointer may name a member that a value says; one that cannot be rendered leads nowhere. */
static const struct json_t *judge_find(struct judge *judge, const char *pointer)
{
    OWN_BUF struct buf rendered = {0};
    struct err err = {0};
    if (!strstr(pointer, "{{"))
        return body_find(&judge->body, pointer);
    if (action_render(pointer, judge->known, "pointer", &rendered, &err) != ERR_OK ||
        !body_pointer_is_good(buf_text(&rendered)))
        return NULL;
    return body_find(&judge->body, buf_text(&rendered));
}

static bool judge_condition_holds(struct judge *judge, const struct action_condition *condition)
{
    const struct json_t *value = judge_find(judge, condition->pointer);
    /* "present: false" is said of a body that can be read, and of a list that is there; of others
     * nothing is known. */
    if (condition->present && !judge_is_true(condition->present))
        return !value && (body_pointer_is_picked(condition->pointer) ? judge->body.listed : judge->body.root != NULL);
    return value && judge_value_holds(judge, condition, value);
}

struct judge_wanted {
    const struct judge *judge;
    struct action_condition condition;
};

static bool judge_is_wanted(const void *context, const struct json_t *value)
{
    const struct judge_wanted *wanted = context;
    return judge_value_holds(wanted->judge, &wanted->condition, value);
}

static void judge_pick(struct judge *judge, const struct action_pick *pick)
{
    const struct judge_wanted wanted = {judge, {.equals = pick->equals}};
    body_pick(&judge->body, pick->list, pick->by, judge_is_wanted, &wanted);
}

static bool judge_header_holds(const struct judge *judge, const struct action_rule *rule)
{
    const char *value = judge->answer->header(judge->answer->context, rule->header);
    bool comparable = true;
    if (!value)
        return false;
    return !rule->header_equals ||
           judge_compare(judge, rule->header_equals, value, strlen(value), &comparable);
}

/* Cheap parts first; the body is read only when they hold. */
static bool judge_rule_holds(struct judge *judge, const struct action_rule *rule)
{
    const struct judge_answer *answer = judge->answer;
    const struct action_condition first = {rule->pointer, rule->equals, rule->not_equals, rule->present};
    if (rule->status && rule->status != answer->status)
        return false;
    if (rule->status_class && rule->status_class[0] - '0' != answer->status / 100)
        return false;
    if (rule->content_type && strcmp(rule->content_type, answer->content_type) != 0)
        return false;
    if (rule->header && !judge_header_holds(judge, rule))
        return false;
    if (rule->pointer && !judge_condition_holds(judge, &first))
        return false;
    for (unsigned i = 0; i < rule->also_count; i++)
        if (!judge_condition_holds(judge, &rule->also[i]))
            return false;
    return true;
}

/* The answer's own words are not quoted: it may echo the secret in any of them. */
static const char *judge_type_in_words(const char *type)
{
    static const char *const known[] = {"application/json", "application/problem+json", "application/xml",
                                        "text/html",        "text/plain",               "text/xml"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], type) == 0)
            return known[i];
    return type[0] != '\0' ? "another content type" : "no content type";
}

static void judge_say_unknown(const struct judge_answer *answer, struct action_result *result)
{
    (void)snprintf(result->detail, sizeof result->detail, "status %d, %s: the definition knows no such answer",
                   answer->status, judge_type_in_words(answer->content_type));
}

static void judge_by_rules(struct judge *judge, const struct action_request *request,
                           struct action_result *result)
{
    result->verdict = ACTION_UNKNOWN;
    result->rule = -1;
    result->status = judge->answer->status;
    for (unsigned i = 0; i < request->rules_count; i++) {
        const struct action_rule *rule = &request->rules[i];
        bool known;
        if (!judge_rule_holds(judge, rule))
            continue;
        result->rule = (int)i;
        result->verdict = judge_verdict_find(rule->verdict, &known);
        (void)snprintf(result->detail, sizeof result->detail, "%s", rule->because ? rule->because : "");
        return;
    }
    judge_say_unknown(judge->answer, result);
}

/* The text that a declaration points at; NULL when there is none. */
static const char *judge_find_text(struct judge *judge, const struct action_extract *extract,
                                   char number[BODY_NUMBER_BYTES], size_t *ret_length)
{
    if (extract->header) {
        const char *value = judge->answer->header(judge->answer->context, extract->header);
        *ret_length = value ? strlen(value) : 0;
        return value;
    }
    const struct json_t *value = body_find(&judge->body, extract->pointer);
    return value && !body_is_null(value) ? body_text(value, number, ret_length) : NULL;
}

static enum err_code judge_extract(struct judge *judge, const struct action_request *request,
                                   struct secret_arena *arena, struct action_result *result,
                                   const char **ret_missing, struct err *err)
{
    for (unsigned i = 0; i < request->extract_count; i++) {
        const struct action_extract *extract = &request->extract[i];
        char number[BODY_NUMBER_BYTES];
        size_t length = 0;
        bool taken = false;
        const char *text = judge_find_text(judge, extract, number, &length);
        if (text)
            TRY(judge_take(result->values, judge->known, extract->name, text, length, arena, &taken, err));
        bool page_lacks_next = result->verdict == ACTION_MORE && strcmp(extract->name, "next") == 0;
        if (!taken && (page_lacks_next || !judge_is_true(extract->optional)))
            *ret_missing = extract->name;
    }
    return ERR_OK;
}

static bool judge_is_page(enum action_verdict verdict)
{
    return verdict == ACTION_LISTED || verdict == ACTION_MORE;
}

/* Verdicts that say a thing is there. */
static bool judge_is_positive(enum action_verdict verdict)
{
    return verdict == ACTION_DONE || verdict == ACTION_FOUND || verdict == ACTION_ALIVE || judge_is_page(verdict);
}

/* Of a page that cannot be read the verdict is taken back. */
static enum err_code judge_page(struct judge *judge, const struct action_request *request,
                                struct action_result *result, struct err *err)
{
    struct err problem = {0};
    enum err_code code = judge_list(&judge->body, request->items, judge->known, &result->list, &problem);
    if (code == ERR_OK)
        return ERR_OK;
    if (code == ERR_MEMORY)
        return err_set(err, code, "%s", problem.message);
    (void)snprintf(result->detail, sizeof result->detail, "%.*s", (int)sizeof result->detail - 1, problem.message);
    result->verdict = ACTION_UNKNOWN;
    return ERR_OK;
}

/* What the rules compare is what an answer's meaning hangs on. A place that is extracted may be a
 * secret, and one that holds a secret of ours is not shown. */
static bool judge_may_show(const struct action_request *request, const struct action_result *result,
                           const struct action_values *known, const char *pointer, const char *text, size_t length)
{
    for (unsigned i = 0; i < request->extract_count; i++)
        if (request->extract[i].pointer && strcmp(request->extract[i].pointer, pointer) == 0 &&
            strcmp(request->extract[i].name, "code") != 0)
            return false;
    return !judge_quotes_known(known, text, length) && !judge_quotes_known(result->values, text, length);
}

static void judge_show(struct judge *judge, const struct action_request *request, const struct action_result *result,
                       const char *pointer)
{
    char number[BODY_NUMBER_BYTES];
    size_t length = 0;
    const struct json_t *value = judge_find(judge, pointer);
    const char *text = value ? body_text(value, number, &length) : NULL;
    if (text && judge_may_show(request, result, judge->known, pointer, text, length))
        trace_place(judge->answer->places, pointer, text, length);
}

static void judge_show_places(struct judge *judge, const struct action_request *request,
                              const struct action_result *result)
{
    for (unsigned i = 0; judge->answer->places && i < request->rules_count; i++) {
        const struct action_rule *rule = &request->rules[i];
        if (rule->pointer && (rule->equals || rule->not_equals))
            judge_show(judge, request, result, rule->pointer);
        for (unsigned j = 0; j < rule->also_count; j++)
            if (rule->also[j].equals || rule->also[j].not_equals)
                judge_show(judge, request, result, rule->also[j].pointer);
    }
}

static enum err_code judge_run(struct judge *judge, const struct action_request *request,
                               struct secret_arena *arena, struct action_result *result, struct err *err)
{
    const char *missing = NULL;
    if (request->pick)
        judge_pick(judge, request->pick);
    judge_by_rules(judge, request, result);
    TRY(judge_extract(judge, request, arena, result, &missing, err));
    judge_take_evidence(result);
    judge_show_places(judge, request, result);
    if (missing && judge_is_positive(result->verdict)) {
        (void)snprintf(result->detail, sizeof result->detail, "the answer says %s, but it has no %s",
                       action_verdict_name(result->verdict), missing);
        result->verdict = ACTION_UNKNOWN;
    }
    if (request->items && judge_is_page(result->verdict))
        return judge_page(judge, request, result, err);
    return ERR_OK;
}

enum err_code judge_answer(const struct action_request *request, const struct action_values *known,
                           const struct judge_answer *answer, struct secret_arena *arena,
                           struct action_result *result, struct err *err)
{
    struct judge judge = {.known = known, .answer = answer, .arena = arena, .body = {.bytes = answer->body}};
    enum err_code code = judge_run(&judge, request, arena, result, err);
    body_release(&judge.body);
    return code;
}
