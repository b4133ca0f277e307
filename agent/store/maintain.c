#include "maintain.h"

#include "base/own.h"
#include "connection.h"
#include "files.h"
#include "sqlerr.h"
#include "store/store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum err_code copy_pages(sqlite3 *from, sqlite3 *to, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sql_failed(to, "begin the copy", err);
    /* Every page in one step: under one read transaction, so the copy is of one state. */
    (void)sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
        return sql_failed(to, "copy the store", err);
    return ERR_OK;
}

static enum err_code copy_into(sqlite3 *db, const char *path, struct err *err)
{
    OWN_DATABASE sqlite3 *to = NULL;
    TRY(connection_open(path, CONNECTION_WRITER, &to, err));
    /* A copy that fails is removed, so it needs no journal. */
    TRY(sql_exec(to, "PRAGMA journal_mode = OFF", "begin the copy", err));
    return copy_pages(db, to, err);
}

enum err_code maintain_copy(sqlite3 *db, const char *path, struct err *err)
{
    OWN_FD int fd = -1;
    TRY(files_make(path, &fd, err));
    enum err_code code = copy_into(db, path, err);
    if (code == ERR_OK && fsync(fd) != 0)
        code = err_set_errno(err, errno, "cannot write the copy %s", path);
    if (code == ERR_OK)
        code = files_sync_folder(path, err);
    if (code != ERR_OK)
        (void)unlink(path);
    return code;
}

enum err_code maintain_check(sqlite3 *db, const char *pragma, struct err *err)
{
    OWN_STATEMENT sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(db, pragma, -1, &query, NULL) != SQLITE_OK)
        return sql_failed(db, "check the store", err);
    if (sqlite3_step(query) != SQLITE_ROW)
        return sql_failed(db, "check the store", err);
    const unsigned char *finding = sqlite3_column_text(query, 0);
    if (finding && strcmp((const char *)finding, "ok") == 0)
        return ERR_OK;
    return err_set(err, ERR_TAMPERED, "%s is damaged: %.120s; keep a copy of it and restore a backup",
                   sqlite3_db_filename(db, "main"), finding ? (const char *)finding : "no answer");
}

static enum err_code check_parents(sqlite3 *db, struct err *err)
{
    OWN_STATEMENT sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &query, NULL) != SQLITE_OK)
        return sql_failed(db, "check the store", err);
    int step = sqlite3_step(query);
    if (step == SQLITE_DONE)
        return ERR_OK;
    if (step != SQLITE_ROW)
        return sql_failed(db, "check the store", err);
    const unsigned char *table = sqlite3_column_text(query, 0);
    return err_set(err, ERR_TAMPERED, "%s is damaged: row %lld of table %.40s has lost its parent",
                   sqlite3_db_filename(db, "main"), (long long)sqlite3_column_int64(query, 1),
                   table ? (const char *)table : "?");
}

enum err_code store_check(struct store *store, struct err *err)
{
    TRY(maintain_check(store->db, "PRAGMA integrity_check(1)", err));
    return check_parents(store->db, err);
}

static enum err_code outside_transaction(struct store *store, const char *doing, struct err *err)
{
    if (!sqlite3_get_autocommit(store->db) || store->scans > 0)
        return err_set(err, ERR_STATE, "cannot %s inside a transaction or a scan", doing);
    return ERR_OK;
}

enum err_code store_copy(struct store *store, const char *path, struct err *err)
{
    char resolved[FILES_NAME_BYTES];
    TRY(outside_transaction(store, "copy the store", err));
    TRY(files_resolve(path, resolved, err));
    return maintain_copy(store->db, resolved, err);
}

void store_rest(struct store *store)
{
    (void)sqlite3_db_release_memory(store->db);
}

enum err_code store_checkpoint(struct store *store, struct err *err)
{
    TRY(outside_transaction(store, "checkpoint the store", err));
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        return sql_failed(store->db, "checkpoint the store", err);
    return ERR_OK;
}
