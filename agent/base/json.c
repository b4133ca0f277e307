/* The JSON writer keeps no state but the text itself: a comma is due where the
 * last byte ends a value. Every value ends in one of  } ] " a digit or a letter,
 * and nothing else that is written before a value does. */
#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

#include <string.h>

static bool json_ends_value(char last)
{
    return last == '}' || last == ']' || last == '"' || (last >= '0' && last <= '9') ||
           (last >= 'a' && last <= 'z');
}

/* The comma and the name that come before a value. */
static void json_lead(struct buf *buf, const char *name)
{
    bool comma = buf->length > 0 && json_ends_value(buf->data[buf->length - 1]);
    size_t length = name ? strlen(name) : 0;
    char *at = comma || name ? buf_extend(buf, comma + (name ? length + 3 : 0)) : NULL;
    if (!at)
        return;
    if (comma)
        *at++ = ',';
    if (name) {
        *at++ = '"';
        at = mempcpy(at, name, length);
        *at++ = '"';
        *at = ':';
    }
}

void json_put_object_open(struct buf *buf, const char *name)
{
    json_lead(buf, name);
    buf_add(buf, "{", 1);
}

void json_put_object_close(struct buf *buf)
{
    buf_add(buf, "}", 1);
}

void json_put_array_open(struct buf *buf, const char *name)
{
    json_lead(buf, name);
    buf_add(buf, "[", 1);
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

static void json_escape(struct buf *buf, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    if (json_letters[byte]) {
        const char escape[2] = {'\\', json_letters[byte]};
        buf_add(buf, escape, sizeof escape);
        return;
    }
    const char escape[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    buf_add(buf, escape, sizeof escape);
}

/* How many bytes from start need no escape: most strings are one such run. */
static size_t json_plain_run(const unsigned char *start, size_t length)
{
    size_t run = 0;
    while (run < length && start[run] >= 0x20 && start[run] < 0x7F && start[run] != '"' &&
           start[run] != '\\')
        run++;
    return run;
}

/* One character that is not plain; returns how many bytes of value it took. */
static size_t json_character(struct buf *buf, const unsigned char *value, size_t length)
{
    if (value[0] < 0x7F) {
        json_escape(buf, value[0]);
        return 1;
    }
    uint32_t point = 0;
    size_t step = utf8_step(value, length, &point);
    if (step == 0) {
        buf_add(buf, "\xEF\xBF\xBD", 3);
        return 1;
    }
    buf_add(buf, value, step);
    return step;
}

void json_put_string_n(struct buf *buf, const char *name, const char *value, size_t length)
{
    if (!value) {
        json_put_null(buf, name);
        return;
    }
    json_lead(buf, name);
    buf_add(buf, "\"", 1);
    const unsigned char *bytes = (const unsigned char *)value;
    for (size_t at = 0; at < length;) {
        size_t run = json_plain_run(bytes + at, length - at);
        buf_add(buf, bytes + at, run);
        at += run;
        if (at < length)
            at += json_character(buf, bytes + at, length - at);
    }
    buf_add(buf, "\"", 1);
}

void json_put_string(struct buf *buf, const char *name, const char *value)
{
    json_put_string_n(buf, name, value, value ? strlen(value) : 0);
}

/* A listing holds hundreds of thousands of numbers. */
void json_put_integer(struct buf *buf, const char *name, int64_t value)
{
    char digits[TEXT_DIGITS_BYTES];
    const char *first = text_digits(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, digits);
    json_lead(buf, name);
    if (value < 0)
        buf_add(buf, "-", 1);
    buf_add(buf, first, (size_t)(digits + sizeof digits - first));
}

void json_put_boolean(struct buf *buf, const char *name, bool value)
{
    json_lead(buf, name);
    buf_text_add(buf, value ? "true" : "false");
}

void json_put_null(struct buf *buf, const char *name)
{
    json_lead(buf, name);
    buf_add(buf, "null", 4);
}

void json_put_time(struct buf *buf, const char *name, int64_t wall_ms)
{
    char text[TEXT_TIME_BYTES];
    json_put_string(buf, name, wall_ms ? text_format_time(wall_ms, text) : NULL);
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
    json_lead(buf, name);
    buf_add(buf, json, length);
}
