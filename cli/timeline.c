#include "timeline.h"

#include <string.h>

static size_t timeline_part(int64_t at_ms, int64_t from_ms, int64_t until_ms)
{
    if (at_ms <= from_ms)
        return 0;
    /* Divided first: a span may be too long to be multiplied. */
    double share = (double)(at_ms - from_ms) / (double)(until_ms - from_ms);
    size_t part = (size_t)(share * TIMELINE_PARTS);
    return part < TIMELINE_PARTS ? part : TIMELINE_PARTS - 1;
}

void timeline_draw(const int64_t *times_ms, size_t count, int64_t from_ms, int64_t until_ms,
                   char out[TIMELINE_PARTS + 1])
{
    memset(out, '.', TIMELINE_PARTS);
    out[TIMELINE_PARTS] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (times_ms[i] >= until_ms)
            continue;
        char *part = &out[timeline_part(times_ms[i], from_ms, until_ms)];
        if (*part == '.')
            *part = '1';
        else if (*part == '9')
            *part = '+';
        else if (*part != '+')
            ++*part;
    }
}
