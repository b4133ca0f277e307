/* RFC 3339 without libc: a listing writes hundreds of thousands of times, and
 * gmtime and printf take ten times as long. */
#include "base/text.h"

#include "civil.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

static const uint64_t day_ms = 86400000;

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: RFC 3339 has four
 * digits for the year. */
static const int64_t timestamp_first_ms = -62167219200000;
static const int64_t timestamp_last_ms = 253402300799999;

/* Two digits and the byte after, which the next ones may write over; returns the place of that byte. */
static char *timestamp_write(char *at, uint32_t value, char after)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(at, pairs + 2 * (size_t)value, 2);
    at[2] = after;
    return at + 2;
}

const char *text_format_time(int64_t wall_ms, char out[TEXT_TIME_BYTES])
{
    if (wall_ms < timestamp_first_ms)
        wall_ms = timestamp_first_ms;
    if (wall_ms > timestamp_last_ms)
        wall_ms = timestamp_last_ms;
    uint64_t since_first = (uint64_t)(wall_ms - timestamp_first_ms);
    uint32_t in_day = (uint32_t)(since_first % day_ms);
    struct civil civil = civil_from_days((int64_t)(since_first / day_ms) + timestamp_first_ms / (int64_t)day_ms);
    uint32_t seconds = in_day / 1000;
    char *at = timestamp_write(out, (uint32_t)civil.year / 100, '-');
    at = timestamp_write(at, (uint32_t)civil.year % 100, '-');
    at = timestamp_write(at + 1, (uint32_t)civil.month, '-');
    at = timestamp_write(at + 1, (uint32_t)civil.day, 'T');
    at = timestamp_write(at + 1, seconds / 3600, ':');
    at = timestamp_write(at + 1, seconds / 60 % 60, ':');
    at = timestamp_write(at + 1, seconds % 60, '.');
    at = timestamp_write(at + 1, in_day % 1000 / 10, 'Z');
    at[0] = (char)('0' + in_day % 10);
    at[1] = 'Z';
    at[2] = '\0';
    return out;
}

/* A number of exactly count digits from least to most, and the byte after it
 * (NUL: any). Returns the place after both, or NULL; NULL stays NULL, so that a
 * row of these is checked once at its end. */
static inline const char *timestamp_read(const char *at, int count, uint32_t least, uint32_t most, char after,
                                  int64_t *ret_value)
{
    uint32_t value = 0;
    if (!at)
        return NULL;
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
        uint32_t digit = (uint32_t)(unsigned char)at[i] - '0';
        if (digit > 9)
            return NULL;
        value = value * 10 + digit;
    }
    if (value < least || value > most || (after && at[count] != after))
        return NULL;
    *ret_value = value;
    return at + count + (after ? 1 : 0);
}

/* ".123": as many digits as there are, of which milliseconds are kept. */
static const char *timestamp_read_fraction(const char *at, int64_t *ret_ms)
{
    int64_t ms = 0;
    int64_t worth = 100;
    if (!at || *at != '.')
        return at;
    const char *digit = at + 1;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        ms += (*digit - '0') * worth;
        worth /= 10;
    }
    *ret_ms = ms;
    return digit == at + 1 ? NULL : digit;
}

/* "Z" or "+02:00"; the offset in milliseconds. */
static const char *timestamp_read_zone(const char *at, int64_t *ret_ms)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!at || *at == 'Z' || *at == 'z')
        return at ? at + 1 : NULL;
    if (*at != '+' && *at != '-')
        return NULL;
    const char *end = timestamp_read(at + 1, 2, 0, 23, ':', &hours);
    end = timestamp_read(end, 2, 0, 59, '\0', &minutes);
    int64_t ms = (hours * 60 + minutes) * 60000;
    *ret_ms = *at == '-' ? -ms : ms;
    return end;
}

