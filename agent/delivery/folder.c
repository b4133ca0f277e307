/* The way to a file. Whoever may change a folder on it can put another file, or a
 * symlink, in its place; so every folder must belong to root, to us or to the
 * file's owner, and nobody else may write to it. On the way, not at its end,
 * a sticky folder as /tmp is fine: in it nobody can replace what is not theirs.
 *
 * The walk holds each folder open and goes on from there, so what was checked is
 * what is used. */
#include "delivery_private.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder_walk {
    const char *path;
    int length; /* of the part of path that was walked, for messages */
    uid_t owner;
};

static enum err_code folder_check(const struct folder_walk *walk, int fd, bool last, struct err *err)
{
    struct stat status;
    int length = walk->length > 0 ? walk->length : 1;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at the folder %.*s", length, walk->path);
    if (status.st_uid != 0 && status.st_uid != geteuid() && status.st_uid != walk->owner)
        return err_set(err, ERR_DENIED,
                       "the folder %.*s belongs to user %u, who could swap the file: name that user as owner",
                       length, walk->path, status.st_uid);
    bool sticky = (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) && (last || !sticky))
        return err_set(err, ERR_DENIED, "others may write to the folder %.*s: run chmod go-w on it", length,
                       walk->path);
    return ERR_OK;
}

static enum err_code folder_open_error(const struct folder_walk *walk, int fd, const char *name, int sys,
                                       struct err *err)
{
    struct stat status;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
        return err_set(err, ERR_DENIED, "%.*s is a symlink: write the path it leads to", walk->length,
                       walk->path);
    if (sys == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "there is no folder %.*s: make it, or correct the path",
                       walk->length, walk->path);
    return err_set_errno(err, sys, "cannot open the folder %.*s", walk->length, walk->path);
}

/* One part further: *fd becomes the folder of that name in it. */
static enum err_code folder_enter(const struct folder_walk *walk, const char *part, size_t length, int *fd,
                                  struct err *err)
{
    char name[NAME_MAX + 1];
    if (length > NAME_MAX)
        return err_set(err, ERR_LIMIT, "a folder's name has more than %d bytes", NAME_MAX);
    memcpy(name, part, length);
    name[length] = '\0';
    int next = openat(*fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
        return folder_open_error(walk, *fd, name, errno, err);
    (void)close(*fd);
    *fd = next;
    return ERR_OK;
}

/* Folders on the way need not be readable, so they are opened as paths; the last
 * one is opened anew to be listed and synced. */
static enum err_code folder_walk(struct folder_walk *walk, int *ret_fd, const char **ret_name,
                                 struct err *err)
{
    OWN_FD int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot open /");
    const char *part = walk->path + 1;
    for (const char *slash = strchr(part, '/'); slash; slash = strchr(part, '/')) {
        TRY(folder_check(walk, fd, false, err));
        walk->length = (int)(slash - walk->path);
        TRY(folder_enter(walk, part, (size_t)(slash - part), &fd, err));
        part = slash + 1;
    }
    TRY(folder_check(walk, fd, true, err));
    int folder = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_set_errno(err, errno, "cannot read the folder %.*s", walk->length, walk->path);
    *ret_fd = folder;
    *ret_name = part;
    return ERR_OK;
}

static enum err_code folder_look(const char *path, struct delivery_place *place, struct err *err)
{
    struct stat status;
    if (fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ERR_OK : err_set_errno(err, errno, "cannot look at %s", path);
    if (S_ISLNK(status.st_mode))
        return err_set(err, ERR_DENIED, "%s is a symlink: write the path it leads to, or remove it", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_DENIED, "%s is there and is not a regular file: remove it, or correct the path",
                       path);
    place->exists = true;
    place->uid = status.st_uid;
    place->gid = status.st_gid;
    place->mode = status.st_mode & DELIVERY_MODE_MOST;
    return ERR_OK;
}

enum err_code delivery_place_open(const char *path, uid_t owner, struct delivery_place *ret_place,
                                  struct err *err)
{
    struct folder_walk walk = {.path = path, .owner = owner};
    struct delivery_place place = {.folder = -1};
    OWN_FD int folder = -1;
    TRY(folder_walk(&walk, &folder, &place.name, err));
    place.folder = folder;
    TRY(folder_look(path, &place, err));
    place.folder = GIVE_FD(folder);
    *ret_place = place;
    return ERR_OK;
}
