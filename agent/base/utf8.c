#include "base/utf8.h"

#include <string.h>

/* By number of following bytes: the lead byte's mask and mark, and the first
 * code point that may not be written shorter. */
static const struct {
    unsigned char mask;
    unsigned char mark;
    uint32_t first;
} utf8_forms[] = {
    {0x80, 0x00, 0},
    {0xE0, 0xC0, 0x80},
    {0xF0, 0xE0, 0x800},
    {0xF8, 0xF0, 0x10000},
};

size_t utf8_step(const unsigned char *text, size_t length, uint32_t *ret_point)
{
    if (length == 0)
        return 0;
    size_t more = 0;
    while (more < 4 && (text[0] & utf8_forms[more].mask) != utf8_forms[more].mark)
        more++;
    if (more == 4 || length <= more)
        return 0;
    uint32_t point = text[0] & (unsigned char)~utf8_forms[more].mask;
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3F);
    }
    if (point < utf8_forms[more].first || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
        return 0;
    *ret_point = point;
    return more + 1;
}

/* Eight bytes at once: those that go on have 10 on top; their count comes together in the highest byte. */
size_t utf8_count(const char *text, size_t length)
{
    static const uint64_t ones = 0x0101010101010101;
    size_t count = length;
    uint64_t word = 0;
    for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
        memcpy(&word, text, sizeof word);
        count -= ((word >> 7 & ~(word >> 6) & ones) * ones) >> 56;
    }
    for (; length > 0; text++, length--)
        count -= ((unsigned char)*text & 0xC0) == 0x80;
    return count;
}
