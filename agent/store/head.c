/* The head row and the slots: single blobs beside the records. */
#include "connection.h"
#include "rows.h"
#include "sqlerr.h"
#include "store/store.h"

static enum err_code check_blob(const void *bytes, size_t length, size_t min, const char *what,
                                struct err *err)
{
    if (!bytes || length < min)
        return err_set(err, ERR_INVALID, "%s has at least %zu bytes", what, min);
    if (length > STORE_ROW_BYTES)
        return err_set(err, ERR_LIMIT, "%s has at most %d bytes", what, STORE_ROW_BYTES);
    return ERR_OK;
}

static enum err_code run(struct store *store, sqlite3_stmt *statement, const char *doing, struct err *err)
{
    int step = sqlite3_step(statement);
    enum err_code code = step == SQLITE_DONE ? ERR_OK : sql_failed(store->db, doing, err);
    statement_end(statement);
    return code;
}

static enum err_code read_head(struct store *store, sqlite3_stmt *statement, struct err *err)
{
    static const struct row_blob_rule rule = {"sealed", STORE_TAG_BYTES, STORE_ROW_BYTES, false};
    const uint8_t *sealed = NULL;
    size_t length = 0;
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        return err_set(err, ERR_NOT_FOUND, "%s has no head yet", store->path);
    if (step != SQLITE_ROW)
        return sql_failed(store->db, "read the head", err);
    if (row_blob(statement, 0, &rule, &sealed, &length, err) != ERR_OK)
        return err_prefix(err, "the head of the store");
    buf_clear(&store->copy);
    buf_add(&store->copy, sealed, length);
    if (buf_ok(&store->copy))
        return ERR_OK;
    buf_release(&store->copy);
    return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
}

enum err_code store_head_get(struct store *store, const void **ret_sealed, size_t *ret_length,
                             struct err *err)
{
    sqlite3_stmt *statement = store->statements.singles[SINGLE_HEAD_GET];
    enum err_code code = read_head(store, statement, err);
    statement_end(statement);
    TRY(code);
    *ret_sealed = store->copy.data;
    *ret_length = store->copy.length;
    return ERR_OK;
}

enum err_code store_head_put(struct store *store, const void *sealed, size_t length, struct err *err)
{
    TRY(connection_check_writing(store, "write the head", err));
    TRY(check_blob(sealed, length, STORE_TAG_BYTES, "the head", err));
    sqlite3_stmt *statement = store->statements.singles[SINGLE_HEAD_PUT];
    (void)sqlite3_bind_blob64(statement, 1, sealed, length, SQLITE_STATIC);
    return run(store, statement, "write the head", err);
}

enum err_code store_slot_put(struct store *store, uint32_t number, const void *blob, size_t length,
                             struct err *err)
{
    TRY(connection_check_writing(store, "write a slot", err));
    TRY(check_blob(blob, length, 1, "a slot", err));
    sqlite3_stmt *statement = store->statements.singles[SINGLE_SLOT_PUT];
    (void)sqlite3_bind_int64(statement, 1, number);
    (void)sqlite3_bind_blob64(statement, 2, blob, length, SQLITE_STATIC);
    return run(store, statement, "write a slot", err);
}

enum err_code store_slot_remove(struct store *store, uint32_t number, struct err *err)
{
    TRY(connection_check_writing(store, "remove a slot", err));
    sqlite3_stmt *statement = store->statements.singles[SINGLE_SLOT_REMOVE];
    (void)sqlite3_bind_int64(statement, 1, number);
    TRY(run(store, statement, "remove a slot", err));
    if (sqlite3_changes(store->db) != 1)
        return err_set(err, ERR_NOT_FOUND, "there is no slot %u", number);
    return ERR_OK;
}
