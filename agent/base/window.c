#include "base/window.h"

#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    DAY_S = 24 * 60 * 60,
    HOUR_S = 60 * 60,
    MINUTE_S = 60,
    WEEK_DAYS = 7,
    LOOK_AHEAD_DAYS = 15, /* one that a change of the clock swallows comes again within a week */
    PARTS = 3,
};

struct window {
    unsigned days; /* bit 0: Monday */
    int32_t begins_s, ends_s; /* of the day; ends_s past it: of the next */
    struct zone *zone;
};

struct windows {
    struct window windows[WINDOWS_MOST];
    size_t count;
};

/* --- Parsing ------------------------------------------------------------------------ */

#define WINDOW_FORM "write it as \"Tue..Thu 09:00-16:00 Europe/Berlin\", several with \";\""

static bool window_day(const char **at, unsigned *ret_day)
{
    static const char *const names[WEEK_DAYS] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (unsigned day = 0; day < WEEK_DAYS; day++) {
        if (strncasecmp(*at, names[day], 3) == 0) {
            *at += 3;
            *ret_day = day;
            return true;
        }
    }
    return false;
}

/* "Tue..Thu,Sat": also over the week's end, "Fri..Mon". */
static bool window_days(const char *text, unsigned *ret_days)
{
    unsigned days = 0;
    do {
        unsigned first = 0;
        if (!window_day(&text, &first))
            return false;
        unsigned last = first;
        if (strncmp(text, "..", 2) == 0) {
            text += 2;
            if (!window_day(&text, &last))
                return false;
        }
        for (unsigned day = first;; day = (day + 1) % WEEK_DAYS) {
            days |= 1u << day;
            if (day == last)
                break;
        }
    } while (*text++ == ',');
    *ret_days = days;
    return text[-1] == '\0';
}

static bool window_two_digits(const char *text, int32_t *ret_number)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *ret_number = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

/* "HH:MM", from 00:00 to 24:00. */
static bool window_time(const char *text, int32_t *ret_s)
{
    int32_t hours = 0;
    int32_t minutes = 0;
    if (!window_two_digits(text, &hours) || text[2] != ':' || !window_two_digits(text + 3, &minutes))
        return false;
    *ret_s = hours * HOUR_S + minutes * MINUTE_S;
    return minutes < 60 && *ret_s <= DAY_S;
}

static bool window_times(const char *text, struct window *window)
{
    enum { LENGTH = 11, SECOND = 6 };
    if (strlen(text) != LENGTH || text[SECOND - 1] != '-' || !window_time(text, &window->begins_s) ||
        !window_time(text + SECOND, &window->ends_s))
        return false;
    if (window->begins_s == DAY_S || window->begins_s == window->ends_s)
        return false;
    if (window->ends_s < window->begins_s)
        window->ends_s += DAY_S;
    return true;
}

/* The words of a window; the number of them, PARTS + 1 for too many. */
static size_t window_split(char *text, char *parts[PARTS])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *part = strtok_r(text, " \t", &rest); part; part = strtok_r(NULL, " \t", &rest)) {
        if (count == PARTS)
            return PARTS + 1;
        parts[count++] = part;
    }
    return count;
}

static enum err_code window_parse(char *text, const char *zones, struct window *window, struct err *err)
{
    char whole[WINDOWS_BYTES + 1];
    char *parts[PARTS];
    (void)snprintf(whole, sizeof whole, "%s", text);
    size_t count = window_split(text, parts);
    if (count < PARTS - 1 || count > PARTS)
        return err_set(err, ERR_INVALID, "\"%s\" is not a window; " WINDOW_FORM, whole);
    window->days = (1u << WEEK_DAYS) - 1;
    if (count == PARTS && !window_days(parts[0], &window->days))
        return err_set(err, ERR_INVALID, "\"%s\" are not days of a window, such as Tue..Thu or Mon,Fri; " WINDOW_FORM,
                       parts[0]);
    const char *times = parts[count - 2];
    if (!window_times(times, window))
        return err_set(err, ERR_INVALID, "\"%s\" are not the times of a window, from 00:00 to 24:00 and not "
                       "the same; " WINDOW_FORM, times);
    return zone_open(zones, parts[count - 1], &window->zone, err);
}

enum err_code windows_parse(const char *text, const char *zones, struct windows **ret_windows, struct err *err)
{
    char copy[WINDOWS_BYTES + 1];
    if (strlen(text) > WINDOWS_BYTES)
        return err_set(err, ERR_LIMIT, "windows have at most %d bytes, not %zu", WINDOWS_BYTES, strlen(text));
    memcpy(copy, text, strlen(text) + 1);
    OWN(windows_free) struct windows *windows = calloc(1, sizeof *windows);
    if (!windows)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (char *part = copy, *next; part; part = next) {
        next = strchr(part, ';');
        if (next)
            *next++ = '\0';
        if (windows->count == WINDOWS_MOST)
            return err_set(err, ERR_LIMIT, "there are at most %d windows", WINDOWS_MOST);
        TRY(window_parse(part, zones, &windows->windows[windows->count++], err));
    }
    *ret_windows = GIVE(windows);
    return ERR_OK;
}

struct windows *windows_free(struct windows *windows)
{
    if (windows)
        for (size_t i = 0; i < windows->count; i++)
            zone_free(windows->windows[i].zone);
    free(windows);
    return NULL;
}

/* --- Asking -------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t zone_day(const struct zone *zone, int64_t at_ms)
{
    int64_t unix_s = floor_div(at_ms, 1000);
    return floor_div(unix_s + zone_offset_s(zone, unix_s), DAY_S);
}

/* The span of the window that begins on this day. False: it begins not on this day, or the clock
 * was set forward over all of it. */
static bool window_span_of_day(const struct window *window, int64_t day, struct window_span *ret_span)
{
    int64_t weekday = ((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS; /* 1970-01-01 was a Thursday */
    if (!(window->days >> weekday & 1u))
        return false;
    ret_span->opens_ms = 1000 * zone_to_unix(window->zone, day * DAY_S + window->begins_s, ZONE_FIRST);
    ret_span->closes_ms = 1000 * zone_to_unix(window->zone, day * DAY_S + window->ends_s, ZONE_LAST);
    return ret_span->opens_ms < ret_span->closes_ms;
}

static bool window_next(const struct window *window, int64_t from_ms, struct window_span *ret_span)
{
    /* The one of yesterday may reach into today; a day before, where the clock was set in between. */
    int64_t first = zone_day(window->zone, from_ms) - 2;
    for (int64_t day = first; day < first + LOOK_AHEAD_DAYS; day++)
        if (window_span_of_day(window, day, ret_span) && ret_span->closes_ms > from_ms)
            return true;
    return false;
}

bool windows_next(const struct windows *windows, int64_t from_ms, struct window_span *ret_span)
{
    bool found = false;
    for (size_t i = 0; i < windows->count; i++) {
        struct window_span span;
        if (!window_next(&windows->windows[i], from_ms, &span))
            continue;
        if (!found || span.opens_ms < ret_span->opens_ms)
            *ret_span = span;
        found = true;
    }
    return found;
}

int64_t windows_day(const struct windows *windows, int64_t at_ms)
{
    return zone_day(windows->windows[0].zone, at_ms);
}

int64_t windows_day_begins_ms(const struct windows *windows, int64_t day)
{
    return 1000 * zone_to_unix(windows->windows[0].zone, day * DAY_S, ZONE_FIRST);
}
