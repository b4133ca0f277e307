#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void test_known_times_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868799999, "2000-02-29T23:59:59.999Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1795442527123, "2026-11-23T14:02:07.123Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TEXT_TIME_BYTES];
        int64_t ms = 1;
        assert_string_equal(text_format_time(rows[i].ms, out), rows[i].text);
        assert_int_equal(text_parse_time(rows[i].text, &ms, NULL), ERR_OK);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_times_outside_of_four_digits_are_clamped(void **state)
{
    (void)state;
    char out[TEXT_TIME_BYTES];
    assert_string_equal(text_format_time(INT64_MAX, out), "9999-12-31T23:59:59.999Z");
    assert_string_equal(text_format_time(INT64_MIN, out), "0000-01-01T00:00:00.000Z");
}

static void test_every_day_of_800_years_agrees_with_libc(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        time_t seconds = (time_t)(day * 86400 + 3723);
        struct tm parts;
        char expected[80];
        char out[TEXT_TIME_BYTES];
        assert_non_null(gmtime_r(&seconds, &parts));
        (void)snprintf(expected, sizeof expected, "%04d-%02d-%02dT01:02:03.004Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday);
        int64_t ms = (int64_t)seconds * 1000 + 4;
        assert_string_equal(text_format_time(ms, out), expected);
        int64_t back = 0;
        assert_int_equal(text_parse_time(out, &back, NULL), ERR_OK);
        assert_true(back == ms);
        back = 0;
        assert_true(text_read_time(out, &back));
        assert_true(back == ms);
    }
}

/* Whatever byte stands where: it is read only where it is a time, and as the same one. */
static void test_what_is_read_at_once_is_what_is_parsed(void **state)
{
    (void)state;
    static const char *const texts[] = {"2026-11-23T14:02:07.123Z", "2000-02-29T23:59:59.999Z", "0000-01-01T00:00:00.000Z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t place = 0; place < TEXT_TIME_LENGTH; place++)
            for (int byte = 1; byte < 256; byte++) {
                char text[TEXT_TIME_LENGTH + 1];
                int64_t parsed = 42;
                int64_t read = 42;
                memcpy(text, texts[i], sizeof text);
                text[place] = (char)byte;
                bool is_time = text_parse_time(text, &parsed, NULL) == ERR_OK && byte != 't' && byte != 'z';
                assert_true(text_read_time(text, &read) == is_time);
                assert_true(read == (is_time ? parsed : 42));
            }
}

static void test_offsets_and_decimals_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T01:00:00+01:00", 0},      {"1969-12-31T23:30:00-00:30", 0},
        {"1970-01-01t00:00:00z", 0},           {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.123456789Z", 123}, {"1970-01-01T00:00:00-00:00", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = 1;
        assert_int_equal(text_parse_time(rows[i].text, &ms, NULL), ERR_OK);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "now",
        "2026",
        "2026-11-23",
        "2026-11-23T14:02:07",
        "2026-11-23 14:02:07Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00Zx",
        "26-01-01T00:00:00Z",
        "+026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = 42;
        struct err err = {0};
        assert_int_equal(text_parse_time(bad[i], &ms, &err), ERR_INVALID);
        assert_int_equal(ms, 42);
        assert_non_null(strstr(err.message, "write it as"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times_go_both_ways),
        cmocka_unit_test(test_times_outside_of_four_digits_are_clamped),
        cmocka_unit_test(test_every_day_of_800_years_agrees_with_libc),
        cmocka_unit_test(test_what_is_read_at_once_is_what_is_parsed),
        cmocka_unit_test(test_offsets_and_decimals_are_read),
        cmocka_unit_test(test_what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
