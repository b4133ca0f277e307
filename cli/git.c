#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GIT_BUFFER_BYTES = 256 * 1024, GIT_HEAD_BYTES = 256 };

extern char **environ;

/* git -C FOLDER …, its output into a pipe; input -1: nothing. */
static enum err_code git_start(const struct git_call *call, int input, pid_t *ret_pid, int *ret_fd, struct err *err)
{
    union {
        const char *words[GIT_ARGUMENTS + 4];
        char *argv[GIT_ARGUMENTS + 4]; /* posix_spawn changes none of them */
    } line = {.words = {"git", "-C", call->folder}};
    posix_spawn_file_actions_t actions;
    int ends[2];
    for (size_t i = 0; i < GIT_ARGUMENTS && call->arguments[i]; i++)
        line.words[i + 3] = call->arguments[i];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(err, errno, "cannot make a pipe for git");
    (void)posix_spawn_file_actions_init(&actions);
    if (input >= 0)
        (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    else
        (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (call->quiet)
        (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(ret_pid, "git", &actions, NULL, line.argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    if (failed != 0) {
        (void)close(ends[0]);
        return err_set(err, ERR_NOT_FOUND, "cannot run git: %s", strerror(failed));
    }
    *ret_fd = ends[0];
    return ERR_OK;
}

static ssize_t git_read_some(int fd, void *out, size_t length)
{
    ssize_t got;
    do
        got = read(fd, out, length);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool git_wait(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum err_code git_read(const struct git_call *call, struct buf *out, struct err *err)
{
    pid_t pid = 0;
    int fd = -1;
    char piece[16 * 1024];
    ssize_t got = 0;
    TRY(git_start(call, -1, &pid, &fd, err));
    while ((got = git_read_some(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)got);
    (void)close(fd);
    if (!git_wait(pid) || got < 0)
        return err_set(err, ERR_STATE, "git %s failed in %s", call->arguments[0], call->folder);
    return buf_ok(out) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

/* --- Objects ---------------------------------------------------------------- */

/* The ids lie in memory, so that git can be slow to read them and fast to write. */
static enum err_code git_ids(const struct buf *ids, int *ret_fd, struct err *err)
{
    int fd = memfd_create("keyturn-ids", MFD_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot make a memory file");
    for (size_t done = 0; done < ids->length;) {
        ssize_t wrote = write(fd, ids->data + done, ids->length - done);
        if (wrote < 0) {
            (void)close(fd);
            return err_set_errno(err, errno, "cannot write to a memory file");
        }
        done += (size_t)wrote;
    }
    (void)lseek(fd, 0, SEEK_SET);
    *ret_fd = fd;
    return ERR_OK;
}

enum err_code git_objects_open(const char *folder, const struct buf *ids, struct git_objects *ret_objects,
                               struct err *err)
{
    static const char *const arguments[] = {"cat-file", "--batch", NULL};
    const struct git_call call = {.folder = folder, .arguments = arguments};
    struct git_objects objects = {.fd = -1, .buffer = malloc(GIT_BUFFER_BYTES)};
    int input = -1;
    enum err_code code = objects.buffer ? git_ids(ids, &input, err) : err_set(err, ERR_MEMORY, "out of memory");
    if (code == ERR_OK)
        code = git_start(&call, input, &objects.pid, &objects.fd, err);
    if (input >= 0)
        (void)close(input);
    if (code == ERR_OK)
        *ret_objects = objects;
    else
        free(objects.buffer);
    return code;
}

static bool git_fill(struct git_objects *objects)
{
    ssize_t got = git_read_some(objects->fd, objects->buffer, GIT_BUFFER_BYTES);
    objects->start = 0;
    objects->end = got > 0 ? (size_t)got : 0;
    return got > 0;
}

static bool git_line(struct git_objects *objects, char out[GIT_HEAD_BYTES])
{
    size_t length = 0;
    for (;;) {
        if (objects->start == objects->end && !git_fill(objects))
            return false;
        char c = (char)objects->buffer[objects->start++];
        if (c == '\n')
            break;
        if (length + 1 < GIT_HEAD_BYTES)
            out[length++] = c;
    }
    out[length] = '\0';
    return true;
}

/* "ID TYPE SIZE", or "ID missing". */
bool git_objects_next(struct git_objects *objects, size_t *ret_size, bool *ret_is_blob)
{
    char head[GIT_HEAD_BYTES];
    if (!git_line(objects, head))
        return false;
    const char *type = strchr(head, ' ');
    const char *size = type ? strchr(type + 1, ' ') : NULL;
    *ret_is_blob = type && strncmp(type, " blob ", 6) == 0;
    *ret_size = size ? strtoul(size + 1, NULL, 10) : 0;
    return true;
}

bool git_objects_take(struct git_objects *objects, unsigned char *out, size_t size)
{
    for (size_t done = 0; done < size + 1;) { /* a line feed follows */
        if (objects->start == objects->end && !git_fill(objects))
            return false;
        size_t here = objects->end - objects->start;
        size_t take = size + 1 - done < here ? size + 1 - done : here;
        size_t content = done + take > size ? size - done : take;
        if (out && content > 0)
            memcpy(out + done, objects->buffer + objects->start, content);
        objects->start += take;
        done += take;
    }
    return true;
}

void git_objects_close(struct git_objects *objects)
{
    if (objects->fd >= 0)
        (void)close(objects->fd);
    if (objects->pid > 0)
        (void)git_wait(objects->pid);
    if (objects->buffer)
        explicit_bzero(objects->buffer, GIT_BUFFER_BYTES);
    free(objects->buffer);
    *objects = (struct git_objects){.fd = -1};
}
