#include "rows.h"

#include "connection.h"
#include "sqlerr.h"

#include <string.h>

const struct row_blob_rule row_id_rule = {"id", STORE_ID_BYTES, STORE_ID_BYTES, false};
const struct row_blob_rule row_meta_rule = {"meta", STORE_TAG_BYTES, STORE_ROW_BYTES, false};
const struct row_blob_rule row_secret_rule = {"secret", STORE_TAG_BYTES, STORE_ROW_BYTES, true};
static const struct row_blob_rule parent_rule = {"parent", STORE_ID_BYTES, STORE_ID_BYTES, true};
static const struct row_blob_rule index_rule = {"name_index", STORE_INDEX_BYTES, STORE_INDEX_BYTES, true};

static enum err_code altered(const char *column, struct err *err)
{
    return err_set(err, ERR_TAMPERED, "column %s was altered", column);
}

enum err_code row_take_blob(const struct row_blob_rule *rule, int type, const void *bytes, size_t length,
                            const uint8_t **ret_bytes, size_t *ret_length, struct err *err)
{
    if (type == SQLITE_NULL && rule->null_fits) {
        *ret_bytes = NULL;
        *ret_length = 0;
        return ERR_OK;
    }
    if (type != SQLITE_BLOB || length < rule->min || length > rule->max)
        return altered(rule->name, err);
    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    *ret_bytes = bytes;
    *ret_length = length;
    return ERR_OK;
}

enum err_code row_take_revision(int type, sqlite3_int64 value, uint64_t *ret_revision, struct err *err)
{
    if (type != SQLITE_INTEGER || value < 0)
        return altered("revision", err);
    *ret_revision = (uint64_t)value;
    return ERR_OK;
}

enum err_code row_blob(sqlite3_stmt *statement, int column, const struct row_blob_rule *rule,
                       const uint8_t **ret_bytes, size_t *ret_length, struct err *err)
{
    int type = sqlite3_column_type(statement, column); /* first: the others may convert it */
    const void *bytes = sqlite3_column_blob(statement, column);
    int length = sqlite3_column_bytes(statement, column);
    return row_take_blob(rule, type, bytes, (size_t)length, ret_bytes, ret_length, err);
}

/* A column as SQLite has it: a result's and a function's argument look alike here. */
struct row_cell {
    int type;
    sqlite3_int64 integer;
    const void *bytes;
    size_t length;
};
typedef struct row_cell row_cell_at(void *source, int column);

static struct row_cell cell_of_result(void *source, int column)
{
    sqlite3_stmt *statement = source;
    struct row_cell cell = {.type = sqlite3_column_type(statement, column)};
    if (cell.type == SQLITE_INTEGER)
        cell.integer = sqlite3_column_int64(statement, column);
    if (cell.type == SQLITE_BLOB) {
        cell.bytes = sqlite3_column_blob(statement, column);
        cell.length = (size_t)sqlite3_column_bytes(statement, column);
    }
    return cell;
}

static struct row_cell cell_of_argument(void *source, int column)
{
    sqlite3_value *value = ((sqlite3_value **)source)[column];
    struct row_cell cell = {.type = sqlite3_value_type(value)};
    if (cell.type == SQLITE_INTEGER)
        cell.integer = sqlite3_value_int64(value);
    if (cell.type == SQLITE_BLOB) {
        cell.bytes = sqlite3_value_blob(value);
        cell.length = (size_t)sqlite3_value_bytes(value);
    }
    return cell;
}

static enum err_code take_cell(const struct row_cell *cell, const struct row_blob_rule *rule,
                               const uint8_t **ret_bytes, size_t *ret_length, struct err *err)
{
    return row_take_blob(rule, cell->type, cell->bytes, cell->length, ret_bytes, ret_length, err);
}

