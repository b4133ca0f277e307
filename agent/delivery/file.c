/* Writing and removing a file.
 *
 * The new content is made under a temporary name in the same folder: created
 * 0600 and empty, given its owner and mode, written, synced, and only then
 * renamed over. So at every moment, and after a crash at any, the path holds all
 * of the old or all of the new (S10), and nobody reads it who may not.
 *
 * A crash leaves the temporary file. Its name, ".NAME.keyturn-" and 16 hex digits,
 * says whose it was, and the next put removes it, unless its lock says that
 * somebody is writing it right now. */
#include "delivery_private.h"

#include "base/fault.h"
#include "base/file.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_RANDOM_DIGITS = 16 };

/* A file on its way to its place. */
struct file_change {
    const char *path;
    const struct delivery_place *place;
    const struct secret *content;
    uid_t uid;
    gid_t gid;
    mode_t mode;
    char temporary[NAME_MAX + 1];
    int fd;
};

static int file_sys(int result)
{
    return result == 0 ? 0 : errno;
}

/* What the definition names, else what the file had, else ours. Bits that let
 * everybody at the file are not kept. */
static enum err_code file_choose_owner(const struct delivery *delivery, struct file_change *change,
                                       struct err *err)
{
    const struct delivery_place *place = change->place;
    change->uid = place->exists ? place->uid : geteuid();
    change->gid = place->exists ? place->gid : getegid();
    change->mode = place->exists ? place->mode | S_IRUSR : DELIVERY_MODE_DEFAULT;
    if (delivery->owner)
        TRY(delivery_find_user(delivery->owner, &change->uid, err));
    if (delivery->group)
        TRY(delivery_find_group(delivery->group, &change->gid, err));
    if (delivery->mode)
        change->mode = delivery->mode;
    return ERR_OK;
}

static bool file_is_temporary_of(const char *entry, const char *name)
{
    char start[NAME_MAX + 1];
    int length = snprintf(start, sizeof start, ".%s.keyturn-", name);
    if (length < 0 || strncmp(entry, start, (size_t)length) != 0)
        return false;
    const char *digits = entry + length;
    return strspn(digits, "0123456789abcdef") == FILE_RANDOM_DIGITS && digits[FILE_RANDOM_DIGITS] == '\0';
}

