/* Sealed records: what the store hands over may be anything, and opens only
 * where and as it was sealed. */
#include "fuzz.h"

#include "seal/digest.h"
#include "seal/seal.h"

#include <sodium.h>

static struct seal_keys *keys;
static struct secret_arena *arena;

static void start(void)
{
    fuzz_start();
    if (keys)
        return;
    OWN(secret_free) struct secret *root = seal_root_new(&fuzz_random);
    keys = root ? seal_keys_new(root) : NULL;
    arena = secret_arena_new((size_t)1 << 20);
    FUZZ_CHECK(keys && arena);
}

static const uint8_t id[SEAL_ID_BYTES] = {1};
static const uint8_t other_id[SEAL_ID_BYTES] = {1, [SEAL_ID_BYTES - 1] = 1};

static struct seal_place place_of(enum seal_part part, uint8_t table, uint64_t revision)
{
    return (struct seal_place){.table = table, .part = part, .id = id, .revision = revision};
}

/* Nobody who does not know the key makes a record that opens. */
static void check_foreign(const uint8_t *data, size_t size)
{
    struct seal_place place = place_of(SEAL_PART_META, 1, 1);
    OWN_BUF struct buf out = {0};
    FUZZ_CHECK(seal_open_bytes(keys, &place, data, size, &out, NULL) != ERR_OK && out.length == 0);
    OWN(secret_free) struct secret *secret = NULL;
    place = place_of(SEAL_PART_SECRET, 2, 0);
    FUZZ_CHECK(seal_open_secret(keys, &place, data, size, arena, &secret, NULL) != ERR_OK && !secret);
}

/* What was sealed opens as it was; with one bit flipped, cut short, or elsewhere it does not. */
static void check_own(const uint8_t *data, size_t size, size_t flip)
{
    struct seal_place place = place_of(SEAL_PART_META, 1, 7);
    struct seal_place elsewhere[] = {place, place, place, place, place, place};
    elsewhere[0].revision++;
    elsewhere[1].table++;
    elsewhere[2].id = other_id;
    elsewhere[3].parent = other_id;
    elsewhere[4].due_at_ms = 1;
    elsewhere[5].index = other_id;
    elsewhere[5].index_length = sizeof other_id;
    OWN_BUF struct buf sealed = {0};
    OWN_BUF struct buf out = {0};
    FUZZ_CHECK(seal_bytes(keys, &fuzz_random, &place, data, size, &sealed, NULL) == ERR_OK);
    FUZZ_CHECK((sealed.length - SEAL_OVERHEAD_BYTES) % SEAL_META_STEP == 0);
    FUZZ_CHECK(seal_open_bytes(keys, &place, sealed.data, sealed.length, &out, NULL) == ERR_OK);
    FUZZ_CHECK(out.length == size && (size == 0 || memcmp(out.data, data, size) == 0));
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        FUZZ_CHECK(seal_open_bytes(keys, &elsewhere[i], sealed.data, sealed.length, &out, NULL) == ERR_TAMPERED);
    size_t cut = flip % sealed.length;
    FUZZ_CHECK(seal_open_bytes(keys, &place, sealed.data, cut, &out, NULL) != ERR_OK);
    sealed.data[flip % sealed.length] = (char)(sealed.data[flip % sealed.length] ^ 1 << flip % 8);
    FUZZ_CHECK(seal_open_bytes(keys, &place, sealed.data, sealed.length, &out, NULL) != ERR_OK);
    FUZZ_CHECK(out.length == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    size_t flip = size > 1 ? (size_t)data[0] << 8 | data[1] : size;
    check_foreign(data, size);
    check_own(data, size, flip);
    return 0;
}
