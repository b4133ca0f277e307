#include "files.h"

#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* "a/b/" and "" have no last part to be the file's name. */
static bool has_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

enum err_code files_resolve(const char *path, char ret_path[FILES_NAME_BYTES], struct err *err)
{
    if (!has_file_name(path))
        return err_set(err, ERR_INVALID, "'%s' names no file: a store is a file", path);
    if (strlen(path) >= PATH_MAX)
        return err_set(err, ERR_LIMIT, "the store's path is longer than %d bytes", FILES_PATH_BYTES);

    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char folder[PATH_MAX] = ".";
    if (slash)
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);

    char resolved[PATH_MAX];
    if (!realpath(folder, resolved))
        return err_set_errno(err, errno, "the store's folder %s", folder);
    const char *between = strcmp(resolved, "/") == 0 ? "" : "/";
    char joined[FILES_NAME_BYTES];
    int length = snprintf(joined, sizeof joined, "%s%s%s", resolved, between, name);
    if (length < 0 || length > FILES_PATH_BYTES)
        return err_set(err, ERR_LIMIT, "the store's path is longer than %d bytes", FILES_PATH_BYTES);
    memcpy(ret_path, joined, sizeof joined);
    return ERR_OK;
}

void files_name(const char *path, const char *suffix, char ret_name[FILES_NAME_BYTES])
{
    (void)snprintf(ret_name, FILES_NAME_BYTES, "%.*s%s", FILES_PATH_BYTES, path, suffix);
}

bool files_exists(const char *path, const char *suffix)
{
    char name[FILES_NAME_BYTES];
    struct stat status;
    files_name(path, suffix, name);
    return lstat(name, &status) == 0;
}

long long files_length(const char *path, const char *suffix)
{
    char name[FILES_NAME_BYTES];
    struct stat status;
    files_name(path, suffix, name);
    return lstat(name, &status) == 0 ? (long long)status.st_size : 0;
}

enum err_code files_check(const char *path, struct err *err)
{
    /* O_PATH: closing any other descriptor of the file would drop the POSIX locks
     * that this process's other connections hold on it. */
    OWN_FD int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "the store %s", path);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "the store %s", path);
    if (S_ISLNK(status.st_mode))
        return err_set(err, ERR_INVALID, "the store %s is a symbolic link; name the file itself", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_FORMAT, "%s is not a file, so it is not a store; check the path", path);
    return file_check_private(fd, path, true, err);
}

enum err_code files_make(const char *path, int *ret_fd, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot make %s", path);
    *ret_fd = fd;
    return ERR_OK;
}

enum err_code files_sync_folder(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char folder[FILES_NAME_BYTES];
    (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return file_sync_folder(folder, err);
}

enum { PID_BYTES = 16 };

/* The number in a lock file; 0 when it holds none. */
static long lock_pid(int fd)
{
    char text[PID_BYTES] = "";
    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 0;
    long pid = strtol(text, NULL, 10);
    return pid > 0 ? pid : 0;
}

static enum err_code lock_refused(const char *path, int fd, struct err *err)
{
    long pid = lock_pid(fd);
    if (pid == 0)
        return err_set(err, ERR_BUSY, "another agent holds the store %s; end it first", path);
    return err_set(err, ERR_BUSY, "another agent (pid %ld) holds the store %s; end it first", pid, path);
}

static enum err_code lock_write_pid(int fd, const char *lock, struct err *err)
{
    char text[PID_BYTES];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
        return err_set_errno(err, errno, "cannot write the lock file %s", lock);
    return ERR_OK;
}

/* flock and not a POSIX lock: it belongs to the open file, so that a second
 * writer in this very process is refused, too, and that a child which has
 * closed its copy takes nothing with it. The file is never removed: a lock on a
 * removed file keeps nobody out. */
enum err_code files_lock(const char *path, int *ret_fd, bool *ret_unclean, struct err *err)
{
    char lock[FILES_NAME_BYTES];
    files_name(path, ".lock", lock);
    OWN_FD int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot open the lock file %s", lock);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? lock_refused(path, fd, err)
                                    : err_set_errno(err, errno, "cannot lock %s", lock);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "cannot examine the lock file %s", lock);
    TRY(lock_write_pid(fd, lock, err));
    *ret_unclean = status.st_size > 0;
    *ret_fd = GIVE_FD(fd);
    return ERR_OK;
}

void files_lock_clear(int fd)
{
    /* When this fails, the next writer checks the store once for nothing. */
    (void)!ftruncate(fd, 0);
}
