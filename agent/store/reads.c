/* Reading: one row, and rows one after another.
 *
 * A single read copies its blobs out and resets its statement at once: a reader
 * that stopped on a row would hold its snapshot, and the log could not be
 * emptied until its next call. */
#include "connection.h"
#include "rows.h"
#include "sqlerr.h"
#include "store/store.h"

/* Keep the row's blobs until the next single read. */
static enum err_code keep_blobs(struct store *store, struct store_row *row, struct err *err)
{
    buf_clear(&store->copy);
    buf_add(&store->copy, row->meta, row->meta_length);
    if (row->secret)
        buf_add(&store->copy, row->secret, row->secret_length);
    if (!buf_ok(&store->copy)) {
        buf_release(&store->copy);
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    }
    row->meta = store->copy.data;
    if (row->secret)
        row->secret = store->copy.data + row->meta_length;
    return ERR_OK;
}

static enum err_code step_one(struct store *store, enum store_table table, sqlite3_stmt *statement,
                              struct store_row *ret_row, struct err *err)
{
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE)
        return err_set(err, ERR_NOT_FOUND, "no such row in table %s", store_table_name(table));
    if (step != SQLITE_ROW)
        return sql_failed(store->db, "read a row", err);
    struct store_row row;
    TRY(row_read(statement, table, &row, err));
    TRY(keep_blobs(store, &row, err));
    *ret_row = row;
    return ERR_OK;
}

static enum err_code read_one(struct store *store, enum store_table table, enum row_statement which,
                              const void *bytes, size_t length, struct store_row *ret_row,
                              struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, which, &statement, err));
    (void)sqlite3_bind_blob64(statement, 1, bytes, length, SQLITE_STATIC);
    enum err_code code = step_one(store, table, statement, ret_row, err);
    statement_end(statement);
    return code;
}

enum err_code store_get(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
                        bool with_secret, struct store_row *ret_row, struct err *err)
{
    return read_one(store, table, with_secret ? ROW_GET_WITH_SECRET : ROW_GET, id, STORE_ID_BYTES, ret_row,
                    err);
}

enum err_code store_find(struct store *store, enum store_table table,
                         const uint8_t index[STORE_INDEX_BYTES], bool with_secret,
                         struct store_row *ret_row, struct err *err)
{
    return read_one(store, table, with_secret ? ROW_FIND_WITH_SECRET : ROW_FIND, index, STORE_INDEX_BYTES,
                    ret_row, err);
}

/* A scan inside the same scan would take its statement away. */
static enum err_code check_free(sqlite3_stmt *statement, struct err *err)
{
    if (sqlite3_stmt_busy(statement))
        return err_set(err, ERR_STATE, "a scan of the store runs inside the same scan");
    return ERR_OK;
}

/* What is done with each row of a scan: one of these per kind of visitor. */
struct row_scan {
    struct store *store;
    enum store_table table;
    store_visit *visit;
    void *context;
};

static int visit_row(void *context, sqlite3_stmt *statement, struct err *err)
{
    const struct row_scan *scan = context;
    struct store_row row;
    enum err_code code = row_read(statement, scan->table, &row, err);
    return code == ERR_OK ? scan->visit(scan->context, &row, err) : (int)code;
}

struct slot_scan {
    store_visit_slot *visit;
    void *context;
};

struct slot {
    uint32_t number;
    const uint8_t *blob;
    size_t length;
};

static enum err_code read_slot(sqlite3_stmt *statement, struct slot *slot, struct err *err)
{
    static const struct row_blob_rule rule = {"blob", 1, STORE_ROW_BYTES, false};
    sqlite3_int64 number = sqlite3_column_int64(statement, 0);
    if (number < 0 || number > UINT32_MAX)
        return err_set(err, ERR_TAMPERED, "column number was altered");
    slot->number = (uint32_t)number;
    return row_blob(statement, 1, &rule, &slot->blob, &slot->length, err);
}

static int visit_slot(void *context, sqlite3_stmt *statement, struct err *err)
{
    const struct slot_scan *scan = context;
    struct slot slot;
    if (read_slot(statement, &slot, err) != ERR_OK)
        return (int)err_prefix(err, "table slot of the store");
    return scan->visit(scan->context, slot.number, slot.blob, slot.length, err);
}

typedef int visit_statement(void *context, sqlite3_stmt *statement, struct err *err);

/* Step a bound statement to its end, or until visit says otherwise: returns what
 * visit returned, STORE_STOP included. */
static int scan_run(struct store *store, sqlite3_stmt *statement, visit_statement *visit, void *context,
                    struct err *err)
{
    int step;
    int said = ERR_OK;
    store->scans++;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        said = visit(context, statement, err);
        if (said != ERR_OK)
            break;
    }
    store->scans--;
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        said = (int)sql_failed(store->db, "read rows", err);
    statement_end(statement);
    return said;
}

static enum err_code scan_ended(int said)
{
    return said == STORE_STOP ? ERR_OK : (enum err_code)said;
}

enum err_code store_scan(struct store *store, enum store_table table, const uint8_t *after,
                         store_visit *visit, void *context, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, ROW_SCAN, &statement, err));
    TRY(check_free(statement, err));
    /* Every id is greater than the empty blob. */
    (void)sqlite3_bind_blob(statement, 1, after ? (const void *)after : "", after ? STORE_ID_BYTES : 0,
                            SQLITE_STATIC);
    struct row_scan scan = {store, table, visit, context};
    return scan_ended(scan_run(store, statement, visit_row, &scan, err));
}

enum err_code store_children(struct store *store, enum store_table table,
                             const uint8_t parent[STORE_ID_BYTES], store_visit *visit, void *context,
                             struct err *err)
{
    TRY(statements_check_table(table, err));
    if (!statements_has_parent(table))
        return err_set(err, ERR_INVALID, "rows of table %s have no parent", store_table_name(table));
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, ROW_CHILDREN, &statement, err));
    TRY(check_free(statement, err));
    (void)sqlite3_bind_blob(statement, 1, parent, STORE_ID_BYTES, SQLITE_STATIC);
    struct row_scan scan = {store, table, visit, context};
    return scan_ended(scan_run(store, statement, visit_row, &scan, err));
}

enum err_code store_due(struct store *store, enum store_table table, int64_t now_ms, size_t limit,
                        store_visit *visit, void *context, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, ROW_DUE, &statement, err));
    TRY(check_free(statement, err));
    (void)sqlite3_bind_int64(statement, 1, now_ms);
    (void)sqlite3_bind_int64(statement, 2, limit > INT64_MAX ? INT64_MAX : (sqlite3_int64)limit);
    struct row_scan scan = {store, table, visit, context};
    return scan_ended(scan_run(store, statement, visit_row, &scan, err));
}

enum err_code store_next_due(struct store *store, enum store_table table, int64_t *ret_due_at_ms,
                             struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, ROW_NEXT_DUE, &statement, err));
    enum err_code code = ERR_OK;
    /* The minimum of nothing is NULL, which reads as 0. */
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret_due_at_ms = sqlite3_column_int64(statement, 0);
    else
        code = sql_failed(store->db, "read the next due time", err);
    statement_end(statement);
    return code;
}

enum err_code store_slots(struct store *store, store_visit_slot *visit, void *context, struct err *err)
{
    sqlite3_stmt *statement = store->statements.singles[SINGLE_SLOTS];
    TRY(check_free(statement, err));
    struct slot_scan scan = {visit, context};
    return scan_ended(scan_run(store, statement, visit_slot, &scan, err));
}
