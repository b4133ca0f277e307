/* Definitions of providers: YAML files, checked when loaded. Nothing in C knows
 * a provider's name.
 *
 * A definition names its environments (class, base URL, key pattern), limits
 * and actions. The schema for editors and tests is schema/provider.schema.json. */
#ifndef KEYTURN_PROVIDER_PROVIDER_H
#define KEYTURN_PROVIDER_PROVIDER_H

#include "action/action.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The class of an environment; a live key never meets a test place (S5). */
enum provider_class { PROVIDER_CLASS_LIVE = 1, PROVIDER_CLASS_TEST = 2 };

enum provider_action {
    PROVIDER_ISSUE,
    PROVIDER_FIND,
    PROVIDER_PROBE,
    PROVIDER_DISABLE,
    PROVIDER_ENABLE,
    PROVIDER_REVOKE,
    PROVIDER_USAGE,
    PROVIDER_LIST,
    PROVIDER_ACTION_COUNT
};
const char *provider_action_name(enum provider_action action);

struct provider_limits {
    unsigned parallel;           /* requests at once, default 8 */
    unsigned per_second;         /* requests started per second, 0: no limit */
    unsigned keys;               /* most keys an account may hold, 0: no limit */
    unsigned settle;             /* how many same verdicts in a row prove, default 2 */
    int64_t settle_interval_ms;  /* between them, default 1 s */
    int64_t propagation_ms;      /* birth and death may take this long, default 60 s */
    int64_t proving_deadline_ms; /* unknown for so long asks a person, default 1 h */
    int64_t watch_ms;            /* between disable and revoke, default 10 min */
    int64_t usage_lag_ms;        /* a use is told of at most so late, default 10 min */
    int64_t horizon_ms;          /* a key whose making has no known end may come so late, default 7 d */
};

struct provider;
struct provider_set;

/* Load every *.yaml of the folders (a later folder's definition replaces an earlier one of the
 * same name; a missing folder is empty). One bad file is an error that names file, line and field. */
enum err_code provider_set_load(const char *const *folders, size_t count, struct provider_set **ret_set,
                                struct err *err) ERR_MUST_CHECK;
struct provider_set *provider_set_free(struct provider_set *set);
OWN_DEFINE(struct provider_set, provider_set_free);
/* NULL when there is none of that name. */
const struct provider *provider_set_find(const struct provider_set *set, const char *name);
size_t provider_set_count(const struct provider_set *set);
const struct provider *provider_set_at(const struct provider_set *set, size_t index);

/* One file alone (provider check FILE). */
enum err_code provider_load(const char *path, struct provider **ret_provider, struct err *err) ERR_MUST_CHECK;
struct provider *provider_free(struct provider *provider);
OWN_DEFINE(struct provider, provider_free);

/* The same of text in memory; what names it in messages and as provider_file. */
enum err_code provider_load_text(const char *what, const char *text, size_t length,
                                 struct provider **ret_provider, struct err *err) ERR_MUST_CHECK;

const char *provider_name(const struct provider *provider);
const char *provider_title(const struct provider *provider);
const char *provider_file(const struct provider *provider); /* where it was read */
const struct provider_limits *provider_limits(const struct provider *provider);
/* NULL when the provider has no such action. A find that is not declared is done by list: see
 * provider_pick. */
const struct action_spec *provider_spec(const struct provider *provider, enum provider_action action);
/* Is the action there and done without a person? */
bool provider_can(const struct provider *provider, enum provider_action action);

/* Do an old key and the new one live side by side? Else issuing, asked with the old key's secret, kills it. */
bool provider_overlaps(const struct provider *provider);

/* Of what a list has brought, what a find would have said of a label: found with its id, or not found
 * in the whole list; else the result proves nothing still. ERR_MEMORY. */
enum err_code provider_pick(const char *label, struct action_result *result, struct err *err) ERR_MUST_CHECK;

/* One environment of a provider. */
struct provider_environment {
    const char *name;
    enum provider_class class;
    const char *base_url;
    const char *key_pattern; /* POSIX extended regular expression */
};
size_t provider_environment_count(const struct provider *provider);
const struct provider_environment *provider_environment_at(const struct provider *provider, size_t index);
/* The provider's environment for an environment of ours: the one of that name and class, else the
 * first of that class. NULL when it has none. */
const struct provider_environment *provider_environment_for(const struct provider *provider,
                                                            const char *environment,
                                                            enum provider_class class);

/* Which environment does a secret's shape belong to? */
enum provider_shape {
    PROVIDER_SHAPE_MATCHES,  /* it is of the environment asked for */
    PROVIDER_SHAPE_OTHER,    /* it is of another; *ret_other names it (S5) */
    PROVIDER_SHAPE_UNKNOWN   /* no pattern knows it */
};
enum provider_shape provider_shape(const struct provider *provider,
                                   const struct provider_environment *asked,
                                   const struct secret *secret,
                                   const struct provider_environment **ret_other);

/* The values that every action of the provider may use: provider, environment (the provider's
 * name for it), class, base_url, label, and where given secret, id, key. Any text may be NULL.
 * secret and credential are borrowed. */
struct provider_subject {
    const struct provider_environment *environment;
    const char *key;   /* "live/reporting" */
    const char *label; /* the version's name at the provider */
    const char *id;    /* the version's id at the provider */
    const struct secret *secret;
    const struct secret *credential;
};
enum err_code provider_values(const struct provider *provider, const struct provider_subject *subject,
                              struct action_values **ret_values, struct err *err) ERR_MUST_CHECK;
/* A person's step as text: instructions rendered; link may be "". */
enum err_code provider_manual(const struct provider *provider, enum provider_action action,
                              const struct provider_subject *subject, struct buf *ret_instructions,
                              struct buf *ret_link, struct err *err) ERR_MUST_CHECK;

#endif