static void file_remove_if_stale(const struct delivery_place *place, const char *entry)
{
    OWN_FD int fd = openat(place->folder, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(place->folder, entry, 0);
}

/* As well as it can: what cannot be removed now is tried again next time. */
static void file_remove_stale(const struct delivery_place *place)
{
    int fd = openat(place->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (file_is_temporary_of(entry->d_name, place->name))
            file_remove_if_stale(place, entry->d_name);
    (void)closedir(entries);
}

static enum err_code file_create(struct file_change *change, struct err *err)
{
    uint64_t random;
    random_bytes(&random_system, &random, sizeof random);
    (void)snprintf(change->temporary, sizeof change->temporary, ".%.*s.keyturn-%016llx",
                   DELIVERY_FILE_NAME_BYTES, change->place->name, (unsigned long long)random);
    if (FAULT_FAILS("delivery.file.create"))
        return err_set_errno(err, EIO, "cannot make a file beside %s", change->path);
    change->fd = openat(change->place->folder, change->temporary,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (change->fd < 0)
        return err_set_errno(err, errno, "cannot make a file beside %s", change->path);
    (void)flock(change->fd, LOCK_EX | LOCK_NB);
    return ERR_OK;
}

static enum err_code file_set_owner(const struct file_change *change, struct err *err)
{
    struct stat status;
    if (fstat(change->fd, &status) != 0)
        return err_set_errno(err, errno, "cannot look at the new %s", change->path);
    bool differs = status.st_uid != change->uid || status.st_gid != change->gid;
    if (differs && fchown(change->fd, change->uid, change->gid) != 0)
        return err_set_errno(err, errno,
                             "cannot give %s to user %u and group %u, which takes root or a member of the group",
                             change->path, change->uid, change->gid);
    if (fchmod(change->fd, change->mode) != 0)
        return err_set_errno(err, errno, "cannot set the mode of %s", change->path);
    return ERR_OK;
}

static enum err_code file_write(const struct file_change *change, struct err *err)
{
    if (FAULT_FAILS("delivery.file.write"))
        return err_set_errno(err, EIO, "cannot write %s", change->path);
    TRY(file_write_all(change->fd, secret_peek(change->content), secret_length(change->content),
                       change->path, err));
    int sys = FAULT_FAILS("delivery.file.fsync") ? EIO : file_sys(fsync(change->fd));
    return sys == 0 ? ERR_OK : err_set_errno(err, sys, "cannot sync %s", change->path);
}

static enum err_code file_rename(const struct file_change *change, struct err *err)
{
    int folder = change->place->folder;
    int sys = FAULT_FAILS("delivery.file.rename")
                  ? EIO
                  : file_sys(renameat(folder, change->temporary, folder, change->place->name));
    return sys == 0 ? ERR_OK : err_set_errno(err, sys, "cannot put the new %s in its place", change->path);
}

static enum err_code file_sync_place(const struct delivery_place *place, const char *path, struct err *err)
{
    int sys = FAULT_FAILS("delivery.file.folder_fsync") ? EIO : file_sys(fsync(place->folder));
    return sys == 0 ? ERR_OK : err_set_errno(err, sys, "cannot sync the folder of %s", path);
}

static enum err_code file_fill(const struct file_change *change, struct err *err)
{
    TRY(file_set_owner(change, err));
    TRY(file_write(change, err));
    return file_rename(change, err);
}

static enum err_code file_replace(struct file_change *change, struct err *err)
{
    file_remove_stale(change->place);
    TRY(file_create(change, err));
    enum err_code code = file_fill(change, err);
    if (code != ERR_OK)
        (void)unlinkat(change->place->folder, change->temporary, 0);
    (void)close(change->fd);
    TRY(code);
    return file_sync_place(change->place, change->path, err);
}

/* Who else than root and we may own the folders on the way. */
static enum err_code file_find_owner(const struct delivery *delivery, uid_t *ret_uid, struct err *err)
{
    if (delivery->owner)
        return delivery_find_user(delivery->owner, ret_uid, err);
    *ret_uid = geteuid();
    return ERR_OK;
}

/* The folder is open: what it is now is what is written to, whatever is mounted meanwhile. */
static enum err_code file_open_place(const struct delivery_task *task, struct delivery_place *ret_place,
                                     struct err *err)
{
    const struct delivery *delivery = task->delivery;
    OWN_PLACE struct delivery_place place = {.folder = -1};
    uid_t owner;
    TRY(file_find_owner(delivery, &owner, err));
    TRY(delivery_place_open(delivery->path, owner, &place, err));
    if (task->subject.may_touch)
        TRY(task->subject.may_touch(task->subject.context, delivery_place_spot(&place), err));
    *ret_place = place;
    place.folder = -1;
    return ERR_OK;
}

enum err_code delivery_file_put(const struct delivery_task *task, const struct secret *content, struct err *err)
{
    const struct delivery *delivery = task->delivery;
    OWN_PLACE struct delivery_place place = {.folder = -1};
    TRY(file_open_place(task, &place, err));
    struct file_change change = {.path = delivery->path, .place = &place, .content = content, .fd = -1};
    TRY(file_choose_owner(delivery, &change, err));
    return file_replace(&change, err);
}

static enum err_code file_remove(const struct delivery *delivery, const struct delivery_place *place,
                                 struct err *err)
{
    file_remove_stale(place);
    if (unlinkat(place->folder, place->name, 0) != 0 && errno != ENOENT)
        return err_set_errno(err, errno, "cannot remove %s", delivery->path);
    return file_sync_place(place, delivery->path, err);
}

/* A file, or its whole folder, that is not there is what was asked for. */
enum err_code delivery_file_take_away(const struct delivery_task *task, struct err *err)
{
    OWN_PLACE struct delivery_place place = {.folder = -1};
    enum err_code code = file_open_place(task, &place, err);
    if (code == ERR_OK)
        return file_remove(task->delivery, &place, err);
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}
