#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

#include <string.h>

static const int64_t day = 86400000;

static void test_durations_are_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"0", 0},           {"0s", 0},          {"250ms", 250},       {"90s", 90000},
        {"5m", 300000},     {"24h", day},       {"30d", 30 * day},    {"2w", 14 * day},
        {"1h30m", 5400000}, {"1m30s", 90000},   {"1s5ms", 1005},      {"1w2d3h4m5s6ms", 788645006},
        {"1m1ms", 60001},   {"36525d", 36525 * day}, {"007s", 7000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        struct err err = {0};
        assert_int_equal(text_parse_duration(rows[i].text, &ms, &err), ERR_OK);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_other_forms_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",      "s",    "1",     "00",    "-1s",  "+1s",  " 1s", "1s ",  "1 s",   "1.5h", "1x", "1sec",
        "1m1h",  "1s1s", "1ms1s", "1h1h",  "1H",   "h1",   "1hm", "1h5",  "36525d1ms", "5218w",
        "99999999999999999999d", "3155760000001ms", "1d99999999999999999h",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = -1;
        struct err err = {0};
        assert_int_equal(text_parse_duration(bad[i], &ms, &err), ERR_INVALID);
        assert_int_equal(ms, -1);
        assert_non_null(strstr(err.message, "30d"));
        assert_non_null(strstr(err.message, bad[i]));
    }
}

static void test_durations_are_written_for_people(void **state)
{
    (void)state;
    const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "now"},
        {999, "now"},
        {1000, "1s"},
        {59999, "59s"},
        {60000, "1m"},
        {90000, "1m30s"},
        {90001, "1m"},
        {3599999, "59m"},
        {3600000, "1h"},
        {5400000, "1h30m"},
        {5400001, "1h"},
        {day, "24h"},
        {2 * day - 1, "47h"},
        {2 * day, "2d"},
        {41 * day + 12345678, "41d"},
        {-30 * day, "30d"},
        {INT64_MIN, "106751991167d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TEXT_DURATION_BYTES];
        assert_string_equal(text_format_duration(rows[i].ms, out), rows[i].text);
    }
}

static void test_what_was_written_exactly_reads_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"1s", "59s", "1m30s", "1h30m", "24h", "36h", "2d12h", "30d"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ms = 0;
        char out[TEXT_DURATION_BYTES];
        assert_int_equal(text_parse_duration(texts[i], &ms, NULL), ERR_OK);
        assert_string_equal(text_format_duration(ms, out), texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_are_read),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_durations_are_written_for_people),
        cmocka_unit_test(test_what_was_written_exactly_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
