/* A growable buffer of bytes that are not secret, kept NUL-terminated.
 *
 * Failure to grow is sticky: appends after it do nothing and buf_ok is false,
 * so a writer checks once at the end. On top of it, a JSON writer that needs no
 * tree: it writes commas and escapes, and invalid UTF-8 becomes U+FFFD. */
#ifndef KEYTURN_BASE_BUF_H
#define KEYTURN_BASE_BUF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* owned; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed;
};

void buf_clear(struct buf *buf);   /* length 0, a failure forgotten, memory kept */
void buf_release(struct buf *buf); /* memory freed */
#define OWN_BUF __attribute__((cleanup(buf_release)))

bool buf_ok(const struct buf *buf);
/* The content as a C string, "" while empty. */
const char *buf_text(const struct buf *buf);
/* length bytes more, to be written by the caller; valid until the next append.
 * NULL when it failed. */
char *buf_extend(struct buf *buf, size_t length);
/* Room for so many bytes behind what is there, NULL when it failed; what was written of it counts once
 * buf_took says where it ends. Inline, for lists write millions of small pieces. */
static inline char *buf_room(struct buf *buf, size_t most)
{
    if (!buf->failed && most < buf->capacity - buf->length)
        return buf->data + buf->length;
    char *start = buf_extend(buf, most);
    if (start)
        buf->length -= most;
    return start;
}
static inline void buf_took(struct buf *buf, const char *end)
{
    buf->length = (size_t)(end - buf->data);
    buf->data[buf->length] = '\0';
}
/* Cut back to length bytes; nothing happens when it is shorter. */
void buf_truncate(struct buf *buf, size_t length);
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_text_add(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* JSON. Names are literals of ours and are not escaped. A name of NULL writes
 * an element of an array. Values of NULL are written as null. A comma is written
 * where the text so far ends in a value, so several documents in one buf need a
 * line feed between them. */
void json_put_comma(struct buf *buf); /* where one is due, for who writes the value itself */
void json_put_object_open(struct buf *buf, const char *name);
void json_put_object_close(struct buf *buf);
void json_put_array_open(struct buf *buf, const char *name);
void json_put_array_close(struct buf *buf);
void json_put_string(struct buf *buf, const char *name, const char *value);
void json_put_string_n(struct buf *buf, const char *name, const char *value, size_t length);
void json_put_integer(struct buf *buf, const char *name, int64_t value);
void json_put_boolean(struct buf *buf, const char *name, bool value);
void json_put_null(struct buf *buf, const char *name);
/* RFC 3339 UTC with milliseconds; null for 0. */
void json_put_time(struct buf *buf, const char *name, int64_t wall_ms);
/* A string with its quotes, an integer, or a time with its quotes into room that is there; returns its end. */
enum { JSON_STRING_FACTOR = 6, JSON_QUOTES = 2, JSON_INTEGER_BYTES = 20, JSON_TIME_BYTES = 34 };
char *json_write_string(char *at, const char *value, size_t length); /* most: length times the factor, and quotes */
char *json_write_integer(char *at, int64_t value);
char *json_write_time(char *at, int64_t wall_ms);
/* Text that is JSON already; null when empty. */
void json_put_raw(struct buf *buf, const char *name, const char *json, size_t length);

#endif
