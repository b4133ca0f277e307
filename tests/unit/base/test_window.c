/* Windows of the week: what parses, and when they are open, also where the clock is set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/window.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct windows *parse(const char *text)
{
    struct windows *windows = NULL;
    struct err err = {0};
    if (windows_parse(text, ZONE_FOLDER, &windows, &err) != ERR_OK)
        fail_msg("%s: %s", text, err.message);
    return windows;
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    if (text_parse_time(text, &ms, NULL) != ERR_OK)
        fail_msg("%s is no time", text);
    return ms;
}

/* windows, a moment, and the span that is open then or next. */
static void test_spans(void **state)
{
    (void)state;
    static const struct {
        const char *windows, *from, *opens, *closes;
    } rows[] = {
        /* 2026-11-24 is a Tuesday; Berlin is an hour ahead. */
        {"Tue..Thu 09:00-16:00 Europe/Berlin", "2026-11-24T07:59:59Z", "2026-11-24T08:00:00Z", "2026-11-24T15:00:00Z"},
        {"Tue..Thu 09:00-16:00 Europe/Berlin", "2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z", "2026-11-24T15:00:00Z"},
        {"Tue..Thu 09:00-16:00 Europe/Berlin", "2026-11-24T14:59:59.999Z", "2026-11-24T08:00:00Z", "2026-11-24T15:00:00Z"},
        {"Tue..Thu 09:00-16:00 Europe/Berlin", "2026-11-24T15:00:00Z", "2026-11-25T08:00:00Z", "2026-11-25T15:00:00Z"},
        {"Tue..Thu 09:00-16:00 Europe/Berlin", "2026-11-26T15:00:00Z", "2026-12-01T08:00:00Z", "2026-12-01T15:00:00Z"},
        {"Mon 09:00-10:00 UTC", "2026-11-24T00:00:00Z", "2026-11-30T09:00:00Z", "2026-11-30T10:00:00Z"},
        {"fri..mon 00:00-24:00 UTC", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"},
        {"Mon,Wed,Fri..Sat 00:00-01:00 UTC", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-25T01:00:00Z"},
        {"03:00-04:00 UTC", "2026-11-24T04:00:00Z", "2026-11-25T03:00:00Z", "2026-11-25T04:00:00Z"},
        /* Over midnight: that of Saturday reaches into Sunday. */
        {"Sat 22:00-04:00 UTC", "2026-11-29T03:59:59Z", "2026-11-28T22:00:00Z", "2026-11-29T04:00:00Z"},
        {"Sat 22:00-04:00 UTC", "2026-11-29T04:00:00Z", "2026-12-05T22:00:00Z", "2026-12-06T04:00:00Z"},
        {"Sat 22:00-00:00 UTC", "2026-11-28T23:59:59Z", "2026-11-28T22:00:00Z", "2026-11-29T00:00:00Z"},
        /* Several: the soonest. */
        {"Fri 10:00-11:00 UTC; Wed 10:00-11:00 America/New_York", "2026-11-24T00:00:00Z", "2026-11-25T15:00:00Z",
         "2026-11-25T16:00:00Z"},
        {"Fri 10:00-11:00 UTC;Wed 10:00-11:00 America/New_York", "2026-11-25T16:00:00Z", "2026-11-27T10:00:00Z",
         "2026-11-27T11:00:00Z"},
        /* Set forward on 2027-03-28 at 02:00: the window is an hour shorter, */
        {"Sun 01:00-04:00 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T00:00:00Z", "2027-03-28T02:00:00Z"},
        /* begins at the change, ends at it, */
        {"Sun 02:30-04:00 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z"},
        {"Sun 01:00-02:30 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z"},
        /* or is swallowed, and the next is a week later. */
        {"Sun 02:00-03:00 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-04-04T00:00:00Z", "2027-04-04T01:00:00Z"},
        /* Set back on 2026-10-25 at 03:00: from the first beginning to the last end. */
        {"Sun 02:00-03:00 Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"},
        {"Sun 02:30-02:45 Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:45:00Z"},
        {"Sun 01:00-04:00 Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z"},
        {"Sat 23:00-02:30 Europe/Berlin", "2026-10-25T01:29:59Z", "2026-10-24T21:00:00Z", "2026-10-25T01:30:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN(windows_free) struct windows *windows = parse(rows[i].windows);
        struct window_span span;
        assert_true(windows_next(windows, at(rows[i].from), &span));
        if (span.opens_ms != at(rows[i].opens) || span.closes_ms != at(rows[i].closes)) {
            char opens[TEXT_TIME_BYTES], closes[TEXT_TIME_BYTES];
            fail_msg("%s from %s: %s to %s", rows[i].windows, rows[i].from, text_format_time(span.opens_ms, opens),
                     text_format_time(span.closes_ms, closes));
        }
    }
}

static void test_every_minute_of_a_year_is_as_a_wall_clock_says(void **state)
{
    (void)state;
    OWN(windows_free) struct windows *windows = parse("Tue..Thu 09:00-16:00 Europe/Berlin; Sat 22:00-04:00 Europe/Berlin");
    setenv("TZ", ":Europe/Berlin", 1);
    tzset();
    for (int64_t minute = at("2026-01-01T00:00:00Z") / 60000; minute < at("2027-01-01T00:00:00Z") / 60000; minute++) {
        time_t moment = (time_t)(minute * 60);
        struct tm local;
        struct window_span span;
        assert_non_null(localtime_r(&moment, &local));
        bool week = local.tm_wday >= 2 && local.tm_wday <= 4 && local.tm_hour >= 9 && local.tm_hour < 16;
        bool night = (local.tm_wday == 6 && local.tm_hour >= 22) || (local.tm_wday == 0 && local.tm_hour < 4);
        assert_true(windows_next(windows, minute * 60000, &span));
        assert_true(span.closes_ms > minute * 60000);
        if ((span.opens_ms <= minute * 60000) != (week || night))
            fail_msg("wrong at %lld", (long long)minute * 60);
    }
    unsetenv("TZ");
    tzset();
}

static void test_what_does_not_parse_is_refused_with_the_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", ";", "UTC", "09:00-16:00", "Tue 09:00-16:00", "Tue 09:00-16:00 UTC extra", "Tue 09:00-16:00 UTC;",
        "Tues 09:00-16:00 UTC", "Tue.Thu 09:00-16:00 UTC", "Tue..  09:00-16:00 UTC", "Tue,, 09:00-16:00 UTC",
        "Tue 9:00-16:00 UTC", "Tue 09:00-16:60 UTC", "Tue 09:00-24:01 UTC", "Tue 24:00-25:00 UTC",
        "Tue 09:00-09:00 UTC", "Tue 24:00-09:00 UTC", "Tue 09:00 - 16:00 UTC", "Tue 09:00-16:00Z UTC",
        "Tue 09:00-16:00 ../UTC", "Tue 09:00-16:00 +01:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct windows *windows = NULL;
        struct err err = {0};
        if (windows_parse(texts[i], ZONE_FOLDER, &windows, &err) != ERR_INVALID)
            fail_msg("%s was not refused", texts[i]);
        assert_null(windows);
        assert_non_null(strstr(err.message, "Europe/Berlin"));
    }
    struct windows *windows = NULL;
    struct err err = {0};
    assert_int_equal(windows_parse("Tue 09:00-16:00 Europe/Atlantis", ZONE_FOLDER, &windows, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "no time zone \"Europe/Atlantis\""));
}

static void test_limits_of_count_and_length(void **state)
{
    (void)state;
    char text[WINDOWS_BYTES + 2] = "";
    struct windows *windows = NULL;
    struct err err = {0};
    for (int i = 0; i < WINDOWS_MOST; i++)
        strcat(text, i ? ";01:00-02:00 UTC" : "01:00-02:00 UTC");
    windows = windows_free(parse(text));
    strcat(text, ";01:00-02:00 UTC");
    assert_int_equal(windows_parse(text, ZONE_FOLDER, &windows, &err), ERR_LIMIT);
    memset(text, ' ', sizeof text);
    memcpy(text, "01:00-02:00 UTC", 15);
    text[WINDOWS_BYTES] = '\0';
    windows = windows_free(parse(text));
    text[WINDOWS_BYTES] = ' ';
    text[WINDOWS_BYTES + 1] = '\0';
    assert_int_equal(windows_parse(text, ZONE_FOLDER, &windows, &err), ERR_LIMIT);
}

static void test_days_are_those_of_the_first_window(void **state)
{
    (void)state;
    OWN(windows_free) struct windows *windows = parse("09:00-10:00 Europe/Berlin");
    int64_t day = windows_day(windows, at("2026-11-24T22:59:59Z"));
    assert_int_equal(windows_day(windows, at("2026-11-24T23:00:00Z")), day + 1);
    assert_int_equal(windows_day_begins_ms(windows, day + 1), at("2026-11-24T23:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_every_minute_of_a_year_is_as_a_wall_clock_says),
        cmocka_unit_test(test_what_does_not_parse_is_refused_with_the_form),
        cmocka_unit_test(test_limits_of_count_and_length),
        cmocka_unit_test(test_days_are_those_of_the_first_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
