/* The files of a store: its resolved path, its lock, and whether they are ours.
 * Private to the store.
 *
 *     <path>                the store
 *     <path>-wal, <path>-shm   SQLite's, while it is open
 *     <path>.lock           locked by the writer for its life; holds its process id,
 *                           and nothing after a clean close
 *     <path>.new            a store being made
 *     <path>.before-<n>     a copy made before the migration to format n */
#ifndef KEYTURN_STORE_FILES_H
#define KEYTURN_STORE_FILES_H

#include "base/err.h"

#include <stdbool.h>

enum {
    /* SQLite takes paths of up to 512 bytes, and needs room for its suffixes. */
    FILES_PATH_BYTES = 480,
    FILES_NAME_BYTES = 512
};

/* The path with its folder resolved, so that the folder may be reached through
 * links and the store itself may not. Opened files keep their meaning when the
 * process changes its folder. */
enum err_code files_resolve(const char *path, char ret_path[FILES_NAME_BYTES], struct err *err)
    ERR_MUST_CHECK;

/* path and suffix, for a path from files_resolve. */
void files_name(const char *path, const char *suffix, char ret_name[FILES_NAME_BYTES]);

/* Is there a file at path and suffix, and how long is it (0 when it is not there)? */
bool files_exists(const char *path, const char *suffix);
long long files_length(const char *path, const char *suffix);

/* A regular file, not a link, that belongs to us and that nobody else may read. */
enum err_code files_check(const char *path, struct err *err) ERR_MUST_CHECK;

/* Make an empty file of mode 0600; ERR_EXISTS. */
enum err_code files_make(const char *path, int *ret_fd, struct err *err) ERR_MUST_CHECK;

/* fsync the folder of a path from files_resolve. */
enum err_code files_sync_folder(const char *path, struct err *err) ERR_MUST_CHECK;

/* Take the writer's lock of a store: ERR_BUSY names the process that holds it.
 * The lock goes when *ret_fd is closed. *ret_unclean: the last writer did not
 * end with files_lock_clear. */
enum err_code files_lock(const char *path, int *ret_fd, bool *ret_unclean, struct err *err)
    ERR_MUST_CHECK;
/* Empty the lock file: all that was written is in its place. */
void files_lock_clear(int fd);

#endif
