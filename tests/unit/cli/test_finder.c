#include "finder.h"
#include "literals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- literals ---------------------------------------------------------------- */

static const struct {
    const char *pattern;
    const char *literals; /* joined by a space; NULL: none is certain */
} patterns[] = {
    {"^(amps_)?sk_live_[A-Za-z0-9_-]+$", "sk_live_"},
    {"^(sk_sandbox|(amps_)?sk_test)_[A-Za-z0-9_-]+$", "sk_sandbox sk_test"},
    {"^SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}$", NULL}, /* three bytes are too few */
    {"^glpat-[0-9a-zA-Z_-]{20}$", "glpat-"},
    {"^(AKIA|ASIA)[0-9A-Z]{16}$", "AKIA ASIA"},
    {"^[0-9a-f]{40}$", NULL},
    {"^.*$", NULL},
    {"key-[0-9]+|[a-z]+", NULL}, /* one alternative brings nothing */
    {"abcd?ef", NULL},
    {"abcde*fghijk", "fghijk"},
    {"abcde+fg", "abcde"},
    {"ab{2}cdefg", "cdefg"},
    {"[]abc]longer[[:alpha:]x]s", "longer"},
    {"(abcd)?efgh", "efgh"},
    {"(abcd){0,2}[0-9]", NULL},
    {"sk\\.live\\.x", "sk.live.x"},
    {"sk\\w+long", "long"},
    {"", NULL},
    {"(abcd", "abcd"},
};

static void test_a_pattern_gives_what_each_match_must_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct literals literals;
        char joined[LITERALS_MOST * LITERAL_BYTES] = "";
        bool certain = literals_of_pattern(patterns[i].pattern, 4, &literals);
        for (size_t word = 0; word < literals.count; word++) {
            strcat(joined, word > 0 ? " " : "");
            strcat(joined, literals.words[word]);
        }
        if (certain != (patterns[i].literals != NULL))
            fail_msg("%s: %s", patterns[i].pattern, certain ? joined : "none");
        assert_string_equal(joined, patterns[i].literals ? patterns[i].literals : "");
    }
}

static void test_a_literal_longer_than_its_room_is_cut(void **state)
{
    (void)state;
    char pattern[3 * LITERAL_BYTES];
    struct literals literals;
    memset(pattern, 'a', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    assert_true(literals_of_pattern(pattern, 4, &literals));
    assert_int_equal(strlen(literals.words[0]), LITERAL_BYTES - 1);
}

/* --- finder ------------------------------------------------------------------- */

static struct finder *finder_of(const char *const *words, size_t count)
{
    struct finder *finder = NULL;
    struct err err;
    assert_int_equal(finder_new(words, count, &finder, &err), ERR_OK);
    return finder;
}

/* The plain way, to compare with. */
static bool search_plainly(const char *const *words, size_t count, const char *text, size_t length, size_t from,
                           size_t *ret_at)
{
    for (size_t at = from; at < length; at++)
        for (size_t i = 0; i < count; i++)
            if (strlen(words[i]) <= length - at && memcmp(text + at, words[i], strlen(words[i])) == 0) {
                *ret_at = at;
                return true;
            }
    return false;
}

static void test_it_finds_what_a_plain_search_finds(void **state)
{
    (void)state;
    static const char *const words[] = {"aba", "abab", "bbbbb", "caabc"};
    char text[200];
    OWN(finder_free) struct finder *finder = finder_of(words, 4);
    unsigned random = 1;
    for (int round = 0; round < 2000; round++) {
        size_t length = (size_t)round % sizeof text;
        for (size_t i = 0; i < length; i++) {
            random = random * 1103515245u + 12345u;
            text[i] = (char)('a' + (random >> 16) % 3);
        }
        for (size_t from = 0; from <= length;) {
            struct finder_hit hit = {0};
            size_t at = 0;
            bool found = finder_next(finder, (const unsigned char *)text, length, from, &hit);
            assert_int_equal(found, search_plainly(words, 4, text, length, from, &at));
            if (!found)
                break;
            assert_int_equal(hit.at, at);
            from = at + 1;
        }
    }
}

static void test_a_word_at_both_ends_and_of_both_limits(void **state)
{
    (void)state;
    char longest[FINDER_MOST_BYTES + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *too_long[] = {longest};
    const char *too_short[] = {"ab"};
    struct finder *none = NULL;
    struct err err;
    assert_int_equal(finder_new(too_long, 1, &none, &err), ERR_INVALID);
    assert_int_equal(finder_new(too_short, 1, &none, &err), ERR_INVALID);
    longest[FINDER_MOST_BYTES] = '\0';
    const char *words[] = {longest, "abc"};
    OWN(finder_free) struct finder *finder = finder_of(words, 2);
    struct finder_hit hit;
    assert_true(finder_next(finder, (const unsigned char *)"abcabc", 6, 1, &hit));
    assert_int_equal(hit.at, 3);
    assert_false(finder_next(finder, (const unsigned char *)"abcabc", 6, 4, &hit));
    assert_true(finder_next(finder, (const unsigned char *)longest, FINDER_MOST_BYTES, 0, &hit));
    assert_int_equal(hit.length, FINDER_MOST_BYTES);
    OWN(finder_free) struct finder *empty = finder_of(words, 0);
    assert_false(finder_next(empty, (const unsigned char *)"abc", 3, 0, &hit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pattern_gives_what_each_match_must_hold),
        cmocka_unit_test(test_a_literal_longer_than_its_room_is_cut),
        cmocka_unit_test(test_it_finds_what_a_plain_search_finds),
        cmocka_unit_test(test_a_word_at_both_ends_and_of_both_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
