/* Environments: which one a key of ours belongs to, and which one a secret shows
 * by its shape (S5). */
#include "provider_private.h"

#include <string.h>

size_t provider_environment_count(const struct provider *provider)
{
    return provider->definition->environments_count;
}

const struct provider_environment *provider_environment_at(const struct provider *provider, size_t index)
{
    return index < provider_environment_count(provider) ? &provider->environments[index] : NULL;
}

const struct provider_environment *provider_environment_for(const struct provider *provider,
                                                            const char *environment,
                                                            enum provider_class class)
{
    const struct provider_environment *of_class = NULL;
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = &provider->environments[i];
        if (one->class != class)
            continue;
        if (strcmp(one->name, environment) == 0)
            return one;
        if (!of_class)
            of_class = one;
    }
    return of_class;
}

/* The secret is looked at where it lies: a copy that ends in NUL would be one more, in pages of its own, which took
 * an eighth of what adding a key takes. One with a NUL in it is of no known shape, and nothing is done with it.
 * re_search is told where it ends; regexec can be, too (REG_STARTEND), but sanitizers read on to a NUL before it. */
static bool is_of_shape(regex_t *pattern, const struct secret *secret)
{
    const char *text = (const char *)secret_peek(secret);
    regoff_t length = (regoff_t)secret_length(secret);
    return !memchr(text, '\0', (size_t)length) && re_search(pattern, text, length, 0, length, NULL) >= 0;
}

enum provider_shape provider_shape(const struct provider *provider,
                                   const struct provider_environment *asked, const struct secret *secret,
                                   const struct provider_environment **ret_other)
{
    const struct provider_environment *other = NULL;
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = &provider->environments[i];
        if (!is_of_shape(&provider->patterns[i], secret))
            continue;
        if (one == asked)
            return PROVIDER_SHAPE_MATCHES;
        if (!other)
            other = one;
    }
    if (!other)
        return PROVIDER_SHAPE_UNKNOWN;
    *ret_other = other;
    return PROVIDER_SHAPE_OTHER;
}
