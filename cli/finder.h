/* Where any of many literal strings occurs in a text: the search of Wu and Manber
 * ("A fast algorithm for multi-pattern searching", TR-94-17, University of
 * Arizona, 1994) with blocks of two bytes. A text is mostly skipped, the faster
 * the longer the shortest string is. */
#ifndef KEYTURN_CLI_FINDER_H
#define KEYTURN_CLI_FINDER_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

enum { FINDER_LEAST_BYTES = 3, FINDER_MOST_BYTES = 200 };

struct finder;

/* words are copied; each has FINDER_LEAST_BYTES to FINDER_MOST_BYTES bytes. ERR_INVALID, ERR_MEMORY. */
enum err_code finder_new(const char *const *words, size_t count, struct finder **ret_finder, struct err *err)
    ERR_MUST_CHECK;
struct finder *finder_free(struct finder *finder);
OWN_DEFINE(struct finder, finder_free);

struct finder_hit {
    size_t at, length;
};
/* The first one that begins at or behind from; false: there is none. Any thread. */
bool finder_next(const struct finder *finder, const unsigned char *text, size_t length, size_t from,
                 struct finder_hit *ret_hit);

#endif
