#include "connection.h"

#include "sqlerr.h"
#include "store/store.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A store is data that somebody else may have written, so its schema may do
 * nothing but hold tables and indexes. */
static const struct {
    int option;
    int value;
} hardening[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
};

static const struct {
    int limit;
    int value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, STORE_ROW_BYTES + 4096}, /* the row's small columns and header */
    {SQLITE_LIMIT_SQL_LENGTH, 65536},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const char before_reading[] = "PRAGMA cell_size_check = ON;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA temp_store = MEMORY;";

/* The memory of a connection's pages. Readers are many: a read of a random one of 100,000 keys takes 28 us of
 * SQLite with 256 KiB and 24 with 1 MiB, a list as long with either. */
static const int cache_kib[] = {[CONNECTION_READER] = 256, [CONNECTION_WRITER] = 4096};

static const char *const configuration[] = {
    [CONNECTION_READER] = "",
    /* A checkpoint each 4,000 pages (16 MiB): the slowest commit took 10 to 18 ms.
     * At 1,000 pages that was 13 to 15 ms, but the 99th commit of a hundred took
     * 1.7 ms instead of 0.2 to 0.8. */
    [CONNECTION_WRITER] = "PRAGMA synchronous = FULL;"
                          "PRAGMA secure_delete = ON;"
                          "PRAGMA wal_autocheckpoint = 4000;"
                          "PRAGMA journal_size_limit = 33554432;",
};

enum { CONNECTION_BUSY_MS = 1000, PASS_CACHE_KIB = 256 };

/* SQLite counts what it allocates under one lock for all connections, for figures that nobody reads; and takes
 * twenty pages for each connection at once, of which most readers need a few. Refused once it is in use, which is
 * no harm. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/* Small blocks that SQLite takes from a piece of its own. */
static const struct {
    int bytes;
    int count;
} blocks[] = {[CONNECTION_READER] = {512, 24}, [CONNECTION_WRITER] = {2048, 128}};

static enum err_code harden(sqlite3 *db, struct err *err)
{
    for (size_t i = 0; i < sizeof hardening / sizeof hardening[0]; i++) {
        if (sqlite3_db_config(db, hardening[i].option, hardening[i].value, NULL) != SQLITE_OK)
            return err_set(err, ERR_INTERNAL, "this SQLite lacks option %d, which protects the store",
                           hardening[i].option);
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        (void)sqlite3_limit(db, limits[i].limit, limits[i].value);
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, CONNECTION_BUSY_MS);
    return sql_exec(db, before_reading, "configure the connection", err);
}

static int open_flags(enum connection_kind kind)
{
    int common = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    return common | (kind == CONNECTION_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
}

enum err_code connection_open(const char *path, enum connection_kind kind, sqlite3 **ret_db,
                              struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    OWN_DATABASE sqlite3 *db = NULL;
    (void)pthread_once(&once, configure_library);
    int rc = sqlite3_open_v2(path, &db, open_flags(kind), NULL);
    if (!db)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    if (rc != SQLITE_OK)
        return sql_failed(db, "open the store", err);
    /* A row fits into one of the writer's small blocks, so it takes no memory from elsewhere. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, blocks[kind].bytes, blocks[kind].count);
    TRY(harden(db, err));
    if (kind == CONNECTION_WRITER && sqlite3_db_readonly(db, "main") == 1)
        return err_set(err, ERR_IO,
                       "%s: the file or its file system is read-only; mount it writable, or mend its "
                       "mode and owner",
                       path);
    *ret_db = GIVE(db);
    return ERR_OK;
}

/* SQLite answers with the mode that it has after trying. */
static enum err_code use_wal(sqlite3 *db, struct err *err)
{
    OWN_STATEMENT sqlite3_stmt *query = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &query, NULL) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW)
        return sql_failed(db, "use a write-ahead log", err);
    const unsigned char *mode = sqlite3_column_text(query, 0);
    if (!mode || strcmp((const char *)mode, "wal") != 0)
        return err_set(err, ERR_IO,
                       "%s: cannot use a write-ahead log; put the store on a local file system",
                       sqlite3_db_filename(db, "main"));
    return ERR_OK;
}

static enum err_code set_cache(sqlite3 *db, int kib, struct err *err)
{
    char pragma[48];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA cache_size = %d", -kib);
    return sql_exec(db, pragma, "configure the connection", err);
}

enum err_code connection_configure(sqlite3 *db, enum connection_kind kind, struct err *err)
{
    if (kind == CONNECTION_WRITER)
        TRY(use_wal(db, err));
    TRY(set_cache(db, cache_kib[kind], err));
    return sql_exec(db, configuration[kind], "configure the connection", err);
}

enum err_code connection_pass_begin(struct store *store, struct err *err)
{
    return set_cache(store->db, PASS_CACHE_KIB, err);
}

void connection_pass_end(struct store *store)
{
    enum connection_kind kind = store->lock_fd >= 0 ? CONNECTION_WRITER : CONNECTION_READER;
    (void)!set_cache(store->db, cache_kib[kind], NULL); /* out of memory: it stays as small */
}

enum err_code connection_check_writing(struct store *store, const char *doing, struct err *err)
{
    if (store->lock_fd < 0)
        return err_set(err, ERR_STATE, "cannot %s: the store is open for reading", doing);
    if (store->scans > 0)
        return err_set(err, ERR_STATE, "cannot %s: a scan of the store is running", doing);
    if (sqlite3_get_autocommit(store->db))
        return err_set(err, ERR_STATE, "cannot %s: no transaction is open, or it was rolled back", doing);
    return ERR_OK;
}
