#include "base/file.h"

#include "base/limits.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_CHUNK_BYTES = 16 * 1024 };

enum err_code file_write_all(int fd, const void *bytes, size_t length, const char *what, struct err *err)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return err_set_errno(err, errno, "cannot write %s", what);
        at += written;
        length -= (size_t)written;
    }
    return ERR_OK;
}

/* O_NONBLOCK, so that a FIFO somebody put there cannot hold us; it means nothing
 * to a regular file. */
static enum err_code file_open_regular(const char *path, int *ret_fd, struct err *err)
{
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot open %s", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at %s", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INVALID, "%s is not a regular file", path);
    *ret_fd = GIVE_FD(fd);
    return ERR_OK;
}

/* Read on until the end or until one byte more than max_bytes was seen. */
static enum err_code file_read_on(int fd, const char *path, size_t max_bytes, struct buf *out,
                                  struct err *err)
{
    size_t start = out->length;
    char chunk[FILE_CHUNK_BYTES];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "cannot read %s", path);
        if (got == 0)
            return ERR_OK;
        if ((size_t)got > max_bytes - (out->length - start))
            return err_set(err, ERR_LIMIT, "%s has more than %zu bytes", path, max_bytes);
        buf_add(out, chunk, (size_t)got);
        if (!buf_ok(out))
            return err_set(err, ERR_MEMORY, "out of memory while reading %s", path);
    }
}

enum err_code file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
    OWN_FD int fd = -1;
    TRY(file_open_regular(path, &fd, err));
    size_t start = out->length;
    enum err_code code = file_read_on(fd, path, max_bytes, out, err);
    if (code != ERR_OK)
        buf_truncate(out, start);
    return code;
}

enum err_code file_check_private(int fd, const char *path, bool secret, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at %s", path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return err_set(err, ERR_DENIED,
                       "%s belongs to user %u, who could change it: run chown %u %s", path,
                       status.st_uid, geteuid(), path);
    /* systemd lends a service root's file by an access list, which shows as its group's bits. */
    bool lent = status.st_uid == 0 && geteuid() != 0 && (status.st_mode & 07777) == 0440;
    if (secret && !lent && (status.st_mode & (S_IRWXG | S_IRWXO)))
        return err_set(err, ERR_DENIED, "%s holds a secret and others may read it: run chmod go= %s",
                       path, path);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return err_set(err, ERR_DENIED, "others may write %s: run chmod go-w %s", path, path);
    return ERR_OK;
}

/* The parent is synced, too: a new folder that a power cut forgets takes all
 * that was made in it along. */
static enum err_code file_make_folder(char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, mode) == 0) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return file_sync_folder(".", err);
        *slash = '\0';
        enum err_code code = file_sync_folder(slash == path ? "/" : path, err);
        *slash = '/';
        return code;
    }
    int sys = errno;
    struct stat status;
    if (stat(path, &status) != 0)
        return err_set_errno(err, sys, "cannot make the folder %s", path);
    if (!S_ISDIR(status.st_mode))
        return err_set(err, ERR_EXISTS, "%s is there and is not a folder", path);
    return ERR_OK;
}

enum err_code file_make_folders(const char *path, mode_t mode, struct err *err)
{
    char part[LIMIT_PATH_BYTES];
    size_t length = strlen(path);
    if (length == 0)
        return err_set(err, ERR_INVALID, "the path of a folder is empty");
    if (length >= sizeof part)
        return err_set(err, ERR_LIMIT, "a path has %zu bytes; at most %zu are allowed", length,
                       sizeof part - 1);
    memcpy(part, path, length + 1);
    while (length > 1 && part[length - 1] == '/')
        part[--length] = '\0';
    for (size_t i = 1; i < length; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = '\0';
        TRY(file_make_folder(part, mode, err));
        part[i] = '/';
    }
    return file_make_folder(part, mode, err);
}

enum err_code file_sync_folder(const char *folder, struct err *err)
{
    OWN_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot open the folder %s", folder);
    if (fsync(fd) != 0)
        return err_set_errno(err, errno, "cannot sync the folder %s", folder);
    return ERR_OK;
}
