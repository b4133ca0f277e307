/* What a definition must be beyond its shape: names, classes, URLs, and verdicts
 * that each action may give. A probe that could say "done" would be a mistake
 * that is found here and not in a rotation. */
#include "definition.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define VERDICT(name) (1u << ACTION_##name)

enum {
    CHECK_ANY = VERDICT(UNKNOWN) | VERDICT(CREDENTIAL_REFUSED),
    CHECK_CHANGE = CHECK_ANY | VERDICT(DONE) | VERDICT(REFUSED),
};

/* The verdicts of each action's last request; the ones before it may say "done", too. */
static const unsigned check_verdicts[PROVIDER_ACTION_COUNT] = {
    [PROVIDER_ISSUE] = CHECK_CHANGE,
    [PROVIDER_FIND] = CHECK_ANY | VERDICT(FOUND) | VERDICT(NOT_FOUND),
    [PROVIDER_PROBE] = CHECK_ANY | VERDICT(ALIVE) | VERDICT(UNFIT) | VERDICT(DEAD),
    [PROVIDER_DISABLE] = CHECK_CHANGE | VERDICT(GONE),
    [PROVIDER_ENABLE] = CHECK_CHANGE | VERDICT(GONE),
    [PROVIDER_REVOKE] = CHECK_CHANGE | VERDICT(GONE),
    [PROVIDER_USAGE] = CHECK_ANY | VERDICT(FOUND) | VERDICT(NOT_FOUND), /* it was used; it never was */
    [PROVIDER_LIST] = CHECK_ANY | VERDICT(LISTED) | VERDICT(MORE),
};

/* Without these a key can be neither made, proved nor killed. */
static const enum provider_action check_required[] = {PROVIDER_ISSUE, PROVIDER_PROBE, PROVIDER_REVOKE};

/* ACTION_VERDICT_COUNT: it is none, which action_check has said. */
static enum action_verdict check_verdict(const char *name)
{
    unsigned verdict = 0;
    while (verdict < ACTION_VERDICT_COUNT &&
           (!name || strcmp(action_verdict_name((enum action_verdict)verdict), name) != 0))
        verdict++;
    return (enum action_verdict)verdict;
}

/* Where several are wanted, a mistake is told, and the check goes on. */
enum err_code definition_keep(const struct action_mistakes *mistakes, enum err_code code, const struct err *err)
{
    if (code != ERR_INVALID || !mistakes)
        return code;
    mistakes->each(mistakes->context, err);
    return ERR_OK;
}

static enum err_code check_rule(const struct action_rule *rule, unsigned allowed, const char *where,
                                unsigned number, struct err *err)
{
    enum action_verdict verdict = check_verdict(rule->verdict);
    if (verdict == ACTION_VERDICT_COUNT || allowed & (1u << verdict))
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%s.rules[%u].verdict: \"%s\" is no verdict of this action", where, number,
                   rule->verdict);
}

static enum err_code check_rules(const struct action_request *request, unsigned allowed, const char *where,
                                 const struct action_mistakes *mistakes, struct err *err)
{
    for (unsigned i = 0; i < request->rules_count; i++)
        TRY(definition_keep(mistakes, check_rule(&request->rules[i], allowed, where, i + 1, err), err));
    return ERR_OK;
}

/* What an action is for must be taken from an answer: a new key that is not is lost (S3). A program gives
 * it by itself. */
static enum err_code check_extracts(const struct action_spec *spec, const char *where, const char *name, struct err *err)
{
    for (unsigned i = 0; i < spec->requests_count; i++)
        for (unsigned j = 0; j < spec->requests[i].extract_count; j++)
            if (spec->requests[i].extract[j].name && strcmp(spec->requests[i].extract[j].name, name) == 0)
                return ERR_OK;
    if (spec->requests_count == 0)
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%s: nothing is extracted as %s", where, name);
}

static enum err_code check_person(const struct action_spec *spec, enum provider_action action, const char *where,
                                  struct err *err)
{
    if (spec->manual && action != PROVIDER_ISSUE && action != PROVIDER_REVOKE)
        return err_set(err, ERR_INVALID, "%s: only issue and revoke can be a person's step", where);
    return ERR_OK;
}

/* Each page of a list is read alike: without an id for each key nothing could be compared. */
static enum err_code check_listing(const struct action_spec *spec, enum provider_action action, const char *where,
                                   struct err *err)
{
    for (unsigned i = 0; i < spec->requests_count; i++)
        if (!spec->requests[i].items != (action != PROVIDER_LIST))
            return err_set(err, ERR_INVALID, "%s.requests[%u]: items are for list, and it needs them", where, i + 1);
    return ERR_OK;
}

static enum err_code check_action(const struct action_spec *spec, enum provider_action action,
                                  const struct action_mistakes *mistakes, struct err *err)
{
    char where[64];
    (void)snprintf(where, sizeof where, "actions.%s", provider_action_name(action));
    TRY(action_check_all(spec, where, mistakes, err));
    TRY(definition_keep(mistakes, check_person(spec, action, where, err), err));
    TRY(definition_keep(mistakes, check_listing(spec, action, where, err), err));
    for (unsigned i = 0; i < spec->requests_count; i++) {
        bool last = i + 1 == spec->requests_count;
        (void)snprintf(where, sizeof where, "actions.%s.requests[%u]", provider_action_name(action), i + 1);
        TRY(check_rules(&spec->requests[i], check_verdicts[action] | (last ? 0 : VERDICT(DONE)), where, mistakes,
                        err));
    }
    if (action == PROVIDER_ISSUE)
        return definition_keep(mistakes, check_extracts(spec, "actions.issue", "secret", err), err);
    if (action == PROVIDER_USAGE)
        return definition_keep(mistakes, check_extracts(spec, "actions.usage", "last_used_at", err), err);
    return ERR_OK;
}

