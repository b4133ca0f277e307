/* Copies and checks on a bare connection. Private to the store. */
#ifndef KEYTURN_STORE_MAINTAIN_H
#define KEYTURN_STORE_MAINTAIN_H

#include "base/err.h"

#include <sqlite3.h>

/* A copy of db, outside a transaction, into a new file of mode 0600, fsynced with its
 * folder. ERR_EXISTS; on any other failure the file is removed. path is from files_resolve. */
enum err_code maintain_copy(sqlite3 *db, const char *path, struct err *err) ERR_MUST_CHECK;

/* Run a checking PRAGMA that answers "ok"; ERR_TAMPERED with what else it answers. */
enum err_code maintain_check(sqlite3 *db, const char *pragma, struct err *err) ERR_MUST_CHECK;

#endif
