/* Templates from inside: pieces, filters, and the sink that takes what is written. */
#ifndef KEYTURN_ACTION_TEMPLATE_H
#define KEYTURN_ACTION_TEMPLATE_H

#include "action/values.h"

#include <stddef.h>

enum { TEMPLATE_NAME_BYTES = 64, TEMPLATE_RENDERED_BYTES = 1024 * 1024 };

/* Where rendered bytes go: text, a secret with room, or neither, to count. */
struct template_sink {
    struct buf *text;
    struct secret *secret;
    size_t length;
    bool failed;
};
void template_put(struct template_sink *sink, const void *bytes, size_t length);

/* A filter writes value to the sink in another form; one that needs a key takes it from the text
 * value key_name and says false when that is no key for it. Exactly one of both functions is given. */
struct template_filter {
    const char *name;
    void (*write)(const unsigned char *value, size_t length, struct template_sink *sink);
    const char *key_name;
    bool (*write_keyed)(const char *key, const unsigned char *value, size_t length,
                        struct template_sink *sink);
};
/* NULL when there is none of that name. */
const struct template_filter *template_filter_find(const char *name, size_t length);
/* The filters' names for a message: "base64, json, sealed_box, urlencode". */
const char *template_filter_names(void);
void template_write_base64(const unsigned char *value, size_t length, struct template_sink *sink);

/* A run of literal text, or a placeholder. */
struct template_piece {
    const char *literal; /* NULL: a placeholder */
    size_t literal_length;
    char name[TEMPLATE_NAME_BYTES + 1];
    const struct template_filter *filter; /* or NULL */
};
/* The next piece at *at, which moves on; *ret_more is false at the end. what names the template. */
enum err_code template_next(const char **at, const char *what, struct template_piece *ret_piece,
                            bool *ret_more, struct err *err) ERR_MUST_CHECK;

/* Render to a sink. ERR_INVALID: form, no such value, or a secret where none may be;
 * ERR_LIMIT: over TEMPLATE_RENDERED_BYTES; ERR_MEMORY. */
enum err_code template_write(const char *template_text, const struct action_values *values,
                             bool secrets_allowed, const char *what, struct template_sink *sink,
                             struct err *err) ERR_MUST_CHECK;

/* values.c: each value of its own, the last set first; one of text and secret is NULL. */
typedef void action_values_visit(void *context, const char *name, const char *text, const struct secret *secret);
void action_values_each(const struct action_values *values, action_values_visit *visit, void *context);
/* Names that values does not have are looked for in base, which is
 * borrowed; NULL ends that. */
void action_values_set_base(struct action_values *values, const struct action_values *base);

#endif
