/* A compiled zone, RFC 8536 section 3:
 *
 *   header of 44 bytes, block with 32-bit times, both passed over
 *   header of 44 bytes: "TZif", version, 15 bytes, six counts of 4 bytes:
 *     isut, isstd, leap, time, type, char
 *   block: time * 8 bytes, the moments of changes, ascending
 *          time * 1 byte, the type that holds from each on
 *          type * 6 bytes: offset in 4, summer in 1, abbreviation in 1
 *          char, leap * 12, isstd, isut bytes, not of use here
 *   footer: line feed, TZ string (may be empty), line feed
 *
 * Numbers are big-endian. */
#include "base/zone.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "zone_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ZONE_FILE_BYTES = 64 * 1024,
    HEADER_BYTES = 44,
    TIME_BYTES = 8,
    TIME_BYTES_V1 = 4,
    TYPE_BYTES = 6,
    DAY_S = 24 * 60 * 60,
    OFFSET_MOST_S = 26 * 60 * 60, /* RFC 8536: an offset is between -25 and 26 hours */
};

struct zone {
    size_t time_count, type_count;
    const uint8_t *times, *time_types, *types; /* into bytes */
    bool has_rule;
    struct zone_rule rule;
    uint8_t bytes[];
};

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

/* --- Reading ------------------------------------------------------------------------ */

struct counts {
    size_t isut, isstd, leap, time, type, letters;
};

/* A header at an offset; false: it is none, or counts more than a file can have. */
static bool read_header(const struct buf *bytes, size_t offset, struct counts *ret_counts)
{
    if (bytes->length < offset || bytes->length - offset < HEADER_BYTES)
        return false;
    const uint8_t *at = (const uint8_t *)bytes->data + offset;
    if (memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    size_t *const counts[] = {&ret_counts->isut, &ret_counts->isstd, &ret_counts->leap,
                              &ret_counts->time, &ret_counts->type,  &ret_counts->letters};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        *counts[i] = read_u32(at + 20 + 4 * i);
        if (*counts[i] > ZONE_FILE_BYTES)
            return false;
    }
    return true;
}

static size_t block_bytes(const struct counts *counts, size_t time_bytes)
{
    return counts->time * (time_bytes + 1) + counts->type * TYPE_BYTES + counts->letters +
           counts->leap * (time_bytes + 4) + counts->isstd + counts->isut;
}

/* What the offsets and indexes in the block say can be. */
static bool check_block(const struct zone *zone)
{
    for (size_t i = 0; i < zone->time_count; i++)
        if (zone->time_types[i] >= zone->type_count ||
            (i > 0 && read_i64(zone->times + i * TIME_BYTES) <= read_i64(zone->times + (i - 1) * TIME_BYTES)))
            return false;
    for (size_t i = 0; i < zone->type_count; i++) {
        int32_t offset_s = (int32_t)read_u32(zone->types + i * TYPE_BYTES);
        if (offset_s < -OFFSET_MOST_S || offset_s > OFFSET_MOST_S)
            return false;
    }
    return true;
}

static bool read_footer(struct zone *zone, const uint8_t *footer, size_t length)
{
    const uint8_t *end = length > 1 && footer[0] == '\n' ? memchr(footer + 1, '\n', length - 1) : NULL;
    if (!end)
        return false;
    const char *text = (const char *)footer + 1;
    size_t text_length = (size_t)(end - footer) - 1;
    zone->has_rule = text_length > 0;
    return !zone->has_rule || zone_rule_parse(text, text_length, &zone->rule);
}

static bool read_zone(struct zone *zone, size_t length, size_t offset, const struct counts *counts)
{
    size_t block = block_bytes(counts, TIME_BYTES);
    if (counts->type == 0 || counts->leap != 0 || length - offset < block)
        return false;
    zone->time_count = counts->time;
    zone->type_count = counts->type;
    zone->times = zone->bytes + offset;
    zone->time_types = zone->times + counts->time * TIME_BYTES;
    zone->types = zone->time_types + counts->time;
    return check_block(zone) && read_footer(zone, zone->bytes + offset + block, length - offset - block);
}