/* A blob of fixed size into the row; *ret_has is false for NULL. */
static enum err_code take_fixed(struct row_cell cell, const struct row_blob_rule *rule, uint8_t *out, bool *ret_has,
                                struct err *err)
{
    const uint8_t *bytes = NULL;
    size_t length = 0;
    TRY(take_cell(&cell, rule, &bytes, &length, err));
    *ret_has = bytes != NULL;
    if (bytes)
        memcpy(out, bytes, length);
    return ERR_OK;
}

static enum err_code take_due(struct row_cell cell, int64_t *ret_due_at_ms, struct err *err)
{
    if (cell.type != SQLITE_NULL && (cell.type != SQLITE_INTEGER || cell.integer <= 0))
        return altered("due_at_ms", err);
    *ret_due_at_ms = cell.integer;
    return ERR_OK;
}

/* All columns but the secret. */
static inline enum err_code take_columns(void *source, row_cell_at *at, struct store_row *row, struct err *err)
{
    bool has_id = false;
    const uint8_t *meta = NULL;
    struct row_cell revision = at(source, COLUMN_REVISION);
    struct row_cell sealed = at(source, COLUMN_META);
    TRY(take_fixed(at(source, COLUMN_ID), &row_id_rule, row->id, &has_id, err));
    TRY(take_fixed(at(source, COLUMN_PARENT), &parent_rule, row->parent, &row->has_parent, err));
    TRY(take_fixed(at(source, COLUMN_INDEX), &index_rule, row->index, &row->has_index, err));
    TRY(row_take_revision(revision.type, revision.integer, &row->revision, err));
    TRY(take_due(at(source, COLUMN_DUE), &row->due_at_ms, err));
    TRY(take_cell(&sealed, &row_meta_rule, &meta, &row->meta_length, err));
    row->meta = meta;
    return ERR_OK;
}

static enum err_code take_secret(sqlite3_stmt *statement, struct store_row *row, struct err *err)
{
    const uint8_t *secret = NULL;
    TRY(row_blob(statement, COLUMN_SECRET, &row_secret_rule, &secret, &row->secret_length, err));
    row->secret = secret;
    return ERR_OK;
}

static enum err_code row_altered(enum store_table table, struct err *err)
{
    return err_prefix(err, "table %s of the store", store_table_name(table));
}

enum err_code row_read(sqlite3_stmt *statement, enum store_table table, struct store_row *ret_row,
                       struct err *err)
{
    struct store_row row = {0};
    if (take_columns(statement, cell_of_result, &row, err) != ERR_OK || take_secret(statement, &row, err) != ERR_OK)
        return row_altered(table, err);
    *ret_row = row;
    return ERR_OK;
}

enum err_code row_read_arguments(sqlite3_value **columns, enum store_table table, struct store_row *ret_row,
                                 struct err *err)
{
    struct store_row row = {0};
    if (take_columns(columns, cell_of_argument, &row, err) != ERR_OK)
        return row_altered(table, err);
    *ret_row = row;
    return ERR_OK;
}

static enum err_code check_row(enum store_table table, const struct store_row *row, struct err *err)
{
    const char *name = store_table_name(table);
    if (row->has_parent != statements_has_parent(table))
        return err_set(err, ERR_INVALID, "a row of table %s has %s parent", name,
                       row->has_parent ? "no" : "a");
    if (row->revision > INT64_MAX || row->due_at_ms < 0)
        return err_set(err, ERR_INVALID, "table %s: a revision or due time out of range", name);
    if (!row->meta || row->meta_length < STORE_TAG_BYTES ||
        (row->secret && row->secret_length < STORE_TAG_BYTES))
        return err_set(err, ERR_INVALID, "table %s: what is sealed has at least %d bytes", name,
                       STORE_TAG_BYTES);
    size_t secret_length = row->secret ? row->secret_length : 0;
    if (row->meta_length > STORE_ROW_BYTES || secret_length > STORE_ROW_BYTES - row->meta_length)
        return err_set(err, ERR_LIMIT, "table %s: a row has at most %d bytes", name, STORE_ROW_BYTES);
    return ERR_OK;
}

