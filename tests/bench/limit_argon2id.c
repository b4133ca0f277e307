/* limit_argon2id: the milliseconds of the Argon2id of a new slot, alone. */
#include "load.h"

#include "seal/slot.h"

#include <sodium.h>
#include <stdio.h>

int main(void)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES] = {1};
    unsigned char key[SEAL_KEY_BYTES];
    if (sodium_init() < 0)
        return 1;
    double start = load_now();
    if (crypto_pwhash(key, sizeof key, "seven quiet otters", 18, salt, seal_slot_cost_default.passes,
                      seal_slot_cost_default.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
        load_fail("Argon2id");
    printf("%.3f\n", (load_now() - start) * 1000);
    return 0;
}
