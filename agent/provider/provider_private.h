#ifndef KEYTURN_PROVIDER_PRIVATE_H
#define KEYTURN_PROVIDER_PRIVATE_H

#include "definition.h"

#include <regex.h>

struct provider {
    struct definition *definition;
    char *file;
    struct definition_values *values; /* the user's, or NULL */
    struct provider_limits limits;
    struct provider_environment *environments; /* as many as the definition has */
    regex_t *patterns;
    size_t patterns_count; /* compiled so far */
};

/* settings.c: the user's values of a file. ERR_INVALID names file, line and field. */
enum err_code provider_configure(struct provider *provider, const char *path, struct err *err) ERR_MUST_CHECK;
/* The user's value of a setting, else its default; NULL when there is neither. */
const char *provider_setting(const struct provider *provider, const struct definition_setting *setting);

#endif
