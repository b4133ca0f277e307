#include "keys.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(SEAL_KEY_BYTES == crypto_kdf_KEYBYTES, "the root key is a key of crypto_kdf");

struct seal_keys {
    struct secret *subkeys; /* SEAL_KEY_BYTES each, SEAL_SUBKEY_RECORDS first */
};

struct secret *seal_root_new(const struct random *random)
{
    struct secret *root = secret_new(SEAL_KEY_BYTES);
    if (!root)
        return NULL;
    random_bytes(random, secret_fill(root), SEAL_KEY_BYTES);
    secret_set_length(root, SEAL_KEY_BYTES);
    return root;
}

static void seal_keys_derive(struct secret *subkeys, const struct secret *root)
{
    static const char context[crypto_kdf_CONTEXTBYTES + 1] = "keyturn1";
    unsigned char *at = secret_fill(subkeys);
    for (uint64_t number = SEAL_SUBKEY_RECORDS; number < SEAL_SUBKEY_END; number++) {
        /* Fails only for lengths that it does not take. */
        (void)crypto_kdf_derive_from_key(at, SEAL_KEY_BYTES, number, context, secret_peek(root));
        at += SEAL_KEY_BYTES;
    }
    secret_set_length(subkeys, secret_capacity(subkeys));
}

struct seal_keys *seal_keys_new(const struct secret *root)
{
    if (secret_length(root) != SEAL_KEY_BYTES)
        return NULL;
    OWN(seal_keys_free) struct seal_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    keys->subkeys = secret_new((SEAL_SUBKEY_END - SEAL_SUBKEY_RECORDS) * SEAL_KEY_BYTES);
    if (!keys->subkeys)
        return NULL;
    seal_keys_derive(keys->subkeys, root);
    return GIVE(keys);
}

struct seal_keys *seal_keys_free(struct seal_keys *keys)
{
    if (!keys)
        return NULL;
    secret_free(keys->subkeys);
    free(keys);
    return NULL;
}

const unsigned char *seal_subkey(const struct seal_keys *keys, enum seal_subkey subkey)
{
    return secret_peek(keys->subkeys) + (size_t)(subkey - SEAL_SUBKEY_RECORDS) * SEAL_KEY_BYTES;
}

uint8_t *seal_write_integer(uint8_t *at, uint64_t value, size_t bytes)
{
    value = htole64(value);
    return mempcpy(at, &value, bytes);
}
