#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"

#include <errno.h>
#include <string.h>

static void test_set_fills_code_and_message(void **state)
{
    (void)state;
    struct err err = {.sys = 7};
    assert_int_equal(err_set(&err, ERR_LIMIT, "%s has %d", "a name", 65), ERR_LIMIT);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.message, "a name has 65");
}

static void test_set_without_err_returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_STALE, "x"), ERR_STALE);
    assert_int_equal(err_set_errno(NULL, ENOSPC, "x"), ERR_FULL);
}

static void test_a_long_message_is_cut_and_stays_a_string(void **state)
{
    (void)state;
    char text[2 * ERR_MESSAGE_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct err err;
    err_set(&err, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.message), ERR_MESSAGE_BYTES - 1);
    err_set_errno(&err, EIO, "%s", text);
    assert_int_equal(strlen(err.message), ERR_MESSAGE_BYTES - 1);
    err_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), ERR_MESSAGE_BYTES - 1);
}

static void test_a_message_may_hold_itself(void **state)
{
    (void)state;
    struct err err;
    err_set(&err, ERR_IO, "inner");
    err_set(&err, ERR_FORMAT, "outer (%s)", err.message);
    assert_string_equal(err.message, "outer (inner)");
}

static void test_errno_chooses_the_code(void **state)
{
    (void)state;
    static const struct {
        int sys;
        enum err_code code;
    } rows[] = {
        {ENOSPC, ERR_FULL},   {EDQUOT, ERR_FULL},  {ENOMEM, ERR_MEMORY}, {ENOENT, ERR_NOT_FOUND},
        {EACCES, ERR_DENIED}, {EPERM, ERR_DENIED}, {EEXIST, ERR_EXISTS}, {EIO, ERR_IO},
        {EROFS, ERR_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err;
        assert_int_equal(err_set_errno(&err, rows[i].sys, "cannot open %s", "x"), rows[i].code);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(err.sys, rows[i].sys);
    }
}

static void test_errno_is_said_in_words(void **state)
{
    (void)state;
    struct err err;
    err_set_errno(&err, ENOENT, "cannot open %s", "store.db");
    assert_string_equal(err.message, "cannot open store.db: No such file or directory");
}

static void test_prefix_keeps_code_and_sys(void **state)
{
    (void)state;
    struct err err;
    err_set_errno(&err, EACCES, "cannot open x");
    assert_int_equal(err_prefix(&err, "while doing %d", 3), ERR_DENIED);
    assert_int_equal(err.sys, EACCES);
    assert_string_equal(err.message, "while doing 3: cannot open x: Permission denied");
}

static void test_every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_COUNT; a++) {
        assert_non_null(err_code_name((enum err_code)a));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(err_code_name((enum err_code)a), err_code_name((enum err_code)b));
    }
    assert_string_equal(err_code_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_code_name(ERR_COUNT), "internal");
    assert_string_equal(err_code_name((enum err_code)9999), "internal");
}

static enum err_code fails_at_the_second(int *calls)
{
    TRY(ERR_OK);
    (*calls)++;
    TRY(ERR_BUSY);
    (*calls)++;
    return ERR_OK;
}

static void test_try_returns_at_the_first_failure(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(fails_at_the_second(&calls), ERR_BUSY);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_code_and_message),
        cmocka_unit_test(test_set_without_err_returns_the_code),
        cmocka_unit_test(test_a_long_message_is_cut_and_stays_a_string),
        cmocka_unit_test(test_a_message_may_hold_itself),
        cmocka_unit_test(test_errno_chooses_the_code),
        cmocka_unit_test(test_errno_is_said_in_words),
        cmocka_unit_test(test_prefix_keeps_code_and_sys),
        cmocka_unit_test(test_every_code_has_a_name_of_its_own),
        cmocka_unit_test(test_try_returns_at_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
