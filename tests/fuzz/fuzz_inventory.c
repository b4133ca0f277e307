/* Inventories: what is read is written, and read back to the same. */
#include "fuzz.h"

#include "agent.h"
#include "inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    struct err err = {0};
    OWN(json_free) json_t *keys = NULL;
    OWN(json_free) json_t *again = NULL;
    OWN_BUF struct buf text = {0};
    if (inventory_parse("inventory", (const char *)data, size, &keys, &err) != ERR_OK) {
        FUZZ_CHECK(!keys && err.message[0]);
        return 0;
    }
    inventory_write(keys, &text);
    FUZZ_CHECK(buf_ok(&text));
    FUZZ_CHECK(inventory_parse("again", buf_text(&text), text.length, &again, &err) == ERR_OK);
    FUZZ_CHECK(json_equal(keys, again));
    return 0;
}
