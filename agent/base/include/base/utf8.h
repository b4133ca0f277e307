/* One step through UTF-8 as RFC 3629 has it: no overlong forms, no surrogates,
 * nothing past U+10FFFF. */
#ifndef KEYTURN_BASE_UTF8_H
#define KEYTURN_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length of the sequence at text (1 to 4), of which length bytes are there,
 * with its code point in *ret_point; 0 when it is not valid. */
size_t utf8_step(const unsigned char *text, size_t length, uint32_t *ret_point);

/* How many characters there are: the bytes that go on with none. */
size_t utf8_count(const char *text, size_t length);

#endif
