#include "crowd.h"

#include <sys/socket.h>

void crowd_init(struct crowd *crowd, const struct clock *clock)
{
    *crowd = (struct crowd){.clock = clock};
    (void)pthread_mutex_init(&crowd->mutex, NULL);
}

void crowd_release(struct crowd *crowd)
{
    (void)pthread_mutex_destroy(&crowd->mutex);
}

void crowd_served(struct crowd_member *member)
{
    atomic_store_explicit(&member->since, 0, memory_order_relaxed);
}

void crowd_waits(const struct crowd *crowd, struct crowd_member *member)
{
    atomic_store_explicit(&member->since, clock_monotonic_ms(crowd->clock), memory_order_relaxed);
}

void crowd_join(struct crowd *crowd, struct crowd_member *member, int fd)
{
    member->fd = fd;
    member->before = NULL;
    crowd_waits(crowd, member);
    (void)pthread_mutex_lock(&crowd->mutex);
    member->after = crowd->first;
    if (crowd->first)
        crowd->first->before = member;
    crowd->first = member;
    (void)pthread_mutex_unlock(&crowd->mutex);
}

void crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
    (void)pthread_mutex_lock(&crowd->mutex);
    if (member->before)
        member->before->after = member->after;
    else
        crowd->first = member->after;
    if (member->after)
        member->after->before = member->before;
    (void)pthread_mutex_unlock(&crowd->mutex);
}

/* What is shut down is closed by the thread that serves it. One whose request became whole in between
 * loses its answer, as it would by any other end of its connection. */
size_t crowd_part(struct crowd *crowd)
{
    int64_t now = clock_monotonic_ms(crowd->clock);
    size_t count = 0;
    (void)pthread_mutex_lock(&crowd->mutex);
    for (const struct crowd_member *member = crowd->first; member; member = member->after) {
        int64_t since = atomic_load_explicit(&member->since, memory_order_relaxed);
        if (since == 0 || now - since < CROWD_SLOW_MS)
            continue;
        (void)shutdown(member->fd, SHUT_RDWR);
        count++;
    }
    (void)pthread_mutex_unlock(&crowd->mutex);
    return count;
}
