/* Who holds a connection and lets it wait: for the rest of a request, or for the next one. When there are as
 * many connections as may be, those that do so for longer than SLOW_MS give way to who asks. Without
 * that, a request that comes a byte at a time, for ever, holds its place for ever. */
#ifndef KEYTURN_API_CROWD_H
#define KEYTURN_API_CROWD_H

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { CROWD_SLOW_MS = 5000 };

/* A connection's part in it; lies in the connection. */
struct crowd_member {
    struct crowd_member *before, *after;
    int fd;                    /* open from crowd_join to crowd_leave */
    atomic_int_fast64_t since; /* monotonic, when it began to wait; 0: it waits for us */
};

struct crowd {
    pthread_mutex_t mutex;
    const struct clock *clock; /* borrowed */
    struct crowd_member *first;
};

void crowd_init(struct crowd *crowd, const struct clock *clock);
void crowd_release(struct crowd *crowd);

/* Any thread. It waits from joining on; leaving comes before fd is closed. */
void crowd_join(struct crowd *crowd, struct crowd_member *member, int fd);
void crowd_leave(struct crowd *crowd, struct crowd_member *member);
/* Its request is here as a whole, and the wait is for its answer. */
void crowd_served(struct crowd_member *member);
/* Its answer has left, or it goes on to another request. */
void crowd_waits(const struct crowd *crowd, struct crowd_member *member);

/* Shut down the connections of those that have waited too long. How many. */
size_t crowd_part(struct crowd *crowd);

#endif
