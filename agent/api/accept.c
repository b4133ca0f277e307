#include "accept.h"

#include "base/own.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SHORT_OF_MS = 100, /* without descriptors or memory: look again after this */
    CROWDED_MS = 1000,
};

struct acceptor {
    struct acceptor_options options;
    int wake_fd;
    bool started;
    pthread_t thread;
    atomic_bool ending;
    atomic_bool full; /* whoever leaves wakes the thread */
    atomic_size_t held;
    size_t last; /* given to; the thread's own */
    atomic_size_t lanes[];
};

static void acceptor_wake(struct acceptor *acceptor)
{
    (void)eventfd_write(acceptor->wake_fd, 1); /* fails only when it counts 2^64 wakes already */
}

/* The one that holds the fewest; of equals the next in turn. */
static size_t acceptor_choose(const struct acceptor *acceptor)
{
    size_t count = acceptor->options.lanes;
    size_t best = (acceptor->last + 1) % count;
    for (size_t i = 2; i <= count; i++) {
        size_t lane = (acceptor->last + i) % count;
        if (atomic_load(&acceptor->lanes[lane]) < atomic_load(&acceptor->lanes[best]))
            best = lane;
    }
    return best;
}

static void acceptor_give(struct acceptor *acceptor, int fd)
{
    size_t lane = acceptor_choose(acceptor);
    acceptor->last = lane;
    atomic_fetch_add(&acceptor->held, 1);
    atomic_fetch_add(&acceptor->lanes[lane], 1);
    if (!acceptor->options.give(acceptor->options.context, lane, fd))
        acceptor_left(acceptor, lane);
}

/* Said before it is looked at again: who leaves in between sees it. */
static bool acceptor_is_full(struct acceptor *acceptor)
{
    atomic_store(&acceptor->full, true);
    if (atomic_load(&acceptor->held) >= acceptor->options.most)
        return true;
    atomic_store(&acceptor->full, false);
    return false;
}

/* False: a pause is due, for there is nothing left to accept with, or it would fail again at once. */
static bool acceptor_take(struct acceptor *acceptor)
{
    int fd = accept4(acceptor->options.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        acceptor_give(acceptor, fd);
    return fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
}

/* How long it may be until a place is looked for again; -1: somebody else says when. */
static int acceptor_make_room(const struct acceptor *acceptor)
{
    struct pollfd waits = {.fd = acceptor->options.listen_fd, .events = POLLIN};
    if (!acceptor->options.crowded)
        return -1;
    if (poll(&waits, 1, 0) > 0)
        acceptor->options.crowded(acceptor->options.context);
    return CROWDED_MS;
}

static void *acceptor_loop(void *context)
{
    struct acceptor *acceptor = context;
    int pause_ms = -1;
    while (!atomic_load(&acceptor->ending)) {
        bool full = pause_ms < 0 && acceptor_is_full(acceptor);
        bool waits = pause_ms >= 0 || full;
        struct pollfd ready[] = {{.fd = acceptor->wake_fd, .events = POLLIN},
                                 {.fd = waits ? -1 : acceptor->options.listen_fd, .events = POLLIN}};
        eventfd_t wakes = 0;
        if (full)
            pause_ms = acceptor_make_room(acceptor);
        (void)poll(ready, 2, pause_ms);
        pause_ms = -1;
        if (ready[0].revents)
            (void)eventfd_read(acceptor->wake_fd, &wakes);
        if (ready[1].revents && !acceptor_take(acceptor))
            pause_ms = SHORT_OF_MS;
    }
    return NULL;
}

enum err_code acceptor_new(const struct acceptor_options *options, struct acceptor **ret_acceptor, struct err *err)
{
    OWN(acceptor_free) struct acceptor *acceptor =
        calloc(1, sizeof *acceptor + options->lanes * sizeof acceptor->lanes[0]);
    if (!acceptor)
        return err_set(err, ERR_MEMORY, "out of memory for the server");
    acceptor->options = *options;
    acceptor->last = options->lanes - 1;
    acceptor->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (acceptor->wake_fd < 0)
        return err_set_errno(err, errno, "the server's thread for new connections");
    *ret_acceptor = GIVE(acceptor);
    return ERR_OK;
}

enum err_code acceptor_start(struct acceptor *acceptor, struct err *err)
{
    if (pthread_create(&acceptor->thread, NULL, acceptor_loop, acceptor) != 0)
        return err_set(err, ERR_MEMORY, "the server's thread for new connections could not be started");
    acceptor->started = true;
    return ERR_OK;
}

void acceptor_left(struct acceptor *acceptor, size_t lane)
{
    atomic_fetch_sub(&acceptor->lanes[lane], 1);
    atomic_fetch_sub(&acceptor->held, 1);
    if (atomic_exchange(&acceptor->full, false))
        acceptor_wake(acceptor);
}

void acceptor_stop(struct acceptor *acceptor)
{
    if (!acceptor->started)
        return;
    atomic_store(&acceptor->ending, true);
    acceptor_wake(acceptor);
    (void)pthread_join(acceptor->thread, NULL);
    acceptor->started = false;
}

struct acceptor *acceptor_free(struct acceptor *acceptor)
{
    if (!acceptor)
        return NULL;
    acceptor_stop(acceptor);
    if (acceptor->wake_fd >= 0)
        close(acceptor->wake_fd);
    free(acceptor);
    return NULL;
}

/* The C library's own, for all of the program, with one error said in another way. libmicrohttpd (0.9.75) does
 * not ask what a connection that it is given is, but tries two options of TCP with each answer until it is told
 * ENOPROTOOPT; Linux says EOPNOTSUPP of a Unix socket. That was a twelfth of the time of a read. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    int result = (int)syscall(SYS_setsockopt, fd, level, option, value, length);
    if (result != 0 && level == IPPROTO_TCP && errno == EOPNOTSUPP)
        errno = ENOPROTOOPT;
    return result;
}
