#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

static enum err_code name_code(const char *name)
{
    struct err err = {0};
    enum err_code code = text_check_name(name, "the key's name", &err);
    if (code != ERR_OK)
        assert_non_null(strstr(err.message, "the key's name"));
    return code;
}

static void test_names_of_the_alphabet_are_taken(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "Z", "0", "production-app", "a.b_c-d", "9..__--"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(name_code(names[i]), ERR_OK);
}

static void test_names_of_other_shapes_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "-a",  ".a",   "_a",      "a b", "a/b",
                                        "a\n", "a\t", "caf\xc3\xa9", "\xc3\xa9", "a*", "a:b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(name_code(names[i]), ERR_INVALID);
}

static void test_a_name_has_at_most_64_bytes(void **state)
{
    (void)state;
    char name[LIMIT_NAME_BYTES + 2] = {0};
    memset(name, 'a', LIMIT_NAME_BYTES);
    assert_int_equal(name_code(name), ERR_OK);
    name[LIMIT_NAME_BYTES] = 'a';
    assert_int_equal(name_code(name), ERR_LIMIT);
    struct err err;
    assert_int_equal(text_check_name(name, "x", &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "64"));
}

static void test_utf8_is_checked(void **state)
{
    (void)state;
    static const char *const good[] = {"", "Production App", "caf\xc3\xa9 \xf0\x9f\x94\x91", "\xc2\xa0"};
    static const char *const bad[] = {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "a\nb",
                                      "\x1b[2J", "\x7f", "\xc2\x80", "\xc2\x9f", "\x80"};
    struct err err;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(text_check_utf8(good[i], 64, "title", &err), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(text_check_utf8(bad[i], 64, "title", &err), ERR_INVALID);
}

static void test_utf8_is_limited_in_bytes(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(text_check_utf8("\xc3\xa9\xc3\xa9", 4, "title", &err), ERR_OK);
    assert_int_equal(text_check_utf8("\xc3\xa9\xc3\xa9", 3, "title", &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "at most 3"));
}

static void test_S6_the_mask_shows_prefix_and_last_four_at_most(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        const char *mask;
    } rows[] = {
        {"", "…"},
        {"short", "…"},
        {"sk_live_1234567890abcdefghij", "sk_live_…ghij"},
        {"amps_sk_test_0123456789abcdef0123", "amps_sk_test_…0123"},
        {"sk_live_1234567", "…"},             /* seven bytes after sk_live_ are too few */
        {"sk_live_12345678", "sk_live_…"},    /* eight are enough for the prefix */
        {"sk_live_1234567890abcdefghi", "sk_live_…"},  /* 15 would stay hidden */
        {"0123456789abcdef012", "…"},                  /* no prefix, 15 hidden */
        {"0123456789abcdef0123", "…0123"},             /* 16 hidden */
        {"0123456789abcde_0123456789abcdef0123", "0123456789abcde_…0123"}, /* at byte 16 */
        {"0123456789abcdef_0123456789abcdef", "…cdef"},                    /* at byte 17 */
        {"s\x01_0123456789abcdef0123", "…0123"},
        {"sk_0123456789abcdef01\x1b[", "sk_…"},
        {"sk_0123456789abcdef01\xc3\xa9", "sk_…"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TEXT_MASK_BYTES];
        const char *mask = text_mask((const unsigned char *)rows[i].secret, strlen(rows[i].secret), out);
        assert_string_equal(mask, rows[i].mask);
    }
}

static void test_a_key_is_split_and_checked(void **state)
{
    (void)state;
    char environment[LIMIT_NAME_BYTES + 1] = "e";
    char name[LIMIT_NAME_BYTES + 1] = "n";
    struct err err;
    static const char *const bad[] = {"", "live", "/a", "live/", "live/a/b", "li ve/a", "live/a b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(text_split_key(bad[i], environment, name, &err), ERR_INVALID);
        assert_string_equal(environment, "e");
        assert_string_equal(name, "n");
    }
    assert_int_equal(text_split_key("live/production-app", environment, name, &err), ERR_OK);
    assert_string_equal(environment, "live");
    assert_string_equal(name, "production-app");
}

static void test_both_halves_of_a_key_are_limited(void **state)
{
    (void)state;
    char key[2 * LIMIT_NAME_BYTES + 3] = {0};
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    struct err err;
    memset(key, 'a', sizeof key - 1);
    key[LIMIT_NAME_BYTES] = '/';
    assert_int_equal(text_split_key(key, environment, name, &err), ERR_LIMIT);
    key[sizeof key - 2] = '\0';
    assert_int_equal(text_split_key(key, environment, name, &err), ERR_OK);
    assert_int_equal(strlen(environment), LIMIT_NAME_BYTES);
    assert_int_equal(strlen(name), LIMIT_NAME_BYTES);
    key[LIMIT_NAME_BYTES] = 'a';
    key[LIMIT_NAME_BYTES + 1] = '/';
    assert_int_equal(text_split_key(key, environment, name, &err), ERR_LIMIT);
}

