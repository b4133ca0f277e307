#include "members.h"

#include <stdio.h>

enum { SECONDS_BYTES = 32 };

char *member_write_word(char *at, const char *word)
{
    if (!word)
        return member_write_null(at);
    *at++ = '"';
    at = stpcpy(at, word);
    *at++ = '"';
    return at;
}

/* Most are whole. */
char *member_write_seconds(char *at, int64_t ms)
{
    if (ms % 1000 == 0)
        return json_write_integer(at, ms / 1000);
    int length = snprintf(at, SECONDS_BYTES, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
    while (at[length - 1] == '0')
        length--;
    return at + length;
}

char *members_write_chosen(char *at, const struct member *table, const uint8_t *chosen, size_t count, bool row,
                           const void *record)
{
    char *start = at;
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &table[chosen[i]];
        if (row) {
            *at++ = ',';
        } else {
            memcpy(at, member->lead, MEMBER_LEAD_BYTES);
            at += member->lead_length;
        }
        at = member_write_value(at, member, record);
    }
    *start = row ? '[' : '{';
    *at++ = row ? ']' : '}';
    return at;
}

size_t member_find(const struct member *table, size_t count, const char *name, size_t length)
{
    enum { BEFORE = sizeof(",\"") - 1, AROUND = sizeof(",\"\":") - 1 };
    for (size_t i = 0; i < count; i++)
        if (table[i].lead_length == length + AROUND && memcmp(table[i].lead + BEFORE, name, length) == 0)
            return i;
    return count;
}
