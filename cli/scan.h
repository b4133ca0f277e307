/* Reading a long list in rows as it streams in, without a tree: ten thousand keys are
 * to be shown within milliseconds.
 *
 * The document is {"keys":[ and then each row on a line of its own, [value,…] with a
 * comma behind it but for the last, and at its end ],"next":null} */
#ifndef KEYTURN_CLI_SCAN_H
#define KEYTURN_CLI_SCAN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A row with its brackets. */
typedef enum err_code scan_row(void *context, const char *text, size_t length, struct err *err);

struct scan_lines {
    scan_row *row;
    void *context;
    struct buf part; /* of a line that the next piece goes on with; owned */
    bool begun;      /* the first line was there */
};

/* Feed the next piece. ERR_FORMAT when it is no list in rows; or what row returned. */
enum err_code scan_feed(struct scan_lines *lines, const char *bytes, size_t length, struct err *err) ERR_MUST_CHECK;
/* Nothing more comes. ERR_FORMAT when the document is not whole. */
enum err_code scan_end(const struct scan_lines *lines, struct err *err) ERR_MUST_CHECK;

/* The values of a row, one after another: strings, numbers, true, false and null. What is of another kind
 * than asked for is passed over and reads as none; what is no value, or one with others inside of it, fails
 * the row, after which nothing more is read. */
struct scan_values {
    const char *at, *end;
    char before; /* what stands before the next one */
    bool failed;
};

struct scan_values scan_values(const char *text, size_t length);
bool scan_true(struct scan_values *values);
int64_t scan_number(struct scan_values *values); /* 0 when it is none */
/* RFC 3339 as wall milliseconds, 0 when it is none. */
int64_t scan_time(struct scan_values *values);
/* The string into out, which has room for as many bytes as the row has, as a C string, "" when it is none.
 * Control characters, and escaped ones but \" \\ and \/, become '?'. Returns the place behind its NUL. */
char *scan_text(struct scan_values *values, char *out);
/* ERR_FORMAT when the row failed, or has more values. */
enum err_code scan_values_end(const struct scan_values *values, struct err *err) ERR_MUST_CHECK;

#endif
