#include "fingerprint.h"

#include <sodium.h>

const char *fingerprint(const unsigned char *bytes, size_t length, char out[FINGERPRINT_BYTES])
{
    unsigned char hash[32];
    (void)crypto_generichash(hash, sizeof hash, bytes, length, NULL, 0);
    return sodium_bin2hex(out, FINGERPRINT_BYTES, hash, sizeof hash);
}
