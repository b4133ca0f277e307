/* Slots: slot.h has the way from what unlocks to the root key.
 *
 * The wrapped root key:
 *     24 bytes random nonce
 *     32 bytes XChaCha20-Poly1305 ciphertext of the root key
 *     16 bytes Poly1305 tag
 * with associated data
 *     "keyturn slot\0" | format version (1) | number (4) | kind (1) | passes (8)
 *     | memory (8) | salt (16) | created_at_ms (8)
 * whose integers are little endian. */
#include "seal/slot.h"

#include "keys.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_SLOT_SALT_BYTES == crypto_pwhash_SALTBYTES, "salt");

enum {
    SLOT_VERSION = 1,
    SLOT_FILE_MIN_BYTES = 32,
    SLOT_BOUND_BYTES = sizeof "keyturn slot" + 1 + 4 + 1 + 8 + 8 + SEAL_SLOT_SALT_BYTES + 8
};

const struct seal_slot_cost seal_slot_cost_default = {.passes = 3, .memory_bytes = 64u << 20};
const struct seal_slot_cost seal_slot_cost_minimum = {.passes = 2, .memory_bytes = 19u << 20};

/* What Argon2 can do at all (RFC 9106): 2^32 - 1 passes, 2^32 - 1 KiB. */
static const struct seal_slot_cost slot_cost_most = {.passes = 0xFFFFFFFF,
                                                     .memory_bytes = 0xFFFFFFFFull << 10};

static const struct slot_kind {
    const char *name;
    size_t min_bytes; /* of the key material */
    bool stretched;   /* by Argon2id */
} slot_kinds[] = {
    [SEAL_SLOT_PASSPHRASE] = {"passphrase", 1, true},
    [SEAL_SLOT_KEY_FILE] = {"key-file", SLOT_FILE_MIN_BYTES, false},
    [SEAL_SLOT_CREDENTIAL] = {"systemd-credential", SLOT_FILE_MIN_BYTES, false},
};

/* The kind's row, or NULL: a slot comes from a file that anybody may have edited. */
static const struct slot_kind *slot_kind_of(enum seal_slot_kind kind)
{
    size_t row = (size_t)kind;
    if (row >= sizeof slot_kinds / sizeof slot_kinds[0] || !slot_kinds[row].name)
        return NULL;
    return &slot_kinds[row];
}

const char *seal_slot_kind_name(enum seal_slot_kind kind)
{
    const struct slot_kind *row = slot_kind_of(kind);
    return row ? row->name : "unknown";
}

static void slot_bind(const struct seal_slot *slot, uint8_t bound[SLOT_BOUND_BYTES])
{
    uint8_t *at = mempcpy(bound, "keyturn slot", sizeof "keyturn slot");
    *at++ = SLOT_VERSION;
    at = seal_write_integer(at, slot->number, 4);
    *at++ = (uint8_t)slot->kind;
    at = seal_write_integer(at, slot->passes, 8);
    at = seal_write_integer(at, slot->memory_bytes, 8);
    at = mempcpy(at, slot->salt, SEAL_SLOT_SALT_BYTES);
    seal_write_integer(at, (uint64_t)slot->created_at_ms, 8);
}

/* Less memory than asked for is never taken instead: the slot would be weak for
 * ever, and another slot would not open. */
static enum err_code slot_stretch(const struct seal_slot *slot, const struct secret *passphrase,
                                  unsigned char *key, struct err *err)
{
    /* crypto_pwhash takes the passphrase as char *; it copies nothing of it, and
     * wipes what it hashed. */
    const char *bytes = (const char *)secret_peek(passphrase);
    if (crypto_pwhash(key, SEAL_KEY_BYTES, bytes, secret_length(passphrase), slot->salt, slot->passes,
                      slot->memory_bytes, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return ERR_OK;
    return err_set(err, ERR_MEMORY,
                   "slot %u needs %llu MiB of memory for a moment, and the system does not give it",
                   slot->number, (unsigned long long)(slot->memory_bytes >> 20));
}

static void slot_hash_file(const struct secret *file, unsigned char *key)
{
    static const char domain[] = "keyturn key file 1";
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, SEAL_KEY_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)domain, sizeof domain - 1);
    (void)crypto_generichash_update(&state, secret_peek(file), secret_length(file));
    (void)crypto_generichash_final(&state, key, SEAL_KEY_BYTES);
    sodium_memzero(&state, sizeof state);
}

/* The key-encryption key, in guarded memory. */
static enum err_code slot_derive(const struct seal_slot *slot, const struct slot_kind *kind,
                                 const struct secret *key_material, struct secret **ret_key,
                                 struct err *err)
{
    OWN(secret_free) struct secret *key = secret_new(SEAL_KEY_BYTES);
    if (!key)
        return err_set(err, ERR_MEMORY, "no locked memory for the key of slot %u", slot->number);
    if (kind->stretched)
        TRY(slot_stretch(slot, key_material, secret_fill(key), err));
    else
        slot_hash_file(key_material, secret_fill(key));
    secret_set_length(key, SEAL_KEY_BYTES);
    *ret_key = GIVE(key);
    return ERR_OK;
}

