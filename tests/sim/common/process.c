#include "common/process.h"

#include "base/file.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t ending_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void process_prepare(void)
{
    sigset_t set = ending_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

enum err_code process_announce(const char *line, const char *path, struct err *err)
{
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf temporary = {0};
    buf_printf(&text, "%s\n", line);
    TRY(file_write_all(STDOUT_FILENO, buf_text(&text), text.length, "standard output", err));
    if (!path)
        return ERR_OK;

    buf_printf(&temporary, "%s.%ld", path, (long)getpid());
    OWN_FD int fd = open(buf_text(&temporary), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set_errno(err, errno, "the ready file %s cannot be written", path);
    TRY(file_write_all(fd, buf_text(&text), text.length, "the ready file", err));
    if (rename(buf_text(&temporary), path) != 0)
        return err_set_errno(err, errno, "the ready file %s cannot be put in place", path);
    return ERR_OK;
}

/* True at the end of standard input; what comes before it is dropped. */
static bool stdin_ended(void)
{
    char dropped[512];
    ssize_t count = read(STDIN_FILENO, dropped, sizeof dropped);
    return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
}

void process_wait(bool until_stdin_closes)
{
    sigset_t set = ending_signals();
    OWN_FD int signals = signalfd(-1, &set, SFD_CLOEXEC);
    struct pollfd watched[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = until_stdin_closes ? STDIN_FILENO : -1, .events = POLLIN},
    };
    for (;;) {
        int ready = poll(watched, 2, -1);
        if (ready < 0 && errno != EINTR)
            return;
        if (ready > 0 && watched[0].revents)
            return;
        if (ready > 0 && watched[1].revents && stdin_ended())
            return;
    }
}
