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
/* Pass over the next element with all that is in it; false as above. */
bool codec_skip(struct codec_reader *reader);

#endif
