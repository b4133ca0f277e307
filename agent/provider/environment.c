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

/* The secret as regexec needs it, ended by NUL, in locked memory of its own. NULL
 * when it has a NUL in it, which no key's shape has, or when memory is short:
 * then it is of no known shape, and nothing is done with it. */
static struct secret *provider_text(const struct secret *secret)
{
    size_t length = secret_length(secret);
    OWN(secret_free) struct secret *text = secret_new(length + 1);
    if (!text || memchr(secret_peek(secret), '\0', length) ||
        secret_set(text, secret_peek(secret), length) != ERR_OK || secret_append(text, "", 1) != ERR_OK)
        return NULL;
    return GIVE(text);
}

enum provider_shape provider_shape(const struct provider *provider,
                                   const struct provider_environment *asked, const struct secret *secret,
                                   const struct provider_environment **ret_other)
{
    const struct provider_environment *other = NULL;
    OWN(secret_free) struct secret *text = provider_text(secret);
    for (size_t i = 0; text && i < provider_environment_count(provider); i++) {
        const struct provider_environment *one = &provider->environments[i];
        if (regexec(&provider->patterns[i], (const char *)secret_peek(text), 0, NULL, 0) != 0)
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
