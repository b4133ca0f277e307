#include "base/sealed_box.h"

#include <sodium.h>
#include <string.h>

bool sealed_box_key(const char *base64, unsigned char ret_key[SEALED_BOX_KEY_BYTES])
{
    unsigned char key[SEALED_BOX_KEY_BYTES];
    unsigned char probe[SEALED_BOX_MORE_BYTES];
    size_t length = 0;
    int decoded = sodium_base642bin(key, sizeof key, base64, strlen(base64), NULL, &length, NULL,
                                    sodium_base64_VARIANT_ORIGINAL);
    if (decoded != 0 || length != sizeof key || crypto_box_seal(probe, NULL, 0, key) != 0)
        return false;
    memcpy(ret_key, key, sizeof key);
    return true;
}

bool sealed_box_seal(const unsigned char key[SEALED_BOX_KEY_BYTES], const unsigned char *message,
                     size_t length, unsigned char *ret_box)
{
    _Static_assert(SEALED_BOX_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "a key is an X25519 key");
    _Static_assert(SEALED_BOX_MORE_BYTES == crypto_box_SEALBYTES, "a box is so much longer");
    return crypto_box_seal(ret_box, message, length, key) == 0;
}