static void test_a_key_is_joined_of_its_longest_halves(void **state)
{
    (void)state;
    char out[TEXT_KEY_BYTES];
    char half[LIMIT_NAME_BYTES + 1] = {0};
    assert_string_equal(text_join_key("live", "reporting", out), "live/reporting");
    memset(half, 'a', LIMIT_NAME_BYTES);
    assert_int_equal(strlen(text_join_key(half, half, out)), 2 * LIMIT_NAME_BYTES + 1);
    assert_int_equal(out[LIMIT_NAME_BYTES], '/');
}

static void test_digits_of_the_least_and_of_the_greatest(void **state)
{
    (void)state;
    char out[TEXT_DIGITS_BYTES + 1] = {0};
    assert_string_equal(text_digits(0, out), "0");
    assert_string_equal(text_digits(1000, out), "1000");
    assert_string_equal(text_digits(UINT64_MAX, out), "18446744073709551615");
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } rows[] = {
        {"", "", true},         {"", "a", false},        {"*", "", true},
        {"*", "anything", true}, {"a*", "a", true},      {"a*", "ba", false},
        {"*a", "ba", true},     {"*a", "ab", false},     {"?", "", false},
        {"?", "a", true},       {"?", "ab", false},      {"a?c", "abc", true},
        {"*ab*", "aaab", true}, {"*ab", "abab", true},   {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXcYb", false}, {"live/*", "live/x", true}, {"[a]", "a", false},
        {"[a]", "[a]", true},   {"a", "A", false},       {"**?", "x", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(text_glob(rows[i].pattern, rows[i].text), rows[i].matches);
}

static void test_a_hostile_glob_ends_soon(void **state)
{
    (void)state;
    char text[4096] = {0};
    memset(text, 'a', sizeof text - 1);
    assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void test_hex_ids_go_round(void **state)
{
    (void)state;
    unsigned char id[16];
    unsigned char back[16] = {0};
    char text[TEXT_HEX_ID_BYTES];
    for (unsigned i = 0; i < 16; i++)
        id[i] = (unsigned char)(i * 17 + 1);
    assert_string_equal(text_hex_id(id, text), "0112233445566778899aabbccddeef00");
    assert_true(text_parse_hex_id(text, back));
    assert_memory_equal(id, back, sizeof id);
}

static void test_malformed_hex_ids_are_refused_and_leave_the_output(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "0112233445566778899aabbccddeef0",
                                      "0112233445566778899aabbccddeef000",
                                      "0112233445566778899AABBCCDDEEF00",
                                      "0112233445566778899aabbccddeefg0", " 112233445566778899aabbccddeef00"};
    unsigned char id[16] = {42};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_parse_hex_id(bad[i], id));
        assert_int_equal(id[0], 42);
    }
}

static void test_a_copy_is_cut_where_it_is_longer(void **state)
{
    char out[5] = "xxxx";
    (void)state;
    text_copy(out, sizeof out, "abc");
    assert_string_equal(out, "abc");
    text_copy(out, sizeof out, "abcdef");
    assert_string_equal(out, "abcd");
    text_copy(out, sizeof out, NULL);
    assert_string_equal(out, "");
    text_copy(out, 1, "abc");
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_the_alphabet_are_taken),
        cmocka_unit_test(test_names_of_other_shapes_are_refused),
        cmocka_unit_test(test_a_name_has_at_most_64_bytes),
        cmocka_unit_test(test_utf8_is_checked),
        cmocka_unit_test(test_utf8_is_limited_in_bytes),
        cmocka_unit_test(test_S6_the_mask_shows_prefix_and_last_four_at_most),
        cmocka_unit_test(test_a_key_is_split_and_checked),
        cmocka_unit_test(test_both_halves_of_a_key_are_limited),
        cmocka_unit_test(test_a_key_is_joined_of_its_longest_halves),
        cmocka_unit_test(test_digits_of_the_least_and_of_the_greatest),
        cmocka_unit_test(test_a_copy_is_cut_where_it_is_longer),
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_a_hostile_glob_ends_soon),
        cmocka_unit_test(test_hex_ids_go_round),
        cmocka_unit_test(test_malformed_hex_ids_are_refused_and_leave_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
