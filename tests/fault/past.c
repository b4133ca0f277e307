/* A clock for the agent's past: preloaded into it, the wall's clock is KEYTURN_PAST_S seconds behind. What was
 * begun then, and has a deadline in days, is past it when the agent starts again without this. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int clock_function(clockid_t, struct timespec *);

static time_t behind(void)
{
    const char *text = getenv("KEYTURN_PAST_S");
    return text ? (time_t)strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static clock_function *real;
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
        __builtin_memcpy(&real, &symbol, sizeof real);
    }
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec -= behind();
    return result;
}
