/* The JSON writer keeps no state but the text itself: a comma is due where the
 * last byte ends a value. Every value ends in one of  } ] " a digit or a letter,
 * and nothing else that is written before a value does. */
#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

#include <string.h>

_Static_assert(JSON_TIME_BYTES >= TEXT_TIME_BYTES + 2, "a time and its quotes");

static bool json_ends_value(char last)
{
    return last == '}' || last == ']' || last == '"' || (last >= '0' && last <= '9') ||
           (last >= 'a' && last <= 'z');
}

static bool json_comma_is_due(const struct buf *buf)
{
    return buf->length > 0 && json_ends_value(buf->data[buf->length - 1]);
}

void json_put_comma(struct buf *buf)
{
    if (json_comma_is_due(buf))
        buf_add(buf, ",", 1);
}

/* The comma and the name that come before a value, and room for its length bytes; NULL when it failed. */
static char *json_lead(struct buf *buf, const char *name, size_t length)
{
    bool comma = json_comma_is_due(buf);
    size_t named = name ? strlen(name) : 0;
    size_t whole = comma + (name ? named + 3 : 0) + length;
    char *at = buf_room(buf, whole);
    if (!at)
        return NULL;
    buf_took(buf, at + whole);
    if (comma)
        *at++ = ',';
    if (name) {
        *at++ = '"';
        at = mempcpy(at, name, named);
        *at++ = '"';
        *at++ = ':';
    }
    return at;
}

static void json_put(struct buf *buf, const char *name, const char *value, size_t length)
{
    char *at = json_lead(buf, name, length);
    if (at)
        memcpy(at, value, length);
}

void json_put_object_open(struct buf *buf, const char *name)
{
    json_put(buf, name, "{", 1);
}

void json_put_object_close(struct buf *buf)
{
    buf_add(buf, "}", 1);
}

void json_put_array_open(struct buf *buf, const char *name)
{
    json_put(buf, name, "[", 1);
}

void json_put_array_close(struct buf *buf)
{
    buf_add(buf, "]", 1);
}

/* Escapes that have a letter of their own; the other control characters are
 * written as \u00XX. */
static const char json_letters[256] = {
    ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
};

static char *json_escape(char *at, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    *at++ = '\\';
    if (json_letters[byte]) {
        *at++ = json_letters[byte];
        return at;
    }
    at = mempcpy(at, "u00", 3);
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
    return at;
}

static bool json_is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Eight bytes at once: may one of them need an escape? Never false when one does. */
static bool json_may_escape(const unsigned char *bytes)
{
    static const uint64_t ones = 0x0101010101010101;
    static const uint64_t highs = 0x8080808080808080;
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof word);
    uint64_t quote = word ^ '"' * ones;
    uint64_t backslash = word ^ '\\' * ones;
    uint64_t small = (word - 0x20 * ones) | (quote - ones) | (backslash - ones);
    return ((word | (small & ~word)) & highs) != 0;
}

/* How many bytes from start need no escape: most strings are one such run. The last eight bytes are
 * looked at together, too, though some of them were before. */
static size_t json_plain_run(const unsigned char *start, size_t length)
{
    enum { WORD = sizeof(uint64_t) };
    size_t run = 0;
    while (length - run >= WORD && !json_may_escape(start + run))
        run += WORD;
    if (length - run < WORD && length >= WORD && !json_may_escape(start + length - WORD))
        return length;
    while (run < length && json_is_plain(start[run]))
        run++;
    return run;
}

/* One character that is not plain; *ret_took is how many bytes of value it is. */
static char *json_character(char *at, const unsigned char *value, size_t length, size_t *ret_took)
{
    uint32_t point = 0;
    *ret_took = 1;
    if (value[0] < 0x80)
        return json_escape(at, value[0]);
    size_t step = utf8_step(value, length, &point);
    if (step == 0)
        return mempcpy(at, "\xEF\xBF\xBD", 3);
    *ret_took = step;
    return mempcpy(at, value, step);
}

char *json_write_string(char *at, const char *value, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)value;
    *at++ = '"';
    for (size_t done = 0;;) {
        size_t took = json_plain_run(bytes + done, length - done);
        at = mempcpy(at, bytes + done, took);
        done += took;
        if (done == length)
            break;
        at = json_character(at, bytes + done, length - done, &took);
        done += took;
    }
    *at++ = '"';
    return at;
}

void json_put_string_n(struct buf *buf, const char *name, const char *value, size_t length)
{
    if (!value) {
        json_put_null(buf, name);
        return;
    }
    (void)json_lead(buf, name, 0);
    char *at = buf_room(buf, JSON_STRING_FACTOR * length + JSON_QUOTES);
    if (at)
        buf_took(buf, json_write_string(at, value, length));
}

void json_put_string(struct buf *buf, const char *name, const char *value)
{
    json_put_string_n(buf, name, value, value ? strlen(value) : 0);
}

/* A listing holds hundreds of thousands of numbers. */
char *json_write_integer(char *at, int64_t value)
{
    char digits[TEXT_DIGITS_BYTES];
    if (value >= 0 && value <= 9) { /* most */
        *at = (char)('0' + value);
        return at + 1;
    }
    const char *first = text_digits(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, digits);
    if (value < 0)
        *at++ = '-';
    return mempcpy(at, first, (size_t)(digits + sizeof digits - first));
}

void json_put_integer(struct buf *buf, const char *name, int64_t value)
{
    char digits[JSON_INTEGER_BYTES];
    const char *end = json_write_integer(digits, value);
    json_put(buf, name, digits, (size_t)(end - digits));
}

void json_put_boolean(struct buf *buf, const char *name, bool value)
{
    json_put(buf, name, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(struct buf *buf, const char *name)
{
    json_put(buf, name, "null", 4);
}

char *json_write_time(char *at, int64_t wall_ms)
{
    if (wall_ms == 0)
        return mempcpy(at, "null", 4);
    enum { LENGTH = sizeof "2026-11-23T14:02:07.123Z" - 1 }; /* of any time */
    *at++ = '"';
    (void)text_format_time(wall_ms, at);
    at[LENGTH] = '"';
    return at + LENGTH + 1;
}

void json_put_time(struct buf *buf, const char *name, int64_t wall_ms)
{
    char text[JSON_TIME_BYTES];
    const char *end = json_write_time(text, wall_ms);
    json_put(buf, name, text, (size_t)(end - text));
}

/* White space at the end would hide that a value ended there. */
void json_put_raw(struct buf *buf, const char *name, const char *json, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", json[length - 1]))
        length--;
    if (length == 0) {
        json_put_null(buf, name);
        return;
    }
    json_put(buf, name, json, length);
}
