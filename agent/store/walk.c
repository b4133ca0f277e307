/* Rows in the order of the file.
 *
 * As in tags.c they go to an aggregate function of ours and not through
 * sqlite3_step, which copies each column out of its page. Of 100,000 keys, on a
 * busy two-core machine: 55 ms so, 100 ms with sqlite3_step, and 310 ms in order
 * of their random ids, where each row is on another page. */
#include "walk.h"

#include "connection.h"
#include "rows.h"
#include "sqlerr.h"

struct walk {
    enum store_table table;
    store_visit *visit;
    void *context;
    int said;
    struct err *err;
};

static const char walk_pointer[] = "walk"; /* SQLite gives a pointer to who knows its type */

static int visit_row(const struct walk *walk, sqlite3_value **values)
{
    struct store_row row;
    enum err_code code = row_read_arguments(values + WALK_COLUMNS, walk->table, &row, walk->err);
    if (code != ERR_OK)
        return (int)code;
    row.place = sqlite3_value_int64(values[WALK_PLACE]);
    return walk->visit(walk->context, &row, walk->err);
}

static void step_row(sqlite3_context *call, int count, sqlite3_value **values)
{
    (void)count;
    struct walk *walk = sqlite3_value_pointer(values[WALK_CONTEXT], walk_pointer);
    if (!walk)
        return;
    walk->said = visit_row(walk, values);
    if (walk->said != ERR_OK)
        sqlite3_result_error(call, "stopped by the visitor", -1);
}

static void end_rows(sqlite3_context *call)
{
    sqlite3_result_null(call);
}

enum err_code walk_define(struct store *store, struct err *err)
{
    enum { COLUMNS = COLUMN_META + 1 };
    if (sqlite3_create_function(store->db, "visit_row", WALK_COLUMNS + COLUMNS, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                NULL, NULL, step_row, end_rows) != SQLITE_OK)
        return sql_failed(store->db, "define a function", err);
    return ERR_OK;
}

static int walk_run(struct store *store, struct walk *walk, sqlite3_stmt *statement)
{
    store->scans++;
    int step = sqlite3_step(statement);
    store->scans--;
    int said = walk->said;
    if (said == ERR_OK && step != SQLITE_ROW)
        said = (int)sql_failed(store->db, "read rows", walk->err);
    statement_end(statement);
    return said;
}

enum err_code store_walk(struct store *store, enum store_table table, const struct store_span *span,
                         store_visit *visit, void *context, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, span->due ? ROW_WALK_DUE : ROW_WALK, &statement, err));
    if (sqlite3_stmt_busy(statement))
        return err_set(err, ERR_STATE, "a scan of the store runs inside the same scan");
    struct walk walk = {.table = table, .visit = visit, .context = context, .err = err};
    (void)sqlite3_bind_pointer(statement, WALK_PARAMETER_CONTEXT, &walk, walk_pointer, NULL);
    (void)sqlite3_bind_int64(statement, WALK_PARAMETER_FIRST, span->first);
    (void)sqlite3_bind_int64(statement, WALK_PARAMETER_LAST, span->last);
    int said = walk_run(store, &walk, statement);
    return said == STORE_STOP ? ERR_OK : (enum err_code)said;
}

enum err_code store_place_from(struct store *store, enum store_table table, int64_t from, bool due,
                               int64_t *ret_place, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(statements_row(&store->statements, table, due ? ROW_PLACE_FROM_DUE : ROW_PLACE_FROM, &statement, err));
    enum err_code code = ERR_OK;
    (void)sqlite3_bind_int64(statement, 1, from);
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *ret_place = sqlite3_column_int64(statement, 0);
    else if (step == SQLITE_DONE)
        code = err_set(err, ERR_NOT_FOUND, "no row of table %s lies there", store_table_name(table));
    else
        code = sql_failed(store->db, "read rows", err);
    statement_end(statement);
    return code;
}
