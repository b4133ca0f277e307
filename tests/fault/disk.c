/* A disk that fails in the middle of the agent's work and comes back later: preloaded into the agent, for machines
 * where nothing may be mounted, and at an exact call, which no mount can be.
 *
 *   KEYTURN_DISK        what is on the disk: beginnings of paths, with colons between
 *   KEYTURN_DISK_AT     from this call on it fails; 0 or absent: it never does
 *   KEYTURN_DISK_SYS    with this errno: EROFS (read-only), ENOSPC (full), EIO
 *   KEYTURN_DISK_MARK   a file that is made then; the disk fails as long as it is there
 *   KEYTURN_DISK_COUNT  a file that grows by one byte at each call
 *
 * A call is one that would change the disk: opened to be written, written, cut, synced, renamed or removed there.
 * A full disk lets cut, sync and remove. Pages that are mapped are not seen, as they are not by a real one. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* The function of this name that comes next. */
#define REAL(name, type)                                                                                     \
    static __typeof__(type) *real;                                                                                       \
    if (!real) {                                                                                             \
        void *symbol = dlsym(RTLD_NEXT, name);                                                               \
        memcpy(&real, &symbol, sizeof real);                                                                 \
    }

typedef int open_function(const char *, int, ...);
typedef int openat_function(int, const char *, int, ...);

static int real_open(const char *path, int flags, mode_t mode)
{
    REAL("open64", open_function)
    return real(path, flags, mode);
}

/* --- What fails ---------------------------------------------------------------------------------- */

static bool on_disk(const char *path)
{
    const char *part = getenv("KEYTURN_DISK");
    while (part && *part) {
        size_t length = strcspn(part, ":");
        if (strncmp(path, part, length) == 0)
            return true;
        part += length + (part[length] == ':');
    }
    return false;
}

static bool file_on_disk(int fd)
{
    char link[40], path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return false;
    path[length] = 0;
    return on_disk(path);
}

static bool entry_on_disk(int folder, const char *name)
{
    return name[0] == '/' || folder == AT_FDCWD ? on_disk(name) : file_on_disk(folder);
}

static void count(void)
{
    const char *path = getenv("KEYTURN_DISK_COUNT");
    static int file = -1;
    if (path && file < 0)
        file = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    REAL("write", ssize_t(int, const void *, size_t))
    if (file >= 0)
        (void)!real(file, ".", 1);
}

static long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

/* A call that would change the disk: true, with errno, when it fails. */
static bool fails(bool wants_room)
{
    static atomic_long calls;
    count();
    const char *mark = getenv("KEYTURN_DISK_MARK");
    if (!mark)
        return false;
    if (atomic_fetch_add(&calls, 1) + 1 == number_of("KEYTURN_DISK_AT"))
        (void)close(real_open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    long sys = number_of("KEYTURN_DISK_SYS");
    if ((sys == ENOSPC && !wants_room) || faccessat(AT_FDCWD, mark, F_OK, 0) != 0)
        return false;
    errno = (int)sys;
    return true;
}

/* A full disk opens what is there; a read-only one nothing to be written. */
static bool open_fails(int folder, const char *path, int flags)
{
    if ((flags & O_ACCMODE) == O_RDONLY || flags & O_PATH || !entry_on_disk(folder, path))
        return false;
    bool makes = flags & O_CREAT && faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    return fails(makes);
}

/* --- The calls ------------------------------------------------------------------------------------ */

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                           \
    int name(const char *path, int flags, ...);                                                              \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, flags);                                                                          \
        mode_t mode = mode_of(flags, arguments);                                                             \
        va_end(arguments);                                                                                   \
        return open_fails(AT_FDCWD, path, flags) ? -1 : real_open(path, flags, mode);                        \
    }

#define OPENAT(name)                                                                                         \
    int name(int folder, const char *path, int flags, ...);                                                  \
    int name(int folder, const char *path, int flags, ...)                                                   \
    {                                                                                                        \
        REAL("openat64", openat_function)                                                                    \
        va_list arguments;                                                                                   \
        va_start(arguments, flags);                                                                          \
        mode_t mode = mode_of(flags, arguments);                                                             \
        va_end(arguments);                                                                                   \
        return open_fails(folder, path, flags) ? -1 : real(folder, path, flags, mode);                       \
    }

/* What is done to an open file. */
#define CALL(type, name, wants_room, declared, given)                                                        \
    type name declared;                                                                                      \
    type name declared                                                                                       \
    {                                                                                                        \
        REAL(#name, type declared)                                                                           \
        return file_on_disk(fd) && fails(wants_room) ? -1 : real given;                                      \
    }

/* What is done to a name. */
#define NAMED(name, wants_room, declared, given, folder, path)                                               \
    int name declared;                                                                                       \
    int name declared                                                                                        \
    {                                                                                                        \
        REAL(#name, int declared)                                                                            \
        return entry_on_disk(folder, path) && fails(wants_room) ? -1 : real given;                           \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
CALL(ssize_t, write, true, (int fd, const void *bytes, size_t length), (fd, bytes, length))
CALL(ssize_t, pwrite, true, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
CALL(ssize_t, pwrite64, true, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
CALL(int, ftruncate, false, (int fd, off_t length), (fd, length))
CALL(int, ftruncate64, false, (int fd, off64_t length), (fd, length))
CALL(int, fsync, false, (int fd), (fd))
CALL(int, fdatasync, false, (int fd), (fd))
NAMED(unlink, false, (const char *path), (path), AT_FDCWD, path)
NAMED(unlinkat, false, (int folder, const char *path, int flags), (folder, path, flags), folder, path)
NAMED(renameat, true, (int from_folder, const char *from, int folder, const char *path),
      (from_folder, from, folder, path), folder, path)
