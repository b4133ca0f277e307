/* A program, run without a shell: how deliveries, checks and actions call out.
 *
 * The program gets
 *   - its arguments as they stand (never a secret),
 *   - an environment of PATH, LANG and the KEYTURN_* variables given, no more,
 *   - input on its standard input (never in argv or the environment, S6),
 *   - standard output and error as pipes, every other descriptor closed,
 *   - / as its folder, a session and process group of its own, no signal blocked
 *     and every signal at its default (but 32 and 33, which are the C library's).
 *
 * A command without '/' is looked for in ACTION_PROGRAM_PATH; another must be
 * an absolute path.
 *
 * When the time limit has passed, its process group gets SIGTERM, and
 * ACTION_PROGRAM_GRACE_MS later its process group and all its descendants get
 * SIGKILL. The same, with ACTION_PROGRAM_STOP_GRACE_MS, when stop_fd becomes
 * readable before. What is left of its process group is killed, too, when it ends by
 * itself. A daemon lives on if it left the group with setsid and was orphaned
 * before the limit: without a cgroup of its own nobody can tell whose it was.
 *
 * The call blocks, is meant for a worker thread and is safe beside other
 * threads. The process must not wait for children it does not know (waitpid of
 * -1) nor ignore SIGCHLD. A pipe's content passes through memory of the kernel
 * that cannot be locked. */
#ifndef KEYTURN_ACTION_PROGRAM_H
#define KEYTURN_ACTION_PROGRAM_H

#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACTION_PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
    ACTION_PROGRAM_GRACE_MS = 2000,
    ACTION_PROGRAM_STOP_GRACE_MS = 500, /* somebody waits for the agent to end */
    ACTION_PROGRAM_ERRORS_BYTES = 4096, /* of standard error, its end */
    ACTION_PROGRAM_OUTPUT_BYTES = 512 * 1024,
    ACTION_PROGRAM_VARIABLES = 8,
    ACTION_PROGRAM_STATUS_RETRY = 75,   /* EX_TEMPFAIL of sysexits.h: "try again later" */
};

struct action_program_variable {
    const char *name; /* starts with "KEYTURN_" */
    const char *value;
};

/* Everything is borrowed until the call returns. */
struct action_program_call {
    const char *const *argv; /* ends with NULL */
    const struct action_program_variable *variables; /* at most ACTION_PROGRAM_VARIABLES */
    size_t variables_count;
    const struct secret *input;  /* NULL: standard input is empty */
    const struct secret *hidden; /* a secret that its messages may not show, or NULL;
                                    one in argv or a variable is refused */
    bool output_is_secret;       /* nor may they show a part of its output */
    size_t max_output_bytes;     /* of standard output that is kept, 1 to ACTION_PROGRAM_OUTPUT_BYTES */
    int64_t timeout_ms;          /* more than 0 */
    int stop_fd;                 /* readable: there is no time for it any more; 0: none. Nobody reads it */
    const struct clock *clock;
};

enum action_program_end {
    ACTION_PROGRAM_EXITED = 1,
    ACTION_PROGRAM_KILLED,    /* by a signal that was not ours */
    ACTION_PROGRAM_TIMED_OUT, /* what it did until then has its effect */
    ACTION_PROGRAM_STOPPED,   /* by stop_fd; the same */
};

struct action_program_answer {
    enum action_program_end end;
    int status;            /* EXITED: exit status; KILLED: the signal; else 0 */
    bool output_cut;       /* it wrote more than max_output_bytes; output is the beginning */
    int64_t elapsed_ms;
    struct secret *output; /* owned by the caller, never NULL */
    /* The end of its standard error, for people: one line feed between lines, what
     * is not printable ASCII as '?'. "(hidden: …)" when it holds 12 bytes in a row of a
     * secret (or all of a shorter one); encoded forms of a secret are not seen. */
    char errors[ACTION_PROGRAM_ERRORS_BYTES + 1];
};

/* Run it to its end; a program that does not end, even of SIGKILL (in the
 * kernel, on a dead disk), holds the thread. ERR_NOT_FOUND, ERR_DENIED: there is no such program, or it
 * may not be run; ERR_INVALID: the command or a variable is not of the form above;
 * ERR_MEMORY, ERR_BUSY, ERR_IO: it could not be started for now; ERR_STATE: stop_fd was readable before. After these nothing
 * ran. ERR_UNCERTAIN: it ran, but somebody else took its exit status. A program that
 * ran and failed is no error but an answer. */
enum err_code action_program_run(const struct action_program_call *call,
                                 struct action_program_answer *ret_answer,
                                 struct err *err) ERR_MUST_CHECK;

#endif
