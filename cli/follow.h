/* Waiting while the agent works: a pause that ^C ends, not the program. */
#ifndef KEYTURN_CLI_FOLLOW_H
#define KEYTURN_CLI_FOLLOW_H

#include "base/clock.h"
#include "base/err.h"

#include <signal.h>
#include <stdint.h>

enum follow_end { FOLLOW_GOES_ON, FOLLOW_INTERRUPTED, FOLLOW_TIMED_OUT };

enum { FOLLOW_PAUSE_MS = 150 };

struct follow {
    const struct clock *clock;
    int64_t started_ms;  /* monotonic */
    int64_t deadline_ms; /* monotonic, 0: none */
    int signal_fd;
    sigset_t before;
};

/* timeout_ms 0: none. From here SIGINT and SIGTERM wait for follow_pause. */
enum err_code follow_begin(struct follow *follow, const struct clock *clock, int64_t timeout_ms,
                           struct err *err) ERR_MUST_CHECK;
void follow_finish(struct follow *follow);
#define OWN_FOLLOW __attribute__((cleanup(follow_finish)))
#define FOLLOW_NONE ((struct follow){.signal_fd = -1})

enum follow_end follow_pause(struct follow *follow, int pause_ms);
/* Milliseconds since it began. */
int64_t follow_elapsed_ms(const struct follow *follow);

#endif
