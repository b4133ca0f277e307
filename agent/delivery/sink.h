/* One definition of an HTTP sink, as it stands in its file. */
#ifndef KEYTURN_DELIVERY_SINK_H
#define KEYTURN_DELIVERY_SINK_H

#include "action/action.h"
#include "delivery/sinks.h"

#include <jansson.h>
#include <regex.h>

struct sink_setting {
    char *name;
    char *title;
    char *kind;     /* "url": https, or http on this machine; "text" */
    char *pattern;  /* of kind text: POSIX extended, ^…$ */
    char *fallback; /* what it is when a delivery does not give it; NULL: it must */
};

struct sink_actions {
    struct action_spec *put;
    struct action_spec *check;
    struct action_spec *take_away;
};

struct sink {
    char *name;
    char *title;
    char *documentation;
    char *target;     /* template: the place for people, the same for the same place */
    char *credential; /* what the credential must be, for people; NULL: it needs none */
    struct sink_setting *settings;
    unsigned settings_count;
    struct sink_actions *actions;
};
extern const cyaml_schema_value_t sink_schema;

/* What the schema cannot say. ERR_INVALID begins with the field. */
enum err_code sink_check(const struct sink *sink, struct err *err) ERR_MUST_CHECK;
/* NULL when there is none of that name, or sinks is NULL. */
const struct sink *delivery_sinks_find(const struct delivery_sinks *sinks, const char *name);

/* A delivery's settings (an object, or NULL) against what the sink asks for, added to values.
 * ERR_INVALID names the setting. */
enum err_code sink_settings(const struct sink *sink, const json_t *settings, struct action_values *values,
                            struct err *err) ERR_MUST_CHECK;

#endif