static uint32_t civil_month_days(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Eight bytes of the form, where each '0' stands for a digit: its digits by place, and a bit in *bad when they are
 * none or another byte is not the form's. Nothing is decided before the end, which is cheaper. */
__attribute__((always_inline)) static inline uint64_t timestamp_digits(const char *at, const char form[sizeof(uint64_t)], uint64_t *bad)
{
    static const uint64_t tops = 0x8080808080808080;
    uint64_t bytes = 0;
    uint64_t pattern = 0;
    uint64_t beyond = 0; /* what lifts a byte that is too large to its highest bit */
    memcpy(&bytes, at, sizeof bytes);
    memcpy(&pattern, form, sizeof pattern);
#pragma GCC unroll 8
    for (size_t i = 0; i < sizeof beyond; i++)
        beyond |= (uint64_t)(form[i] == '0' ? 0x80 - 10 : 0x80 - 1) << 8 * i;
    uint64_t digits = le64toh(bytes ^ pattern);
    *bad |= (digits | (digits + beyond)) & tops;
    return digits;
}

/* The number of the two digits that begin at a place. */
static uint32_t timestamp_pair(uint64_t digits, int place)
{
    return (uint32_t)((digits * 10 + (digits >> 8)) >> 8 * place & 0xFF);
}

bool text_read_time(const char text[TEXT_TIME_LENGTH], int64_t *ret_wall_ms)
{
    uint64_t bad = 0;
    uint64_t first = timestamp_digits(text, "0000-00-", &bad);
    uint64_t second = timestamp_digits(text + 8, "00T00:00", &bad);
    uint64_t third = timestamp_digits(text + 16, ":00.000Z", &bad);
    uint32_t year = timestamp_pair(first, 0) * 100 + timestamp_pair(first, 2);
    uint32_t month = timestamp_pair(first, 5);
    uint32_t day = timestamp_pair(second, 0);
    uint32_t hour = timestamp_pair(second, 3);
    uint32_t minute = timestamp_pair(second, 6);
    uint32_t seconds = timestamp_pair(third, 1);
    uint32_t ms = timestamp_pair(third, 4) * 10 + (uint32_t)(third >> 48 & 0xFF);
    if (bad || month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month) || hour > 23 ||
        minute > 59 || seconds > 59)
        return false;
    const struct civil civil = {.year = year, .month = month, .day = day};
    uint32_t in_day = (hour * 60 + minute) * 60 + seconds;
    *ret_wall_ms = civil_to_days(civil) * (int64_t)day_ms + in_day * INT64_C(1000) + ms;
    return true;
}

enum err_code text_parse_time(const char *text, int64_t *ret_wall_ms, struct err *err)
{
    struct civil civil = {.month = 1};
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t ms = 0;
    int64_t zone_ms = 0;
    const char *at = timestamp_read(text, 4, 0, 9999, '-', &civil.year);
    at = timestamp_read(at, 2, 1, 12, '-', &civil.month);
    at = timestamp_read(at, 2, 1, civil_month_days(civil.year, civil.month), '\0', &civil.day);
    if (at && *at != 'T' && *at != 't')
        at = NULL;
    at = timestamp_read(at ? at + 1 : NULL, 2, 0, 23, ':', &hour);
    at = timestamp_read(at, 2, 0, 59, ':', &minute);
    at = timestamp_read(at, 2, 0, 59, '\0', &second);
    at = timestamp_read_fraction(at, &ms);
    at = timestamp_read_zone(at, &zone_ms);
    if (!at || *at != '\0')
        return err_set(err, ERR_INVALID,
                       "\"%.40s\" is not a time; write it as 2026-11-23T14:02:07Z or "
                       "2026-11-23T15:02:07+01:00",
                       text);
    int64_t minutes = (civil_to_days(civil) * 24 + hour) * 60 + minute;
    *ret_wall_ms = (minutes * 60 + second) * 1000 + ms - zone_ms;
    return ERR_OK;
}

enum err_code text_parse_date(const char *text, int64_t *ret_wall_ms, struct err *err)
{
    enum { DATE_BYTES = sizeof "2027-03-01" - 1 };
    char time[TEXT_TIME_BYTES];
    if (strlen(text) != DATE_BYTES)
        return text_parse_time(text, ret_wall_ms, err);
    (void)snprintf(time, sizeof time, "%sT00:00:00Z", text);
    if (text_parse_time(time, ret_wall_ms, NULL) != ERR_OK)
        return err_set(err, ERR_INVALID, "\"%s\" is not a date; write it as 2027-03-01 or 2027-03-01T12:00:00Z", text);
    return ERR_OK;
}
