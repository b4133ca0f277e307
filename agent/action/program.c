/* Watching a program: feed it, collect what it writes, hold it to its time. */
#include "program_private.h"

#include "base/limits.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRAM_CHUNK_BYTES = 4096,
    PROGRAM_POLL_MS = 1000, /* the longest sleep, should the clock be turned */
    PROGRAM_LOOK_MS = 20,   /* the same without a pidfd: an old kernel, no descriptor left */
    /* What is read after its end: all that a pipe holds, and not for ever when a
     * daemon that got away goes on writing. */
    PROGRAM_DRAIN_READS = 64
};

struct program_run {
    const struct action_program_call *call;
    struct program_process process;
    struct secret *output; /* max_output_bytes and one chunk, into which the rest is thrown */
    struct secret *errors; /* its last ACTION_PROGRAM_ERRORS_BYTES and room to read on */
    size_t sent;
    bool output_cut;
    bool errors_cut;
    bool timed_out;
    bool stopped;
    int64_t deadline_ms;
};

static void program_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* A program that closes its standard input early (EPIPE) knows what it does; its
 * exit status tells. */
static void program_feed(struct program_run *run)
{
    const struct secret *input = run->call->input;
    size_t length = input ? secret_length(input) : 0;
    while (run->sent < length) {
        ssize_t written = write(run->process.input, secret_peek(input) + run->sent, length - run->sent);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0)
            break;
        run->sent += (size_t)written;
    }
    program_close(&run->process.input);
}

