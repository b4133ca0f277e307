/* The seal: how bytes become records that only the vault's root key opens.
 *
 * Sealed form (format version 1):
 *     1 byte   format version, 1
 *     24 bytes random nonce
 *     n bytes  XChaCha20-Poly1305 ciphertext of the padded plain text
 *     16 bytes Poly1305 tag  (the record digest binds these last 16 bytes)
 * crypto_aead_xchacha20poly1305_ietf of libsodium, with associated data
 *     "keyturn\0" | format version | table (1) | part (1) | id (16) | parent (16)
 *     | revision (8, little endian) | due_at_ms (8) | index length (1) | index
 * so that no clear column of a row can be edited, and no sealed column moved to
 * another row, table or revision (S8). The plain text is padded as sodium_pad does
 * (0x80, then zeros) to a multiple of the part's step, so sizes come in coarse
 * steps (S7).
 *
 * Subkeys come from the 32-byte root key by crypto_kdf (BLAKE2b), context
 * "keyturn1", one number each. */
#ifndef KEYTURN_SEAL_SEAL_H
#define KEYTURN_SEAL_SEAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/random.h"
#include "base/secret.h"

#include <stdint.h>

enum {
    SEAL_KEY_BYTES = 32,
    SEAL_NONCE_BYTES = 24,
    SEAL_TAG_BYTES = 16,
    SEAL_OVERHEAD_BYTES = 1 + SEAL_NONCE_BYTES + SEAL_TAG_BYTES,
    SEAL_ID_BYTES = 16,
    SEAL_INDEX_BYTES = 32,
    SEAL_META_STEP = 128,  /* metadata is padded to multiples of this */
    SEAL_SECRET_STEP = 256 /* secrets are padded to multiples of this */
};

/* The subkeys, by crypto_kdf number. */
enum seal_subkey {
    SEAL_SUBKEY_RECORDS = 1,
    SEAL_SUBKEY_SECRETS,
    SEAL_SUBKEY_INDEX,
    SEAL_SUBKEY_AUDIT,
    SEAL_SUBKEY_BACKUP,
    SEAL_SUBKEY_DIGEST,
    SEAL_SUBKEY_END
};

/* The subkeys of one root key, in guarded memory. Read-only after making, so
 * threads may share it. */
struct seal_keys;

/* A fresh root key. */
struct secret *seal_root_new(const struct random *random) ERR_MUST_CHECK;
/* Derive the subkeys; root is borrowed. NULL when memory is short, or root has
 * not SEAL_KEY_BYTES. */
struct seal_keys *seal_keys_new(const struct secret *root) ERR_MUST_CHECK;
struct seal_keys *seal_keys_free(struct seal_keys *keys);
OWN_DEFINE(struct seal_keys, seal_keys_free);

enum seal_part { SEAL_PART_META = 1, SEAL_PART_SECRET = 2 };

/* What a sealed column is bound to. */
struct seal_place {
    uint8_t table;
    enum seal_part part;
    const uint8_t *id;     /* SEAL_ID_BYTES */
    const uint8_t *parent; /* SEAL_ID_BYTES, or NULL: written as zeros */
    const uint8_t *index;  /* the row's blind index, or NULL */
    uint8_t index_length;  /* 0 to 64 */
    uint64_t revision;
    int64_t due_at_ms;
};

/* Seal plain (not secret in itself: metadata) and append the sealed form to out.
 * Sealing and opening give ERR_MEMORY, and ERR_INTERNAL where the place is of
 * the other part or its index too long; out is then as it was. */
enum err_code seal_bytes(const struct seal_keys *keys, const struct random *random,
                         const struct seal_place *place, const void *plain, size_t length,
                         struct buf *out, struct err *err) ERR_MUST_CHECK;
/* Seal a secret straight from its locked memory. */
enum err_code seal_secret(const struct seal_keys *keys, const struct random *random,
                          const struct seal_place *place, const struct secret *secret,
                          struct buf *out, struct err *err) ERR_MUST_CHECK;
/* The same, with the padded copy in arena, which saves the cost of mapping pages. */
enum err_code seal_secret_in(const struct seal_keys *keys, const struct random *random,
                             const struct seal_place *place, const struct secret *secret,
                             struct secret_arena *arena, struct buf *out, struct err *err)
    ERR_MUST_CHECK;

/* Open metadata, appended to out.
 * ERR_FORMAT: newer or malformed; ERR_TAMPERED: does not open at this place. */
enum err_code seal_open_bytes(const struct seal_keys *keys, const struct seal_place *place,
                              const void *sealed, size_t length, struct buf *out, struct err *err)
    ERR_MUST_CHECK;
/* Open a secret straight into locked memory; a new secret in arena (or NULL). */
enum err_code seal_open_secret(const struct seal_keys *keys, const struct seal_place *place,
                               const void *sealed, size_t length, struct secret_arena *arena,
                               struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;

/* The blind index of a list of byte strings: keyed BLAKE2b-256 over each part's
 * length and bytes, domain first. */
void seal_index(const struct seal_keys *keys, const char *domain, const void *a, size_t a_length,
                const void *b, size_t b_length, uint8_t out[SEAL_INDEX_BYTES]);

/* The fingerprint of a secret that clients may compute without the vault:
 * unkeyed BLAKE2b-256 of its bytes. The store holds only its blind index. */
enum { SEAL_FINGERPRINT_BYTES = 32 };
void seal_fingerprint(const struct secret *secret, uint8_t out[SEAL_FINGERPRINT_BYTES]);

/* Keyed BLAKE2b-256 chain for the audit log: out = H(audit key, previous | bytes). */
void seal_chain(const struct seal_keys *keys, const uint8_t previous[32], const void *bytes,
                size_t length, uint8_t out[32]);

#endif
