/* MessagePack, read where it lies: one element after another, without a tree and
 * without memory. Strings and bytes are borrowed from the input. */
#ifndef KEYTURN_VAULT_CODEC_READ_H
#define KEYTURN_VAULT_CODEC_READ_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum codec_sort {
    CODEC_IS_POSITIVE, /* or zero */
    CODEC_IS_NEGATIVE,
    CODEC_IS_BOOLEAN,
    CODEC_IS_STRING,
    CODEC_IS_BYTES,
    CODEC_IS_MAP,
    CODEC_IS_OTHER, /* nil, floats, arrays, extensions: no field holds them */
    CODEC_IS_BROKEN /* cut short, or no MessagePack */
};

struct codec_element {
    enum codec_sort sort;
    uint64_t number;     /* what it is; of a negative one as an int64_t; of a boolean 0 or 1 */
    const uint8_t *data; /* of a string or bytes */
    size_t length;       /* of data; of a map: its pairs, which follow */
};

struct codec_reader {
    const uint8_t *at, *end;
};

/* The next element, behind which the reader then stands; of what is a map or is other behind its
 * head. False when it is cut short or no MessagePack. */
bool codec_next(struct codec_reader *reader, struct codec_element *ret_element);
/* The same, without a call for what records mostly consist of: numbers, short strings, ids, small
 * maps and true. By value, so that it stays in registers; where codec_next says false it is broken. */
static inline struct codec_element codec_next_quick(struct codec_reader *reader)
{
    enum { IS_TRUE = 0xc3, IS_BIN8 = 0xc4, IS_UINT8 = 0xcc, IS_UINT64 = 0xcf };
    const uint8_t *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    struct codec_element element = {.sort = CODEC_IS_BROKEN};
    if (left == 0)
        return element;
    uint8_t first = *at;
    size_t took = 1;
    if (first <= 0x7f) {
        element = (struct codec_element){.sort = CODEC_IS_POSITIVE, .number = first};
    } else if (first >= 0xa0 && first <= 0xbf) {
        element = (struct codec_element){.sort = CODEC_IS_STRING, .data = at + 1, .length = first & 0x1f};
        took += element.length;
    } else if (first >= IS_UINT8 && first <= IS_UINT64 && left > sizeof element.number) {
        size_t bytes = (size_t)1 << (first - IS_UINT8);
        uint64_t eight = 0; /* of which the last ones may be others' */
        memcpy(&eight, at + 1, sizeof eight);
        element = (struct codec_element){.sort = CODEC_IS_POSITIVE, .number = be64toh(eight) >> (64 - 8 * bytes)};
        took += bytes;
    } else if (first >= 0x80 && first <= 0x8f) {
        element = (struct codec_element){.sort = CODEC_IS_MAP, .length = first & 0x0f};
    } else if (first == IS_TRUE) {
        element = (struct codec_element){.sort = CODEC_IS_BOOLEAN, .number = 1};
    } else if (first == IS_BIN8 && left > 1) {
        element = (struct codec_element){.sort = CODEC_IS_BYTES, .data = at + 2, .length = at[1]};
        took += 1 + element.length;
    } else {
        struct codec_element other;
        return codec_next(reader, &other) ? other : element;
    }
    if (took > left)
        return (struct codec_element){.sort = CODEC_IS_BROKEN};
    reader->at += took;
    return element;
}
/* Pass over the next element with all that is in it; false as above. */
bool codec_skip(struct codec_reader *reader);

#endif
