/* Definitions of deliveries, as they come with a key. */
#include "fuzz.h"

#include "delivery/delivery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    struct err err = {0};
    OWN(delivery_free) struct delivery *delivery = NULL;
    if (delivery_parse("delivery", (const char *)data, size, NULL, &delivery, &err) != ERR_OK) {
        FUZZ_CHECK(!delivery && err.message[0]);
        return 0;
    }
    const char *kind = delivery_kind(delivery);
    enum delivery_class class = delivery_place_class(delivery);
    FUZZ_CHECK(strcmp(kind, "file") == 0 || strcmp(kind, "program") == 0 || strcmp(kind, "systemd") == 0);
    FUZZ_CHECK(class == DELIVERY_CLASS_LIVE || class == DELIVERY_CLASS_TEST);
    FUZZ_CHECK(strlen(delivery_target(delivery)) > 0);
    return 0;
}
