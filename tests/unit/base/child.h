/* Run a piece of a test in a process of its own, for what changes or kills the
 * process. The body gives 0, or the number of the line that was not as expected. */
#ifndef KEYTURN_TEST_CHILD_H
#define KEYTURN_TEST_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define TEST_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED true
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED false
#endif

/* Do mlock and the limits on memory mean what they say? The sanitizers answer
 * mlock themselves and map more than any limit; valgrind dies of limits. */
static inline bool child_limits_apply(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return !TEST_SANITIZED && !(preload && strstr(preload, "valgrind"));
}

/* In a body: what must hold. */
#define CHILD_EXPECT(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

/* The status of waitpid, or -1. The line is carried by a pipe: an exit status
 * holds only eight bits of it. */
static inline int child_run(int (*body)(void), int *ret_line)
{
    int ends[2];
    *ret_line = 0;
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        int line = body();
        ssize_t written = write(ends[1], &line, sizeof line);
        _exit(line == 0 && written == (ssize_t)sizeof line ? 0 : 1);
    }
    close(ends[1]);
    if (child > 0 && read(ends[0], ret_line, sizeof *ret_line) < 0)
        *ret_line = -1;
    close(ends[0]);
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

#define assert_child_passes(body)                                                                  \
    do {                                                                                           \
        int child_line = 0;                                                                        \
        int child_status = child_run(body, &child_line);                                           \
        if (child_status != 0)                                                                     \
            fail_msg("%s: status %#x, line %d", #body, (unsigned)child_status, child_line);        \
    } while (0)

#define assert_child_dies_of(body, expected_signal)                                                \
    do {                                                                                           \
        int child_line = 0;                                                                        \
        int child_status = child_run(body, &child_line);                                           \
        assert_true(WIFSIGNALED(child_status));                                                    \
        assert_int_equal(WTERMSIG(child_status), expected_signal);                                 \
    } while (0)

/* Give up what root may: no capabilities, and so many bytes of locked memory. */
static inline bool child_become_nobody(rlim_t locked_bytes)
{
    const struct rlimit limit = {locked_bytes, locked_bytes};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return false;
    return geteuid() != 0 || setresuid(65534, 65534, 65534) == 0;
}

#endif
