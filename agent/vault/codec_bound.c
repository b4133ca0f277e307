/* msgpack-c makes room for all elements of an array or a map as soon as it reads
 * their count: five bytes can ask it for gigabytes. This walk comes before it
 * and holds every count against the bytes that are there, for each element
 * takes at least one. It looks at sizes only; what else is wrong the parser says. */
#include "codec.h"

struct codec_head {
    uint8_t count_bytes; /* of the length or count that follows */
    uint8_t fixed_bytes; /* that follow it in any case */
    uint8_t per_count;   /* elements of each: a map has two */
    bool in_bytes;       /* the count is of bytes */
};

/* The heads from 0xc0 to 0xdf, as the format's specification lists them. */
static const struct codec_head codec_heads[0x20] = {
    [0x04] = {.count_bytes = 1, .in_bytes = true}, /* bin */
    [0x05] = {.count_bytes = 2, .in_bytes = true},
    [0x06] = {.count_bytes = 4, .in_bytes = true},
    [0x07] = {.count_bytes = 1, .fixed_bytes = 1, .in_bytes = true}, /* ext, with its type */
    [0x08] = {.count_bytes = 2, .fixed_bytes = 1, .in_bytes = true},
    [0x09] = {.count_bytes = 4, .fixed_bytes = 1, .in_bytes = true},
    [0x0a] = {.fixed_bytes = 4}, /* float */
    [0x0b] = {.fixed_bytes = 8},
    [0x0c] = {.fixed_bytes = 1}, /* uint */
    [0x0d] = {.fixed_bytes = 2},
    [0x0e] = {.fixed_bytes = 4},
    [0x0f] = {.fixed_bytes = 8},
    [0x10] = {.fixed_bytes = 1}, /* int */
    [0x11] = {.fixed_bytes = 2},
    [0x12] = {.fixed_bytes = 4},
    [0x13] = {.fixed_bytes = 8},
    [0x14] = {.fixed_bytes = 2}, /* fixext, with its type */
    [0x15] = {.fixed_bytes = 3},
    [0x16] = {.fixed_bytes = 5},
    [0x17] = {.fixed_bytes = 9},
    [0x18] = {.fixed_bytes = 17},
    [0x19] = {.count_bytes = 1, .in_bytes = true}, /* str */
    [0x1a] = {.count_bytes = 2, .in_bytes = true},
    [0x1b] = {.count_bytes = 4, .in_bytes = true},
    [0x1c] = {.count_bytes = 2, .per_count = 1}, /* array */
    [0x1d] = {.count_bytes = 4, .per_count = 1},
    [0x1e] = {.count_bytes = 2, .per_count = 2}, /* map */
    [0x1f] = {.count_bytes = 4, .per_count = 2},
};

/* The head of the element at *at, and its count; *at moves behind both. */
static bool codec_read_head(const uint8_t *bytes, size_t length, size_t *at, struct codec_head *ret_head,
                            uint64_t *ret_count)
{
    uint8_t first = bytes[(*at)++];
    *ret_head = (struct codec_head){0};
    *ret_count = 0;
    if (first >= 0xc0 && first <= 0xdf) {
        *ret_head = codec_heads[first - 0xc0];
    } else if (first >= 0xa0 && first <= 0xbf) { /* fixstr */
        ret_head->in_bytes = true;
        *ret_count = first & 0x1f;
    } else if (first >= 0x80 && first <= 0x9f) { /* fixmap, fixarray */
        ret_head->per_count = first < 0x90 ? 2 : 1;
        *ret_count = first & 0x0f;
    }
    if (length - *at < ret_head->count_bytes)
        return false;
    for (unsigned i = 0; i < ret_head->count_bytes; i++)
        *ret_count = *ret_count << 8 | bytes[(*at)++];
    return true;
}

bool codec_counts_hold(const void *bytes, size_t length)
{
    size_t at = 0;
    uint64_t wanted = 1; /* elements that are still to come; never more than bytes */
    while (wanted > 0 && wanted <= length - at) {
        struct codec_head head;
        uint64_t count = 0;
        if (!codec_read_head(bytes, length, &at, &head, &count))
            return false;
        uint64_t skip = head.fixed_bytes + (head.in_bytes ? count : 0);
        if (skip > length - at)
            return false;
        at += (size_t)skip;
        wanted += head.per_count * count - 1;
    }
    return wanted == 0;
}
