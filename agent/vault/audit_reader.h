/* Lines of the audit log, one after the other, from any offset. */
#ifndef KEYTURN_VAULT_AUDIT_READER_H
#define KEYTURN_VAULT_AUDIT_READER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum { AUDIT_LINE_MAX_BYTES = 64 * 1024 };

struct audit_reader {
    int fd;            /* borrowed */
    uint64_t offset;   /* of the next line */
    uint64_t limit;    /* no byte from here on is looked at */
    struct buf window; /* bytes of the file from window_offset on */
    uint64_t window_offset;
};

void audit_reader_start(struct audit_reader *reader, int fd, uint64_t offset, uint64_t limit);
void audit_reader_release(struct audit_reader *reader);
#define OWN_AUDIT_READER __attribute__((cleanup(audit_reader_release)))

/* The next line without its line feed, borrowed until the next call; ret_text is
 * NULL where no whole line is left before the limit. ERR_TAMPERED: longer than any line of ours. */
enum err_code audit_reader_next(struct audit_reader *reader, const char **ret_text, size_t *ret_length,
                                struct err *err) ERR_MUST_CHECK;
/* Set the reader on the first line that begins at or after offset. */
enum err_code audit_reader_align(struct audit_reader *reader, uint64_t offset, struct err *err)
    ERR_MUST_CHECK;
/* Set the reader on the first line whose sequence is greater than after, by bisection. */
enum err_code audit_reader_seek(struct audit_reader *reader, uint64_t after, struct err *err)
    ERR_MUST_CHECK;

#endif
