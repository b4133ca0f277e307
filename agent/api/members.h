/* The members of a record as JSON, by a table: a list of a hundred thousand keys writes three million of them.
 *
 * They are written straight into room that is there already, so nothing is asked or checked for each. */
#ifndef KEYTURN_API_MEMBERS_H
#define KEYTURN_API_MEMBERS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What the field of the record is, and when null stands for it. */
enum member_kind {
    MEMBER_BY,      /* what write says */
    MEMBER_STRING,  /* char[] */
    MEMBER_TEXT,    /* char[], null when empty */
    MEMBER_TIME,    /* int64_t wall milliseconds, null for 0 */
    MEMBER_SECONDS, /* int64_t milliseconds, as seconds with at most three decimals */
    MEMBER_PERIOD,  /* the same, null for 0 */
    MEMBER_TRUTH,   /* bool */
    MEMBER_I64,
    MEMBER_I32,
    MEMBER_STATUS, /* int32_t, null for 0 */
    MEMBER_U32
};

enum {
    MEMBER_LEAD_BYTES = 24, /* of the longest: ,"waits_for_person": */
    MEMBER_MOST_BYTES = 96  /* each takes at most, beside JSON_STRING_FACTOR times what its strings have */
};

/* lead is copied whole, which is quicker than its length, and what follows is written over the rest. */
struct member {
    char lead[MEMBER_LEAD_BYTES]; /* ,"NAME": */
    uint8_t lead_length;
    uint8_t kind; /* enum member_kind */
    uint16_t offset;
    char *(*write)(char *at, const void *record); /* the value; returns its end */
};

#define MEMBER_LEAD(name) .lead = ",\"" name "\":", .lead_length = sizeof(",\"" name "\":") - 1
#define MEMBER(name, struct_type, field, member_kind)                                                          \
    {MEMBER_LEAD(name), .kind = (member_kind), .offset = offsetof(struct_type, field)}
#define MEMBER_WRITTEN_BY(name, function) {MEMBER_LEAD(name), .kind = MEMBER_BY, .write = (function)}

#define MEMBERS_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Values; each returns its end. A word is one of ours, that needs no escape; NULL is null. */
static inline char *member_write_null(char *at)
{
    return (char *)mempcpy(at, "null", 4);
}

static inline char *member_write_truth(char *at, bool value)
{
    return (char *)(value ? mempcpy(at, "true", 4) : mempcpy(at, "false", 5));
}

char *member_write_word(char *at, const char *word);
char *member_write_seconds(char *at, int64_t ms);

__attribute__((always_inline)) static inline char *member_write_value(char *at, const struct member *member,
                                                                      const void *record)
{
    const void *field = (const char *)record + member->offset;
    switch ((enum member_kind)member->kind) {
    case MEMBER_BY:
        return member->write(at, record);
    case MEMBER_STRING:
        return json_write_string(at, field, strlen(field));
    case MEMBER_TEXT:
        return *(const char *)field ? json_write_string(at, field, strlen(field)) : member_write_null(at);
    case MEMBER_TIME:
        return json_write_time(at, *(const int64_t *)field);
    case MEMBER_SECONDS:
        return member_write_seconds(at, *(const int64_t *)field);
    case MEMBER_PERIOD:
        return *(const int64_t *)field ? member_write_seconds(at, *(const int64_t *)field) : member_write_null(at);
    case MEMBER_TRUTH:
        return member_write_truth(at, *(const bool *)field);
    case MEMBER_I64:
        return json_write_integer(at, *(const int64_t *)field);
    case MEMBER_I32:
        return json_write_integer(at, *(const int32_t *)field);
    case MEMBER_STATUS:
        return *(const int32_t *)field ? json_write_integer(at, *(const int32_t *)field) : member_write_null(at);
    case MEMBER_U32:
        return json_write_integer(at, *(const uint32_t *)field);
    }
    return member_write_null(at);
}

/* {"name":value,…} of a whole table. Where the table is a constant that the compiler sees, it makes a
 * straight line of it, without a choice for each member: those are what costs most. Each member begins
 * with its comma; the first one's is then written over by the bracket. */
__attribute__((always_inline)) static inline char *members_write(char *at, const struct member *table, size_t count,
                                                                 const void *record)
{
    char *start = at;
#pragma GCC unroll 64
    for (size_t i = 0; i < count; i++) {
        memcpy(at, table[i].lead, MEMBER_LEAD_BYTES);
        at = member_write_value(at + table[i].lead_length, &table[i], record);
    }
    *start = '{';
    *at++ = '}';
    return at;
}

/* Some of a table, in the order of the places in chosen, at least one; as an object or a row [value,…]. */
char *members_write_chosen(char *at, const struct member *table, const uint8_t *chosen, size_t count, bool row,
                           const void *record);

/* The place of a name in a table of count, or count. */
size_t member_find(const struct member *table, size_t count, const char *name, size_t length);

#endif
