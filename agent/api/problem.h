/* Errors as RFC 9457 problem documents. */
#ifndef KEYTURN_API_PROBLEM_H
#define KEYTURN_API_PROBLEM_H

#include "base/buf.h"
#include "base/err.h"

struct problem {
    unsigned status;
    const char *title;
    unsigned retry_after_s; /* 0: no such header */
};

/* Never NULL; of ERR_OK and of what is no code: that of ERR_INTERNAL. */
const struct problem *problem_of(enum err_code code);

/* The document, appended. status: that of the answer, which HTTP itself may have decided. */
void problem_write(struct buf *out, unsigned status, const struct err *err);

#endif
