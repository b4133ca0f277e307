#include "base/text.h"

#include <string.h>

/* Largest first; "ms" is tried before "m" when parsing, by the longest match. */
static const struct {
    const char *name;
    int64_t ms;
} duration_units[] = {
    {"w", 7 * 86400000LL}, {"d", 86400000LL}, {"h", 3600000LL},
    {"m", 60000LL},        {"s", 1000LL},     {"ms", 1LL},
};
enum { DURATION_UNITS = sizeof duration_units / sizeof duration_units[0] };

static const int64_t duration_most_ms = 36525 * 86400000LL; /* 100 years */

static enum err_code duration_refuse(const char *text, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "\"%.40s\" is not a duration; write it as 30d, 24h, 1h30m or 250ms "
                   "(w, d, h, m, s, ms, largest first), at most 100 years",
                   text);
}

/* The number at *at, which moves past it; -1 when there is none or it passes
 * the longest duration even in milliseconds. */
static int64_t duration_number(const char **at)
{
    const char *digit = *at;
    int64_t number = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        number = number * 10 + (*digit - '0');
        if (number > duration_most_ms)
            return -1;
    }
    if (digit == *at)
        return -1;
    *at = digit;
    return number;
}

/* The unit at *at, from first on, which moves past it; DURATION_UNITS for none. */
static size_t duration_unit(const char **at, size_t first)
{
    size_t length = strspn(*at, "wdhms");
    for (size_t unit = first; unit < DURATION_UNITS; unit++) {
        if (strlen(duration_units[unit].name) == length &&
            memcmp(duration_units[unit].name, *at, length) == 0) {
            *at += length;
            return unit;
        }
    }
    return DURATION_UNITS;
}

enum err_code text_parse_duration(const char *text, int64_t *ret_ms, struct err *err)
{
    if (strcmp(text, "0") == 0) {
        *ret_ms = 0;
        return ERR_OK;
    }
    int64_t sum = 0;
    size_t next_unit = 0;
    const char *at = text;
    do {
        int64_t number = duration_number(&at);
        size_t unit = duration_unit(&at, next_unit);
        if (number < 0 || unit == DURATION_UNITS ||
            number > (duration_most_ms - sum) / duration_units[unit].ms)
            return duration_refuse(text, err);
        sum += number * duration_units[unit].ms;
        next_unit = unit + 1;
    } while (*at);
    *ret_ms = sum;
    return ERR_OK;
}

/* Days are counted from two on, so that a grace of 24h reads as it was written;
 * weeks are never. */
static size_t duration_largest(uint64_t seconds)
{
    if (seconds >= 2 * 86400)
        return 1;
    if (seconds >= 3600)
        return 2;
    return seconds >= 60 ? 3 : 4;
}

static char *duration_write(char *at, uint64_t count, const char *unit)
{
    char digits[TEXT_DIGITS_BYTES];
    const char *first = text_digits(count, digits);
    at = mempcpy(at, first, (size_t)(digits + sizeof digits - first));
    return stpcpy(at, unit);
}

const char *text_format_duration(int64_t ms, char out[TEXT_DURATION_BYTES])
{
    uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    if (size < 1000)
        return memcpy(out, "now", sizeof "now");
    size_t unit = duration_largest(size / 1000);
    uint64_t first_ms = (uint64_t)duration_units[unit].ms;
    uint64_t second_ms = (uint64_t)duration_units[unit + 1].ms;
    uint64_t rest = size % first_ms;
    char *at = duration_write(out, size / first_ms, duration_units[unit].name);
    if (unit < 4 && rest >= second_ms && rest % second_ms == 0)
        (void)duration_write(at, rest / second_ms, duration_units[unit + 1].name);
    return out;
}
