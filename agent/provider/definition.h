/* A definition as it stands in its file, and the schema that reads it. */
#ifndef KEYTURN_PROVIDER_DEFINITION_H
#define KEYTURN_PROVIDER_DEFINITION_H

#include "provider/provider.h"

#include <cyaml/cyaml.h>

struct definition_environment {
    char *name;
    char *class;
    char *base_url;
    char *key_pattern;
};

struct definition_limits {
    unsigned *parallel;
    unsigned *per_second;
    unsigned *keys;
    unsigned *settle;
    char *settle_interval;
    char *propagation;
    char *proving_deadline;
    char *watch;
};

struct definition_actions {
    struct action_spec *issue;
    struct action_spec *find;
    struct action_spec *probe;
    struct action_spec *disable;
    struct action_spec *enable;
    struct action_spec *revoke;
    struct action_spec *usage;
};

struct definition {
    char *name;
    char *title;
    char *documentation;
    struct definition_environment *environments;
    unsigned environments_count;
    struct definition_limits *limits;
    struct definition_actions *actions;
};

extern const cyaml_schema_value_t definition_schema;

/* The action's declaration; NULL when it is not there. */
const struct action_spec *definition_action(const struct definition *definition, enum provider_action action);
/* limits.c: the limits with their defaults. ERR_INVALID names the field. */
enum err_code definition_limits(const struct definition *definition, struct provider_limits *ret_limits,
                                struct err *err) ERR_MUST_CHECK;
/* check.c: what the schema cannot say, but patterns and limits. ERR_INVALID names the field. */
enum err_code definition_check(const struct definition *definition, struct err *err) ERR_MUST_CHECK;
/* 0 when it is neither "live" nor "test". */
enum provider_class definition_class(const char *name);

#endif
