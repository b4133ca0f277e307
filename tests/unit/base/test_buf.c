#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

#include <string.h>

static void test_an_empty_buf_is_an_empty_string(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    assert_string_equal(buf_text(&buf), "");
    assert_true(buf_ok(&buf));
    buf_add(&buf, NULL, 0);
    assert_int_equal(buf.length, 0);
}

static void test_appends_keep_order_over_many_growths(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    for (int i = 0; i < 10000; i++) {
        char byte = (char)('a' + i % 26);
        buf_add(&buf, &byte, 1);
        assert_int_equal(buf.data[buf.length], '\0');
    }
    assert_int_equal(buf.length, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
}

static void test_printf_of_any_length(void **state)
{
    (void)state;
    for (int length = 250; length < 262; length++) {
        OWN_BUF struct buf buf = {0};
        buf_printf(&buf, "%0*d|", length, 7);
        assert_int_equal(buf.length, length + 1);
        assert_int_equal(buf.data[length - 1], '7');
        assert_int_equal(buf.data[length], '|');
        assert_int_equal(strlen(buf.data), buf.length);
    }
}

static void test_failure_to_grow_is_sticky(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    buf_text_add(&buf, "kept");
    assert_null(buf_extend(&buf, SIZE_MAX / 2));
    assert_false(buf_ok(&buf));
    buf_text_add(&buf, "lost");
    json_put_string(&buf, "a", "lost");
    assert_null(buf_extend(&buf, 1));
    assert_string_equal(buf_text(&buf), "kept");
    assert_false(buf_ok(&buf));
}

static void test_clear_forgets_the_failure_and_keeps_the_memory(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    buf_text_add(&buf, "old");
    size_t capacity = buf.capacity;
    assert_null(buf_extend(&buf, SIZE_MAX));
    buf_clear(&buf);
    assert_true(buf_ok(&buf));
    assert_string_equal(buf_text(&buf), "");
    buf_text_add(&buf, "new");
    assert_string_equal(buf_text(&buf), "new");
    assert_int_equal(buf.capacity, capacity);
}

static void test_extend_and_truncate(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    char *room = buf_extend(&buf, 3);
    memcpy(room, "abc", 3);
    buf_truncate(&buf, 4);
    assert_string_equal(buf_text(&buf), "abc");
    buf_truncate(&buf, 1);
    assert_string_equal(buf_text(&buf), "a");
    buf_truncate(&buf, 0);
    assert_string_equal(buf_text(&buf), "");
}

static void test_release_leaves_an_empty_buf(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_text_add(&buf, "x");
    buf_release(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.capacity, 0);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_buf_is_an_empty_string),
        cmocka_unit_test(test_appends_keep_order_over_many_growths),
        cmocka_unit_test(test_printf_of_any_length),
        cmocka_unit_test(test_failure_to_grow_is_sticky),
        cmocka_unit_test(test_clear_forgets_the_failure_and_keeps_the_memory),
        cmocka_unit_test(test_extend_and_truncate),
        cmocka_unit_test(test_release_leaves_an_empty_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
