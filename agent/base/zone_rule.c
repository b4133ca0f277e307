#include "zone_rule.h"

#include "civil.h"

enum { DAY_S = 24 * 60 * 60, HOUR_S = 60 * 60, MINUTE_S = 60, WEEK_DAYS = 7, DEFAULT_CHANGE_S = 2 * HOUR_S };

/* --- Parsing ---------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool rule_take(struct cursor *cursor, char byte)
{
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

static bool rule_number(struct cursor *cursor, int least, int most, int *ret_number)
{
    enum { MOST_DIGITS = 3 };
    int number = 0;
    int digits = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        if (++digits > MOST_DIGITS)
            return false;
        number = number * 10 + (*cursor->at - '0');
    }
    *ret_number = number;
    return digits > 0 && number >= least && number <= most;
}

/* "CET" or "<+0530>": not of use but to get past it. */
static bool rule_name(struct cursor *cursor)
{
    bool quoted = rule_take(cursor, '<');
    const char *start = cursor->at;
    for (; cursor->at < cursor->end; cursor->at++) {
        char byte = *cursor->at;
        bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        bool more = quoted && ((byte >= '0' && byte <= '9') || byte == '+' || byte == '-');
        if (!letter && !more)
            break;
    }
    return cursor->at - start >= 3 && (!quoted || rule_take(cursor, '>'));
}

/* [+|-]hh[:mm[:ss]] */
static bool rule_time(struct cursor *cursor, int most_hours, int32_t *ret_s)
{
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    bool negative = rule_take(cursor, '-');
    if (!negative)
        (void)rule_take(cursor, '+');
    if (!rule_number(cursor, 0, most_hours, &hours))
        return false;
    if (rule_take(cursor, ':')) {
        if (!rule_number(cursor, 0, 59, &minutes))
            return false;
        if (rule_take(cursor, ':') && !rule_number(cursor, 0, 59, &seconds))
            return false;
    }
    int32_t size = hours * HOUR_S + minutes * MINUTE_S + seconds;
    *ret_s = negative ? -size : size;
    return true;
}

/* The string counts what to add to local time for UTC; here it is the other way round. */
static bool rule_offset(struct cursor *cursor, int32_t *ret_s)
{
    int32_t west = 0;
    if (!rule_time(cursor, 24, &west))
        return false;
    *ret_s = -west;
    return true;
}

static bool rule_day(struct cursor *cursor, struct zone_change *change)
{
    if (rule_take(cursor, 'M')) {
        change->kind = ZONE_DAY_OF_MONTH;
        return rule_number(cursor, 1, 12, &change->month) && rule_take(cursor, '.') &&
               rule_number(cursor, 1, 5, &change->week) && rule_take(cursor, '.') &&
               rule_number(cursor, 0, 6, &change->day);
    }
    bool julian = rule_take(cursor, 'J');
    change->kind = julian ? ZONE_DAY_JULIAN : ZONE_DAY_OF_YEAR;
    return rule_number(cursor, julian ? 1 : 0, 365, &change->day);
}

static bool rule_change(struct cursor *cursor, struct zone_change *ret_change)
{
    enum { MOST_HOURS = 167 };
    *ret_change = (struct zone_change){.time_s = DEFAULT_CHANGE_S};
    if (!rule_take(cursor, ',') || !rule_day(cursor, ret_change))
        return false;
    return !rule_take(cursor, '/') || rule_time(cursor, MOST_HOURS, &ret_change->time_s);
}

static bool rule_summer(struct cursor *cursor, struct zone_rule *rule)
{
    rule->has_summer = true;
    rule->summer_offset_s = rule->offset_s + HOUR_S;
    if (!rule_name(cursor))
        return false;
    if (cursor->at < cursor->end && *cursor->at != ',' && !rule_offset(cursor, &rule->summer_offset_s))
        return false;
    return rule_change(cursor, &rule->begins) && rule_change(cursor, &rule->ends);
}

bool zone_rule_parse(const char *text, size_t length, struct zone_rule *ret_rule)
{
    struct cursor cursor = {.at = text, .end = text + length};
    struct zone_rule rule = {0};
    if (!rule_name(&cursor) || !rule_offset(&cursor, &rule.offset_s))
        return false;
    if (cursor.at < cursor.end && !rule_summer(&cursor, &rule))
        return false;
    if (cursor.at != cursor.end)
        return false;
    *ret_rule = rule;
    return true;
}

/* --- When the clock changes --------------------------------------------------------- */

static bool rule_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The w-th weekday d of a month; the fifth is the last, if there is a fifth or not. */
static int64_t rule_weekday_of_month(int64_t year, const struct zone_change *change)
{
    int64_t first = civil_to_days((struct civil){.year = year, .month = change->month, .day = 1});
    int64_t month_after = change->month == 12
                              ? civil_to_days((struct civil){.year = year + 1, .month = 1, .day = 1})
                              : civil_to_days((struct civil){.year = year, .month = change->month + 1, .day = 1});
    int64_t weekday = ((first + 4) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS; /* 1970-01-01 was a Thursday */
    int64_t days = first + (change->day - weekday + WEEK_DAYS) % WEEK_DAYS + (change->week - 1) * WEEK_DAYS;
    return days < month_after ? days : days - WEEK_DAYS;
}

/* Local seconds since 1970 of a change in a year. */
static int64_t rule_change_s(int64_t year, const struct zone_change *change)
{
    enum { MARCH_JULIAN = 60 };
    int64_t days = civil_to_days((struct civil){.year = year, .month = 1, .day = 1});
    switch (change->kind) {
    case ZONE_DAY_OF_MONTH:
        days = rule_weekday_of_month(year, change);
        break;
    case ZONE_DAY_JULIAN:
        days += change->day - 1 + (rule_leap_year(year) && change->day >= MARCH_JULIAN);
        break;
    case ZONE_DAY_OF_YEAR:
        days += change->day;
        break;
    }
    return days * DAY_S + change->time_s;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_summer)
        return rule->offset_s;
    int64_t local_s = unix_s + rule->offset_s;
    int64_t days = local_s / DAY_S - (local_s % DAY_S < 0);
    int64_t year = civil_from_days(days).year;
    int64_t begins = rule_change_s(year, &rule->begins) - rule->offset_s;
    int64_t ends = rule_change_s(year, &rule->ends) - rule->summer_offset_s;
    bool north = begins < ends;
    bool summer = north ? unix_s >= begins && unix_s < ends : unix_s >= begins || unix_s < ends;
    return summer ? rule->summer_offset_s : rule->offset_s;
}
