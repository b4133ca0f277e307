#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fault.h"
#include "child.h"
#include "folder.h"

#ifdef KEYTURN_FAULT

static int fails_once_at_its_passage(void)
{
    setenv("KEYTURN_FAULT_POINTS", "a:fail@2,b:fail@1", 1);
    CHILD_EXPECT(!FAULT_FAILS("a"));
    CHILD_EXPECT(!FAULT_FAILS("c"));
    CHILD_EXPECT(FAULT_FAILS("a"));
    CHILD_EXPECT(!FAULT_FAILS("a"));
    CHILD_EXPECT(FAULT_FAILS("b"));
    return 0;
}

static int any_counts_all(void)
{
    setenv("KEYTURN_FAULT_POINTS", "*:fail@3", 1);
    CHILD_EXPECT(!FAULT_FAILS("a"));
    FAULT_POINT("b");
    CHILD_EXPECT(FAULT_FAILS("c"));
    CHILD_EXPECT(!FAULT_FAILS("d"));
    return 0;
}

static int kills_at_the_second(void)
{
    setenv("KEYTURN_FAULT_POINTS", "a:kill@2", 1);
    FAULT_POINT("a");
    FAULT_POINT("b");
    FAULT_POINT("a");
    return __LINE__;
}

static int nothing_asked_nothing_fails(void)
{
    unsetenv("KEYTURN_FAULT_POINTS");
    for (int i = 0; i < 100; i++)
        CHILD_EXPECT(!FAULT_FAILS("a"));
    return 0;
}

static int misspelled(void)
{
    setenv("KEYTURN_FAULT_POINTS", "a:kil@2", 1);
    close(STDERR_FILENO);
    FAULT_POINT("a");
    return __LINE__;
}

static int counted(void)
{
    unsetenv("KEYTURN_FAULT_POINTS");
    FAULT_POINT("one");
    FAULT_POINT("two");
    FAULT_POINT("one");
    return 0;
}

static void test_rules(void **state)
{
    (void)state;
    assert_child_passes(fails_once_at_its_passage);
    assert_child_passes(any_counts_all);
    assert_child_passes(nothing_asked_nothing_fails);
    assert_child_dies_of(kills_at_the_second, SIGKILL);
    assert_child_dies_of(misspelled, SIGABRT);
}

static void test_passages_are_listed(void **state)
{
    char path[512];
    char text[64] = {0};
    int fd = folder_file(state, "points", "", 0600);
    setenv("KEYTURN_FAULT_COUNT", folder_path(state, "points", path), 1);
    assert_child_passes(counted);
    unsetenv("KEYTURN_FAULT_COUNT");
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_string_equal(text, "one\ntwo\none\n");
    close(fd);
}

#else

static int asked_to_die(void)
{
    setenv("KEYTURN_FAULT_POINTS", "*:kill@1", 1);
    FAULT_POINT("a");
    CHILD_EXPECT(!FAULT_FAILS("a"));
    return 0;
}

static void test_rules(void **state)
{
    (void)state;
    assert_child_passes(asked_to_die);
}

static void test_passages_are_listed(void **state)
{
    char path[512];
    setenv("KEYTURN_FAULT_COUNT", folder_path(state, "points", path), 1);
    FAULT_POINT("a");
    unsetenv("KEYTURN_FAULT_COUNT");
    assert_int_not_equal(access(path, F_OK), 0);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test_setup_teardown(test_passages_are_listed, folder_setup, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
