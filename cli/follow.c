#include "follow.h"

#include "base/own.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>

enum err_code follow_begin(struct follow *follow, const struct clock *clock, int64_t timeout_ms,
                           struct err *err)
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    int fd = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot watch for ^C");
    follow->clock = clock;
    follow->started_ms = clock_monotonic_ms(clock);
    follow->deadline_ms = timeout_ms > 0 ? follow->started_ms + timeout_ms : 0;
    follow->signal_fd = fd;
    (void)sigprocmask(SIG_BLOCK, &stops, &follow->before);
    return ERR_OK;
}

void follow_finish(struct follow *follow)
{
    if (follow->signal_fd < 0)
        return;
    struct signalfd_siginfo taken; /* a ^C that was answered is not delivered again */
    while (read(follow->signal_fd, &taken, sizeof taken) == (ssize_t)sizeof taken)
        continue;
    own_fd(&follow->signal_fd);
    (void)sigprocmask(SIG_SETMASK, &follow->before, NULL);
}

enum follow_end follow_pause(struct follow *follow, int pause_ms)
{
    int64_t now_ms = clock_monotonic_ms(follow->clock);
    if (follow->deadline_ms != 0 && now_ms >= follow->deadline_ms)
        return FOLLOW_TIMED_OUT;
    if (follow->deadline_ms != 0 && follow->deadline_ms - now_ms < pause_ms)
        pause_ms = (int)(follow->deadline_ms - now_ms);
    struct pollfd stop = {.fd = follow->signal_fd, .events = POLLIN};
    return poll(&stop, 1, pause_ms) == 1 ? FOLLOW_INTERRUPTED : FOLLOW_GOES_ON;
}

int64_t follow_elapsed_ms(const struct follow *follow)
{
    return clock_monotonic_ms(follow->clock) - follow->started_ms;
}