static bool slot_cost_fits(uint64_t passes, uint64_t memory_bytes)
{
    return passes >= seal_slot_cost_minimum.passes && passes <= slot_cost_most.passes &&
           memory_bytes >= seal_slot_cost_minimum.memory_bytes &&
           memory_bytes <= slot_cost_most.memory_bytes;
}

static enum err_code slot_check_new(enum seal_slot_kind kind, const struct seal_slot_cost *cost,
                                    const struct secret *key_material, const struct secret *root,
                                    struct err *err)
{
    const struct slot_kind *row = slot_kind_of(kind);
    if (!row)
        return err_set(err, ERR_INVALID, "there is no kind of slot with number %d", (int)kind);
    if (secret_length(key_material) < row->min_bytes)
        return err_set(err, ERR_INVALID, "the %s of a slot has %zu bytes; at least %zu are needed",
                       row->name, secret_length(key_material), row->min_bytes);
    if (row->stretched && !slot_cost_fits(cost->passes, cost->memory_bytes))
        return err_set(err, ERR_INVALID,
                       "Argon2id with %llu passes and %llu KiB is refused: at least 2 passes and "
                       "19456 KiB are needed",
                       (unsigned long long)cost->passes,
                       (unsigned long long)(cost->memory_bytes >> 10));
    if (secret_length(root) != SEAL_KEY_BYTES)
        return err_set(err, ERR_INTERNAL, "a root key has %zu bytes, not %d", secret_length(root),
                       SEAL_KEY_BYTES);
    return ERR_OK;
}

static void slot_wrap(const struct random *random, const struct secret *key, const struct secret *root,
                      struct seal_slot *slot)
{
    uint8_t bound[SLOT_BOUND_BYTES];
    slot_bind(slot, bound);
    random_bytes(random, slot->wrapped, SEAL_NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(slot->wrapped + SEAL_NONCE_BYTES, NULL,
                                                     secret_peek(root), SEAL_KEY_BYTES, bound,
                                                     sizeof bound, NULL, slot->wrapped,
                                                     secret_peek(key));
}

enum err_code seal_slot_make(const struct random *random, uint32_t number, enum seal_slot_kind kind,
                             const struct seal_slot_cost *cost, const struct secret *key_material,
                             const struct secret *root, int64_t now_ms, struct seal_slot *ret_slot,
                             struct err *err)
{
    if (!cost)
        cost = &seal_slot_cost_default;
    TRY(slot_check_new(kind, cost, key_material, root, err));
    const struct slot_kind *row = slot_kind_of(kind);
    struct seal_slot slot = {.number = number, .kind = kind, .created_at_ms = now_ms};
    if (row->stretched) {
        slot.passes = cost->passes;
        slot.memory_bytes = cost->memory_bytes;
        random_bytes(random, slot.salt, sizeof slot.salt);
    }
    OWN(secret_free) struct secret *key = NULL;
    TRY(slot_derive(&slot, row, key_material, &key, err));
    slot_wrap(random, key, root, &slot);
    *ret_slot = slot;
    return ERR_OK;
}

enum err_code seal_slot_open(const struct seal_slot *slot, const struct secret *key_material,
                             struct secret **ret_root, struct err *err)
{
    const struct slot_kind *row = slot_kind_of(slot->kind);
    if (!row)
        return err_set(err, ERR_FORMAT, "slot %u is of a kind that this program does not know",
                       slot->number);
    if (row->stretched && !slot_cost_fits(slot->passes, slot->memory_bytes))
        return err_set(err, ERR_FORMAT, "slot %u asks for a cost outside of what is allowed",
                       slot->number);
    OWN(secret_free) struct secret *key = NULL;
    TRY(slot_derive(slot, row, key_material, &key, err));
    OWN(secret_free) struct secret *root = secret_new(SEAL_KEY_BYTES);
    if (!root)
        return err_set(err, ERR_MEMORY, "no locked memory for the root key");
    uint8_t bound[SLOT_BOUND_BYTES];
    slot_bind(slot, bound);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            secret_fill(root), NULL, NULL, slot->wrapped + SEAL_NONCE_BYTES,
            SEAL_KEY_BYTES + SEAL_TAG_BYTES, bound, sizeof bound, slot->wrapped, secret_peek(key)) != 0)
        return err_set(err, ERR_WRONG_KEY, "slot %u does not open: the %s is wrong, or the slot is damaged",
                       slot->number, row->name);
    secret_set_length(root, SEAL_KEY_BYTES);
    *ret_root = GIVE(root);
    return ERR_OK;
}