static void bind_blob(sqlite3_stmt *statement, int parameter, const void *bytes, size_t length)
{
    /* The lengths were checked; a parameter that the statement lacks is no error here. */
    (void)sqlite3_bind_blob64(statement, parameter, bytes, length, SQLITE_STATIC);
}

static void bind_row(sqlite3_stmt *statement, const struct store_row *row)
{
    bind_blob(statement, PARAMETER_ID, row->id, STORE_ID_BYTES);
    if (row->has_parent)
        bind_blob(statement, PARAMETER_PARENT, row->parent, STORE_ID_BYTES);
    if (row->has_index)
        bind_blob(statement, PARAMETER_INDEX, row->index, STORE_INDEX_BYTES);
    (void)sqlite3_bind_int64(statement, PARAMETER_REVISION, (sqlite3_int64)row->revision);
    if (row->due_at_ms > 0)
        (void)sqlite3_bind_int64(statement, PARAMETER_DUE, row->due_at_ms);
    bind_blob(statement, PARAMETER_META, row->meta, row->meta_length);
    if (row->secret)
        bind_blob(statement, PARAMETER_SECRET, row->secret, row->secret_length);
}

/* Run a bound statement that must change one row; ERR_STALE when it changed none. */
static enum err_code change_one(struct store *store, sqlite3_stmt *statement, enum store_table table,
                                const char *doing, struct err *err)
{
    int step = sqlite3_step(statement);
    enum err_code code = ERR_OK;
    if (step != SQLITE_DONE)
        code = sql_failed(store->db, doing, err);
    else if (sqlite3_changes(store->db) != 1)
        code = err_set(err, ERR_STALE, "cannot %s of table %s: it was changed or removed meanwhile", doing,
                       store_table_name(table));
    statement_end(statement);
    return code;
}

enum err_code store_insert(struct store *store, enum store_table table, const struct store_row *row,
                           struct err *err)
{
    TRY(statements_check_table(table, err));
    TRY(connection_check_writing(store, "insert a row", err));
    TRY(check_row(table, row, err));
    sqlite3_stmt *insert = NULL;
    TRY(statements_row(&store->statements, table, ROW_INSERT, &insert, err));
    bind_row(insert, row);
    return change_one(store, insert, table, "insert a row", err);
}

static enum row_statement update_keeping(unsigned keep)
{
    if ((keep & STORE_KEEP_DUE) == STORE_KEEP_DUE)
        return ROW_UPDATE_KEEPING_DUE;
    if ((keep & STORE_KEEP_INDEX) == STORE_KEEP_INDEX)
        return ROW_UPDATE_KEEPING_INDEX;
    return keep & STORE_KEEP_SECRET ? ROW_UPDATE_KEEPING_SECRET : ROW_UPDATE;
}

enum err_code store_update(struct store *store, enum store_table table, const struct store_row *row,
                           uint64_t old_revision, unsigned keep, struct err *err)
{
    TRY(statements_check_table(table, err));
    TRY(connection_check_writing(store, "update a row", err));
    TRY(check_row(table, row, err));
    sqlite3_stmt *update = NULL;
    TRY(statements_row(&store->statements, table, update_keeping(keep), &update, err));
    bind_row(update, row);
    (void)sqlite3_bind_int64(update, PARAMETER_OLD_REVISION, (sqlite3_int64)old_revision);
    return change_one(store, update, table, "update a row", err);
}

enum err_code store_remove(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
                           uint64_t revision, struct err *err)
{
    TRY(statements_check_table(table, err));
    TRY(connection_check_writing(store, "remove a row", err));
    sqlite3_stmt *remove = NULL;
    TRY(statements_row(&store->statements, table, ROW_REMOVE, &remove, err));
    bind_blob(remove, PARAMETER_ID, id, STORE_ID_BYTES);
    (void)sqlite3_bind_int64(remove, PARAMETER_OLD_REVISION, (sqlite3_int64)revision);
    return change_one(store, remove, table, "remove a row", err);
}
