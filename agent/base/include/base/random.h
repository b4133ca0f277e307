/* Randomness, passed in at construction so that tests can repeat a run. */
#ifndef KEYTURN_BASE_RANDOM_H
#define KEYTURN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    void (*bytes)(void *context, void *out, size_t length);
    void *context;
};

/* The kernel's, through libsodium. */
extern const struct random random_system;

static inline void random_bytes(const struct random *random, void *out, size_t length)
{
    random->bytes(random->context, out, length);
}

/* Uniform in [0, bound); 0 for bound 0 and 1. */
uint32_t random_below(const struct random *random, uint32_t bound);

#endif