/* Append what is there; false when there is no more for now, or for good. */
static bool program_read(int *fd, struct secret *into)
{
    size_t length = secret_length(into);
    ssize_t got = read(*fd, secret_fill(into) + length, secret_capacity(into) - length);
    if (got > 0)
        secret_set_length(into, length + (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        program_close(fd);
    return got > 0;
}

static bool program_collect_output(struct program_run *run)
{
    bool more = program_read(&run->process.output, run->output);
    if (secret_length(run->output) > run->call->max_output_bytes) {
        secret_set_length(run->output, run->call->max_output_bytes);
        run->output_cut = true;
    }
    return more;
}

static bool program_collect_errors(struct program_run *run)
{
    bool more = program_read(&run->process.errors, run->errors);
    size_t length = secret_length(run->errors);
    if (length > ACTION_PROGRAM_ERRORS_BYTES) {
        unsigned char *bytes = secret_fill(run->errors);
        memmove(bytes, bytes + length - ACTION_PROGRAM_ERRORS_BYTES, ACTION_PROGRAM_ERRORS_BYTES);
        secret_set_length(run->errors, ACTION_PROGRAM_ERRORS_BYTES);
        run->errors_cut = true;
    }
    return more;
}

static bool program_has_ended(const struct program_run *run)
{
    siginfo_t end = {0};
    int result = waitid(P_PID, (id_t)run->process.pid, &end, WEXITED | WNOHANG | WNOWAIT);
    return (result == 0 && end.si_pid != 0) || (result != 0 && errno == ECHILD);
}

/* Ask it to end, and end it after the grace. */
static void program_ask_to_end(struct program_run *run, int64_t from_ms, int64_t grace_ms)
{
    run->deadline_ms = from_ms + grace_ms;
    (void)kill(-run->process.pid, SIGTERM);
}

static void program_stop(struct program_run *run)
{
    run->stopped = true;
    if (!run->timed_out)
        program_ask_to_end(run, clock_monotonic_ms(run->call->clock), ACTION_PROGRAM_STOP_GRACE_MS);
}

/* Wait until something moves or limit_ms; true when the program has ended. */
static bool program_step(struct program_run *run, int64_t limit_ms)
{
    bool watched = run->process.pidfd >= 0;
    int most_ms = watched ? PROGRAM_POLL_MS : PROGRAM_LOOK_MS;
    struct pollfd fds[] = {
        {.fd = run->process.pidfd, .events = POLLIN},
        {.fd = run->process.input, .events = POLLOUT},
        {.fd = run->process.output, .events = POLLIN},
        {.fd = run->process.errors, .events = POLLIN},
        {.fd = run->call->stop_fd > 0 && !run->stopped ? run->call->stop_fd : -1, .events = POLLIN},
    };
    if (poll(fds, sizeof fds / sizeof fds[0], limit_ms < most_ms ? (int)limit_ms : most_ms) < 0)
        return false;
    if (fds[1].revents)
        program_feed(run);
    if (fds[2].revents)
        (void)program_collect_output(run);
    if (fds[3].revents)
        (void)program_collect_errors(run);
    if (fds[4].revents)
        program_stop(run);
    return watched ? fds[0].revents != 0 : program_has_ended(run);
}

/* At the first limit ask, at the second end it. True when it was ended. */
static bool program_pass_limit(struct program_run *run)
{
    if (run->timed_out || run->stopped) {
        program_kill_tree(run->process.pid);
        return true;
    }
    run->timed_out = true;
    program_ask_to_end(run, run->deadline_ms, ACTION_PROGRAM_GRACE_MS);
    return false;
}

static void program_watch_to_end(struct program_run *run)
{
    program_feed(run);
    for (;;) {
        int64_t left_ms = run->deadline_ms - clock_monotonic_ms(run->call->clock);
        if (left_ms <= 0 && program_pass_limit(run))
            return;
        if (program_step(run, left_ms > 0 ? left_ms : 0))
            return;
    }
}

/* It is waited for in two steps: as long as it is a zombie, its number, which is
 * also its group's, belongs to nobody else. */
static int program_bury(struct program_run *run, siginfo_t *ret_end)
{
    while (waitid(P_PID, (id_t)run->process.pid, ret_end, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR)
            return errno;
    (void)kill(-run->process.pid, SIGKILL);
    for (int i = 0; i < PROGRAM_DRAIN_READS && run->process.output >= 0; i++)
        if (!program_collect_output(run))
            break;
    for (int i = 0; i < PROGRAM_DRAIN_READS && run->process.errors >= 0; i++)
        if (!program_collect_errors(run))
            break;
    while (waitid(P_PID, (id_t)run->process.pid, ret_end, WEXITED) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

static void program_close_process(struct program_process *process)
{
    program_close(&process->input);
    program_close(&process->output);
    program_close(&process->errors);
    program_close(&process->pidfd);
}

static enum action_program_end program_end(const struct program_run *run, const siginfo_t *end)
{
    if (run->timed_out)
        return ACTION_PROGRAM_TIMED_OUT;
    if (run->stopped)
        return ACTION_PROGRAM_STOPPED;
    return end->si_code == CLD_EXITED ? ACTION_PROGRAM_EXITED : ACTION_PROGRAM_KILLED;
}

static bool program_may_start(const struct action_program_call *call)
{
    struct pollfd stop = {.fd = call->stop_fd > 0 ? call->stop_fd : -1, .events = POLLIN};
    return poll(&stop, 1, 0) <= 0;
}

static enum err_code program_run(struct program_run *run, struct action_program_answer *answer,
                                 struct err *err)
{
    if (!program_may_start(run->call))
        return err_set(err, ERR_STATE, "%s is not started any more", run->call->argv[0]);
    int64_t start_ms = clock_monotonic_ms(run->call->clock);
    TRY(program_spawn(run->call, &run->process, err));
    run->deadline_ms = start_ms + run->call->timeout_ms;
    program_watch_to_end(run);
    siginfo_t end = {0};
    int sys = program_bury(run, &end);
    program_close_process(&run->process);
    if (sys != 0)
        return err_set(err, ERR_UNCERTAIN, "%s ran, but somebody else took its exit status",
                       run->call->argv[0]);
    answer->end = program_end(run, &end);
    answer->status = run->timed_out || run->stopped ? 0 : end.si_status;
    answer->output_cut = run->output_cut;
    answer->elapsed_ms = clock_monotonic_ms(run->call->clock) - start_ms;
    program_errors_text(run->call, run->errors, run->errors_cut, run->output, answer->errors);
    return ERR_OK;
}

/* A write to a program that is gone must not raise SIGPIPE in whoever calls us. */
static void program_block_sigpipe(sigset_t *ret_before, bool *ret_pending)
{
    sigset_t pipe_only;
    sigset_t pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    *ret_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, ret_before);
}

static void program_unblock_sigpipe(const sigset_t *before, bool was_pending)
{
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (!was_pending)
        while (sigtimedwait(&pipe_only, NULL, &(struct timespec){0}) < 0 && errno == EINTR) {
        }
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

enum err_code action_program_run(const struct action_program_call *call,
                                 struct action_program_answer *ret_answer, struct err *err)
{
    if (call->max_output_bytes < 1 || call->max_output_bytes > ACTION_PROGRAM_OUTPUT_BYTES)
        return err_set(err, ERR_LIMIT, "of a program's output 1 to %d bytes are kept, not %zu",
                       ACTION_PROGRAM_OUTPUT_BYTES, call->max_output_bytes);
    OWN(secret_free) struct secret *output = secret_new(call->max_output_bytes + PROGRAM_CHUNK_BYTES);
    OWN(secret_free) struct secret *errors =
        secret_new(ACTION_PROGRAM_ERRORS_BYTES + PROGRAM_CHUNK_BYTES);
    if (!output || !errors)
        return err_set(err, ERR_MEMORY, "no locked memory for the output of %s", call->argv[0]);
    struct program_run run = {.call = call, .output = output, .errors = errors};
    struct action_program_answer answer = {0};
    sigset_t before;
    bool was_pending;
    program_block_sigpipe(&before, &was_pending);
    enum err_code code = program_run(&run, &answer, err);
    program_unblock_sigpipe(&before, was_pending);
    if (code != ERR_OK)
        return code;
    answer.output = GIVE(output);
    *ret_answer = answer;
    return ERR_OK;
}
