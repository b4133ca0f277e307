/* Time zones by name, from the system's database of compiled zones.
 *
 * libc turns local times only for the process's own zone, which is a global that localtime_r and
 * setenv("TZ") share: changing it would race with every other thread. So the files are read here.
 * Format: TZif, RFC 8536 (version 2 and later), with the POSIX TZ string in its footer for times
 * after the last listed change. Zones with leap seconds ("right/...") are refused: wall time here
 * counts none. */
#ifndef KEYTURN_BASE_ZONE_H
#define KEYTURN_BASE_ZONE_H

#include "base/err.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define ZONE_FOLDER "/usr/share/zoneinfo"
enum { ZONE_NAME_BYTES = 64 };

struct zone; /* immutable once opened: any thread may ask it */

/* Open "Europe/Berlin" below folder. Blocks on the file. ERR_INVALID there is no zone of this
 * name here, or it is none (also one that would leave the folder); ERR_FORMAT its file is not a
 * zone's; ERR_IO; ERR_MEMORY. */
enum err_code zone_open(const char *folder, const char *name, struct zone **ret_zone, struct err *err)
    ERR_MUST_CHECK;
/* The same from a file's bytes (copied); name is for messages. */
enum err_code zone_parse(const char *name, const void *bytes, size_t length, struct zone **ret_zone,
                         struct err *err) ERR_MUST_CHECK;
struct zone *zone_free(struct zone *zone);
OWN_DEFINE(struct zone, zone_free);

/* Seconds to add to UTC for the local time at this moment (seconds since 1970 in UTC). */
int32_t zone_offset_s(const struct zone *zone, int64_t unix_s);

/* A clock on the wall shows a local time twice where it is set back, and never where it is set
 * forward; then every edge is the moment at which it was set. */
enum zone_edge { ZONE_FIRST, ZONE_LAST };
/* The moment of a local time (seconds since 1970-01-01 00:00 on that wall). */
int64_t zone_to_unix(const struct zone *zone, int64_t local_s, enum zone_edge edge);

#endif
