/* A fixed root key and fixed "randomness", so that what is sealed can be known. */
#ifndef KEYTURN_TEST_SEAL_FIXTURE_H
#define KEYTURN_TEST_SEAL_FIXTURE_H

#include "seal/seal.h"

#include <stdlib.h>
#include <string.h>

/* Counts up from 0 with each byte asked for. */
static inline void counting_bytes(void *context, void *out, size_t length)
{
    uint8_t *next = context;
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

static inline struct secret *secret_of(const void *bytes, size_t length)
{
    struct secret *secret = secret_new(length ? length : 1);
    if (!secret || secret_set(secret, bytes, length) != ERR_OK)
        abort();
    return secret;
}

/* The root key 00 01 02 … 1f, with first in place of its first byte. */
static inline struct secret *root_of(uint8_t first)
{
    uint8_t bytes[SEAL_KEY_BYTES];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    bytes[0] = first;
    return secret_of(bytes, sizeof bytes);
}

static inline struct seal_keys *keys_of(uint8_t first)
{
    OWN(secret_free) struct secret *root = root_of(first);
    struct seal_keys *keys = seal_keys_new(root);
    if (!keys)
        abort();
    return keys;
}

static inline const char *hex_of(const void *bytes, size_t length, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[byte[i] >> 4];
        out[2 * i + 1] = digits[byte[i] & 15];
    }
    out[2 * length] = '\0';
    return out;
}

#endif
