/* Slots lie in the store in clear: anybody may have edited every field of one. */
#include "fuzz.h"

#include "seal/slot.h"

static struct secret *material;
static struct seal_slot good;

static void start(void)
{
    fuzz_start();
    if (material)
        return;
    material = secret_new(64);
    FUZZ_CHECK(material && secret_set(material, "a key file of more than thirty-two bytes", 40) == ERR_OK);
    OWN(secret_free) struct secret *root = seal_root_new(&fuzz_random);
    FUZZ_CHECK(root);
    FUZZ_CHECK(seal_slot_make(&fuzz_random, 1, SEAL_SLOT_KEY_FILE, NULL, material, root, 1, &good, NULL) ==
               ERR_OK);
}

/* Argon2id within the bounds takes the time it is there for; only what is refused before it is tried. */
static bool is_slow(const struct seal_slot *slot)
{
    return slot->kind == SEAL_SLOT_PASSPHRASE && slot->passes >= seal_slot_cost_minimum.passes &&
           slot->memory_bytes >= seal_slot_cost_minimum.memory_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    /* The input is laid over a good slot from an offset on, so that few bytes change little. */
    struct seal_slot slot = good;
    if (size < 1)
        return 0;
    size_t offset = data[0] % sizeof slot;
    size_t length = size - 1 < sizeof slot - offset ? size - 1 : sizeof slot - offset;
    unsigned char *bytes = (unsigned char *)&slot;
    for (size_t i = 0; i < length; i++)
        bytes[offset + i] ^= data[1 + i];
    if (is_slow(&slot))
        return 0;
    OWN(secret_free) struct secret *root = NULL;
    enum err_code code = seal_slot_open(&slot, material, &root, NULL);
    bool same = slot.number == good.number && slot.kind == good.kind && slot.passes == good.passes &&
                slot.memory_bytes == good.memory_bytes && slot.created_at_ms == good.created_at_ms &&
                memcmp(slot.salt, good.salt, sizeof slot.salt) == 0 &&
                memcmp(slot.wrapped, good.wrapped, sizeof slot.wrapped) == 0;
    FUZZ_CHECK((code == ERR_OK) == same);
    FUZZ_CHECK((root != NULL) == same);
    FUZZ_CHECK(strlen(seal_slot_kind_name(slot.kind)) > 0);
    return 0;
}
