#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/own.h"
#include "base/secret.h"
#include "child.h"

#include <fcntl.h>
#include <pty.h>
#include <string.h>

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

static void test_capacity_is_from_1_to_1_MiB(void **state)
{
    (void)state;
    assert_null(secret_new(0));
    OWN(secret_free) struct secret *least = secret_new(1);
    OWN(secret_free) struct secret *most = secret_new(1024 * 1024);
    assert_non_null(least);
    assert_non_null(most);
    assert_int_equal(secret_capacity(most), 1024 * 1024);
    assert_int_equal(secret_length(most), 0);
    assert_null(secret_new(1024 * 1024 + 1));
}

static void test_set_and_append_keep_to_the_capacity(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_new(8);
    assert_int_equal(secret_set(secret, "abcd", 4), ERR_OK);
    assert_int_equal(secret_append(secret, "efghi", 5), ERR_LIMIT);
    assert_int_equal(secret_set(secret, "123456789", 9), ERR_LIMIT);
    assert_int_equal(secret_length(secret), 4);
    assert_memory_equal(secret_peek(secret), "abcd", 4);
    assert_int_equal(secret_append(secret, "efgh", 4), ERR_OK);
    assert_memory_equal(secret_peek(secret), "abcdefgh", 8);
    assert_int_equal(secret_append(secret, "", 0), ERR_OK);
    assert_int_equal(secret_set(secret, NULL, 0), ERR_OK);
    assert_int_equal(secret_length(secret), 0);
}

static void test_fill_then_set_the_length(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_new(4);
    memcpy(secret_fill(secret), "wxyz", 4);
    secret_set_length(secret, 4);
    assert_memory_equal(secret_peek(secret), "wxyz", 4);
}

static void test_equal_compares_length_and_bytes(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *a = secret_new(8);
    OWN(secret_free) struct secret *b = secret_new(16);
    assert_true(secret_equal(a, b));
    assert_int_equal(secret_set(a, "abcd", 4), ERR_OK);
    assert_int_equal(secret_set(b, "abcde", 5), ERR_OK);
    assert_false(secret_equal(a, b));
    secret_set_length(b, 4);
    assert_true(secret_equal(a, b));
    secret_fill(b)[3] ^= 1;
    assert_false(secret_equal(a, b));
}

static void test_S6_wipe_leaves_zeros(void **state)
{
    (void)state;
    char bytes[64];
    static const char zeros[64];
    memset(bytes, 'x', sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    assert_memory_equal(bytes, zeros, sizeof bytes);
}

static void test_free_of_nothing_is_fine(void **state)
{
    (void)state;
    assert_null(secret_free(NULL));
    assert_null(secret_arena_free(NULL));
}

static int read_past_the_end(void)
{
    struct secret *secret = secret_new(100);
    CHILD_EXPECT(secret);
    volatile const unsigned char *bytes = secret_peek(secret);
    return bytes[100] == 0 ? 1 : 2;
}

static int read_after_free(void)
{
    struct secret *secret = secret_new(100);
    CHILD_EXPECT(secret);
    volatile const unsigned char *bytes = secret_peek(secret);
    secret_free(secret);
    return bytes[0] == 0 ? 1 : 2;
}

static int length_past_the_capacity(void)
{
    struct secret *secret = secret_new(100);
    CHILD_EXPECT(secret);
    secret_set_length(secret, 101);
    return 1;
}

static void test_S6_an_overrun_meets_the_guard_page(void **state)
{
    (void)state;
    assert_child_dies_of(read_past_the_end, SIGSEGV);
}

static void test_S6_freed_pages_are_gone(void **state)
{
    (void)state;
    assert_child_dies_of(read_after_free, SIGSEGV);
}

static void test_a_length_past_the_capacity_aborts(void **state)
{
    (void)state;
    assert_child_dies_of(length_past_the_capacity, SIGABRT);
}

/* Write text to a pipe and read it back as a secret of at most max_bytes. */
static enum err_code read_text(const char *text, size_t max_bytes, struct secret **ret_secret,
                               struct err *err)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    enum err_code code = secret_read_fd(ends[0], max_bytes, "the passphrase", ret_secret, err);
    close(ends[0]);
    return code;
}

static void test_reading_takes_one_line_feed_off(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *secret;
    } rows[] = {{"abc", "abc"}, {"abc\n", "abc"}, {"abc\n\n", "abc\n"}, {"a\nb", "a\nb"}, {"12345678\n", "12345678"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN(secret_free) struct secret *secret = NULL;
        assert_int_equal(read_text(rows[i].text, 8, &secret, NULL), ERR_OK);
        assert_int_equal(secret_length(secret), strlen(rows[i].secret));
        assert_memory_equal(secret_peek(secret), rows[i].secret, strlen(rows[i].secret));
    }
}

static void test_reading_refuses_empty_and_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_code code;
    } rows[] = {{"", ERR_INVALID},          {"\n", ERR_INVALID},           {"123456789", ERR_LIMIT},
                {"123456789\n", ERR_LIMIT}, {"12345678\n\n", ERR_LIMIT}, {"1234567890123", ERR_LIMIT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secret *secret = NULL;
        struct err err = {0};
        assert_int_equal(read_text(rows[i].text, 8, &secret, &err), rows[i].code);
        assert_null(secret);
        assert_non_null(strstr(err.message, "the passphrase"));
        assert_null(strstr(err.message, "1234"));
    }
}

static void test_reading_from_nowhere_says_what(void **state)
{
    (void)state;
    struct secret *secret = NULL;
    struct err err = {0};
    assert_int_equal(secret_read_fd(-1, 8, "the key", &secret, &err), ERR_IO);
    assert_non_null(strstr(err.message, "cannot read the key"));
}

static void test_a_terminal_ends_with_its_line(void **state)
{
    (void)state;
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0)
        skip();
    assert_int_equal(write(master, "typed\n", 6), 6);
    OWN(secret_free) struct secret *secret = NULL;
    assert_int_equal(secret_read_fd(slave, 64, "the key", &secret, NULL), ERR_OK);
    assert_int_equal(secret_length(secret), 5);
    assert_memory_equal(secret_peek(secret), "typed", 5);
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity_is_from_1_to_1_MiB),
        cmocka_unit_test(test_set_and_append_keep_to_the_capacity),
        cmocka_unit_test(test_fill_then_set_the_length),
        cmocka_unit_test(test_equal_compares_length_and_bytes),
        cmocka_unit_test(test_S6_wipe_leaves_zeros),
        cmocka_unit_test(test_free_of_nothing_is_fine),
        cmocka_unit_test(test_S6_an_overrun_meets_the_guard_page),
        cmocka_unit_test(test_S6_freed_pages_are_gone),
        cmocka_unit_test(test_a_length_past_the_capacity_aborts),
        cmocka_unit_test(test_reading_takes_one_line_feed_off),
        cmocka_unit_test(test_reading_refuses_empty_and_too_long),
        cmocka_unit_test(test_reading_from_nowhere_says_what),
        cmocka_unit_test(test_a_terminal_ends_with_its_line),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
