/* Formats of the store: which one a file has, and how it becomes the newest.
 * Private to the store.
 *
 * A store has our application_id, and its user_version is its format's number.
 * Each migration makes one format of the one before it; the first makes a store
 * of an empty file. */
#ifndef KEYTURN_STORE_MIGRATE_H
#define KEYTURN_STORE_MIGRATE_H

#include "base/err.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stddef.h>

struct migration {
    int version; /* the format it makes: 1, 2, … */
    const char *name;
    const unsigned char *sql; /* NUL-terminated */
};

struct migration_list {
    const struct migration *rows;
    size_t count;
};

/* Embedded from schema/ by cmake/EmbedSql.cmake. */
extern const struct migration_list store_migrations;

/* The format of a file; ERR_FORMAT when it is not a store, or of a format newer
 * than the list (both are named). */
enum err_code migrate_read_version(sqlite3 *db, const struct migration_list *list, int *ret_version,
                                   struct err *err) ERR_MUST_CHECK;

/* Run what comes after the format version, all in one transaction. */
enum err_code migrate_run(sqlite3 *db, const struct migration_list *list, int version, struct err *err)
    ERR_MUST_CHECK;

/* Is the schema in the file, to the letter, what the migrations make? ERR_TAMPERED names the
 * first difference. */
enum err_code migrate_check_schema(sqlite3 *db, const struct migration_list *list, struct err *err)
    ERR_MUST_CHECK;

/* store_open_writer with another list. */
enum err_code migrate_open_writer(const char *path, const struct migration_list *list,
                                  struct store **ret_store, struct err *err) ERR_MUST_CHECK;

#endif
