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

/* glibc looks at the bytes between rm_so and rm_eo where they are, so that no
 * copy of the secret is made. A NUL among them is of no key's shape. */
static bool provider_matches(const struct provider *provider, size_t index, const struct secret *secret)
{
    const char *bytes = (const char *)secret_peek(secret);
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)secret_length(secret)};
    if (memchr(bytes, '\0', secret_length(secret)))
        return false;
    return regexec(&provider->patterns[index], bytes, 1, &range, REG_STARTEND) == 0;
}

enum provider_shape provider_shape(const struct provider *provider,
                                   const struct provider_environment *asked, const struct secret *secret,
                                   const struct provider_environment **ret_other)
{
    const struct provider_environment *other = NULL;
    for (size_t i = 0; i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = &provider->environments[i];
        if (!provider_matches(provider, i, secret))
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
