/* S10: killed at any moment, the file holds all of the old or all of the new, and
 * the next put cleans up. Killed before and after every system call, and at random
 * times, in every build; at each fault point, and failed there, in a build with KEYTURN_FAULT. */
#include "delivery/bench.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

/* A bench of the child's own, for threads do not survive fork. */
static void child_open(struct bench *inner)
{
    struct err err;
    sem_init(&inner->ended, 0, 0);
    if (work_pool_new(1, bench_wake, inner, &inner->pool, &err) != ERR_OK)
        _exit(9);
    inner->runner.work = inner->pool;
}

static void assert_old_or_new_and_mends(struct bench *bench, const char *old, const char *new)
{
    char content[4096];
    (void)bench_read(bench->file, content, sizeof content);
    assert_true(strcmp(content, old) == 0 || strcmp(content, new) == 0);
    struct stat status;
    assert_int_equal(stat(bench->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(bench_count(bench->folder) <= 2);
    bench_put_file(bench, "", old);
    assert_done(bench, "written");
    assert_int_equal(bench_count(bench->folder), 1);
}

static void test_S10_killed_at_random_moments(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench_put_file(&bench, "", "old");
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0) {
            struct bench inner = bench;
            child_open(&inner);
            for (int i = 0;; i++)
                bench_put_file(&inner, "", i % 2 ? "old" : "a longer new secret");
        }
        nanosleep(&(struct timespec){.tv_nsec = 3000 * 1000 + round * 137 * 1000}, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_old_or_new_and_mends(&bench, "old", "a longer new secret");
    }
    bench_close(&bench);
}

/* --- At every system call ------------------------------------------------------ */

/* A file changes by system calls alone, so a process that is killed before and after each of them
 * has been killed at every moment that anybody can tell apart. Traced are all of its threads. */
enum { STOP_OF_CALL = SIGTRAP | 0x80 };

static pid_t start_traced(const struct bench *bench, const char *secret)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct bench inner = *bench;
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
            _exit(9);
        child_open(&inner);
        bench_put_file(&inner, "", secret);
        _exit(inner.result.done ? 0 : 8);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL,
                            (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)), 0);
    assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
    return child;
}

/* What the traced thread is to be sent on: its own signal, and none of those that tracing makes. */
static long signal_of_stop(int status)
{
    int number = WSTOPSIG(status);
    bool of_tracing = number == STOP_OF_CALL || number == SIGTRAP || number == SIGSTOP;
    return of_tracing ? 0 : number;
}

/* A put that is killed at the n-th stop. False: it came to its end before. */
static bool put_killed_at(const struct bench *bench, const char *secret, long n)
{
    int status = 0;
    pid_t child = start_traced(bench, secret);
    for (long stops = 0;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        assert_true(thread > 0);
        if (thread == child && (WIFEXITED(status) || WIFSIGNALED(status)))
            break;
        if (!WIFSTOPPED(status))
            continue;
        stops += WSTOPSIG(status) == STOP_OF_CALL;
        if (stops == n)
            assert_int_equal(kill(child, SIGKILL), 0);
        else
            (void)ptrace(PTRACE_SYSCALL, thread, NULL, (void *)signal_of_stop(status));
    }
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static void test_S10_elsewhere_12_killed_at_every_system_call_of_a_put(void **state)
{
    (void)state;
    struct bench bench;
    char content[64];
    size_t old = 0, new = 0;
    bench_open(&bench);
    bench_put_file(&bench, "", "old");
    for (long n = 1; put_killed_at(&bench, "a longer new secret", n); n++) {
        (void)bench_read(bench.file, content, sizeof content);
        old += strcmp(content, "old") == 0;
        new += strcmp(content, "a longer new secret") == 0;
        assert_old_or_new_and_mends(&bench, "old", "a longer new secret");
    }
    assert_content(bench.file, "a longer new secret");
    /* Before the rename there are at least creating, writing and syncing; after it the folder's syncing. */
    assert_true(old > 6);
    assert_true(new > 2);
    bench_close(&bench);
}

#ifdef KEYTURN_FAULT
static const struct {
    const char *point;
    bool new_is_there; /* after it */
} points[] = {
    {"delivery.file.create", false}, {"delivery.file.write", false},       {"delivery.file.fsync", false},
    {"delivery.file.rename", false}, {"delivery.file.folder_fsync", true},
};
enum { POINTS = sizeof points / sizeof points[0] };

/* In a child, as the points are read from the environment once. Its exit status:
 * 0 done, 1 transient failure, 2 failure for good. */
static int put_with_fault(const struct bench *bench, const char *point, const char *what)
{
    pid_t child = fork();
    if (child == 0) {
        char rule[128];
        struct bench inner = *bench;
        (void)snprintf(rule, sizeof rule, "%s:%s@1", point, what);
        (void)setenv("KEYTURN_FAULT_POINTS", rule, 1);
        child_open(&inner);
        bench_put_file(&inner, "", "new");
        _exit(inner.result.done ? 0 : inner.result.transient ? 1 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* Before any other: the points are read once, and children inherit that. */
static void test_S10_killed_at_each_fault_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        struct bench bench;
        bench_open(&bench);
        bench_write(bench.file, "old", 0600);
        int status = put_with_fault(&bench, points[i].point, "kill");
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_content(bench.file, points[i].new_is_there ? "new" : "old");
        bench_close(&bench);
    }
}

static void test_S10_failed_at_each_fault_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        struct bench bench;
        bench_open(&bench);
        bench_write(bench.file, "old", 0600);
        int status = put_with_fault(&bench, points[i].point, "fail");
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_content(bench.file, points[i].new_is_there ? "new" : "old");
        assert_int_equal(bench_count(bench.folder), 1);
        bench_close(&bench);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef KEYTURN_FAULT
        cmocka_unit_test(test_S10_killed_at_each_fault_point),
        cmocka_unit_test(test_S10_failed_at_each_fault_point),
#endif
        cmocka_unit_test(test_S10_elsewhere_12_killed_at_every_system_call_of_a_put),
        cmocka_unit_test(test_S10_killed_at_random_moments),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
