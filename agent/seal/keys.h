/* The borrow of a subkey, for the files of this room. */
#ifndef KEYTURN_SEAL_KEYS_H
#define KEYTURN_SEAL_KEYS_H

#include "seal/seal.h"

/* SEAL_KEY_BYTES, valid as long as keys. */
const unsigned char *seal_subkey(const struct seal_keys *keys, enum seal_subkey subkey);

/* The low bytes of value, little endian. Returns the place after them. */
uint8_t *seal_write_integer(uint8_t *at, uint64_t value, size_t bytes);

#endif
