/* Slots: each wraps the root key under one way to unlock the vault.
 *
 * A wrapped root key is sealed with XChaCha20-Poly1305 under a key-encryption
 * key, with the slot's number, kind, format version, parameters and time of
 * creation as associated data. The key-encryption key is
 *   passphrase          Argon2id (crypto_pwhash) with the slot's salt, passes and memory
 *   key file            BLAKE2b-256 of "keyturn key file 1" and the file's bytes
 *   systemd credential  the same, from $CREDENTIALS_DIRECTORY/<name>
 * A wrong passphrase and a damaged slot give the same error after the same
 * work. Parameters are never weakened: short memory is ERR_MEMORY. */
#ifndef KEYTURN_SEAL_SLOT_H
#define KEYTURN_SEAL_SLOT_H

#include "seal/seal.h"

enum seal_slot_kind { SEAL_SLOT_PASSPHRASE = 1, SEAL_SLOT_KEY_FILE = 2, SEAL_SLOT_CREDENTIAL = 3 };

enum { SEAL_SLOT_SALT_BYTES = 16, SEAL_SLOT_WRAPPED_BYTES = SEAL_NONCE_BYTES + SEAL_KEY_BYTES + SEAL_TAG_BYTES };

/* Plain data, stored in clear. */
struct seal_slot {
    uint32_t number; /* from 1, never used twice */
    enum seal_slot_kind kind;
    uint64_t passes;       /* Argon2id; 0 for the other kinds */
    uint64_t memory_bytes; /* Argon2id; 0 for the other kinds */
    uint8_t salt[SEAL_SLOT_SALT_BYTES]; /* zeros for the other kinds */
    uint8_t wrapped[SEAL_SLOT_WRAPPED_BYTES];
    int64_t created_at_ms;
};

/* Argon2id's cost for new slots; RFC 9106's second recommended option is 64 MiB
 * and 3 passes. Below 19 MiB or 2 passes (OWASP's minimum) a slot is neither
 * made nor opened. */
struct seal_slot_cost {
    uint64_t passes;
    uint64_t memory_bytes;
};
extern const struct seal_slot_cost seal_slot_cost_default; /* 3 passes, 64 MiB */
extern const struct seal_slot_cost seal_slot_cost_minimum; /* 2 passes, 19 MiB */

/* Make a slot: wraps root under key_material (the passphrase, or the file's bytes;
 * key files and credentials want at least 32 bytes: ERR_INVALID). Blocks for the
 * time of Argon2id. cost may be NULL (default) and is refused below the minimum
 * (ERR_INVALID). ERR_MEMORY where the memory is not to be had. */
enum err_code seal_slot_make(const struct random *random, uint32_t number, enum seal_slot_kind kind,
                             const struct seal_slot_cost *cost, const struct secret *key_material,
                             const struct secret *root, int64_t now_ms, struct seal_slot *ret_slot,
                             struct err *err) ERR_MUST_CHECK;

/* Open a slot: the root key. ERR_WRONG_KEY (wrong or damaged), ERR_MEMORY,
 * ERR_FORMAT (unknown kind, or a cost outside of the bounds). Blocks as making does. */
enum err_code seal_slot_open(const struct seal_slot *slot, const struct secret *key_material,
                             struct secret **ret_root, struct err *err) ERR_MUST_CHECK;

/* "passphrase", "key-file", "systemd-credential". */
const char *seal_slot_kind_name(enum seal_slot_kind kind);

#endif
