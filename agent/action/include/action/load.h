/* Reading a YAML definition: file, line and field in every error.
 *
 * libcyaml maps the document to structs and reports by log lines; this turns the
 * first of them into one message "<file>:<line>: <field>: …". The file must not be
 * writable by others. Also for JSON text, which is YAML. */
#ifndef KEYTURN_ACTION_LOAD_H
#define KEYTURN_ACTION_LOAD_H

#include "base/err.h"

#include <cyaml/cyaml.h>
#include <stddef.h>

/* At most 256 KiB. The result is freed with action_unload. */
enum err_code action_load_file(const char *path, const cyaml_schema_value_t *schema, void **ret_data,
                               struct err *err) ERR_MUST_CHECK;
enum err_code action_load_text(const char *what, const char *text, size_t length,
                               const cyaml_schema_value_t *schema, void **ret_data, struct err *err)
    ERR_MUST_CHECK;
void action_unload(const cyaml_schema_value_t *schema, void *data);

#endif
