#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_BYTES = 256 };

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

bool buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

/* Room for more bytes and the NUL. Doubling keeps appending linear. */
static bool buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more < buf->capacity - buf->length)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
    while (capacity - buf->length <= more) {
        if (capacity > SIZE_MAX / 2) {
            buf->failed = true;
            return false;
        }
        capacity *= 2;
    }
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *buf_extend(struct buf *buf, size_t length)
{
    if (!buf_reserve(buf, length))
        return NULL;
    char *start = buf->data + buf->length;
    buf->length += length;
    buf->data[buf->length] = '\0';
    return start;
}

void buf_truncate(struct buf *buf, size_t length)
{
    if (length >= buf->length)
        return;
    buf->length = length;
    buf->data[length] = '\0';
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
    if (length == 0)
        return;
    char *start = buf_room(buf, length);
    if (start)
        buf_took(buf, mempcpy(start, bytes, length));
}

void buf_text_add(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char text[256];
    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length < 0) {
        buf->failed = true;
    } else if ((size_t)length < sizeof text) {
        buf_add(buf, text, (size_t)length);
    } else {
        char *start = buf_extend(buf, (size_t)length);
        if (start)
            (void)vsnprintf(start, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
}
