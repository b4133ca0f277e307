/* Retry-After and Content-Type of a provider's answer. */
#include "fuzz.h"

#include "hint.h"

static int64_t noon(void *context)
{
    (void)context;
    return 1700000000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct clock clock = {.wall_ms = noon, .monotonic_ms = noon};
    char *text = fuzz_string(data, size);
    char type[24];
    int64_t after = http_retry_after(text, &clock);
    FUZZ_CHECK(after >= -1 && after <= INT64_C(24) * 3600 * 1000);
    http_media_type(text, type, sizeof type);
    FUZZ_CHECK(strnlen(type, sizeof type) < sizeof type && !strchr(type, ';'));
    free(text);
    return 0;
}
