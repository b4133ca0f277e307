#include "statements.h"

#include "sqlerr.h"

#include <stddef.h>

static const struct {
    const char *name;
    bool has_parent;
} tables[STORE_TABLE_END] = {
    [STORE_KEY] = {"key", false},
    [STORE_VERSION] = {"version", true},
    [STORE_DELIVERY] = {"delivery", true},
    [STORE_ROTATION] = {"rotation", true},
    [STORE_REVOCATION] = {"revocation", true},
    [STORE_INCIDENT] = {"incident", false},
    [STORE_PENDING] = {"pending", false},
    [STORE_NOTICE] = {"notice", false},
    [STORE_LABEL] = {"label", true},
};

#define ROW_COLUMNS "id, parent, name_index, revision, due_at_ms, meta"

/* In the order of the file, so that each page is read once. */
#define WALK "SELECT visit_row(?1, rowid, " ROW_COLUMNS ") FROM \"%w\" NOT INDEXED WHERE rowid BETWEEN ?2 AND ?3"
#define PLACE_FROM "SELECT rowid FROM \"%w\" NOT INDEXED WHERE rowid >= ?1"
#define FIRST " ORDER BY rowid LIMIT 1"

static const char *const row_texts[ROW_STATEMENT_COUNT] = { /* "%w" is the table's name */
    [ROW_INSERT] = "INSERT INTO \"%w\" (" ROW_COLUMNS ", secret) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [ROW_UPDATE] = "UPDATE \"%w\" SET name_index = ?3, revision = ?4, due_at_ms = ?5, meta = ?6, "
                   "secret = ?7 WHERE id = ?1 AND revision = ?8",
    [ROW_UPDATE_KEEPING_SECRET] = "UPDATE \"%w\" SET name_index = ?3, revision = ?4, due_at_ms = ?5, "
                                  "meta = ?6 WHERE id = ?1 AND revision = ?8",
    [ROW_UPDATE_KEEPING_INDEX] = "UPDATE \"%w\" SET revision = ?4, due_at_ms = ?5, meta = ?6 "
                                 "WHERE id = ?1 AND revision = ?8",
    [ROW_UPDATE_KEEPING_DUE] = "UPDATE \"%w\" SET revision = ?4, meta = ?6 WHERE id = ?1 AND revision = ?8",
    [ROW_REMOVE] = "DELETE FROM \"%w\" WHERE id = ?1 AND revision = ?8",
    [ROW_GET] = "SELECT " ROW_COLUMNS ", NULL FROM \"%w\" WHERE id = ?1",
    [ROW_GET_WITH_SECRET] = "SELECT " ROW_COLUMNS ", secret FROM \"%w\" WHERE id = ?1",
    [ROW_FIND] = "SELECT " ROW_COLUMNS ", NULL FROM \"%w\" WHERE name_index = ?1",
    [ROW_FIND_WITH_SECRET] = "SELECT " ROW_COLUMNS ", secret FROM \"%w\" WHERE name_index = ?1",
    [ROW_SCAN] = "SELECT " ROW_COLUMNS ", NULL FROM \"%w\" WHERE id > ?1 ORDER BY id",
    [ROW_WALK] = WALK,
    [ROW_WALK_DUE] = WALK " AND due_at_ms IS NOT NULL",
    [ROW_PLACE_FROM] = PLACE_FROM FIRST,
    [ROW_PLACE_FROM_DUE] = PLACE_FROM " AND due_at_ms IS NOT NULL" FIRST,
    [ROW_CHILDREN] = "SELECT " ROW_COLUMNS ", NULL FROM \"%w\" WHERE parent = ?1 ORDER BY id",
    [ROW_DUE] = "SELECT " ROW_COLUMNS ", NULL FROM \"%w\" WHERE due_at_ms <= ?1 "
                "ORDER BY due_at_ms, id LIMIT ?2",
    [ROW_NEXT_DUE] = "SELECT min(due_at_ms) FROM \"%w\" WHERE due_at_ms IS NOT NULL",
    [ROW_TAGS] = "SELECT visit_tags(id, revision, meta, secret) FROM \"%w\" NOT INDEXED",
};

