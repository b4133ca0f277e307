/* Making, opening and closing a store.
 *
 * A writer: resolve the path, take the lock, look at the file, open it, read its
 * format, check it when the last writer did not close, migrate it, compare the
 * schema, prepare the statements. Nothing is written to a file that is not known
 * to be a store of ours. */
#include "base/own.h"
#include "connection.h"
#include "files.h"
#include "maintain.h"
#include "migrate.h"
#include "sqlerr.h"
#include "store/store.h"
#include "tags.h"
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* SQLite would replay a log that lies beside a new file into it. */
static const char *const leftovers[] = {"-wal", "-journal"};

static enum err_code refuse_existing(const char *path, struct err *err)
{
    if (files_exists(path, ""))
        return err_set(err, ERR_EXISTS, "%s is there already; choose another path, or use it", path);
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
        if (files_exists(path, leftovers[i]))
            return err_set(err, ERR_EXISTS,
                           "%s%s is left of another store and may hold its last changes; move it away",
                           path, leftovers[i]);
    }
    return ERR_OK;
}

static void remove_new(const char *new_path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[FILES_NAME_BYTES];
        files_name(new_path, suffixes[i], name);
        (void)unlink(name);
    }
}

static enum err_code fill_new(const char *new_path, struct err *err)
{
    OWN_DATABASE sqlite3 *db = NULL;
    TRY(connection_open(new_path, CONNECTION_WRITER, &db, err));
    TRY(migrate_run(db, &store_migrations, 0, err));
    return connection_configure(db, CONNECTION_WRITER, err);
}

static enum err_code make_new(const char *path, const char *new_path, struct err *err)
{
    OWN_FD int fd = -1;
    TRY(files_make(new_path, &fd, err));
    TRY(fill_new(new_path, err));
    if (fsync(fd) != 0)
        return err_set_errno(err, errno, "cannot write %s", new_path);
    if (renameat2(AT_FDCWD, new_path, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
        return err_set_errno(err, errno, "cannot make the store %s", path);
    return files_sync_folder(path, err);
}

/* Made under another name and renamed when complete: a crash leaves no half a
 * store under the name that is going to be opened. */
enum err_code store_create(const char *path, struct err *err)
{
    char resolved[FILES_NAME_BYTES];
    char new_path[FILES_NAME_BYTES];
    OWN_FD int lock_fd = -1;
    bool unclean = false;
    TRY(files_resolve(path, resolved, err));
    TRY(refuse_existing(resolved, err));
    TRY(files_lock(resolved, &lock_fd, &unclean, err));
    files_name(resolved, ".new", new_path);
    remove_new(new_path);
    enum err_code code = make_new(resolved, new_path, err);
    if (code != ERR_OK)
        remove_new(new_path);
    files_lock_clear(lock_fd);
    return code;
}

static struct store *store_new(void)
{
    struct store *store = calloc(1, sizeof *store);
    if (store)
        store->lock_fd = -1;
    return store;
}

static enum err_code migrate_with_copy(struct store *store, const struct migration_list *list, int version,
                                       struct err *err)
{
    int newest = list->rows[list->count - 1].version;
    if (version == newest)
        return ERR_OK;
    char suffix[32];
    char copy[FILES_NAME_BYTES];
    (void)snprintf(suffix, sizeof suffix, ".before-%d", newest);
    files_name(store->path, suffix, copy);
    /* One that is there is of a migration that did not come to its end. */
    if (unlink(copy) != 0 && errno != ENOENT)
        return err_set_errno(err, errno, "cannot replace %s", copy);
    TRY(maintain_copy(store->db, copy, err));
    return migrate_run(store->db, list, version, err);
}

/* SQLite reads what is missing of the last page as zeros. With a log beside it
 * a file may be short, for the log holds the pages. */
static enum err_code check_length(struct store *store, struct err *err)
{
    if (files_length(store->path, "-wal") > 0)
        return ERR_OK;
    sqlite3_int64 pages = 0;
    sqlite3_int64 page_bytes = 0;
    TRY(sql_integer(store->db, "PRAGMA page_count", "measure the store", &pages, err));
    TRY(sql_integer(store->db, "PRAGMA page_size", "measure the store", &page_bytes, err));
    if (files_length(store->path, "") < pages * page_bytes)
        return err_set(err, ERR_TAMPERED, "%s was cut short; keep a copy of it and restore a backup",
                       store->path);
    return ERR_OK;
}

static enum err_code open_database(struct store *store, enum connection_kind kind,
                                   const struct migration_list *list, int *ret_version, struct err *err)
{
    TRY(files_check(store->path, err));
    TRY(connection_open(store->path, kind, &store->db, err));
    TRY(tags_define(store, err));
    TRY(walk_define(store, err));
    TRY(migrate_read_version(store->db, list, ret_version, err));
    return connection_configure(store->db, kind, err);
}

enum err_code migrate_open_writer(const char *path, const struct migration_list *list,
                                  struct store **ret_store, struct err *err)
{
    OWN_FD int lock_fd = -1; /* first, so that on failure it goes after SQLite let go of the file */
    OWN(store_close) struct store *store = store_new();
    if (!store)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    TRY(files_resolve(path, store->path, err));
    TRY(files_check(store->path, err)); /* before a lock file appears beside what is no store */

    bool unclean = false;
    int version = 0;
    TRY(files_lock(store->path, &lock_fd, &unclean, err));
    unclean = unclean || files_length(store->path, "-wal") > 0;
    TRY(open_database(store, CONNECTION_WRITER, list, &version, err));
    TRY(check_length(store, err));
    if (unclean)
        TRY(maintain_check(store->db, "PRAGMA quick_check(1)", err));
    TRY(migrate_with_copy(store, list, version, err));
    TRY(migrate_check_schema(store->db, list, err));
    TRY(statements_prepare(store->db, true, &store->statements, err));
    store->lock_fd = GIVE_FD(lock_fd);
    *ret_store = GIVE(store);
    return ERR_OK;
}

enum err_code store_open_writer(const char *path, struct store **ret_store, struct err *err)
{
    return migrate_open_writer(path, &store_migrations, ret_store, err);
}

enum err_code store_open_reader(const char *path, struct store **ret_store, struct err *err)
{
    OWN(store_close) struct store *store = store_new();
    if (!store)
        return err_set(err, ERR_MEMORY, "out of memory; give the agent more");
    int version = 0;
    TRY(files_resolve(path, store->path, err));
    TRY(open_database(store, CONNECTION_READER, &store_migrations, &version, err));
    TRY(migrate_check_schema(store->db, &store_migrations, err));
    TRY(statements_prepare(store->db, false, &store->statements, err));
    *ret_store = GIVE(store);
    return ERR_OK;
}

/* The lock file is emptied only when the log was written into the file, for
 * then there is nothing for the next writer to check. The lock itself goes
 * last, after SQLite has let go of the file. */
struct store *store_close(struct store *store)
{
    if (!store)
        return NULL;
    bool clean = false;
    if (store->db && store->lock_fd >= 0) {
        store_rollback(store);
        clean = store_checkpoint(store, NULL) == ERR_OK;
    }
    statements_release(&store->statements);
    (void)sqlite3_close(store->db);
    if (clean)
        files_lock_clear(store->lock_fd);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    buf_release(&store->copy);
    free(store);
    return NULL;
}
