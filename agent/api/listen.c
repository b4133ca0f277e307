/* Making the socket that the agent listens on. */
#include "api/api.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 256, LISTEN_GROUP_BYTES = 16 * 1024 };

static enum err_code listen_address(const char *path, struct sockaddr_un *ret_address, struct err *err)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (path[0] != '/')
        return err_set(err, ERR_INVALID, "the socket's path is given whole, from /: %s", path);
    if (length >= sizeof ret_address->sun_path)
        return err_set(err, ERR_LIMIT, "a socket's path has at most %zu bytes, this has %zu: %s",
                       sizeof ret_address->sun_path - 1, length, path);
    memcpy(ret_address->sun_path, path, length + 1);
    return ERR_OK;
}

/* In a folder that others may write to, anybody could put another socket in its place. A sticky
 * one lets nobody replace what is ours. */
static enum err_code listen_check_folder(const char *folder, struct err *err)
{
    struct stat status;
    if (stat(folder, &status) != 0)
        return err_set_errno(err, errno, "the socket's folder %s", folder);
    bool foreign = status.st_uid != 0 && status.st_uid != geteuid();
    bool open_to_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !(status.st_mode & S_ISVTX);
    if (foreign)
        return err_set(err, ERR_DENIED, "the socket's folder %s belongs to uid %u; choose one of your own", folder,
                       (unsigned)status.st_uid);
    if (open_to_others)
        return err_set(err, ERR_DENIED, "others may write to the socket's folder %s; chmod go-w it", folder);
    return ERR_OK;
}

static enum err_code listen_make_folder(const char *path, struct err *err)
{
    char folder[sizeof((struct sockaddr_un *)NULL)->sun_path];
    size_t length = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, length ? path : "/", length ? length : 1);
    folder[length ? length : 1] = '\0';
    TRY(file_make_folders(folder, 0700, err));
    return listen_check_folder(folder, err);
}

/* Does somebody listen there? A full queue is an answer, too. */
static enum err_code listen_knock(const struct sockaddr_un *address, bool *ret_answers, struct err *err)
{
    OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "a socket could not be made");
    int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (result != 0 && errno != EAGAIN && errno != ECONNREFUSED && errno != ENOENT)
        return err_set_errno(err, errno, "%s", address->sun_path);
    *ret_answers = result == 0 || errno == EAGAIN;
    return ERR_OK;
}

/* Clear the place of a socket that an agent left behind; of nothing else. */
static enum err_code listen_clear(const struct sockaddr_un *address, struct err *err)
{
    const char *path = address->sun_path;
    struct stat status;
    bool answers = false;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? ERR_OK : err_set_errno(err, errno, "%s", path);
    if (S_ISLNK(status.st_mode))
        return err_set(err, ERR_DENIED, "%s is a symbolic link; a socket is made at a path of its own", path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, ERR_EXISTS, "%s is there and is no socket; choose another path", path);
    TRY(listen_knock(address, &answers, err));
    if (answers)
        return err_set(err, ERR_EXISTS, "an agent listens on %s already; end it first, or give this one another: --socket",
                       path);
    if (unlink(path) != 0 && errno != ENOENT)
        return err_set_errno(err, errno, "the old socket %s could not be removed", path);
    return ERR_OK;
}

static enum err_code listen_group(const char *group, gid_t *ret_gid, struct err *err)
{
    struct group entry;
    struct group *found = NULL;
    char *text = malloc(LISTEN_GROUP_BYTES);
    if (!text)
        return err_set(err, ERR_MEMORY, "out of memory");
    int result = getgrnam_r(group, &entry, text, LISTEN_GROUP_BYTES, &found);
    if (found)
        *ret_gid = found->gr_gid;
    free(text);
    if (!found)
        return err_set(err, ERR_INVALID, "there is no group %s for the socket%s%s", group, result ? ": " : "",
                       result ? strerror(result) : "");
    return ERR_OK;
}

/* Until the mode is set nobody but us may connect: bind makes the file under the umask. */
static enum err_code listen_open_to(const char *path, const char *group, struct err *err)
{
    gid_t gid = 0;
    if (group) {
        TRY(listen_group(group, &gid, err));
        if (lchown(path, (uid_t)-1, gid) != 0)
            return err_set_errno(err, errno, "%s could not be given to group %s", path, group);
    }
    if (chmod(path, group ? 0660 : 0600) != 0)
        return err_set_errno(err, errno, "the mode of %s could not be set", path);
    return ERR_OK;
}

static enum err_code listen_bind(int fd, const struct sockaddr_un *address, const char *group, struct err *err)
{
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)address, sizeof *address);
    int sys = errno;
    (void)umask(before);
    if (result != 0)
        return err_set_errno(err, sys, "no socket could be made at %s", address->sun_path);
    enum err_code code = listen_open_to(address->sun_path, group, err);
    if (code == ERR_OK && listen(fd, LISTEN_BACKLOG) != 0)
        code = err_set_errno(err, errno, "%s could not be listened on", address->sun_path);
    if (code != ERR_OK)
        (void)unlink(address->sun_path);
    return code;
}

enum err_code api_listen(const char *path, const char *group, int *ret_fd, struct err *err)
{
    struct sockaddr_un address;
    TRY(listen_address(path, &address, err));
    TRY(listen_make_folder(path, err));
    TRY(listen_clear(&address, err));
    OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "a socket could not be made");
    TRY(listen_bind(fd, &address, group, err));
    *ret_fd = GIVE_FD(fd);
    return ERR_OK;
}
