/* pread only, so that any thread may read while others append. */
#include "audit_reader.h"

#include "audit_line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READER_CHUNK_BYTES = 64 * 1024, READER_BISECT_BYTES = 64 * 1024 };

void audit_reader_start(struct audit_reader *reader, int fd, uint64_t offset, uint64_t limit)
{
    *reader = (struct audit_reader){.fd = fd, .offset = offset, .limit = limit, .window_offset = offset};
}

void audit_reader_release(struct audit_reader *reader)
{
    buf_release(&reader->window);
}

static uint64_t reader_window_end(const struct audit_reader *reader)
{
    return reader->window_offset + reader->window.length;
}

/* Read on behind the window, keeping what is from the next line on. */
static enum err_code reader_more(struct audit_reader *reader, bool *ret_more, struct err *err)
{
    struct buf *window = &reader->window;
    size_t passed = (size_t)(reader->offset - reader->window_offset);
    if (passed > 0) {
        memmove(window->data, window->data + passed, window->length - passed);
        buf_truncate(window, window->length - passed);
        reader->window_offset = reader->offset;
    }
    uint64_t end = reader_window_end(reader);
    size_t wanted = READER_CHUNK_BYTES;
    if (end >= reader->limit)
        wanted = 0;
    else if (reader->limit - end < wanted)
        wanted = (size_t)(reader->limit - end);
    size_t length = window->length;
    char *room = buf_extend(window, READER_CHUNK_BYTES);
    if (!room)
        return err_set(err, ERR_MEMORY, "out of memory while reading the audit log");
    ssize_t got = pread(reader->fd, room, wanted, (off_t)end);
    int sys = errno;
    buf_truncate(window, length + (got > 0 ? (size_t)got : 0));
    if (got < 0)
        return err_set_errno(err, sys, "cannot read the audit log");
    *ret_more = got > 0;
    return ERR_OK;
}

/* Offsets before the window are read anew. */
static void reader_move(struct audit_reader *reader, uint64_t offset)
{
    if (offset < reader->window_offset || offset > reader_window_end(reader)) {
        buf_clear(&reader->window);
        reader->window_offset = offset;
    }
    reader->offset = offset;
}

enum err_code audit_reader_next(struct audit_reader *reader, const char **ret_text, size_t *ret_length,
                                struct err *err)
{
    for (;;) {
        size_t start = (size_t)(reader->offset - reader->window_offset);
        size_t length = reader->window.length - start;
        const char *text = length > 0 ? reader->window.data + start : NULL;
        const char *end = text ? memchr(text, '\n', length) : NULL;
        if (end) {
            *ret_text = text;
            *ret_length = (size_t)(end - text);
            reader->offset += *ret_length + 1;
            return ERR_OK;
        }
        if (length > AUDIT_LINE_MAX_BYTES)
            return err_set(err, ERR_TAMPERED, "the audit log has a line of more than %d bytes",
                           AUDIT_LINE_MAX_BYTES);
        bool more = false;
        TRY(reader_more(reader, &more, err));
        if (!more) {
            *ret_text = NULL;
            return ERR_OK;
        }
    }
}

/* A line begins after a line feed, so look from the byte before. */
enum err_code audit_reader_align(struct audit_reader *reader, uint64_t offset, struct err *err)
{
    const char *text = NULL;
    size_t length = 0;
    reader_move(reader, offset > 0 ? offset - 1 : 0);
    if (offset == 0)
        return ERR_OK;
    TRY(audit_reader_next(reader, &text, &length, err));
    if (!text)
        reader->offset = reader->limit;
    return ERR_OK;
}

/* Is the first line that begins at or after offset at most number after? No line: false. */
static enum err_code reader_is_before(struct audit_reader *reader, uint64_t offset, uint64_t after,
                                      bool *ret_before, struct err *err)
{
    const char *text = NULL;
    size_t length = 0;
    struct audit_line line;
    TRY(audit_reader_align(reader, offset, err));
    TRY(audit_reader_next(reader, &text, &length, err));
    *ret_before = text && audit_line_parse(text, length, &line) && line.sequence <= after;
    return ERR_OK;
}

enum err_code audit_reader_seek(struct audit_reader *reader, uint64_t after, struct err *err)
{
    uint64_t low = 0; /* the line there is at most number after, or low is 0 */
    uint64_t high = reader->limit;
    while (high - low > READER_BISECT_BYTES) {
        uint64_t middle = low + (high - low) / 2;
        bool before = false;
        TRY(reader_is_before(reader, middle, after, &before, err));
        if (before)
            low = middle;
        else
            high = middle;
    }
    TRY(audit_reader_align(reader, low, err));
    for (;;) {
        uint64_t offset = reader->offset;
        const char *text = NULL;
        size_t length = 0;
        struct audit_line line;
        TRY(audit_reader_next(reader, &text, &length, err));
        if (!text || !audit_line_parse(text, length, &line) || line.sequence > after) {
            reader_move(reader, offset);
            return ERR_OK;
        }
    }
}
