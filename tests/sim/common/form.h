/* Fields of an HTML form, application/x-www-form-urlencoded. */
#ifndef KEYTURN_SIM_FORM_H
#define KEYTURN_SIM_FORM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* The field's value, decoded and NUL-terminated, in out. False when it is
 * missing, malformed, holds a NUL or does not fit. */
bool form_field(const struct buf *body, const char *name, char *out, size_t size);

#endif
