/* Values that templates use, and templates.
 *
 * A template is text with placeholders {{name}} or {{name|filter}}; names are 1 to 64
 * of a-z, 0-9 and _; filters are base64, urlencode, json (the inside of a JSON
 * string) and sealed_box (base64 of crypto_box_seal to the value public_key, itself
 * in base64); no logic. A name that has no value is an error that names it.
 * "{{{{" writes "{{". What is rendered is at most 1 MiB (ERR_LIMIT).
 *
 * Values belong to one thread. All errors but ERR_MEMORY are ERR_INVALID or ERR_LIMIT. */
#ifndef KEYTURN_ACTION_VALUES_H
#define KEYTURN_ACTION_VALUES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>

struct action_values;

struct action_values *action_values_new(void) ERR_MUST_CHECK;
struct action_values *action_values_free(struct action_values *values);
OWN_DEFINE(struct action_values, action_values_free);

/* Set text (copied) or a secret (taken). A value set again replaces the old. */
enum err_code action_values_set(struct action_values *values, const char *name, const char *text,
                                struct err *err) ERR_MUST_CHECK;
/* (Taken also when it fails.) */
enum err_code action_values_set_secret(struct action_values *values, const char *name,
                                       struct secret *secret, struct err *err) ERR_MUST_CHECK;
/* A secret that somebody else owns and keeps until these values are freed. */
enum err_code action_values_borrow_secret(struct action_values *values, const char *name,
                                          const struct secret *secret, struct err *err) ERR_MUST_CHECK;
/* NULL when absent (or of the other kind). */
const char *action_values_text(const struct action_values *values, const char *name);
const struct secret *action_values_secret(const struct action_values *values, const char *name);
/* Hand a secret over; NULL when absent or borrowed. */
struct secret *action_values_take_secret(struct action_values *values, const char *name);

/* Render text without secrets, appended to out: ERR_INVALID when a placeholder names a secret. */
enum err_code action_render(const char *template_text, const struct action_values *values,
                            const char *what, struct buf *out, struct err *err) ERR_MUST_CHECK;
/* Render into locked memory; secrets allowed. */
enum err_code action_render_secret(const char *template_text, const struct action_values *values,
                                   const char *what, struct secret_arena *arena,
                                   struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;
/* Check a template's form alone. */
enum err_code action_template_check(const char *template_text, const char *what, struct err *err)
    ERR_MUST_CHECK;

#endif
