#include "base/utf8.h"

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
