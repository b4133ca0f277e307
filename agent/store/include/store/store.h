/* The store: sealed rows in SQLite, and nothing else. It never sees plain text.
 *
 * Every table of records has the same shape, so there is one set of operations
 * for all. In clear are only: random ids, blind indexes, parents, revisions,
 * due times, and the slots.
 *
 *     id BLOB(16) PRIMARY KEY, parent BLOB(16) (foreign key where the table has
 *     one), name_index BLOB(32) UNIQUE or NULL, revision INTEGER, due_at_ms
 *     INTEGER or NULL, meta BLOB, secret BLOB or NULL
 *
 * One struct store is one SQLite connection with its prepared statements, used
 * by one thread at a time. There is one writer, which holds an exclusive lock
 * beside the file for its life, and any number of readers. WAL,
 * synchronous=FULL, secure_delete, STRICT tables, foreign keys, application_id,
 * user_version migrations embedded from schema/ and run in one transaction
 * after a copy of the file was made. */
#ifndef KEYTURN_STORE_STORE_H
#define KEYTURN_STORE_STORE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_table {
    STORE_KEY = 1,    /* name_index: of environment and name */
    STORE_VERSION,    /* parent: key; name_index: of the secret's fingerprint (NULL once wiped);
                       * has a secret */
    STORE_DELIVERY,   /* parent: key */
    STORE_ROTATION,   /* parent: key; due_at */
    STORE_REVOCATION, /* parent: key; due_at */
    STORE_INCIDENT,   /* no parent */
    STORE_PENDING,    /* audit lines committed and not yet known durable in the log */
    STORE_NOTICE,     /* no parent; due_at */
    STORE_LABEL,      /* parent: key; due_at */
    STORE_TABLE_END
};

enum { STORE_ID_BYTES = 16, STORE_INDEX_BYTES = 32, STORE_TAG_BYTES = 16, STORE_FORMAT_VERSION = 3 };
/* The most that a row's meta and secret have together, and a head or slot: 1 MiB. */
enum { STORE_ROW_BYTES = 1024 * 1024 };

/* A row. meta and secret are sealed, so each has at least STORE_TAG_BYTES. On
 * reading, blobs are borrowed and live until the callback returns (scans) or the
 * next single read on this store (store_get, store_find, store_head_get). */
struct store_row {
    uint8_t id[STORE_ID_BYTES];
    bool has_parent;
    uint8_t parent[STORE_ID_BYTES];
    bool has_index;
    uint8_t index[STORE_INDEX_BYTES];
    uint64_t revision;
    int64_t due_at_ms; /* 0: nothing due (NULL in the table) */
    const void *meta;
    size_t meta_length;
    const void *secret; /* NULL: none */
    size_t secret_length;
    int64_t place; /* where it lies in its table; set by store_walk alone */
};

struct store;

/* Make a new store file (mode 0600, its folder must exist). ERR_EXISTS when path
 * exists, or a log of SQLite's that a store of that name left; ERR_BUSY while another
 * makes one there. A path has at most 480 bytes (ERR_LIMIT), its folder resolved; the
 * folder may be reached through links, the store itself may not be one (ERR_INVALID). */
enum err_code store_create(const char *path, struct err *err) ERR_MUST_CHECK;

/* Open for writing: takes the lock (<path>.lock; ERR_BUSY "another agent (pid N)
 * holds …"), checks that it is a store of ours (ERR_FORMAT: not a store, or of a
 * newer format; names both versions), file mode and owner (ERR_DENIED), migrates
 * (copying the file to <path>.before-<version it migrates to> first), runs quick
 * integrity checks when the last writer did not close cleanly, compares the schema
 * with ours (ERR_TAMPERED), prepares every statement. */
enum err_code store_open_writer(const char *path, struct store **ret_store, struct err *err) ERR_MUST_CHECK;
/* Open for reading, while a writer of this process holds the store. */
enum err_code store_open_reader(const char *path, struct store **ret_store, struct err *err) ERR_MUST_CHECK;
struct store *store_close(struct store *store);
OWN_DEFINE(struct store, store_close);

