/* Time zones, held against libc's, which can read them one at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/zone.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t day_s = 86400;

static struct zone *open_zone(const char *name)
{
    struct zone *zone = NULL;
    struct err err = {0};
    if (zone_open(ZONE_FOLDER, name, &zone, &err) != ERR_OK)
        fail_msg("%s: %s", name, err.message);
    return zone;
}

static int64_t local_of(const struct zone *zone, int64_t unix_s)
{
    return unix_s + zone_offset_s(zone, unix_s);
}

/* Both halves of the year, half hours, changes by half an hour, hours before midnight, zones that
 * left summer time, and those that are only a rule. */
static const char *const zones[] = {
    "UTC",           "Europe/Berlin",       "Europe/Dublin",      "America/New_York", "America/Sao_Paulo",
    "Asia/Kolkata",  "Australia/Lord_Howe", "Pacific/Auckland",   "Asia/Gaza",        "Africa/Casablanca",
    "America/Nuuk",  "America/Santiago",    "Pacific/Apia",       "Asia/Kathmandu",   "America/St_Johns",
    "Etc/GMT-14",    "EST5EDT",             "Antarctica/Troll",   "Asia/Tehran",      "America/Scoresbysund",
};

static void test_offsets_are_those_of_libc(void **state)
{
    (void)state;
    const int64_t from = 0;                /* 1970 */
    const int64_t until = 130 * 366 * day_s; /* past the last listed change, where the rule holds */
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        OWN(zone_free) struct zone *zone = open_zone(zones[i]);
        char tz[80];
        snprintf(tz, sizeof tz, ":%s", zones[i]);
        setenv("TZ", tz, 1);
        tzset();
        for (int64_t at = from; at < until; at += 5 * 3600 + 1009) {
            time_t moment = (time_t)at;
            struct tm local;
            assert_non_null(localtime_r(&moment, &local));
            if (zone_offset_s(zone, at) != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)at, zone_offset_s(zone, at), local.tm_gmtoff);
        }
        unsetenv("TZ");
        tzset();
    }
}

static void test_a_local_time_comes_back_from_its_moment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        OWN(zone_free) struct zone *zone = open_zone(zones[i]);
        for (int64_t at = 50 * 365 * day_s; at < 70 * 365 * day_s; at += 3571) {
            int64_t local = local_of(zone, at);
            int64_t first = zone_to_unix(zone, local, ZONE_FIRST);
            int64_t last = zone_to_unix(zone, local, ZONE_LAST);
            assert_int_equal(local_of(zone, first), local);
            assert_int_equal(local_of(zone, last), local);
            assert_true(first == at || last == at);
            assert_true(first <= last);
        }
    }
}

static void test_gap_and_fold_of_berlin(void **state)
{
    (void)state;
    OWN(zone_free) struct zone *berlin = open_zone("Europe/Berlin");
    /* 2027-03-28 02:00 CET is 03:00 CEST: 01:00 UTC. */
    const int64_t gap = 1806195600;
    const int64_t gap_local = gap + 3600;
    assert_int_equal(zone_to_unix(berlin, gap_local - 1, ZONE_FIRST), gap - 1);
    assert_int_equal(zone_to_unix(berlin, gap_local, ZONE_FIRST), gap);
    assert_int_equal(zone_to_unix(berlin, gap_local + 1800, ZONE_FIRST), gap);
    assert_int_equal(zone_to_unix(berlin, gap_local + 1800, ZONE_LAST), gap);
    assert_int_equal(zone_to_unix(berlin, gap_local + 3599, ZONE_LAST), gap);
    assert_int_equal(zone_to_unix(berlin, gap_local + 3600, ZONE_LAST), gap);
    /* 2026-10-25 03:00 CEST is 02:00 CET: 01:00 UTC. */
    const int64_t fold = 1792890000;
    const int64_t fold_local = fold + 3600; /* 02:00 */
    assert_int_equal(zone_to_unix(berlin, fold_local, ZONE_FIRST), fold - 3600);
    assert_int_equal(zone_to_unix(berlin, fold_local, ZONE_LAST), fold);
    assert_int_equal(zone_to_unix(berlin, fold_local + 1800, ZONE_FIRST), fold - 1800);
    assert_int_equal(zone_to_unix(berlin, fold_local + 1800, ZONE_LAST), fold + 1800);
    assert_int_equal(zone_to_unix(berlin, fold_local + 3600, ZONE_FIRST), fold + 3600);
    assert_int_equal(zone_to_unix(berlin, fold_local - 1, ZONE_LAST), fold - 3601);
}

