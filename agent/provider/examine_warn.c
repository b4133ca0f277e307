/* What is no mistake, and yet worth a second look. Each row of the table is one
 * question to a definition. */
#include "examination.h"

#include <stdio.h>
#include <string.h>

static bool rules_say(const struct action_spec *spec, const char *verdict)
{
    if (!spec || spec->program)
        return spec != NULL; /* what a program says is not written here */
    for (unsigned i = 0; i < spec->requests_count; i++)
        for (unsigned j = 0; j < spec->requests[i].rules_count; j++)
            if (strcmp(spec->requests[i].rules[j].verdict, verdict) == 0)
                return true;
    return false;
}

static const struct action_spec *requests_of(const struct provider *provider, enum provider_action action)
{
    const struct action_spec *spec = definition_action(provider->definition, action);
    return spec && spec->requests_count > 0 ? spec : NULL;
}

static bool lacks_dead(const struct provider *provider)
{
    return !rules_say(provider_spec(provider, PROVIDER_PROBE), "dead");
}

static bool lacks_alive(const struct provider *provider)
{
    return !rules_say(provider_spec(provider, PROVIDER_PROBE), "alive");
}

static bool lacks_find(const struct provider *provider)
{
    return provider_can(provider, PROVIDER_ISSUE) && !provider_spec(provider, PROVIDER_FIND);
}

static bool lacks_gone(const struct provider *provider)
{
    const struct action_spec *revoke = requests_of(provider, PROVIDER_REVOKE);
    return revoke && !rules_say(revoke, "gone");
}

static bool lacks_refused(const struct provider *provider)
{
    const struct action_spec *issue = requests_of(provider, PROVIDER_ISSUE);
    return issue && !rules_say(issue, "refused");
}

static bool lacks_enable(const struct provider *provider)
{
    return provider_spec(provider, PROVIDER_DISABLE) && !provider_spec(provider, PROVIDER_ENABLE);
}

static const struct {
    bool (*holds)(const struct provider *provider);
    const char *field;
    const char *problem;
} warnings[] = {
    {lacks_dead, "actions.probe", "no rule proves a key dead, so that no revocation ever ends"},
    {lacks_alive, "actions.probe", "no rule proves a key alive, so that no rotation ever comes further"},
    {lacks_find, "actions", "there is neither find nor list: a person must look for a key whose create was not answered"},
    {lacks_gone, "actions.revoke", "no rule says gone: a key that somebody deleted at the provider is asked for without end"},
    {lacks_refused, "actions.issue", "no rule says refused: whatever is not done counts as uncertain"},
    {lacks_enable, "actions.disable", "there is no enable: a disabled key cannot be put back"},
};

/* Proof by a status alone (S2): a login page is 200, and any proxy can answer 401. */
static bool proves_by_status(const struct action_rule *rule)
{
    return !rule->content_type && !rule->pointer && !rule->header && !rule->also_count &&
           (strcmp(rule->verdict, "alive") == 0 || strcmp(rule->verdict, "dead") == 0);
}

static void warn_of_rules(struct examination *examination)
{
    const struct action_spec *probe = requests_of(examination->provider, PROVIDER_PROBE);
    for (unsigned i = 0; probe && i < probe->requests_count; i++)
        for (unsigned j = 0; j < probe->requests[i].rules_count; j++) {
            char field[64];
            (void)snprintf(field, sizeof field, "actions.probe.requests[%u].rules[%u]", i + 1, j + 1);
            if (proves_by_status(&probe->requests[i].rules[j]))
                examine_field(examination, &examination->warnings, field,
                              "a status alone is the proof; a proxy or a login page can answer that, too");
        }
}

static void warn_of_credentials(struct examination *examination)
{
    for (unsigned i = 0; i < PROVIDER_ACTION_COUNT; i++) {
        const struct action_spec *spec = requests_of(examination->provider, (enum provider_action)i);
        char field[64];
        (void)snprintf(field, sizeof field, "actions.%s", provider_action_name((enum provider_action)i));
        if (spec && spec->credential && !rules_say(spec, "credential_refused"))
            examine_field(examination, &examination->warnings, field,
                          "no rule says credential_refused: nobody is told when the credential is no good");
    }
}

static void warn_of_environments(struct examination *examination)
{
    const struct provider *provider = examination->provider;
    static const char strange[] = "a text that is no key";
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = provider_environment_at(provider, i);
        char field[64];
        (void)snprintf(field, sizeof field, "environments[%zu].base_url", i + 1);
        if (strncmp(one->base_url, "http://", 7) == 0)
            examine_field(examination, &examination->warnings, field, "keys travel in clear; fit for this machine alone");
        (void)snprintf(field, sizeof field, "environments[%zu].key_pattern", i + 1);
        if (regexec(&provider->patterns[i], strange, 0, NULL, 0) == 0)
            examine_field(examination, &examination->warnings, field,
                          "any text has this shape: what is pasted by mistake is sent to the provider");
        for (size_t j = 0; j < i; j++) {
            const struct provider_environment *other = provider_environment_at(provider, j);
            if (other->class != one->class && strcmp(other->key_pattern, one->key_pattern) == 0)
                examine_field(examination, &examination->warnings, field,
                              "live and test keys look alike: a key of the wrong one is not known by its shape");
        }
    }
}

void examine_warn(struct examination *examination)
{
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++)
        if (warnings[i].holds(examination->provider))
            examine_field(examination, &examination->warnings, warnings[i].field, warnings[i].problem);
    warn_of_rules(examination);
    warn_of_credentials(examination);
    warn_of_environments(examination);
}
