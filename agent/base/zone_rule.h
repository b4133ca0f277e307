/* The footer of a zone's file: a POSIX TZ string, as XBD 8.3 has it, with RFC 8536's hours from
 * -167 to 167 for the time of a change. "CET-1CEST,M3.5.0,M10.5.0/3" */
#ifndef KEYTURN_BASE_ZONE_RULE_H
#define KEYTURN_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zone_day_kind {
    ZONE_DAY_OF_MONTH, /* Mm.w.d: the w-th weekday d of month m; 5: the last */
    ZONE_DAY_JULIAN,   /* Jn: 1 to 365, the leap day is never counted */
    ZONE_DAY_OF_YEAR   /* n: 0 to 365 */
};

struct zone_change {
    enum zone_day_kind kind;
    int month, week, day;
    int32_t time_s; /* after local midnight */
};

struct zone_rule {
    int32_t offset_s;  /* of standard time, to add to UTC */
    bool has_summer;
    int32_t summer_offset_s;
    struct zone_change begins, ends; /* of summer time; the latter on its own clock */
};

/* False: it is no such string. Without the days of the changes a summer time is refused, since
 * what would be meant is the system's choice. */
bool zone_rule_parse(const char *text, size_t length, struct zone_rule *ret_rule);
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s);

#endif
