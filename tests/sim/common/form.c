#include "common/form.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes up to the next '&' or the end. */
static bool decode(const char *text, char *out, size_t size)
{
    size_t length = 0;
    for (; *text && *text != '&'; text++) {
        int byte = *text == '+' ? ' ' : *text;
        if (*text == '%') {
            int high = hex_digit(text[1]);
            int low = high < 0 ? -1 : hex_digit(text[2]);
            if (low < 0)
                return false;
            byte = high * 16 + low;
            text += 2;
        }
        if (byte == 0 || length + 1 >= size)
            return false;
        out[length++] = (char)byte;
    }
    out[length] = '\0';
    return true;
}

bool form_field(const struct buf *body, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    const char *at = buf_text(body);
    for (;;) {
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return decode(at + length + 1, out, size);
        const char *next = strchr(at, '&');
        if (!next)
            return false;
        at = next + 1;
    }
}
