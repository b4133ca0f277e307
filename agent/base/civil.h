/* Days and dates of the Gregorian calendar, also before it was in use. */
#ifndef KEYTURN_BASE_CIVIL_H
#define KEYTURN_BASE_CIVIL_H

#include <stdint.h>

struct civil {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

/* Days since 1970-01-01, and back. */
int64_t civil_to_days(struct civil civil);
struct civil civil_from_days(int64_t days);

#endif
