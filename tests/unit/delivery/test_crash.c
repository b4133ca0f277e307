/* S10: killed at any moment, the file holds all of the old or all of the new, and
 * the next put cleans up. Killed at random times in every build; at each fault
 * point, and failed there, in a build with KEYTURN_FAULT. */
#include "delivery/bench.h"

#include <signal.h>
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
        cmocka_unit_test(test_S10_killed_at_random_moments),
    };
    return cmocka_run_group_tests(tests, bench_start, NULL);
}
