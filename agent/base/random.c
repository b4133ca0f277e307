#include "base/random.h"

#include <sodium.h>

static void random_system_bytes(void *context, void *out, size_t length)
{
    (void)context;
    randombytes_buf(out, length);
}

const struct random random_system = {.bytes = random_system_bytes};

uint32_t random_below(const struct random *random, uint32_t bound)
{
    if (bound < 2)
        return 0;
    /* Values under 2^32 mod bound are drawn again, so that none comes more often. */
    uint32_t least = (0u - bound) % bound;
    uint32_t value;
    do {
        random_bytes(random, &value, sizeof value);
    } while (value < least);
    return value % bound;
}
