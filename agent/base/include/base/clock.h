/* Time, passed in at construction so that tests can turn it.
 * Wall time is milliseconds since 1970-01-01T00:00:00Z and is what is stored;
 * monotonic time is for measuring and waiting. */
#ifndef KEYTURN_BASE_CLOCK_H
#define KEYTURN_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *context);
    int64_t (*monotonic_ms)(void *context);
    void *context;
};

extern const struct clock clock_system;

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->context);
}
static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock->context);
}

#endif
