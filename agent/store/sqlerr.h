/* SQLite's errors as errors of ours. Private to the store. */
#ifndef KEYTURN_STORE_SQLERR_H
#define KEYTURN_STORE_SQLERR_H

#include "base/err.h"

#include <sqlite3.h>

/* The last error of db, named after what was being done ("commit"): sets *err to
 * "<file>: cannot <doing>: <what happened>; <what to do>". Never returns ERR_OK. */
enum err_code sql_failed(sqlite3 *db, const char *doing, struct err *err) ERR_MUST_CHECK;

/* Run statements that return nothing of interest. */
enum err_code sql_exec(sqlite3 *db, const char *sql, const char *doing, struct err *err) ERR_MUST_CHECK;

/* The first column of the first row of a query; ERR_TAMPERED when there is none. */
enum err_code sql_integer(sqlite3 *db, const char *sql, const char *doing, sqlite3_int64 *ret_value,
                          struct err *err) ERR_MUST_CHECK;

static inline void sql_own_statement(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}
#define OWN_STATEMENT __attribute__((cleanup(sql_own_statement)))

static inline void sql_own_database(sqlite3 **db)
{
    (void)sqlite3_close(*db);
}
#define OWN_DATABASE __attribute__((cleanup(sql_own_database)))

#endif
