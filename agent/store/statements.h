/* Every SQL statement of the store, in one list, tried when a writer opens it so
 * that a schema that does not fit fails there. Private to the store. */
#ifndef KEYTURN_STORE_STATEMENTS_H
#define KEYTURN_STORE_STATEMENTS_H

#include "base/err.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdbool.h>

/* One of each for every table. */
enum row_statement {
    ROW_INSERT,
    ROW_UPDATE,
    ROW_UPDATE_KEEPING_SECRET,
    ROW_UPDATE_KEEPING_INDEX, /* and the secret */
    ROW_UPDATE_KEEPING_DUE,   /* and both */
    ROW_REMOVE,
    ROW_GET,
    ROW_GET_WITH_SECRET,
    ROW_FIND,
    ROW_FIND_WITH_SECRET,
    ROW_SCAN,
    ROW_WALK,
    ROW_WALK_DUE,
    ROW_PLACE_FROM,
    ROW_PLACE_FROM_DUE,
    ROW_CHILDREN,
    ROW_DUE,
    ROW_NEXT_DUE,
    ROW_TAGS,
    ROW_STATEMENT_COUNT
};

enum single_statement {
    SINGLE_BEGIN_WRITE,
    SINGLE_BEGIN_READ,
    SINGLE_COMMIT,
    SINGLE_ROLLBACK,
    SINGLE_SAVEPOINT,
    SINGLE_SAVEPOINT_RELEASE,
    SINGLE_SAVEPOINT_ROLLBACK,
    SINGLE_HEAD_GET,
    SINGLE_HEAD_PUT,
    SINGLE_SLOT_PUT,
    SINGLE_SLOT_REMOVE,
    SINGLE_SLOTS,
    SINGLE_STATEMENT_COUNT
};

/* The parameters of the changing row statements, in columns' order. */
enum row_parameter {
    PARAMETER_ID = 1,
    PARAMETER_PARENT,
    PARAMETER_INDEX,
    PARAMETER_REVISION,
    PARAMETER_DUE,
    PARAMETER_META,
    PARAMETER_SECRET,
    PARAMETER_OLD_REVISION
};

/* The columns of a row as the reading statements give it. */
enum row_column {
    COLUMN_ID,
    COLUMN_PARENT,
    COLUMN_INDEX,
    COLUMN_REVISION,
    COLUMN_DUE,
    COLUMN_META,
    COLUMN_SECRET
};

/* The arguments of visit_row in ROW_WALK: the walk, a row's place, and its columns but the secret. */
enum walk_argument { WALK_CONTEXT, WALK_PLACE, WALK_COLUMNS };
enum walk_parameter { WALK_PARAMETER_CONTEXT = 1, WALK_PARAMETER_FIRST, WALK_PARAMETER_LAST };

/* The arguments of visit_tags in ROW_TAGS. */
enum tags_argument { TAGS_ID, TAGS_REVISION, TAGS_META, TAGS_SECRET };

struct statements {
    sqlite3 *db; /* borrowed */
    sqlite3_stmt *rows[STORE_TABLE_END][ROW_STATEMENT_COUNT];
    sqlite3_stmt *singles[SINGLE_STATEMENT_COUNT];
};

/* Prepare the single ones; a reader's lack what changes rows (they stay NULL). A writer tries the others,
 * too. On failure *statements still wants statements_release. */
enum err_code statements_prepare(sqlite3 *db, bool writer, struct statements *statements, struct err *err)
    ERR_MUST_CHECK;
void statements_release(struct statements *statements);
/* A table's statement, prepared at its first use and kept. */
enum err_code statements_row(struct statements *statements, enum store_table table, enum row_statement which,
                             sqlite3_stmt **ret_statement, struct err *err) ERR_MUST_CHECK;

/* Is it one of ours? Tables come as numbers from other rooms. */
enum err_code statements_check_table(enum store_table table, struct err *err) ERR_MUST_CHECK;
bool statements_has_parent(enum store_table table);

/* Reset a statement and let go of what was bound to it. */
void statement_end(sqlite3_stmt *statement);

#endif
