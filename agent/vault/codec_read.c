/* A count is never believed: five bytes can announce gigabytes. It is held against
 * the bytes that are there, for each element takes at least one. */
#include "codec_read.h"

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

enum { CODEC_NEVER_USED = 0xc1 };

static uint64_t codec_big_endian(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

/* The head of the next element, and its count; the reader moves behind both. */
static bool codec_read_head(struct codec_reader *reader, struct codec_head *ret_head, uint64_t *ret_count)
{
    if (reader->at == reader->end || *reader->at == CODEC_NEVER_USED)
        return false;
    uint8_t first = *reader->at++;
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
    if ((size_t)(reader->end - reader->at) < ret_head->count_bytes)
        return false;
    if (ret_head->count_bytes > 0)
        *ret_count = codec_big_endian(reader->at, ret_head->count_bytes);
    reader->at += ret_head->count_bytes;
    return true;
}

/* The bytes of the element itself, behind its head. */
static bool codec_read_body(struct codec_reader *reader, const struct codec_head *head, uint64_t count,
                            const uint8_t **ret_body)
{
    uint64_t length = head->fixed_bytes + (head->in_bytes ? count : 0);
    if (length > (size_t)(reader->end - reader->at))
        return false;
    *ret_body = reader->at;
    reader->at += (size_t)length;
    return true;
}

bool codec_skip(struct codec_reader *reader)
{
    uint64_t wanted = 1; /* elements that are still to come; never more than bytes */
    while (wanted > 0 && wanted <= (size_t)(reader->end - reader->at)) {
        struct codec_head head;
        const uint8_t *body = NULL;
        uint64_t count = 0;
        if (!codec_read_head(reader, &head, &count) || !codec_read_body(reader, &head, count, &body))
            return false;
        wanted += head.per_count * count - 1;
    }
    return wanted == 0;
}

/* A number of so many bytes, in two's complement. */
static void codec_set_signed(struct codec_element *element, const uint8_t *body, size_t bytes)
{
    element->number = codec_big_endian(body, bytes);
    element->sort = CODEC_IS_POSITIVE;
    if (!(body[0] & 0x80))
        return;
    element->sort = CODEC_IS_NEGATIVE;
    if (bytes < sizeof element->number)
        element->number |= UINT64_MAX << (8 * bytes);
}

static void codec_set_data(struct codec_element *element, enum codec_sort sort, const uint8_t *body, uint64_t length)
{
    element->sort = sort;
    element->data = body;
    element->length = (size_t)length;
}

/* What lies from 0xc0 to 0xdf. */
static void codec_set(struct codec_element *element, uint8_t first, const uint8_t *body, uint64_t count)
{
    if (first == 0xc2 || first == 0xc3)
        *element = (struct codec_element){.sort = CODEC_IS_BOOLEAN, .number = first & 1};
    else if (first >= 0xc4 && first <= 0xc6)
        codec_set_data(element, CODEC_IS_BYTES, body, count);
    else if (first >= 0xcc && first <= 0xcf)
        *element = (struct codec_element){.sort = CODEC_IS_POSITIVE,
                                          .number = codec_big_endian(body, (size_t)1 << (first - 0xcc))};
    else if (first >= 0xd0 && first <= 0xd3)
        codec_set_signed(element, body, (size_t)1 << (first - 0xd0));
    else if (first >= 0xd9 && first <= 0xdb)
        codec_set_data(element, CODEC_IS_STRING, body, count);
    else if (first >= 0xde)
        codec_set_data(element, CODEC_IS_MAP, NULL, count);
}

bool codec_next(struct codec_reader *reader, struct codec_element *ret_element)
{
    struct codec_head head;
    const uint8_t *body = NULL;
    uint64_t count = 0;
    const uint8_t *first = reader->at;
    if (!codec_read_head(reader, &head, &count) || !codec_read_body(reader, &head, count, &body))
        return false;
    struct codec_element element = {.sort = CODEC_IS_OTHER};
    if (*first <= 0x7f)
        element = (struct codec_element){.sort = CODEC_IS_POSITIVE, .number = *first};
    else if (*first >= 0xe0)
        codec_set_signed(&element, first, 1);
    else if (*first >= 0xa0 && *first <= 0xbf)
        codec_set_data(&element, CODEC_IS_STRING, body, count);
    else if (*first <= 0x8f)
        codec_set_data(&element, CODEC_IS_MAP, NULL, count);
    else if (*first >= 0xc0)
        codec_set(&element, *first, body, count);
    *ret_element = element;
    return true;
}
