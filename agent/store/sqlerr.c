#include "sqlerr.h"

#include <errno.h>
#include <stddef.h>

struct sql_meaning {
    int code; /* extended, or primary for all of its kind */
    enum err_code means;
    const char *says;
};

/* The extended codes come before the primary code they belong to. */
static const struct sql_meaning meanings[] = {
    {SQLITE_FULL, ERR_FULL, "the disk is full; free some space and try again"},
    {SQLITE_READONLY, ERR_IO,
     "the file or its file system is read-only; mount it writable, or mend its mode and owner"},
    {SQLITE_IOERR_NOMEM, ERR_MEMORY, "out of memory; give the agent more"},
    {SQLITE_IOERR_CORRUPTFS, ERR_TAMPERED, "the file system is damaged; check it, then restore a backup"},
    {SQLITE_IOERR, ERR_IO, "the disk failed; see the system's log, and have a backup at hand"},
    {SQLITE_CORRUPT, ERR_TAMPERED, "the file is damaged; keep a copy of it and restore a backup"},
    {SQLITE_NOTADB, ERR_FORMAT, "it is not a store; check the path"},
    {SQLITE_BUSY, ERR_BUSY, "another program holds the file; try again, and find out which"},
    {SQLITE_LOCKED, ERR_BUSY, "another reader holds the table; try again"},
    {SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS, "its id or its index is taken"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS, "its id is taken"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, ERR_INVALID, "its parent is not there, or it still has children"},
    {SQLITE_CONSTRAINT, ERR_INVALID, "it breaks a rule of its table"},
    {SQLITE_TOOBIG, ERR_LIMIT, "a row is larger than 1 MiB"},
    {SQLITE_NOMEM, ERR_MEMORY, "out of memory; give the agent more"},
    {SQLITE_CANTOPEN_SYMLINK, ERR_INVALID, "it is a symbolic link; name the file itself"},
    {SQLITE_CANTOPEN, ERR_IO,
     "a file cannot be opened; check its folder's mode and owner, and the limit of open files"},
    {SQLITE_PERM, ERR_IO, "the system does not allow it; check the file's mode and owner"},
    {SQLITE_ABORT, ERR_STATE, "the transaction was rolled back meanwhile; begin again"},
    {SQLITE_ERROR, ERR_INTERNAL, "the statement does not fit the schema"},
};

static const struct sql_meaning *find_meaning(int extended)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == extended || meanings[i].code == (extended & 0xff))
            return &meanings[i];
    }
    return NULL;
}

static const char *file_of(sqlite3 *db)
{
    const char *name = sqlite3_db_filename(db, "main");
    return name && *name ? name : "the store";
}

/* The errno of the failed call. A COMMIT leaves it only with the files, the log
 * (or journal) and the store itself; sqlite3_system_errno has that of an older
 * error then, so it comes last. */
static int errno_of(sqlite3 *db, int extended)
{
    int primary = extended & 0xff;
    sqlite3_file *log = NULL;
    int sys = 0;
    if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN)
        return 0;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods)
        (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &sys);
    if (sys == 0)
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &sys);
    return sys != 0 ? sys : sqlite3_system_errno(db);
}

enum err_code sql_failed(sqlite3 *db, const char *doing, struct err *err)
{
    int extended = sqlite3_extended_errcode(db);
    int sys = errno_of(db, extended);
    /* SQLite knows ENOSPC of a write as "full", but not a quota, nor a sync that found no space. */
    if (sys == ENOSPC || sys == EDQUOT)
        extended = SQLITE_FULL;
    /* Nor that a disk turned read-only below an open file, which is not a failure of the disk to it. */
    if (sys == EROFS)
        extended = SQLITE_READONLY;
    const struct sql_meaning *meaning = find_meaning(extended);
    enum err_code code = meaning ? meaning->means : ERR_INTERNAL;
    code = err_set(err, code, "%s: cannot %s: %s (SQLite %d: %s)", file_of(db), doing,
                   meaning ? meaning->says : "SQLite refused", extended, sqlite3_errmsg(db));
    if (err)
        err->sys = sys;
    return code;
}

enum err_code sql_exec(sqlite3 *db, const char *sql, const char *doing, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sql_failed(db, doing, err);
    return ERR_OK;
}

enum err_code sql_integer(sqlite3 *db, const char *sql, const char *doing, sqlite3_int64 *ret_value,
                          struct err *err)
{
    OWN_STATEMENT sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK)
        return sql_failed(db, doing, err);
    int step = sqlite3_step(query);
    if (step == SQLITE_DONE)
        return err_set(err, ERR_TAMPERED, "%s: cannot %s: no answer", file_of(db), doing);
    if (step != SQLITE_ROW)
        return sql_failed(db, doing, err);
    *ret_value = sqlite3_column_int64(query, 0);
    return ERR_OK;
}
