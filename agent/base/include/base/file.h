/* Whole files and descriptors, done right: short reads and EINTR are handled,
 * replacement is atomic and durable. */
#ifndef KEYTURN_BASE_FILE_H
#define KEYTURN_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Write everything, or fail. */
enum err_code file_write_all(int fd, const void *bytes, size_t length, const char *what,
                             struct err *err) ERR_MUST_CHECK;

/* A whole regular file of at most max_bytes, appended to out. Not for secrets. */
enum err_code file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err)
    ERR_MUST_CHECK;

/* Refuse a file that others may write, or (secret) read, or that belongs to
 * neither us nor root. A secret of mode 0440 that is root's and not ours is taken, for
 * systemd lends credentials so (systemd.exec(5), LoadCredential=). The message says the chmod or chown that mends it. */
enum err_code file_check_private(int fd, const char *path, bool secret, struct err *err) ERR_MUST_CHECK;

/* Make every missing folder of path, with mode for the ones made. */
enum err_code file_make_folders(const char *path, mode_t mode, struct err *err) ERR_MUST_CHECK;

/* fsync a folder, so that a rename or creation in it is durable. */
enum err_code file_sync_folder(const char *folder, struct err *err) ERR_MUST_CHECK;

#endif
