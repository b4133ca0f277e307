/* What a definition's author wants to know of it before it is used: every mistake
 * that is found, what is worth a second look, and what the definition can do. */
#ifndef KEYTURN_PROVIDER_EXAMINE_H
#define KEYTURN_PROVIDER_EXAMINE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Read the definition at path, and the settings NAME.settings beside it where they are there, and
 * append a JSON document to out:
 *   {"file", "settings_file", "good", "mistakes": [{"file", "line", "field", "problem"}],
 *    "warnings": [the same], "provider": null or {"name", "title", "environments", ...}}
 * What is no YAML has one mistake, the first. Mistakes are no error: *ret_good says whether there are
 * any. An error is a file that cannot be read, or that others may write. */
enum err_code provider_examine(const char *path, struct buf *out, bool *ret_good, struct err *err) ERR_MUST_CHECK;

#endif
