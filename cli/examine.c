#include "examine.h"

#include "autostart.h"
#include "base/buf.h"
#include "base/own.h"
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXAMINE_REPORT_BYTES = 4 * 1024 * 1024 };

static _Noreturn void examine_exec(const char *program, bool search, const char *path, int fd)
{
    (void)dup2(fd, STDOUT_FILENO);
    if (search)
        (void)execlp(program, "keyturnd", "--check-provider", path, (char *)NULL);
    else
        (void)execl(program, "keyturnd", "--check-provider", path, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

static enum err_code examine_read(int fd, struct buf *report, struct err *err)
{
    char piece[4096];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "what keyturnd says cannot be read");
        if (got == 0)
            return buf_ok(report) ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a report");
        buf_add(report, piece, (size_t)got);
        if (report->length > EXAMINE_REPORT_BYTES)
            return err_set(err, ERR_LIMIT, "the report is larger than 4 MiB");
    }
}

static enum err_code examine_end(pid_t child, const char *program, struct err *err)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return err_set(err, ERR_NOT_FOUND, "keyturnd, which reads definitions, is neither beside keyturn nor in PATH");
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        return err_set(err, ERR_INVALID, "%s did not look it over", program);
    return ERR_OK;
}

enum err_code examine_file(const char *path, json_t **ret_report, struct err *err)
{
    char program[PATH_MAX] = "keyturnd";
    OWN_BUF struct buf report = {0};
    int pair[2];
    if (access(path, F_OK) != 0)
        return err_set_errno(err, errno, "%s", path);
    bool search = !autostart_find_beside(program);
    if (pipe2(pair, O_CLOEXEC) != 0)
        return err_set_errno(err, errno, "cannot make a pipe");
    OWN_FD int read_end = pair[0];
    OWN_FD int write_end = pair[1];
    pid_t child = fork();
    if (child < 0)
        return err_set_errno(err, errno, "cannot start keyturnd");
    if (child == 0)
        examine_exec(program, search, path, write_end);
    own_fd(&write_end);
    enum err_code code = examine_read(read_end, &report, err);
    own_fd(&read_end);
    enum err_code ended = examine_end(child, program, code == ERR_OK ? err : NULL);
    TRY(code);
    TRY(ended);
    json_t *json = json_loads(buf_text(&report), 0, NULL);
    if (!json)
        return err_set(err, ERR_FORMAT, "%s wrote no report", program);
    plain_json(json);
    *ret_report = json;
    return ERR_OK;
}
