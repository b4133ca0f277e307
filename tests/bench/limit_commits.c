/* limit_commits FOLDER SECONDS: SQLite transactions of one small row per second,
 * with the settings of the store: WAL, synchronous=FULL. */
#include "load.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char path[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    if (argc < 3)
        return 2;
    (void)snprintf(path, sizeof path, "%s/commits.db", argv[1]);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        load_fail(path);
    run_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)");
    if (sqlite3_prepare_v2(db, "INSERT INTO t (x) VALUES (zeroblob(200))", -1, &insert, NULL) != SQLITE_OK)
        load_fail("the statement");
    double start = load_now();
    double end = start + strtod(argv[2], NULL);
    unsigned long count = 0;
    for (; load_now() < end; count++)
        if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
            load_fail("a commit");
    printf("%.0f\n", (double)count / (load_now() - start));
    sqlite3_finalize(insert);
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