/* Transactions. Every change is made inside one (ERR_STATE outside). The writer's
 * begin is BEGIN IMMEDIATE, a reader's BEGIN: all reads until store_commit (or
 * rollback) see one state. A savepoint is one step of a
 * group: its rollback leaves the rest of the group. One level.
 * Errors of commit: ERR_FULL, ERR_IO, ERR_BUSY; the transaction is then rolled back.
 * A full or failing disk may end the transaction before that: what follows in it, its
 * commit too, is then ERR_STATE. After ERR_IO of a commit this connection sees the state
 * before; should the process end before the next commit, the store may be found with
 * the transaction, whole, when it is opened again. A commit blocks for an fsync; the one
 * that fills the log (4,000 pages) also writes it into the file, 10 to 20 ms. */
enum err_code store_begin(struct store *store, struct err *err) ERR_MUST_CHECK;
enum err_code store_commit(struct store *store, struct err *err) ERR_MUST_CHECK;
void store_rollback(struct store *store);
enum err_code store_savepoint(struct store *store, struct err *err) ERR_MUST_CHECK;
enum err_code store_savepoint_release(struct store *store, struct err *err) ERR_MUST_CHECK;
void store_savepoint_rollback(struct store *store);

/* Columns that an update leaves. Index and due time only together with what comes before them. */
enum store_keep {
    STORE_KEEP_NONE = 0,
    STORE_KEEP_SECRET = 1,
    STORE_KEEP_INDEX = 2 | STORE_KEEP_SECRET,
    STORE_KEEP_DUE = 4 | STORE_KEEP_INDEX
};

/* Rows. Changing exactly one row is part of each promise.
 * insert: ERR_EXISTS when the id or the index is taken; ERR_INVALID when the parent is not
 *         there, or the row's shape is not the table's; ERR_LIMIT past STORE_ROW_BYTES.
 * update: writes every column but id and parent where id and old_revision
 *         match; ERR_STALE when no such row. What keep names (enum store_keep) is left as it is: so
 *         its index is not written either. Else as insert.
 * remove: where id and revision match; ERR_STALE. ERR_INVALID while it has children. */
enum err_code store_insert(struct store *store, enum store_table table, const struct store_row *row,
                           struct err *err) ERR_MUST_CHECK;
enum err_code store_update(struct store *store, enum store_table table, const struct store_row *row,
                           uint64_t old_revision, unsigned keep, struct err *err) ERR_MUST_CHECK;
enum err_code store_remove(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
                           uint64_t revision, struct err *err) ERR_MUST_CHECK;

/* One row by id or by blind index; ERR_NOT_FOUND. with_secret false leaves secret NULL
 * (the column is not read). */
enum err_code store_get(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
                        bool with_secret, struct store_row *ret_row, struct err *err) ERR_MUST_CHECK;
enum err_code store_find(struct store *store, enum store_table table,
                         const uint8_t index[STORE_INDEX_BYTES], bool with_secret,
                         struct store_row *ret_row, struct err *err) ERR_MUST_CHECK;

/* Scans. visit returns ERR_OK to go on; anything else ends the scan and is
 * returned (STORE_STOP ends it with ERR_OK). visit may read this store, but not
 * start the same scan of the same table again, nor write (ERR_STATE). */
enum { STORE_STOP = -1 };
typedef int store_visit(void *context, const struct store_row *row, struct err *err);

/* All rows in order of id, after the id after (NULL: from the start). Secrets
 * are not read. */
enum err_code store_scan(struct store *store, enum store_table table, const uint8_t *after,
                         store_visit *visit, void *context, struct err *err) ERR_MUST_CHECK;
/* Rows in the order of the file, which is about the order in which they were made: a page of the
 * file is read once, and no index is, so it takes a fifth of the time of store_scan. Each has a
 * place, which stays its own while it lives; one made later may lie anywhere behind the last.
 * first and last are among the places. Secrets are not read. */
