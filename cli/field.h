/* Fields of the agent's answers, with a value that is fit for printing where
 * there is none. */
#ifndef KEYTURN_CLI_FIELD_H
#define KEYTURN_CLI_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const char *field_text(const json_t *object, const char *name);    /* "" for none */
int64_t field_number(const json_t *object, const char *name);      /* 0 for none; fractions are cut */
double field_seconds(const json_t *object, const char *name);      /* 0 for none */
bool field_true(const json_t *object, const char *name);
/* Wall milliseconds, 0 for none. */
int64_t field_time(const json_t *object, const char *name);
/* Is there a value other than null? */
bool field_given(const json_t *object, const char *name);

#endif
