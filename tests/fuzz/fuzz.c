#include "fuzz.h"

#include <sodium.h>

void fuzz_start(void)
{
    static bool started;
    if (!started && sodium_init() < 0)
        abort();
    started = true;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

struct secret *fuzz_secret(const uint8_t *data, size_t size)
{
    struct secret *secret = size > 0 ? secret_new(size) : NULL;
    if (secret)
        FUZZ_CHECK(secret_set(secret, data, size) == ERR_OK);
    return secret;
}

char *fuzz_part(struct fuzz_parts *parts, char separator)
{
    const uint8_t *end = parts->left > 0 ? memchr(parts->at, separator, parts->left) : NULL;
    size_t length = end ? (size_t)(end - parts->at) : parts->left;
    char *text = fuzz_string(parts->at, length);
    size_t taken = end ? length + 1 : length;
    parts->at += taken;
    parts->left -= taken;
    return text;
}

static void count_bytes(void *context, void *out, size_t length)
{
    (void)context;
    static uint8_t counter;
    uint8_t *bytes = out;
    for (size_t i = 0; i < length; i++)
        bytes[i] = counter++;
}

const struct random fuzz_random = {.bytes = count_bytes};
