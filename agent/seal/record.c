/* Sealed records: seal.h has the format.
 *
 * Where plain text lies: metadata is padded and sealed in place in the caller's
 * buf, which it came from. A secret is padded in guarded memory, from where the
 * cipher writes straight into the buf, and opened straight into guarded memory;
 * the buf sees cipher text alone, so what realloc leaves behind is harmless. */
#include "keys.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

enum {
    RECORD_VERSION = 1,
    RECORD_HEAD_BYTES = 1 + SEAL_NONCE_BYTES,
    RECORD_INDEX_MAX_BYTES = 64,
    RECORD_BOUND_MAX_BYTES = 8 + 3 + 2 * SEAL_ID_BYTES + 8 + 8 + 1 + RECORD_INDEX_MAX_BYTES
};

/* What depends on the part. */
static const struct record_part {
    enum seal_subkey subkey;
    size_t step;
    const char *name;
} record_parts[] = {
    [SEAL_PART_META] = {SEAL_SUBKEY_RECORDS, SEAL_META_STEP, "metadata"},
    [SEAL_PART_SECRET] = {SEAL_SUBKEY_SECRETS, SEAL_SECRET_STEP, "secret"},
};

/* The associated data. */
struct record_bound {
    uint8_t bytes[RECORD_BOUND_MAX_BYTES];
    size_t length;
};

static void record_bind(const struct seal_place *place, struct record_bound *bound)
{
    static const uint8_t no_parent[SEAL_ID_BYTES] = {0};
    uint8_t *at = mempcpy(bound->bytes, "keyturn", sizeof "keyturn");
    *at++ = RECORD_VERSION;
    *at++ = place->table;
    *at++ = (uint8_t)place->part;
    at = mempcpy(at, place->id, SEAL_ID_BYTES);
    at = mempcpy(at, place->parent ? place->parent : no_parent, SEAL_ID_BYTES);
    at = seal_write_integer(at, place->revision, 8);
    at = seal_write_integer(at, (uint64_t)place->due_at_ms, 8);
    *at++ = place->index_length;
    if (place->index_length > 0)
        at = mempcpy(at, place->index, place->index_length);
    bound->length = (size_t)(at - bound->bytes);
}

/* A place that asks for another part than the function seals, or with an index
 * that does not fit, is a bug of the caller, never of the store's content. */
static enum err_code record_check_place(const struct seal_place *place, enum seal_part part,
                                        struct err *err)
{
    if (place->part != part)
        return err_set(err, ERR_INTERNAL, "%s was asked for at the place of another part",
                       record_parts[part].name);
    if (place->index_length > RECORD_INDEX_MAX_BYTES || (place->index_length > 0 && !place->index))
        return err_set(err, ERR_INTERNAL, "a blind index has %u bytes; at most %d are allowed",
                       place->index_length, RECORD_INDEX_MAX_BYTES);
    return ERR_OK;
}

static size_t record_padded(const struct record_part *part, size_t length)
{
    return length - length % part->step + part->step;
}

/* The padding is sodium_pad's (ISO/IEC 7816-4): 0x80, then zeros. libsodium's own
 * functions hide the length from whoever times them, for the sake of padding
 * oracles; an authenticated text has none, and they would take half of the time
 * of opening a record. */
static void record_pad(uint8_t *text, size_t length, size_t padded)
{
    text[length] = 0x80;
    memset(text + length + 1, 0, padded - length - 1);
}

/* The length before the padding, which is at most a step; false when malformed. */
static bool record_unpad(const uint8_t *text, size_t padded, size_t step, size_t *ret_length)
{
    size_t at = padded;
    uint64_t word = 0;
    for (; padded - at + sizeof word <= step; at -= sizeof word) {
        memcpy(&word, text + at - sizeof word, sizeof word);
        if (word != 0)
            break;
    }
    while (padded - at < step && text[at - 1] == 0)
        at--;
    if (padded - at == step || text[at - 1] != 0x80)
        return false;
    *ret_length = at - 1;
    return true;
}

/* Room in out for the sealed form of padded bytes, with version and nonce
 * written; NULL when memory is short. */
static uint8_t *record_start(const struct random *random, struct buf *out, size_t padded)
{
    uint8_t *sealed = (uint8_t *)buf_extend(out, SEAL_OVERHEAD_BYTES + padded);
    if (!sealed)
        return NULL;
    sealed[0] = RECORD_VERSION;
    random_bytes(random, sealed + 1, SEAL_NONCE_BYTES);
    return sealed;
}

/* Encrypt padded bytes of plain, which may lie at the cipher text's own place. */
static void record_encrypt(const struct seal_keys *keys, const struct seal_place *place,
                           const uint8_t *plain, size_t padded, uint8_t *sealed)
{
    struct record_bound bound;
    record_bind(place, &bound);
    /* Fails only for lengths past 256 GiB. */
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed + RECORD_HEAD_BYTES, NULL, plain, padded, bound.bytes, bound.length, NULL, sealed + 1,
        seal_subkey(keys, record_parts[place->part].subkey));
}

