/* The keyed and unkeyed hashes: blind index, fingerprint, audit chain. All are
 * BLAKE2b-256; a subkey of its own keeps each apart from the others. */
#include "base/fingerprint.h"
#include "keys.h"

#include <sodium.h>
#include <string.h>

enum { HASH_BYTES = 32 };

static void hash_part(crypto_generichash_state *state, const void *bytes, size_t length)
{
    uint8_t size[8];
    seal_write_integer(size, length, sizeof size);
    (void)crypto_generichash_update(state, size, sizeof size);
    (void)crypto_generichash_update(state, bytes, length);
}

void seal_index(const struct seal_keys *keys, const char *domain, const void *a, size_t a_length,
                const void *b, size_t b_length, uint8_t out[SEAL_INDEX_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, seal_subkey(keys, SEAL_SUBKEY_INDEX), SEAL_KEY_BYTES,
                                  SEAL_INDEX_BYTES);
    hash_part(&state, domain, strlen(domain));
    hash_part(&state, a, a_length);
    hash_part(&state, b, b_length);
    (void)crypto_generichash_final(&state, out, SEAL_INDEX_BYTES);
    sodium_memzero(&state, sizeof state); /* it began with the key */
}

void seal_fingerprint(const struct secret *secret, uint8_t out[SEAL_FINGERPRINT_BYTES])
{
    fingerprint(secret_peek(secret), secret_length(secret), out);
}

void seal_chain(const struct seal_keys *keys, const uint8_t previous[32], const void *bytes,
                size_t length, uint8_t out[32])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, seal_subkey(keys, SEAL_SUBKEY_AUDIT), SEAL_KEY_BYTES,
                                  HASH_BYTES);
    (void)crypto_generichash_update(&state, previous, HASH_BYTES);
    (void)crypto_generichash_update(&state, bytes, length);
    (void)crypto_generichash_final(&state, out, HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}