static const struct {
    const char *sql;
    bool writes;
} single_texts[SINGLE_STATEMENT_COUNT] = {
    [SINGLE_BEGIN_WRITE] = {"BEGIN IMMEDIATE", true},
    [SINGLE_BEGIN_READ] = {"BEGIN"},
    [SINGLE_COMMIT] = {"COMMIT"},
    [SINGLE_ROLLBACK] = {"ROLLBACK"},
    [SINGLE_SAVEPOINT] = {"SAVEPOINT step"},
    [SINGLE_SAVEPOINT_RELEASE] = {"RELEASE step"},
    [SINGLE_SAVEPOINT_ROLLBACK] = {"ROLLBACK TO step"},
    [SINGLE_HEAD_GET] = {"SELECT sealed FROM head WHERE one = 1"},
    [SINGLE_HEAD_PUT] = {"INSERT INTO head (one, sealed) VALUES (1, ?1) "
                         "ON CONFLICT (one) DO UPDATE SET sealed = ?1",
                         true},
    [SINGLE_SLOT_PUT] = {"INSERT INTO slot (number, blob) VALUES (?1, ?2) "
                         "ON CONFLICT (number) DO UPDATE SET blob = ?2",
                         true},
    [SINGLE_SLOT_REMOVE] = {"DELETE FROM slot WHERE number = ?1", true},
    [SINGLE_SLOTS] = {"SELECT number, blob FROM slot ORDER BY number"},
};

static enum err_code prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement, struct err *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL) != SQLITE_OK)
        return sql_failed(db, "prepare a statement", err);
    return ERR_OK;
}

static enum err_code prepare_row(sqlite3 *db, const char *text, const char *table,
                                 sqlite3_stmt **ret_statement, struct err *err)
{
    char *sql = sqlite3_mprintf(text, table);
    if (!sql)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    enum err_code code = prepare(db, sql, ret_statement, err);
    sqlite3_free(sql);
    return code;
}

/* What is prepared of a table takes some 8 KiB, and there are a hundred of them, so that they are kept only
 * where they are used. */
static enum err_code try_rows(sqlite3 *db, struct err *err)
{
    for (int table = STORE_KEY; table < STORE_TABLE_END; table++) {
        for (int i = 0; i < ROW_STATEMENT_COUNT; i++) {
            sqlite3_stmt *statement = NULL;
            TRY(prepare_row(db, row_texts[i], tables[table].name, &statement, err));
            (void)sqlite3_finalize(statement);
        }
    }
    return ERR_OK;
}

enum err_code statements_prepare(sqlite3 *db, bool writer, struct statements *statements, struct err *err)
{
    statements->db = db;
    for (int i = 0; i < SINGLE_STATEMENT_COUNT; i++) {
        if (writer || !single_texts[i].writes)
            TRY(prepare(db, single_texts[i].sql, &statements->singles[i], err));
    }
    return writer ? try_rows(db, err) : ERR_OK;
}

enum err_code statements_row(struct statements *statements, enum store_table table, enum row_statement which,
                             sqlite3_stmt **ret_statement, struct err *err)
{
    TRY(statements_check_table(table, err));
    sqlite3_stmt **statement = &statements->rows[table][which];
    if (!*statement)
        TRY(prepare_row(statements->db, row_texts[which], tables[table].name, statement, err));
    *ret_statement = *statement;
    return ERR_OK;
}

void statements_release(struct statements *statements)
{
    for (int i = 0; i < SINGLE_STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(statements->singles[i]);
    for (int table = STORE_KEY; table < STORE_TABLE_END; table++) {
        for (int i = 0; i < ROW_STATEMENT_COUNT; i++)
            (void)sqlite3_finalize(statements->rows[table][i]);
    }
    *statements = (struct statements){0};
}

enum err_code statements_check_table(enum store_table table, struct err *err)
{
    if (table < STORE_KEY || table >= STORE_TABLE_END)
        return err_set(err, ERR_INTERNAL, "the store has no table %d", (int)table);
    return ERR_OK;
}

bool statements_has_parent(enum store_table table)
{
    return tables[table].has_parent;
}

const char *store_table_name(enum store_table table)
{
    return table >= STORE_KEY && table < STORE_TABLE_END ? tables[table].name : "unknown";
}

void statement_end(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}
