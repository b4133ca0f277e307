/* Rows as SQLite gives them. Private to the store. */
#ifndef KEYTURN_STORE_ROWS_H
#define KEYTURN_STORE_ROWS_H

#include "base/err.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a column may hold: a blob of min to max bytes, or NULL where that fits. */
struct row_blob_rule {
    const char *name; /* in messages */
    size_t min;
    size_t max;
    bool null_fits;
};
extern const struct row_blob_rule row_id_rule;
extern const struct row_blob_rule row_meta_rule;
extern const struct row_blob_rule row_secret_rule;

/* A value that SQLite gave, checked: NULL and 0 for NULL; ERR_TAMPERED when it breaks the rule. */
enum err_code row_take_blob(const struct row_blob_rule *rule, int type, const void *bytes, size_t length,
                            const uint8_t **ret_bytes, size_t *ret_length, struct err *err) ERR_MUST_CHECK;
/* A revision; ERR_TAMPERED when it is not a number from 0. */
enum err_code row_take_revision(int type, sqlite3_int64 value, uint64_t *ret_revision, struct err *err)
    ERR_MUST_CHECK;

/* row_take_blob of a column of the present row; borrowed until the next step. */
enum err_code row_blob(sqlite3_stmt *statement, int column, const struct row_blob_rule *rule,
                       const uint8_t **ret_bytes, size_t *ret_length, struct err *err) ERR_MUST_CHECK;

/* The present row of a statement with the columns of enum row_column. Its blobs
 * are borrowed until the next step. The file may hold anything, so all is checked. */
enum err_code row_read(sqlite3_stmt *statement, enum store_table table, struct store_row *ret_row,
                       struct err *err) ERR_MUST_CHECK;
/* The same of a function's arguments, which are all columns but the secret. */
enum err_code row_read_arguments(sqlite3_value **columns, enum store_table table, struct store_row *ret_row,
                                 struct err *err) ERR_MUST_CHECK;

#endif
