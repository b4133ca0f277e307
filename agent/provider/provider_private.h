#ifndef KEYTURN_PROVIDER_PRIVATE_H
#define KEYTURN_PROVIDER_PRIVATE_H

#include "definition.h"

#include <regex.h>

struct provider {
    struct definition *definition;
    char *file;
    struct provider_limits limits;
    struct provider_environment *environments; /* as many as the definition has */
    regex_t *patterns;
    size_t patterns_count; /* compiled so far */
};

#endif