static void test_names_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "/etc/passwd", "../../../etc/passwd", "Europe/../UTC", "Europe//Berlin",
                                        "Europe/", "Europe/Ber lin", "Europe/B\xc3\xa4rlin", ".hidden"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct zone *zone = NULL;
        struct err err = {0};
        assert_int_equal(zone_open(ZONE_FOLDER, names[i], &zone, &err), ERR_INVALID);
        assert_null(zone);
    }
    struct zone *zone = NULL;
    struct err err = {0};
    assert_int_equal(zone_open(ZONE_FOLDER, "Europe/Atlantis", &zone, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "Europe/Atlantis"));
    assert_int_not_equal(zone_open(ZONE_FOLDER, "Europe", &zone, &err), ERR_OK);
    assert_int_not_equal(zone_open(ZONE_FOLDER, "right/UTC", &zone, &err), ERR_OK);
}

/* Every prefix of a real file, and every byte of it changed, is read or refused, and asking what
 * was read stays within it (the sanitizers look). */
static void test_damaged_files_are_refused_or_harmless(void **state)
{
    (void)state;
    OWN_BUF struct buf bytes = {0};
    struct err err = {0};
    assert_int_equal(file_read(ZONE_FOLDER "/Europe/Berlin", 65536, &bytes, &err), ERR_OK);
    struct zone *zone = NULL;
    for (size_t length = 0; length < bytes.length; length++)
        assert_int_equal(zone_parse("cut", bytes.data, length, &zone, &err), ERR_FORMAT);
    for (size_t i = 0; i < bytes.length; i++) {
        char before = bytes.data[i];
        bytes.data[i] = (char)~before;
        if (zone_parse("bent", bytes.data, bytes.length, &zone, &err) == ERR_OK) {
            (void)zone_to_unix(zone, 1792890000, ZONE_FIRST);
            (void)zone_offset_s(zone, -5000000000);
            (void)zone_offset_s(zone, 5000000000);
            zone = zone_free(zone);
        }
        bytes.data[i] = before;
    }
}

/* A file that is a footer and one type alone, as zic -b slim writes. */
static size_t slim(const char *footer, unsigned char out[200])
{
    static const unsigned char header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    static const unsigned char type[10] = {0, 0, 0, 0, 0, 0, 'U', 'T', 'C', 0};
    size_t length = 0;
    for (int version = 0; version < 2; version++) {
        memcpy(out + length, header, sizeof header);
        memcpy(out + length + sizeof header, type, sizeof type);
        length += sizeof header + sizeof type;
    }
    return length + (size_t)snprintf((char *)out + length, 200 - length, "\n%s\n", footer);
}

static void test_footers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } footers[] = {
        {"", true},
        {"UTC0", true},
        {"CET-1CEST,M3.5.0,M10.5.0/3", true},
        {"<+0530>-5:30", true},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true},
        {"EET-2EEST,M3.4.4/50,M10.4.4/50", true},
        {"AAA3BBB,J1/0,J365/25", true},
        {"AAA3BBB,0/0,365/167", true},
        {"AAA3BBB,0/0,365/168", false},
        {"AAA3BBB,0/0,366", false},
        {"AAA3BBB,J0,J365", false},
        {"AAA3BBB,M13.1.0,M1.1.0", false},
        {"AAA3BBB,M1.6.0,M1.1.0", false},
        {"AAA3BBB,M1.1.7,M1.1.0", false},
        {"CET-1CEST", false},
        {"CET-1CEST,M3.5.0", false},
        {"CET-1CEST,M3.5.0,M10.5.0/3,", false},
        {"CE-1", false},
        {"CET", false},
        {"CET-25", false},
        {"<+05-5", false},
    };
    unsigned char bytes[200];
    for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++) {
        struct zone *zone = NULL;
        struct err err = {0};
        enum err_code code = zone_parse("slim", bytes, slim(footers[i].text, bytes), &zone, &err);
        if ((code == ERR_OK) != footers[i].good)
            fail_msg("%s: %s", footers[i].text, err_code_name(code));
        zone_free(zone);
    }
    /* A rule alone, over many years, as libc has it. */
    struct zone *zone = NULL;
    struct err err = {0};
    assert_int_equal(zone_parse("slim", bytes, slim("AAA3BBB,J60/-2,300/26:30", bytes), &zone, &err), ERR_OK);
    setenv("TZ", "AAA3BBB,J60/-2,300/26:30", 1);
    tzset();
    for (int64_t at = 0; at < 100 * 365 * day_s; at += 4001) {
        time_t moment = (time_t)at;
        struct tm local;
        assert_non_null(localtime_r(&moment, &local));
        assert_int_equal(zone_offset_s(zone, at), local.tm_gmtoff);
    }
    unsetenv("TZ");
    tzset();
    zone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_are_those_of_libc),
        cmocka_unit_test(test_a_local_time_comes_back_from_its_moment),
        cmocka_unit_test(test_gap_and_fold_of_berlin),
        cmocka_unit_test(test_names_that_are_none_are_refused),
        cmocka_unit_test(test_damaged_files_are_refused_or_harmless),
        cmocka_unit_test(test_footers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
