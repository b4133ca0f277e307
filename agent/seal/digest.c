/* digest.h names the paper. Its MSet-Add-Hash adds a random term so that the sum
 * can be published; ours is kept in a sealed head row, where nobody reads it, so
 * the sum of the keyed hashes is enough.
 *
 * An element is the keyed BLAKE2b-256 of
 *     table (1) | id (16) | revision (8, little endian) | metadata's tag (16)
 *     | secret's tag (16, only where the row has one)
 * and the two lengths keep rows with and without a secret apart. */
#include "seal/digest.h"

#include "keys.h"

#include <sodium.h>
#include <string.h>

enum {
    DIGEST_SUM_BYTES = 32,
    DIGEST_ELEMENT_BYTES = 1 + SEAL_ID_BYTES + 8 + 2 * SEAL_TAG_BYTES
};

static void digest_element(const struct seal_keys *keys, const struct seal_row *row,
                           uint8_t out[DIGEST_SUM_BYTES])
{
    uint8_t bytes[DIGEST_ELEMENT_BYTES];
    uint8_t *at = bytes;
    *at++ = row->table;
    at = mempcpy(at, row->id, SEAL_ID_BYTES);
    at = seal_write_integer(at, row->revision, 8);
    at = mempcpy(at, row->meta_tag, SEAL_TAG_BYTES);
    if (row->secret_tag)
        at = mempcpy(at, row->secret_tag, SEAL_TAG_BYTES);
    (void)crypto_generichash(out, DIGEST_SUM_BYTES, bytes, (size_t)(at - bytes),
                             seal_subkey(keys, SEAL_SUBKEY_DIGEST), SEAL_KEY_BYTES);
}

/* Both are little endian and modulo 2^256. */
void seal_digest_add(const struct seal_keys *keys, struct seal_digest *digest, const struct seal_row *row)
{
    uint8_t element[DIGEST_SUM_BYTES];
    digest_element(keys, row, element);
    sodium_add(digest->sum, element, sizeof element);
    digest->rows++;
}

void seal_digest_remove(const struct seal_keys *keys, struct seal_digest *digest,
                        const struct seal_row *row)
{
    uint8_t element[DIGEST_SUM_BYTES];
    digest_element(keys, row, element);
    sodium_sub(digest->sum, element, sizeof element);
    digest->rows--;
}

bool seal_digest_equal(const struct seal_digest *a, const struct seal_digest *b)
{
    return a->rows == b->rows && sodium_memcmp(a->sum, b->sum, sizeof a->sum) == 0;
}
