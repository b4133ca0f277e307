/* One SQLite connection, opened and configured. Private to the store. */
#ifndef KEYTURN_STORE_CONNECTION_H
#define KEYTURN_STORE_CONNECTION_H

#include "base/buf.h"
#include "base/err.h"
#include "files.h"
#include "statements.h"

#include <sqlite3.h>
#include <stdbool.h>

struct store {
    sqlite3 *db;
    int lock_fd; /* -1 in a reader */
    bool in_savepoint;
    unsigned scans; /* running now, one inside another */
    struct tags_scan *tags_scan; /* running now, or NULL */
    struct buf copy;             /* the blobs of the last single read */
    struct statements statements;
    char path[FILES_NAME_BYTES];
};

enum connection_kind { CONNECTION_READER, CONNECTION_WRITER };

/* Open an existing file, from files_resolve, and harden the connection. Nothing
 * in the file is read or changed yet. */
enum err_code connection_open(const char *path, enum connection_kind kind, sqlite3 **ret_db,
                              struct err *err) ERR_MUST_CHECK;

/* Durability and memory, once the file is known to be a store of ours. */
enum err_code connection_configure(sqlite3 *db, enum connection_kind kind, struct err *err) ERR_MUST_CHECK;

/* Around a pass over all rows, which reads each page once: what it keeps of them takes little memory. */
enum err_code connection_pass_begin(struct store *store, struct err *err) ERR_MUST_CHECK;
void connection_pass_end(struct store *store);

/* A writer inside a transaction and outside a scan, or ERR_STATE. */
enum err_code connection_check_writing(struct store *store, const char *doing, struct err *err)
    ERR_MUST_CHECK;

#endif