struct store_span {
    int64_t first, last;
    bool due; /* only rows that have a due time; the others are passed over without a look at more of them */
};
enum err_code store_walk(struct store *store, enum store_table table, const struct store_span *span,
                         store_visit *visit, void *context, struct err *err) ERR_MUST_CHECK;
/* The first place from there on that has a row, or one with a due time. ERR_NOT_FOUND. */
enum err_code store_place_from(struct store *store, enum store_table table, int64_t from, bool due, int64_t *ret_place,
                               struct err *err) ERR_MUST_CHECK;
/* Children of a parent, in order of id. ERR_INVALID for a table whose rows have none. */
enum err_code store_children(struct store *store, enum store_table table,
                             const uint8_t parent[STORE_ID_BYTES], store_visit *visit, void *context,
                             struct err *err) ERR_MUST_CHECK;
/* Rows with a due time at or before now, soonest first, at most limit. */
enum err_code store_due(struct store *store, enum store_table table, int64_t now_ms, size_t limit,
                        store_visit *visit, void *context, struct err *err) ERR_MUST_CHECK;
/* When the soonest is due in a table; 0 when nothing is. */
enum err_code store_next_due(struct store *store, enum store_table table, int64_t *ret_due_at_ms,
                             struct err *err) ERR_MUST_CHECK;

/* Every row of every table with only what the digest needs: the last 16 bytes of
 * meta, the last 16 bytes of secret. Fast: one pass, no overflow pages where avoidable. */
struct store_tags {
    enum store_table table;
    const uint8_t *id;
    uint64_t revision;
    const uint8_t *meta_tag;   /* 16 bytes */
    const uint8_t *secret_tag; /* 16 bytes or NULL */
};
typedef int store_visit_tags(void *context, const struct store_tags *tags, struct err *err);
enum err_code store_scan_tags(struct store *store, store_visit_tags *visit, void *context,
                              struct err *err) ERR_MUST_CHECK;

/* The head row: one sealed blob, replaced in each transaction. ERR_NOT_FOUND before the first. */
enum err_code store_head_get(struct store *store, const void **ret_sealed, size_t *ret_length,
                             struct err *err) ERR_MUST_CHECK;
enum err_code store_head_put(struct store *store, const void *sealed, size_t length, struct err *err)
    ERR_MUST_CHECK;

/* Slots, in clear, visited in order of number. ERR_NOT_FOUND when the slot to remove is not
 * there. The blob is the slot's whole encoding; number is its key. */
typedef int store_visit_slot(void *context, uint32_t number, const void *blob, size_t length,
                             struct err *err);
enum err_code store_slot_put(struct store *store, uint32_t number, const void *blob, size_t length,
                             struct err *err) ERR_MUST_CHECK;
enum err_code store_slot_remove(struct store *store, uint32_t number, struct err *err) ERR_MUST_CHECK;
enum err_code store_slots(struct store *store, store_visit_slot *visit, void *context, struct err *err)
    ERR_MUST_CHECK;

/* Whole-file integrity (PRAGMA integrity_check and foreign_key_check): ERR_TAMPERED with
 * the first finding. Slow (about 1.5 s for 100,000 keys with a version each), and may run on
 * a reader: it is also what finds an index that was edited to hide a row from
 * store_find, store_children and store_due, which no digest of the rows can. */
enum err_code store_check(struct store *store, struct err *err) ERR_MUST_CHECK;
/* A consistent copy into a new file of mode 0600 (the backup API), fsynced with its
 * folder. Outside a transaction (ERR_STATE); ERR_EXISTS when path exists. Blocks. */
enum err_code store_copy(struct store *store, const char *path, struct err *err) ERR_MUST_CHECK;
/* Checkpoint the WAL and truncate it. Outside a transaction (ERR_STATE). Waits up to a
 * second for readers inside a transaction, then ERR_BUSY. Until then, and until pages are used
 * again, what was deleted from the file may still be in the WAL. */
enum err_code store_checkpoint(struct store *store, struct err *err) ERR_MUST_CHECK;

/* Give back the memory of pages that were read; they are read again when they are needed. */
void store_rest(struct store *store);

const char *store_table_name(enum store_table table);

#endif
