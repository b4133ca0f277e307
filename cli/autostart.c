#include "autostart.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AUTOSTART_WAIT_MS = 30000 };

/* From the folder of our own binary. */
static const char *const autostart_places[] = {
    "keyturnd",
    "../libexec/keyturnd",
    "../libexec/keyturn/keyturnd",
    "../sbin/keyturnd",
    "../agent/keyturnd", /* a build tree */
};

bool autostart_find_beside(char program[PATH_MAX])
{
    char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return false;
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof autostart_places / sizeof autostart_places[0]; i++) {
        int written = snprintf(program, PATH_MAX, "%s/%s", folder, autostart_places[i]);
        if (written > 0 && written < PATH_MAX && access(program, X_OK) == 0)
            return true;
    }
    return false;
}

/* In the child: nothing of ours stays open but the pipe and standard error. The
 * agent closes standard error itself once it is ready. */
static _Noreturn void autostart_exec(const char *program, bool search, const char *socket_path, int fd)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", fd);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
    }
    (void)fcntl(fd, F_SETFD, 0);
    if (search)
        (void)execlp(program, "keyturnd", "--background", "--ready-fd", number, "--socket", socket_path,
                     (char *)NULL);
    else
        (void)execl(program, "keyturnd", "--background", "--ready-fd", number, "--socket", socket_path,
                    (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

/* The agent writes one line when it listens, "ready", or what went wrong; it lets
 * go of the pipe either way. false: no whole line came. */
static bool autostart_await(int fd, char line[ERR_MESSAGE_BYTES])
{
    size_t length = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (length < ERR_MESSAGE_BYTES - 1) {
        int count = poll(&ready, 1, AUTOSTART_WAIT_MS);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        ssize_t got = read(fd, line + length, ERR_MESSAGE_BYTES - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        if (line[length - 1] == '\n') {
            line[length - 1] = '\0';
            return true;
        }
    }
    line[length] = '\0';
    return false;
}

static enum err_code autostart_failed(pid_t child, const char *program, bool search, struct err *err)
{
    int status = 0;
    pid_t ended = waitpid(child, &status, 0);
    if (ended == child && search && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return err_set(err, ERR_NOT_FOUND,
                       "no agent runs, and keyturnd is neither beside keyturn nor in PATH");
    return err_set(err, ERR_IO, "no agent runs, and %s did not start", program);
}

enum err_code autostart_agent(const char *socket_path, struct err *err)
{
    char program[PATH_MAX] = "keyturnd";
    bool search = !autostart_find_beside(program);
    if (search)
        (void)snprintf(program, sizeof program, "keyturnd");
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return err_set_errno(err, errno, "cannot make a pipe");
    OWN_FD int read_end = pair[0];
    OWN_FD int write_end = pair[1];
    pid_t child = fork();
    if (child < 0)
        return err_set_errno(err, errno, "cannot start keyturnd");
    if (child == 0)
        autostart_exec(program, search, socket_path, write_end);
    own_fd(&write_end);
    char line[ERR_MESSAGE_BYTES];
    if (!autostart_await(read_end, line))
        return autostart_failed(child, program, search, err);
    if (strcmp(line, "ready") == 0)
        return ERR_OK;
    return err_set(err, ERR_IO, "no agent runs, and it did not start: %.300s", line);
}