/* https, or http on the machine itself: a key is sent there. */
enum err_code definition_check_url(const char *url, const char *where, const char *field, struct err *err)
{
    static const char *const local[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    size_t length = strlen(url);
    bool good = strncmp(url, "https://", 8) == 0 && length > 8;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        size_t prefix = strlen(local[i]);
        if (strncmp(url, local[i], prefix) == 0 && strchr(":/", url[prefix]))
            good = true;
    }
    if (!good || url[strcspn(url, "@?# \t\"<>\\")] != '\0')
        return err_set(err, ERR_INVALID,
                       "%s.%s: \"%s\"; expected https://HOST, or http:// on this machine", where, field, url);
    if (url[length - 1] == '/')
        return err_set(err, ERR_INVALID, "%s.%s: must not end in /", where, field);
    return ERR_OK;
}

/* A pattern that is not anchored would find a live key's prefix in the middle of anything. */
static enum err_code check_pattern(const char *pattern, const char *where, struct err *err)
{
    size_t length = strlen(pattern);
    bool escaped = length > 2 && pattern[length - 2] == '\\';
    if (length < 3 || pattern[0] != '^' || pattern[length - 1] != '$' || escaped)
        return err_set(err, ERR_INVALID, "%s.key_pattern: must start with ^ and end with $", where);
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] == '\\' && i + 1 < length) {
            i++;
            continue;
        }
        depth += pattern[i] == '(' ? 1 : pattern[i] == ')' ? -1 : 0;
        if (pattern[i] == '|' && depth == 0)
            return err_set(err, ERR_INVALID, "%s.key_pattern: put the alternatives in ^( )$", where);
    }
    return ERR_OK;
}

static enum err_code check_environment(const struct definition *definition, unsigned index, struct err *err)
{
    const struct definition_environment *environment = &definition->environments[index];
    char where[64];
    (void)snprintf(where, sizeof where, "environments[%u]", index + 1);
    if (text_check_name(environment->name, "the environment's name", err) != ERR_OK)
        return err_prefix(err, "%s.name", where);
    for (unsigned i = 0; i < index; i++)
        if (strcmp(definition->environments[i].name, environment->name) == 0)
            return err_set(err, ERR_INVALID, "%s.name: \"%s\" is there twice", where, environment->name);
    if (!definition_class(environment->class))
        return err_set(err, ERR_INVALID, "%s.class: is \"%s\"; expected live or test", where,
                       environment->class);
    TRY(definition_check_url(environment->base_url, where, "base_url", err));
    return check_pattern(environment->key_pattern, where, err);
}

enum provider_class definition_class(const char *name)
{
    if (strcmp(name, "live") == 0)
        return PROVIDER_CLASS_LIVE;
    return strcmp(name, "test") == 0 ? PROVIDER_CLASS_TEST : (enum provider_class)0;
}

static enum err_code check_is_there(const struct definition *definition, enum provider_action action,
                                    struct err *err)
{
    if (!definition_action(definition, action))
        return err_set(err, ERR_INVALID, "actions.%s: is missing", provider_action_name(action));
    return ERR_OK;
}

static enum err_code check_own_name(const struct definition *definition, struct err *err)
{
    if (text_check_name(definition->name, "the provider's name", err) != ERR_OK)
        return err_prefix(err, "name");
    return ERR_OK;
}

static enum err_code check_overlap(const struct definition *definition, struct err *err)
{
    const struct action_spec *issue = definition_action(definition, PROVIDER_ISSUE);
    if (!definition->overlap)
        return ERR_OK;
    if (strcmp(definition->overlap, "none") != 0)
        return err_set(err, ERR_INVALID, "overlap: is \"%s\"; expected none, or nothing where both keys live",
                       definition->overlap);
    if (issue && issue->manual)
        return err_set(err, ERR_INVALID, "overlap: none is said of an issue that is no person's step");
    return ERR_OK;
}

enum err_code definition_check(const struct definition *definition, const struct action_mistakes *mistakes,
                               struct err *err)
{
    TRY(definition_keep(mistakes, check_own_name(definition, err), err));
    TRY(definition_keep(mistakes, check_overlap(definition, err), err));
    for (unsigned i = 0; i < definition->environments_count; i++)
        TRY(definition_keep(mistakes, check_environment(definition, i, err), err));
    TRY(definition_keep(mistakes, definition_check_settings(definition, err), err));
    for (size_t i = 0; i < sizeof check_required / sizeof check_required[0]; i++)
        TRY(definition_keep(mistakes, check_is_there(definition, check_required[i], err), err));
    for (unsigned i = 0; i < PROVIDER_ACTION_COUNT; i++) {
        const struct action_spec *spec = definition_action(definition, (enum provider_action)i);
        if (spec)
            TRY(check_action(spec, (enum provider_action)i, mistakes, err));
    }
    return ERR_OK;
}
