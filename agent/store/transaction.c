#include "base/fault.h"
#include "connection.h"
#include "sqlerr.h"
#include "store/store.h"

static enum err_code run(struct store *store, enum single_statement which, const char *doing,
                         struct err *err)
{
    sqlite3_stmt *statement = store->statements.singles[which];
    int step = sqlite3_step(statement);
    /* The message is taken before the reset, which would set it anew. */
    enum err_code code = step == SQLITE_DONE ? ERR_OK : sql_failed(store->db, doing, err);
    statement_end(statement);
    return code;
}

enum err_code store_begin(struct store *store, struct err *err)
{
    if (!sqlite3_get_autocommit(store->db))
        return err_set(err, ERR_STATE, "a transaction is open already");
    if (store->scans > 0)
        return err_set(err, ERR_STATE, "cannot begin a transaction: a scan of the store is running");
    enum single_statement begin = store->lock_fd >= 0 ? SINGLE_BEGIN_WRITE : SINGLE_BEGIN_READ;
    return run(store, begin, "begin a transaction", err);
}

static enum err_code commit(struct store *store, struct err *err)
{
    FAULT_POINT("store.commit.before");
    if (FAULT_FAILS("store.commit.fail"))
        return err_set(err, ERR_FULL, "%s: cannot commit: the disk is full; free some space and try again",
                       store->path);
    TRY(run(store, SINGLE_COMMIT, "commit", err));
    FAULT_POINT("store.commit.after");
    return ERR_OK;
}

enum err_code store_commit(struct store *store, struct err *err)
{
    if (store->scans > 0)
        return err_set(err, ERR_STATE, "cannot commit: a scan of the store is running");
    if (sqlite3_get_autocommit(store->db))
        return err_set(err, ERR_STATE, "cannot commit: no transaction is open, or it was rolled back");
    if (store->in_savepoint)
        return err_set(err, ERR_STATE, "cannot commit: a savepoint is open; release it or roll it back");
    if (store->lock_fd < 0)
        return run(store, SINGLE_COMMIT, "end reading", err);
    enum err_code code = commit(store, err);
    if (code != ERR_OK)
        store_rollback(store);
    return code;
}

void store_rollback(struct store *store)
{
    store->in_savepoint = false;
    if (!sqlite3_get_autocommit(store->db))
        (void)run(store, SINGLE_ROLLBACK, "roll back", NULL);
}

enum err_code store_savepoint(struct store *store, struct err *err)
{
    TRY(connection_check_writing(store, "begin a step", err));
    if (store->in_savepoint)
        return err_set(err, ERR_STATE, "a savepoint is open already");
    TRY(run(store, SINGLE_SAVEPOINT, "begin a step", err));
    store->in_savepoint = true;
    return ERR_OK;
}

enum err_code store_savepoint_release(struct store *store, struct err *err)
{
    TRY(connection_check_writing(store, "end a step", err));
    if (!store->in_savepoint)
        return err_set(err, ERR_STATE, "no savepoint is open");
    TRY(run(store, SINGLE_SAVEPOINT_RELEASE, "end a step", err));
    store->in_savepoint = false;
    return ERR_OK;
}

/* An error as heavy as a full disk rolls back the whole transaction, and its
 * savepoint with it; what is left is then found by the next call. */
void store_savepoint_rollback(struct store *store)
{
    bool open = store->in_savepoint && !sqlite3_get_autocommit(store->db);
    store->in_savepoint = false;
    if (!open)
        return;
    if (run(store, SINGLE_SAVEPOINT_ROLLBACK, "undo a step", NULL) != ERR_OK ||
        run(store, SINGLE_SAVEPOINT_RELEASE, "undo a step", NULL) != ERR_OK)
        store_rollback(store);
}
