/* Looking through many texts at once for what could be a key. Each place that
 * holds one of the fixed strings of the patterns is looked at closely; everything else is skipped. */
#ifndef KEYTURN_CLI_SWEEP_H
#define KEYTURN_CLI_SWEEP_H

#include "base/fingerprint.h"
#include "base/limits.h"
#include "base/text.h"
#include "finder.h"
#include "tree.h"

#include <regex.h>
#include <stdint.h>

/* A provider's shape of a key. */
struct sweep_pattern {
    regex_t regex;
    char provider[LIMIT_NAME_BYTES + 1];
    char environment[LIMIT_NAME_BYTES + 1];
    bool compiled;
};

enum { SWEEP_WORDS = 8, SWEEP_NO_PATTERN = -1 };

/* One place in one text. It holds no secret: hashes of the words there, and a mask. */
struct sweep_spot {
    size_t source; /* in the tree */
    size_t line;   /* from 1 */
    char words[SWEEP_WORDS][FINGERPRINT_HEX_BYTES];
    size_t word_count;
    int pattern; /* that a word matches, or SWEEP_NO_PATTERN */
    char mask[TEXT_MASK_BYTES];
};

/* Files of more bytes, and such as git calls binary (a NUL among the first 8000), are passed over. */
enum { SWEEP_FILE_BYTES = 64 * 1024 * 1024, SWEEP_BINARY_BYTES = 8000 };

struct sweep {
    const struct tree *tree;
    const char *folder; /* of the objects' repository */
    const struct finder *finder;
    const struct sweep_pattern *patterns;
    size_t pattern_count;
    size_t threads; /* 0: one for each core */
};
struct sweep_result {
    struct sweep_spot *spots; /* owned; by source and line */
    size_t count, capacity;
    size_t scanned, binary, large, unread;
    uint64_t bytes;
};
/* Blocks. What cannot be read is named on standard error and counted. */
enum err_code sweep_run(const struct sweep *sweep, struct sweep_result *ret_result, struct err *err) ERR_MUST_CHECK;
void sweep_release(struct sweep_result *result);

#endif
