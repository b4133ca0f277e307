/* Windows of the week in which something may begin: "Tue..Thu 09:00-16:00 Europe/Berlin".
 *
 *   windows = window { ";" window }, at most WINDOWS_MOST, WINDOWS_BYTES bytes in all
 *   window  = [ days ] HH:MM "-" HH:MM zone
 *   days    = day or day ".." day, several with ",": Mon Tue Wed Thu Fri Sat Sun; none: every day
 *   zone    = a name of the system's time zones: Europe/Berlin, UTC
 *
 * A window that ends at or before its beginning ends on the next day: "Sat 22:00-04:00" is open in
 * the night to Sunday. 24:00 may end one. The clock is that of the wall: where it is set back a
 * window opens the first time that it shows the beginning and closes the last time that it shows
 * the end; a beginning or end that is passed over when it is set forward is the moment of the
 * change, so a window that lies wholly within is not open on that day. */
#ifndef KEYTURN_BASE_WINDOW_H
#define KEYTURN_BASE_WINDOW_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

enum { WINDOWS_MOST = 8, WINDOWS_BYTES = 255 };

struct windows; /* immutable: any thread may ask it */

/* zones is the folder of the time zones (ZONE_FOLDER). Reads files. ERR_INVALID names the part
 * that is wrong and the form expected; ERR_LIMIT too many or too long; else as zone_open. */
enum err_code windows_parse(const char *text, const char *zones, struct windows **ret_windows,
                            struct err *err) ERR_MUST_CHECK;
struct windows *windows_free(struct windows *windows);
OWN_DEFINE(struct windows, windows_free);

struct window_span {
    int64_t opens_ms, closes_ms; /* wall; open from the one until before the other */
};
/* The first span that is open at from_ms or opens after it. False: none within two weeks. */
bool windows_next(const struct windows *windows, int64_t from_ms, struct window_span *ret_span);
/* The day at this moment where the first window is, in days since 1970-01-01, and its beginning. */
int64_t windows_day(const struct windows *windows, int64_t at_ms);
int64_t windows_day_begins_ms(const struct windows *windows, int64_t day);

#endif