enum err_code seal_bytes(const struct seal_keys *keys, const struct random *random,
                         const struct seal_place *place, const void *plain, size_t length,
                         struct buf *out, struct err *err)
{
    TRY(record_check_place(place, SEAL_PART_META, err));
    const struct record_part *part = &record_parts[SEAL_PART_META];
    size_t padded = record_padded(part, length);
    uint8_t *sealed = record_start(random, out, padded);
    if (!sealed)
        return err_set(err, ERR_MEMORY, "out of memory while sealing metadata");
    uint8_t *text = sealed + RECORD_HEAD_BYTES;
    if (length > 0)
        memcpy(text, plain, length);
    record_pad(text, length, padded);
    record_encrypt(keys, place, text, padded, sealed);
    return ERR_OK;
}

enum err_code seal_secret(const struct seal_keys *keys, const struct random *random,
                          const struct seal_place *place, const struct secret *secret,
                          struct buf *out, struct err *err)
{
    return seal_secret_in(keys, random, place, secret, NULL, out, err);
}

enum err_code seal_secret_in(const struct seal_keys *keys, const struct random *random,
                             const struct seal_place *place, const struct secret *secret,
                             struct secret_arena *arena, struct buf *out, struct err *err)
{
    TRY(record_check_place(place, SEAL_PART_SECRET, err));
    const struct record_part *part = &record_parts[SEAL_PART_SECRET];
    size_t length = secret_length(secret);
    size_t padded = record_padded(part, length);
    OWN(secret_free) struct secret *text = secret_new_in(arena, padded);
    if (!text)
        return err_set(err, ERR_MEMORY, "no locked memory to seal a secret");
    TRY(secret_set(text, secret_peek(secret), length));
    record_pad(secret_fill(text), length, padded);
    uint8_t *sealed = record_start(random, out, padded);
    if (!sealed)
        return err_set(err, ERR_MEMORY, "out of memory while sealing a secret");
    record_encrypt(keys, place, secret_peek(text), padded, sealed);
    return ERR_OK;
}

/* Is it a sealed form of ours? The padded length of what it holds. */
static enum err_code record_measure(enum seal_part part, const uint8_t *sealed, size_t length,
                                    size_t *ret_padded, struct err *err)
{
    const struct record_part *shape = &record_parts[part];
    if (length > 0 && sealed[0] > RECORD_VERSION)
        return err_set(err, ERR_FORMAT, "a sealed %s is of format %u; this program knows up to %d",
                       shape->name, sealed[0], RECORD_VERSION);
    if (length < SEAL_OVERHEAD_BYTES + shape->step || sealed[0] != RECORD_VERSION ||
        (length - SEAL_OVERHEAD_BYTES) % shape->step != 0)
        return err_set(err, ERR_FORMAT, "a sealed %s of %zu bytes is malformed", shape->name, length);
    *ret_padded = length - SEAL_OVERHEAD_BYTES;
    return ERR_OK;
}

/* Decrypt into plain, which holds padded bytes, and say how many are not padding. */
static enum err_code record_decrypt(const struct seal_keys *keys, const struct seal_place *place,
                                    const uint8_t *sealed, size_t padded, uint8_t *plain,
                                    size_t *ret_length, struct err *err)
{
    const struct record_part *part = &record_parts[place->part];
    struct record_bound bound;
    record_bind(place, &bound);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, NULL, NULL, sealed + RECORD_HEAD_BYTES, padded + SEAL_TAG_BYTES, bound.bytes,
            bound.length, sealed + 1, seal_subkey(keys, part->subkey)) != 0)
        return err_set(err, ERR_TAMPERED,
                       "a sealed %s of table %u does not open: its row was changed or swapped",
                       part->name, place->table);
    /* The tag held, so only we can have written a wrong padding. */
    if (!record_unpad(plain, padded, part->step, ret_length))
        return err_set(err, ERR_FORMAT, "a sealed %s of table %u is padded wrongly", part->name,
                       place->table);
    return ERR_OK;
}

enum err_code seal_open_bytes(const struct seal_keys *keys, const struct seal_place *place,
                              const void *sealed, size_t length, struct buf *out, struct err *err)
{
    size_t padded = 0;
    TRY(record_check_place(place, SEAL_PART_META, err));
    TRY(record_measure(SEAL_PART_META, sealed, length, &padded, err));
    size_t start = out->length;
    uint8_t *plain = (uint8_t *)buf_extend(out, padded);
    if (!plain)
        return err_set(err, ERR_MEMORY, "out of memory while opening metadata");
    size_t opened = 0;
    enum err_code code = record_decrypt(keys, place, sealed, padded, plain, &opened, err);
    buf_truncate(out, start + opened);
    return code;
}

enum err_code seal_open_secret(const struct seal_keys *keys, const struct seal_place *place,
                               const void *sealed, size_t length, struct secret_arena *arena,
                               struct secret **ret_secret, struct err *err)
{
    size_t padded = 0;
    TRY(record_check_place(place, SEAL_PART_SECRET, err));
    TRY(record_measure(SEAL_PART_SECRET, sealed, length, &padded, err));
    OWN(secret_free) struct secret *secret = secret_new_in(arena, padded);
    if (!secret)
        return err_set(err, ERR_MEMORY, "no locked memory to open a secret");
    size_t opened = 0;
    TRY(record_decrypt(keys, place, sealed, padded, secret_fill(secret), &opened, err));
    secret_set_length(secret, opened);
    *ret_secret = GIVE(secret);
    return ERR_OK;
}
