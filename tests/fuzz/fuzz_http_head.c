/* The head of an answer as the command line reads it. */
#include "fuzz.h"

#include "http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct http_head head = {0};
    struct err err = {0};
    int64_t chunk = http_chunk_size(text, size);
    size_t end = http_head_end(text, size);
    FUZZ_CHECK(chunk >= -1);
    FUZZ_CHECK(end <= size);
    if (end > 0 && http_head_parse(text, end, &head, &err) == ERR_OK) {
        FUZZ_CHECK(head.status >= 0 && head.status <= 999 && head.length >= -1 && head.retry_after_s >= 0);
        FUZZ_CHECK(strnlen(head.content_type, sizeof head.content_type) < sizeof head.content_type);
    }
    return 0;
}
