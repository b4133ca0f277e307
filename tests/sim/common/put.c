#include "common/put.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* A comma is due where the last byte ends a value. */
static void lead(struct buf *out, const char *name)
{
    char last = out->length ? out->data[out->length - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        buf_add(out, ",", 1);
    if (!name)
        return;
    buf_add(out, "\"", 1);
    buf_text_add(out, name);
    buf_add(out, "\":", 2);
}

void put_object_open(struct buf *out, const char *name)
{
    lead(out, name);
    buf_add(out, "{", 1);
}

void put_object_close(struct buf *out)
{
    buf_add(out, "}", 1);
}

void put_array_open(struct buf *out, const char *name)
{
    lead(out, name);
    buf_add(out, "[", 1);
}

void put_array_close(struct buf *out)
{
    buf_add(out, "]", 1);
}

static bool plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

static size_t plain_run(const char *text)
{
    size_t run = 0;
    while (plain(text[run]))
        run++;
    return run;
}

/* Text that is not UTF-8, or holds control characters, loses each odd byte to a '?'. */
static void escape(struct buf *out, const char *value, bool utf8)
{
    while (*value) {
        size_t run = plain_run(value);
        buf_add(out, value, run);
        value += run;
        if (*value == '"' || *value == '\\')
            buf_add(out, "\\", 1);
        if (*value && (utf8 || *value == '"' || *value == '\\'))
            buf_add(out, value, 1);
        else if (*value)
            buf_add(out, "?", 1);
        value += *value ? 1 : 0;
    }
}

void put_text(struct buf *out, const char *name, const char *value)
{
    if (!value) {
        put_null(out, name);
        return;
    }
    lead(out, name);
    buf_add(out, "\"", 1);
    size_t run = plain_run(value);
    buf_add(out, value, run);
    if (value[run])
        escape(out, value + run, text_check_utf8(value, SIZE_MAX, "text", NULL) == ERR_OK);
    buf_add(out, "\"", 1);
}

void put_number(struct buf *out, const char *name, int64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)value);
    lead(out, name);
    buf_add(out, digits, (size_t)length);
}

void put_boolean(struct buf *out, const char *name, bool value)
{
    lead(out, name);
    buf_text_add(out, value ? "true" : "false");
}

void put_null(struct buf *out, const char *name)
{
    lead(out, name);
    buf_add(out, "null", 4);
}

void put_time(struct buf *out, const char *name, int64_t wall_ms)
{
    char text[TEXT_TIME_BYTES];
    put_text(out, name, wall_ms ? text_format_time(wall_ms, text) : NULL);
}
