#include "base/fingerprint.h"

#include <sodium.h>

void fingerprint(const void *bytes, size_t length, uint8_t out[FINGERPRINT_BYTES])
{
    (void)crypto_generichash(out, FINGERPRINT_BYTES, bytes, length, NULL, 0);
}

const char *fingerprint_hex(const void *bytes, size_t length, char out[FINGERPRINT_HEX_BYTES])
{
    uint8_t hash[FINGERPRINT_BYTES];
    fingerprint(bytes, length, hash);
    return sodium_bin2hex(out, FINGERPRINT_HEX_BYTES, hash, sizeof hash);
}
