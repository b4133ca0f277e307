#include "migrate.h"

#include "sqlerr.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { APPLICATION_ID = 0x4b745631 }; /* "KtV1", as schema/001_store.sql sets it */

static int newest(const struct migration_list *list)
{
    return list->rows[list->count - 1].version;
}

enum err_code migrate_read_version(sqlite3 *db, const struct migration_list *list, int *ret_version,
                                   struct err *err)
{
    const char *file = sqlite3_db_filename(db, "main");
    sqlite3_int64 application = 0;
    sqlite3_int64 version = 0;
    TRY(sql_integer(db, "PRAGMA application_id", "read the store", &application, err));
    TRY(sql_integer(db, "PRAGMA user_version", "read the store", &version, err));
    if (application != APPLICATION_ID || version < 1)
        return err_set(err, ERR_FORMAT, "%s is not a store of Keyturn; check the path", file);
    if (version > newest(list))
        return err_set(err, ERR_FORMAT,
                       "%s has format %lld, and this program knows formats up to %d; use a newer one",
                       file, (long long)version, newest(list));
    *ret_version = (int)version;
    return ERR_OK;
}

static enum err_code run_one(sqlite3 *db, const struct migration *migration, struct err *err)
{
    char set_version[64];
    (void)snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", migration->version);
    TRY(sql_exec(db, (const char *)migration->sql, "migrate the store", err));
    return sql_exec(db, set_version, "migrate the store", err);
}

static enum err_code run_after(sqlite3 *db, const struct migration_list *list, int version, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rows[i].version <= version)
            continue;
        if (run_one(db, &list->rows[i], err) != ERR_OK)
            return err_prefix(err, "migration %s", list->rows[i].name);
    }
    return sql_exec(db, "COMMIT", "commit the migration", err);
}

enum err_code migrate_run(sqlite3 *db, const struct migration_list *list, int version, struct err *err)
{
    if (version >= newest(list))
        return ERR_OK;
    TRY(sql_exec(db, "BEGIN IMMEDIATE", "migrate the store", err));
    enum err_code code = run_after(db, list, version, err);
    if (code != ERR_OK && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* SQLite compares the names as strcmp does. */
static const char schema_query[] =
    "SELECT name, type, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name, type, sql";
enum { SCHEMA_NAME, SCHEMA_COLUMNS = 4 };

static const char *text_of(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    return text ? (const char *)text : "";
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (int column = 0; column < SCHEMA_COLUMNS; column++) {
        if (strcmp(text_of(a, column), text_of(b, column)) != 0)
            return false;
    }
    return true;
}

/* Of two different rows, the one that sorts first is the one too many or missing. A
 * statement at its end gives "". */
static enum err_code differs(sqlite3 *db, sqlite3_stmt *found, sqlite3_stmt *wanted, struct err *err)
{
    const char *here = text_of(found, SCHEMA_NAME);
    const char *there = text_of(wanted, SCHEMA_NAME);
    bool missing = !*here || (*there && strcmp(there, here) < 0);
    return err_set(err, ERR_TAMPERED,
                   "%s: its schema was changed from outside, at '%.60s'; keep a copy of it and restore "
                   "a backup",
                   sqlite3_db_filename(db, "main"), missing ? there : here);
}

static enum err_code compare_schemas(sqlite3 *db, sqlite3 *model, struct err *err)
{
    OWN_STATEMENT sqlite3_stmt *found = NULL;
    OWN_STATEMENT sqlite3_stmt *wanted = NULL;
    if (sqlite3_prepare_v2(model, schema_query, -1, &wanted, NULL) != SQLITE_OK)
        return sql_failed(model, "read the schema", err);
    if (sqlite3_prepare_v2(db, schema_query, -1, &found, NULL) != SQLITE_OK)
        return sql_failed(db, "read the schema", err);
    for (;;) {
        int want = sqlite3_step(wanted);
        int got = sqlite3_step(found);
        if (got != SQLITE_ROW && got != SQLITE_DONE)
            return sql_failed(db, "read the schema", err);
        if (want != SQLITE_ROW && want != SQLITE_DONE)
            return sql_failed(model, "read the schema", err);
        if (want == SQLITE_DONE && got == SQLITE_DONE)
            return ERR_OK;
        if (want != got || !same_row(wanted, found))
            return differs(db, found, wanted, err);
    }
}

/* A trigger, a view or a changed constraint in the file would change what our
 * statements do, so the migrations are run once more, in memory, and compared. */
enum err_code migrate_check_schema(sqlite3 *db, const struct migration_list *list, struct err *err)
{
    OWN_DATABASE sqlite3 *model = NULL;
    if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    TRY(migrate_run(model, list, 0, err));
    return compare_schemas(db, model, err);
}
