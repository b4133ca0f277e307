/* Every row's tags in one pass, for the record digest.
 *
 * The rows go to an aggregate function of ours and not through sqlite3_step: it
 * gets the columns where SQLite has them. On a busy two-core machine 200,000 rows
 * took 102 to 118 ms, and 126 to 151 ms with stepping and sqlite3_column_*;
 * unlocking waits for it.
 * An index that holds the tags would be faster still, but then the digest would
 * vouch for the index and not for the rows. */
#include "tags.h"

#include "connection.h"
#include "rows.h"
#include "sqlerr.h"

struct tags_scan {
    enum store_table table;
    store_visit_tags *visit;
    void *context;
    int said;
    struct err *err;
};

static enum err_code take_blob(sqlite3_value *value, const struct row_blob_rule *rule,
                               const uint8_t **ret_bytes, size_t *ret_length, struct err *err)
{
    int type = sqlite3_value_type(value); /* first: the others may convert it */
    const void *bytes = sqlite3_value_blob(value);
    int length = sqlite3_value_bytes(value);
    return row_take_blob(rule, type, bytes, (size_t)length, ret_bytes, ret_length, err);
}

static enum err_code take_tags(sqlite3_value **values, struct store_tags *tags, struct err *err)
{
    const uint8_t *meta = NULL;
    const uint8_t *secret = NULL;
    size_t length = 0;
    int revision_type = sqlite3_value_type(values[TAGS_REVISION]);
    TRY(take_blob(values[TAGS_ID], &row_id_rule, &tags->id, &length, err));
    TRY(row_take_revision(revision_type, sqlite3_value_int64(values[TAGS_REVISION]), &tags->revision, err));
    TRY(take_blob(values[TAGS_META], &row_meta_rule, &meta, &length, err));
    tags->meta_tag = meta + length - STORE_TAG_BYTES;
    TRY(take_blob(values[TAGS_SECRET], &row_secret_rule, &secret, &length, err));
    tags->secret_tag = secret ? secret + length - STORE_TAG_BYTES : NULL;
    return ERR_OK;
}

static int visit(const struct tags_scan *scan, sqlite3_value **values)
{
    struct store_tags tags = {.table = scan->table};
    if (take_tags(values, &tags, scan->err) != ERR_OK)
        return (int)err_prefix(scan->err, "table %s of the store", store_table_name(scan->table));
    return scan->visit(scan->context, &tags, scan->err);
}

static void step_tags(sqlite3_context *call, int count, sqlite3_value **values)
{
    (void)count;
    const struct store *store = sqlite3_user_data(call);
    struct tags_scan *scan = store->tags_scan;
    scan->said = visit(scan, values);
    if (scan->said != ERR_OK)
        sqlite3_result_error(call, "stopped by the visitor", -1);
}

static void end_tags(sqlite3_context *call)
{
    sqlite3_result_null(call);
}

enum err_code tags_define(struct store *store, struct err *err)
{
    if (sqlite3_create_function(store->db, "visit_tags", 4, SQLITE_UTF8 | SQLITE_DIRECTONLY, store, NULL,
                                step_tags, end_tags) != SQLITE_OK)
        return sql_failed(store->db, "define a function", err);
    return ERR_OK;
}

static int scan_table(struct store *store, struct tags_scan *scan)
{
    sqlite3_stmt *statement = NULL;
    enum err_code code = statements_row(&store->statements, scan->table, ROW_TAGS, &statement, scan->err);
    if (code != ERR_OK)
        return (int)code;
    int step = sqlite3_step(statement);
    int said = scan->said;
    if (said == ERR_OK && step != SQLITE_ROW)
        said = (int)sql_failed(store->db, "read rows", scan->err);
    statement_end(statement);
    return said;
}

enum err_code store_scan_tags(struct store *store, store_visit_tags *visit_row, void *context,
                              struct err *err)
{
    if (store->tags_scan)
        return err_set(err, ERR_STATE, "a scan of the store runs inside the same scan");
    struct tags_scan scan = {.visit = visit_row, .context = context, .err = err};
    TRY(connection_pass_begin(store, err));
    store->tags_scan = &scan;
    store->scans++;
    for (int table = STORE_KEY; table < STORE_TABLE_END && scan.said == ERR_OK; table++) {
        scan.table = (enum store_table)table;
        scan.said = scan_table(store, &scan);
    }
    store->scans--;
    store->tags_scan = NULL;
    connection_pass_end(store);
    return scan.said == STORE_STOP ? ERR_OK : (enum err_code)scan.said;
}
