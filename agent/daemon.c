#include "daemon.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whatever was open where we were started stays there, but the ready descriptor. */
static void close_inherited(int ready_fd)
{
    unsigned first = STDERR_FILENO + 1;
    if (ready_fd >= (int)first) {
        if ((unsigned)ready_fd > first)
            close_range(first, (unsigned)ready_fd - 1, 0);
        first = (unsigned)ready_fd + 1;
    }
    close_range(first, ~0U, 0);
}

enum err_code daemon_detach(const struct config *config, struct err *err)
{
    pid_t child = fork();
    if (child < 0)
        return err_set_errno(err, errno, "the agent could not be put into the background");
    if (child > 0)
        _exit(0);
    close_inherited(config->ready_fd);
    if (setsid() < 0 || chdir("/") != 0)
        return err_set_errno(err, errno, "the agent could not be detached");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return err_set_errno(err, errno, "/dev/null could not be opened");
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (!config->log_file[0])
        dup2(null, STDERR_FILENO);
    if (null > STDERR_FILENO)
        close(null);
    return ERR_OK;
}

static enum err_code folder_of(const char *path, char *out, size_t size, struct err *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return err_set(err, ERR_INVALID, "%s: give the whole path, from /", path);
    snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return ERR_OK;
}

enum err_code daemon_make_folder_of(const char *path, struct err *err)
{
    char folder[LIMIT_PATH_BYTES];
    TRY(folder_of(path, folder, sizeof folder, err));
    return file_make_folders(folder, 0700, err);
}

enum err_code daemon_open_log(const struct config *config, struct err *err)
{
    if (config->debug)
        log_set_level(LOG_LEVEL_DEBUG);
    if (!config->log_file[0])
        return ERR_OK;
    TRY(daemon_make_folder_of(config->log_file, err));
    int fd = open(config->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_errno(err, errno, "the log file %s", config->log_file);
    dup2(fd, STDERR_FILENO);
    close(fd);
    return ERR_OK;
}

/* Whoever started us in the background reads one line: "ready", or what failed. */
void daemon_tell_ready(const struct config *config, const char *text)
{
    if (config->ready_fd < 0)
        return;
    struct err err;
    char line[ERR_MESSAGE_BYTES + 2];
    int length = snprintf(line, sizeof line, "%s\n", text);
    if (file_write_all(config->ready_fd, line, (size_t)length, "the ready descriptor", &err) != ERR_OK)
        log_warning("main", "%s", err.message);
    close(config->ready_fd);
}
