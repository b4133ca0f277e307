/* A connected Unix socket with a buffer for what comes in and a limit on how
 * long it may be silent. */
#ifndef KEYTURN_CLI_STREAM_H
#define KEYTURN_CLI_STREAM_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

enum { STREAM_IN_BYTES = 64 * 1024, STREAM_SECRET_IN_BYTES = 4096 };

struct stream {
    int fd; /* -1: not connected */
    char *in;
    size_t capacity;
    size_t start, end;     /* what is in and not taken */
    struct secret *locked; /* holds in, where answers may be secret */
};

/* Nothing connected and nothing owned. */
#define STREAM_NONE ((struct stream){.fd = -1})

/* Connect. ERR_NOT_FOUND: nobody listens there (no socket, or one left behind);
 * ERR_DENIED: we may not; else ERR_IO. */
enum err_code stream_open(struct stream *stream, const char *path, struct err *err) ERR_MUST_CHECK;
void stream_close(struct stream *stream); /* the buffer stays */
void stream_release(struct stream *stream);

/* From here on what comes in is held in locked memory. Before the first byte. */
enum err_code stream_lock(struct stream *stream, struct err *err) ERR_MUST_CHECK;

/* Is it still connected, with nothing unasked for in it? */
bool stream_is_fresh(const struct stream *stream);

/* Send all parts. ERR_BUSY after timeout_ms without progress, ERR_IO when the
 * other side is gone. parts is used up. */
enum err_code stream_send(struct stream *stream, struct iovec *parts, size_t count, int timeout_ms,
                          struct err *err) ERR_MUST_CHECK;

/* Read more behind what is in; *ret_end is true when the other side has ended.
 * ERR_LIMIT when the buffer is full, ERR_BUSY after timeout_ms of silence. */
enum err_code stream_fill(struct stream *stream, int timeout_ms, bool *ret_end, struct err *err)
    ERR_MUST_CHECK;

#endif
