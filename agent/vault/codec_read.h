/* MessagePack, read where it lies: one element after another, without a tree and
 * without memory. Strings and bytes are borrowed from the input. */
#ifndef KEYTURN_VAULT_CODEC_READ_H
#define KEYTURN_VAULT_CODEC_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_sort {
    CODEC_IS_POSITIVE, /* or zero */
    CODEC_IS_NEGATIVE,
    CODEC_IS_BOOLEAN,
    CODEC_IS_STRING,
    CODEC_IS_BYTES,
    CODEC_IS_MAP,
    CODEC_IS_OTHER /* nil, floats, arrays, extensions: no field holds them */
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
/* The same, for what records mostly consist of without a call. */
static inline bool codec_next_quick(struct codec_reader *reader, struct codec_element *ret_element)
{
    if (reader->at == reader->end)
        return false;
    uint8_t first = *reader->at;
    size_t length = first & 0x1f;
    if (first <= 0x7f) {
        *ret_element = (struct codec_element){.sort = CODEC_IS_POSITIVE, .number = first};
        reader->at++;
        return true;
    }
    if (first < 0xa0 || first > 0xbf || (size_t)(reader->end - reader->at) <= length)
        return codec_next(reader, ret_element);
    *ret_element = (struct codec_element){.sort = CODEC_IS_STRING, .data = reader->at + 1, .length = length};
    reader->at += 1 + length;
    return true;
}
/* Pass over the next element with all that is in it; false as above. */
bool codec_skip(struct codec_reader *reader);

#endif
