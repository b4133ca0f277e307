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

/* provider_load_text; with mistakes (not NULL) those of the check are told, without the file and the line
 * before their field, and what it returns then is of use only when none was. */
enum err_code provider_load_checked(const char *what, const char *text, size_t length,
                                    const struct action_mistakes *mistakes, struct provider **ret_provider,
                                    struct err *err) ERR_MUST_CHECK;
/* settings.c: the user's values of a file. ERR_INVALID names file, line and field. */
enum err_code provider_configure(struct provider *provider, const char *path, struct err *err) ERR_MUST_CHECK;
/* The user's value of a setting, else its default; NULL when there is neither. */
const char *provider_setting(const struct provider *provider, const struct definition_setting *setting);

#endif
