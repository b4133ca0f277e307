/* What an action is done to, as values and as a text for a person; and a find that is done by list. */
#include "provider_private.h"

#include <stdio.h>
#include <string.h>

static const char *provider_class_name(enum provider_class class)
{
    switch (class) {
    case PROVIDER_CLASS_LIVE:
        return "live";
    case PROVIDER_CLASS_TEST:
        return "test";
    }
    return "";
}

static enum err_code provider_set_texts(struct action_values *values, const struct provider *provider,
                                        const struct provider_subject *subject, struct err *err)
{
    const struct provider_environment *environment = subject->environment;
    const struct {
        const char *name, *text;
    } texts[] = {
        {"provider", provider_name(provider)},
        {"environment", environment ? environment->name : NULL},
        {"class", environment ? provider_class_name(environment->class) : NULL},
        {"base_url", environment ? environment->base_url : NULL},
        {"key", subject->key},
        {"label", subject->label},
        /* Without an id no request may be sent that is about "the" key: it could be about all of them. */
        {"id", subject->id && subject->id[0] ? subject->id : NULL},
    };
    const struct definition *definition = provider->definition;
    for (unsigned i = 0; i < definition->settings_count; i++) {
        const char *value = provider_setting(provider, &definition->settings[i]);
        if (value)
            TRY(action_values_set(values, definition->settings[i].name, value, err));
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text)
            TRY(action_values_set(values, texts[i].name, texts[i].text, err));
    return ERR_OK;
}

enum err_code provider_values(const struct provider *provider, const struct provider_subject *subject,
                              struct action_values **ret_values, struct err *err)
{
    OWN(action_values_free) struct action_values *values = action_values_new();
    if (!values)
        return err_set(err, ERR_MEMORY, "no memory for values");
    TRY(provider_set_texts(values, provider, subject, err));
    if (subject->secret)
        TRY(action_values_borrow_secret(values, "secret", subject->secret, err));
    if (subject->credential)
        TRY(action_values_borrow_secret(values, "credential", subject->credential, err));
    *ret_values = GIVE(values);
    return ERR_OK;
}

enum err_code provider_pick(const char *label, struct action_result *result, struct err *err)
{
    if (result->verdict != ACTION_LISTED)
        return ERR_OK;
    result->verdict = ACTION_NOT_FOUND;
    for (size_t i = 0; result->list && i < result->list->count; i++) {
        const struct action_item *item = &result->list->items[i];
        if (strcmp(item->label, label) != 0)
            continue;
        if (result->verdict == ACTION_FOUND) {
            /* One of them is somebody else's, and nobody can tell which. */
            result->verdict = ACTION_UNKNOWN;
            (void)snprintf(result->detail, sizeof result->detail, "several keys have this label");
            return ERR_OK;
        }
        result->verdict = ACTION_FOUND;
        TRY(action_values_set(result->values, "id", item->id, err));
    }
    return ERR_OK;
}

enum err_code provider_manual(const struct provider *provider, enum provider_action action,
                              const struct provider_subject *subject, struct buf *ret_instructions,
                              struct buf *ret_link, struct err *err)
{
    const struct action_spec *spec = provider_spec(provider, action);
    if (!spec || !spec->manual)
        return err_set(err, ERR_INVALID, "%s of %s is not a person's step", provider_action_name(action),
                       provider_name(provider));
    OWN(action_values_free) struct action_values *values = NULL;
    TRY(provider_values(provider, subject, &values, err));
    /* A person finds the key by its label, too. */
    if (!action_values_text(values, "id"))
        TRY(action_values_set(values, "id", "", err));
    TRY(action_render(spec->manual->instructions, values, "instructions", ret_instructions, err));
    if (spec->manual->link)
        TRY(action_render(spec->manual->link, values, "link", ret_link, err));
    return ERR_OK;
}
