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
    char *usage_lag;
    char *horizon;
};

struct definition_actions {
    struct action_spec *issue;
    struct action_spec *find;
    struct action_spec *probe;
    struct action_spec *disable;
    struct action_spec *enable;
    struct action_spec *revoke;
    struct action_spec *usage;
    struct action_spec *list;
};

/* What belongs to the user's account: a project, the address of his own server. */
struct definition_setting {
    char *name;
    char *title; /* for people; or NULL */
    char *kind;  /* "url": https, or http on this machine; NULL: any text */
    char *value; /* the default; NULL: the user must give it */
};

/* A file NAME.settings: the user's values for the provider NAME. */
struct definition_values {
    struct definition_setting *settings;
    unsigned settings_count;
};
extern const cyaml_schema_value_t definition_values_schema;

struct definition {
    char *name;
    char *title;
    char *documentation;
    char *overlap; /* "none": issuing kills the old key; NULL: both live */
    struct definition_environment *environments;
    unsigned environments_count;
    struct definition_setting *settings;
    unsigned settings_count;
    struct definition_limits *limits;
    struct definition_actions *actions;
};

extern const cyaml_schema_value_t definition_schema;

/* The action's declaration; NULL when it is not there. */
const struct action_spec *definition_action(const struct definition *definition, enum provider_action action);
/* limits.c: the limits with their defaults. ERR_INVALID names the field. */
enum err_code definition_limits(const struct definition *definition, struct provider_limits *ret_limits,
                                struct err *err) ERR_MUST_CHECK;
/* check.c: what the schema cannot say, but patterns and limits. ERR_INVALID names the field; with
 * mistakes each is told, and it goes on. */
enum err_code definition_check(const struct definition *definition, const struct action_mistakes *mistakes,
                               struct err *err) ERR_MUST_CHECK;
/* ERR_INVALID is told where mistakes are gathered (not NULL), and ERR_OK. */
enum err_code definition_keep(const struct action_mistakes *mistakes, enum err_code code, const struct err *err)
    ERR_MUST_CHECK;
/* settings.c: the form of declared settings; of a value. ERR_INVALID begins with the field. */
enum err_code definition_check_settings(const struct definition *definition, struct err *err) ERR_MUST_CHECK;
/* A URL that a key may be sent to. */
enum err_code definition_check_url(const char *url, const char *where, const char *field, struct err *err)
    ERR_MUST_CHECK;
/* 0 when it is neither "live" nor "test". */
enum provider_class definition_class(const char *name);

#endif
