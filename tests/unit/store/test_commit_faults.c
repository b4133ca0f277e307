/* The fault points around COMMIT. Each test forks, because the points read their
 * rules once in the life of a process. */
#include "store_fixture.h"

#ifdef KEYTURN_FAULT
#include <signal.h>
#include <sys/wait.h>

static enum err_code insert_one(struct store *store, unsigned number, struct err *err)
{
    struct store_row row = key_row(number);
    TRY(store_begin(store, err));
    TRY(store_insert(store, STORE_KEY, &row, err));
    return store_commit(store, err);
}

/* In a child with the rule: commit row 1. Its wait status; the exit status is the code. */
static int commit_in_child(struct fixture *f, const char *rule, bool again)
{
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        (void)setenv("KEYTURN_FAULT_POINTS", rule, 1);
        enum err_code code = store_open_writer(f->path, &store, &f->err);
        if (code == ERR_OK)
            code = insert_one(store, 1, &f->err);
        if (again && code == ERR_FULL)
            code = insert_one(store, 1, &f->err);
        store_close(store);
        _exit((int)code);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static bool holds_row(struct fixture *f)
{
    struct store_row got;
    open_store(f);
    return store_get(f->store, STORE_KEY, id_of(1), false, &got, &f->err) == ERR_OK;
}

static void test_S10_killed_before_commit_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    int status = commit_in_child(f, "store.commit.before:kill@1", false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_false(holds_row(f));
}

static void test_S10_killed_after_commit_leaves_all(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    int status = commit_in_child(f, "store.commit.after:kill@1", false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(holds_row(f));
}

static void test_S10_commit_that_fails_is_rolled_back(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    int status = commit_in_child(f, "store.commit.fail:fail@1", false);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ERR_FULL);
    assert_false(holds_row(f));
}

static void test_S10_store_goes_on_after_a_commit_that_failed(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    int status = commit_in_child(f, "store.commit.fail:fail@1", true);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ERR_OK);
    assert_true(holds_row(f));
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_store, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_S10_killed_before_commit_leaves_nothing),
        T(test_S10_killed_after_commit_leaves_all),
        T(test_S10_commit_that_fails_is_rolled_back),
        T(test_S10_store_goes_on_after_a_commit_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_needs_fault_points(void **state)
{
    (void)state;
    skip(); /* this build has none: configure it with KEYTURN_FAULT */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_needs_fault_points)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
