#include "common/hold.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct held {
    struct MHD_Connection *connection;
    int fd;
    int64_t until_ms; /* monotonic */
};

struct hold {
    const struct clock *clock;
    pthread_t thread;
    int wake; /* eventfd: the list changed */

    pthread_mutex_t lock; /* over what follows */
    bool stopping;
    size_t loop_count;
    int loops[HOLD_LOOPS];
    size_t count;
    size_t capacity;
    struct held *list;

    /* The thread's own: slot 0 is wake, slot i + 1 is list[i] as it was. */
    struct pollfd *polled;
    size_t polled_capacity;
};

/* --- the thread ---------------------------------------------------------- */

/* Fills polled from the list; returns how long to wait. */
static int prepare(struct hold *hold, size_t *ret_count)
{
    int64_t now = clock_monotonic_ms(hold->clock);
    int64_t wait_ms = 60 * 1000;
    if (hold->polled_capacity < hold->count + 1) {
        size_t capacity = 2 * (hold->count + 1);
        struct pollfd *grown = realloc(hold->polled, capacity * sizeof *grown);
        if (grown) {
            hold->polled = grown;
            hold->polled_capacity = capacity;
        }
    }
    size_t count = hold->count < hold->polled_capacity ? hold->count : hold->polled_capacity - 1;
    for (size_t i = 0; i < count; i++) {
        int64_t left = hold->list[i].until_ms - now;
        wait_ms = left < wait_ms ? left : wait_ms;
        hold->polled[i + 1] = (struct pollfd){.fd = hold->list[i].fd, .events = POLLRDHUP};
    }
    *ret_count = count;
    return wait_ms < 0 ? 0 : (int)wait_ms;
}

/* Resumes what is due, gone, or all of it when stopping. Additions since
 * prepare are at the end of the list and have no poll result yet. */
static void resume_due(struct hold *hold, size_t polled_count)
{
    int64_t now = clock_monotonic_ms(hold->clock);
    size_t kept = 0;
    for (size_t i = 0; i < hold->count; i++) {
        bool gone = i < polled_count && hold->polled[i + 1].revents != 0;
        if (hold->stopping || gone || hold->list[i].until_ms <= now)
            MHD_resume_connection(hold->list[i].connection);
        else
            hold->list[kept++] = hold->list[i];
    }
    bool resumed = kept < hold->count;
    hold->count = kept;
    for (size_t i = 0; resumed && i < hold->loop_count; i++)
        (void)eventfd_write(hold->loops[i], 1);
}

static void drain(int wake)
{
    eventfd_t value = 0;
    (void)eventfd_read(wake, &value);
}

static void *watch(void *context)
{
    struct hold *hold = context;
    bool stopping = false;
    while (!stopping) {
        size_t count = 0;
        pthread_mutex_lock(&hold->lock);
        int wait_ms = prepare(hold, &count);
        pthread_mutex_unlock(&hold->lock);

        hold->polled[0] = (struct pollfd){.fd = hold->wake, .events = POLLIN};
        int ready = poll(hold->polled, count + 1, wait_ms);
        if (ready < 0)
            count = 0;
        drain(hold->wake);

        pthread_mutex_lock(&hold->lock);
        resume_due(hold, count);
        stopping = hold->stopping;
        pthread_mutex_unlock(&hold->lock);
    }
    return NULL;
}

/* --- the face ------------------------------------------------------------ */

enum err_code hold_start(const struct clock *clock, struct hold **ret_hold, struct err *err)
{
    struct hold *hold = calloc(1, sizeof *hold);
    struct pollfd *polled = calloc(16, sizeof *polled);
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (hold && polled && wake >= 0) {
        *hold = (struct hold){.clock = clock, .wake = wake, .polled = polled, .polled_capacity = 16};
        pthread_mutex_init(&hold->lock, NULL);
        if (pthread_create(&hold->thread, NULL, watch, hold) == 0) {
            *ret_hold = hold;
            return ERR_OK;
        }
    }
    if (wake >= 0)
        close(wake);
    free(polled);
    free(hold);
    return err_set(err, ERR_MEMORY, "the thread that holds connections cannot be started");
}

enum err_code hold_wakes(struct hold *hold, int loop, struct err *err)
{
    pthread_mutex_lock(&hold->lock);
    bool room = hold->loop_count < HOLD_LOOPS;
    if (room)
        hold->loops[hold->loop_count++] = loop;
    pthread_mutex_unlock(&hold->lock);
    return room ? ERR_OK : err_set(err, ERR_LIMIT, "connections of at most %d ports can be held", HOLD_LOOPS);
}

void hold_stop(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    hold->stopping = true;
    pthread_mutex_unlock(&hold->lock);
    (void)eventfd_write(hold->wake, 1);
    pthread_join(hold->thread, NULL);
}

struct hold *hold_free(struct hold *hold)
{
    if (!hold)
        return NULL;
    close(hold->wake);
    pthread_mutex_destroy(&hold->lock);
    free(hold->polled);
    free(hold->list);
    free(hold);
    return NULL;
}

static bool make_room(struct hold *hold)
{
    if (hold->count < hold->capacity)
        return true;
    size_t capacity = hold->capacity ? 2 * hold->capacity : 16;
    struct held *grown = realloc(hold->list, capacity * sizeof *grown);
    if (!grown)
        return false;
    hold->list = grown;
    hold->capacity = capacity;
    return true;
}

bool hold_connection(struct hold *hold, struct MHD_Connection *connection, int64_t ms)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    pthread_mutex_lock(&hold->lock);
    bool held = info && !hold->stopping && make_room(hold);
    if (held) {
        /* Suspended before it is on the list, so that it cannot be resumed first. */
        MHD_suspend_connection(connection);
        hold->list[hold->count++] = (struct held){connection, info->connect_fd, clock_monotonic_ms(hold->clock) + ms};
    }
    pthread_mutex_unlock(&hold->lock);
    if (held)
        (void)eventfd_write(hold->wake, 1);
    return held;
}
