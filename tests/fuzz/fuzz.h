/* What every fuzz target shares. A target takes bytes from anywhere and must
 * neither crash nor break a property of its room, which FUZZ_CHECK states. */
#ifndef KEYTURN_FUZZ_H
#define KEYTURN_FUZZ_H

#include "base/random.h"
#include "base/secret.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The entry that libFuzzer and replay.c call. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Once, before the first secret. Core dumps stay allowed: nothing here is secret. */
void fuzz_start(void);

/* The bytes as a C string of their own, so that reading past them is seen; freed by the caller. */
char *fuzz_string(const uint8_t *data, size_t size);

/* The bytes as a secret, or NULL when they are none (empty, or over its limit). */
struct secret *fuzz_secret(const uint8_t *data, size_t size);

/* The input as a row of parts, separated by a byte that the caller chooses. */
struct fuzz_parts {
    const uint8_t *at;
    size_t left;
};
/* The next part as a C string, freed by the caller; "" past the end. */
char *fuzz_part(struct fuzz_parts *parts, char separator);

/* Randomness that repeats: a counter. */
extern const struct random fuzz_random;

#endif
