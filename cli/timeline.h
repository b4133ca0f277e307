/* A line of characters that stands for a span of time: how much happens in each of its parts. */
#ifndef KEYTURN_CLI_TIMELINE_H
#define KEYTURN_CLI_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

enum { TIMELINE_PARTS = 60 };

/* Count what lies at each time: '.' nothing, '1' to '9', '+' for more. What lies before from_ms
 * is counted in the first part, for it is overdue; what lies at or after until_ms is left out.
 * from_ms < until_ms. */
void timeline_draw(const int64_t *times_ms, size_t count, int64_t from_ms, int64_t until_ms,
                   char out[TIMELINE_PARTS + 1]);

#endif