enum err_code zone_parse(const char *name, const void *bytes, size_t length, struct zone **ret_zone,
                         struct err *err)
{
    struct buf view;
    struct counts first = {0};
    struct counts second = {0};
    OWN(zone_free) struct zone *zone = calloc(1, sizeof *zone + length);
    if (!zone)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(zone->bytes, bytes, length);
    view = (struct buf){.data = (char *)zone->bytes, .length = length};
    bool good = read_header(&view, 0, &first);
    size_t offset = HEADER_BYTES + block_bytes(&first, TIME_BYTES_V1);
    if (!good || !read_header(&view, offset, &second) ||
        !read_zone(zone, length, offset + HEADER_BYTES, &second))
        return err_set(err, ERR_FORMAT, "the file of the time zone %s is not one that can be read here", name);
    *ret_zone = GIVE(zone);
    return ERR_OK;
}

/* "Area/Place": letters, digits, "_", "+", "-"; no part is empty or begins with a dot. */
static bool is_zone_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t length = strlen(name);
    return length > 0 && length <= ZONE_NAME_BYTES && strspn(name, letters) == length && name[0] != '/' &&
           name[length - 1] != '/' && !strstr(name, "//");
}

enum err_code zone_open(const char *folder, const char *name, struct zone **ret_zone, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    OWN_BUF struct buf bytes = {0};
    if (!is_zone_name(name))
        return err_set(err, ERR_INVALID, "\"%.64s\" is not the name of a time zone, such as Europe/Berlin or UTC", name);
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return err_set(err, ERR_INVALID, "the path of the time zones is too long");
    enum err_code code = file_read(path, ZONE_FILE_BYTES, &bytes, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_INVALID, "there is no time zone \"%s\" in %s (of the package tzdata); "
                       "names are written as Europe/Berlin or UTC", name, folder);
    TRY(code);
    return zone_parse(name, bytes.data, bytes.length, ret_zone, err);
}

struct zone *zone_free(struct zone *zone)
{
    free(zone);
    return NULL;
}

/* --- Asking --------------------------------------------------------------------------- */

static int32_t type_offset_s(const struct zone *zone, size_t type)
{
    return (int32_t)read_u32(zone->types + type * TYPE_BYTES);
}

int32_t zone_offset_s(const struct zone *zone, int64_t unix_s)
{
    size_t low = 0;
    size_t high = zone->time_count; /* the first change after the moment */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (read_i64(zone->times + middle * TIME_BYTES) <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->time_count && zone->has_rule)
        return zone_rule_offset_s(&zone->rule, unix_s);
    return type_offset_s(zone, low == 0 ? 0 : zone->time_types[low - 1]);
}

/* The first moment after before_s, up to after_s, from which the later offset holds. */
static int64_t find_change(const struct zone *zone, int64_t before_s, int64_t after_s)
{
    int32_t offset_s = zone_offset_s(zone, before_s);
    while (after_s - before_s > 1) {
        int64_t middle = before_s + (after_s - before_s) / 2;
        if (zone_offset_s(zone, middle) == offset_s)
            before_s = middle;
        else
            after_s = middle;
    }
    return after_s;
}

int64_t zone_to_unix(const struct zone *zone, int64_t local_s, enum zone_edge edge)
{
    /* The offsets of the day before and after: no zone changes its clock twice within them. */
    int64_t earlier = local_s - zone_offset_s(zone, local_s - DAY_S);
    int64_t later = local_s - zone_offset_s(zone, local_s + DAY_S);
    bool earlier_holds = earlier + zone_offset_s(zone, earlier) == local_s;
    bool later_holds = later + zone_offset_s(zone, later) == local_s;
    if (earlier_holds && later_holds)
        return edge == ZONE_FIRST ? (earlier < later ? earlier : later) : (earlier > later ? earlier : later);
    if (earlier_holds || later_holds)
        return earlier_holds ? earlier : later;
    /* Set forward over it. */
    return find_change(zone, later < earlier ? later : earlier, later < earlier ? earlier : later);
}
