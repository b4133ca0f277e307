/* Placeholders that nobody gives a value: a step that names one never sends
 * anything, which is better found here than in a rotation. */
#include "examination.h"

#include <stdio.h>
#include <string.h>

/* What every action has, whatever its provider. */
static const char *const uses_always[] = {"provider", "environment", "class", "base_url", "key", "label"};

struct uses_look {
    struct examination *examination;
    const struct action_spec *spec;
    enum provider_action action;
    unsigned found;
};

static bool extracts(const struct action_spec *spec, const char *name, unsigned before)
{
    for (unsigned i = 0; i < spec->requests_count && i < before; i++)
        for (unsigned j = 0; j < spec->requests[i].extract_count; j++)
            if (strcmp(spec->requests[i].extract[j].name, name) == 0)
                return true;
    return false;
}

/* What belongs to a version: its secret once it has one, and the id that issue or find told. */
static bool is_of_version(const struct provider *provider, enum provider_action action, const char *name)
{
    if (action == PROVIDER_FIND || action == PROVIDER_LIST)
        return false;
    /* Where issuing kills the old key, it is asked for with that one. */
    if (action == PROVIDER_ISSUE && provider_overlaps(provider))
        return false;
    if (strcmp(name, "secret") == 0)
        return true;
    if (strcmp(name, "id") != 0)
        return false;
    const struct action_spec *issue = provider_spec(provider, PROVIDER_ISSUE);
    const struct action_spec *find = provider_spec(provider, PROVIDER_FIND);
    return issue->program || extracts(issue, name, issue->requests_count) ||
           (find && (find->program || action_lists(find) || extracts(find, name, find->requests_count)));
}

/* Each page of a list is asked for with what the pages before it said. */
static bool is_of_page(const struct uses_look *look, const char *name)
{
    if (look->action != PROVIDER_LIST)
        return false;
    return strcmp(name, "page") == 0 || strcmp(name, "listed") == 0 ||
           (strcmp(name, "next") == 0 && extracts(look->spec, name, look->spec->requests_count));
}

static bool is_setting(const struct definition *definition, const char *name)
{
    for (unsigned i = 0; i < definition->settings_count; i++)
        if (strcmp(definition->settings[i].name, name) == 0)
            return true;
    return false;
}

static bool has_value(const struct uses_look *look, const char *name, unsigned before)
{
    const struct provider *provider = look->examination->provider;
    for (size_t i = 0; i < sizeof uses_always / sizeof uses_always[0]; i++)
        if (strcmp(uses_always[i], name) == 0)
            return true;
    return (strcmp(name, "credential") == 0 && look->spec->credential) || is_setting(provider->definition, name) ||
           extracts(look->spec, name, before) || is_of_page(look, name) ||
           is_of_version(provider, look->action, name);
}

static void uses_take(void *context, const char *where, const char *name, unsigned before)
{
    struct uses_look *look = context;
    char problem[192];
    if (has_value(look, name, before))
        return;
    (void)snprintf(problem, sizeof problem,
                   "{{%s}} never has a value: it is no setting, and no answer before it gives one%s", name,
                   strcmp(name, "credential") == 0 ? "; say which key with credential" : "");
    examine_field(look->examination, &look->examination->mistakes, where, problem);
    look->found++;
}

unsigned examine_uses(struct examination *examination)
{
    struct uses_look look = {.examination = examination};
    for (unsigned i = 0; i < PROVIDER_ACTION_COUNT; i++) {
        char where[64];
        look.action = (enum provider_action)i;
        look.spec = definition_action(examination->provider->definition, look.action);
        (void)snprintf(where, sizeof where, "actions.%s", provider_action_name(look.action));
        if (look.spec)
            action_uses_each(look.spec, where, uses_take, &look);
    }
    return look.found;
}
