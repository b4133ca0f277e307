/* Reading a YAML definition: file, line and field in every error.
 *
 * libcyaml maps the document to structs and reports by log lines; this turns the
 * first of them into one message "<file>:<line>: <field>: …". The file must not be
 * writable by others. Also for JSON text, which is YAML. */
#ifndef KEYTURN_ACTION_LOAD_H
#define KEYTURN_ACTION_LOAD_H

#include "base/buf.h"
#include "base/err.h"

#include <cyaml/cyaml.h>
#include <stddef.h>

/* At most 256 KiB. The result is freed with action_unload. */
enum err_code action_load_file(const char *path, const cyaml_schema_value_t *schema, void **ret_data,
                               struct err *err) ERR_MUST_CHECK;
enum err_code action_load_text(const char *what, const char *text, size_t length,
                               const cyaml_schema_value_t *schema, void **ret_data, struct err *err)
    ERR_MUST_CHECK;
/* A definition's file as text, appended to out, with the checks of action_load_file: a regular file, at most 256
 * KiB, not for others to write to, and a line feed at its end (ERR_INVALID, with line and field). */
enum err_code action_load_read(const char *path, struct buf *out, struct err *err) ERR_MUST_CHECK;
/* For an error found after loading, whose message starts with a field
 * ("actions.probe.requests[1].url: …", counted from 1): put "<what>:<line>: " before it, the line
 * of that field or of the nearest around it. Returns err->code. */
enum err_code action_load_place(const char *what, const char *text, size_t length, struct err *err);
void action_unload(const cyaml_schema_value_t *schema, void *data);

#endif
