#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t clock_read_ms(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for the two clocks below */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t clock_system_wall_ms(void *context)
{
    (void)context;
    return clock_read_ms(CLOCK_REALTIME);
}

static int64_t clock_system_monotonic_ms(void *context)
{
    (void)context;
    return clock_read_ms(CLOCK_MONOTONIC);
}

const struct clock clock_system = {
    .wall_ms = clock_system_wall_ms,
    .monotonic_ms = clock_system_monotonic_ms,
};
