#include "base/text.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <string.h>

_Static_assert(TEXT_KEY_BYTES == 2 * LIMIT_NAME_BYTES + 2, "two names, what parts them, and the NUL");

/* ctype.h asks the locale; these do not. */
static bool text_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool text_is_name_byte(char c)
{
    return text_is_alnum(c) || c == '.' || c == '_' || c == '-';
}

enum err_code text_check_name(const char *name, const char *what, struct err *err)
{
    if (!text_is_alnum(name[0]))
        return err_set(err, ERR_INVALID, "%s is to start with a letter or a digit", what);
    size_t length = 0;
    while (text_is_name_byte(name[length]))
        length++;
    if (name[length] != '\0')
        return err_set(err, ERR_INVALID, "%s may hold only letters, digits, '.', '_' and '-'", what);
    if (length > LIMIT_NAME_BYTES)
        return err_set(err, ERR_LIMIT, "%s has %zu characters; at most %d are allowed", what, length,
                       LIMIT_NAME_BYTES);
    return ERR_OK;
}

/* Unicode's category Cc: it moves cursors and forges lines on a terminal. */
static bool text_is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0);
}

enum err_code text_check_utf8(const char *text, size_t max_bytes, const char *what, struct err *err)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = strlen(text);
    if (length > max_bytes)
        return err_set(err, ERR_LIMIT, "%s has %zu bytes; at most %zu are allowed", what, length,
                       max_bytes);
    for (size_t at = 0; at < length;) {
        uint32_t point = 0;
        size_t step = utf8_step(bytes + at, length - at, &point);
        if (step == 0)
            return err_set(err, ERR_INVALID, "%s is not valid UTF-8 at byte %zu", what, at + 1);
        if (text_is_control(point))
            return err_set(err, ERR_INVALID, "%s has a control character at byte %zu", what, at + 1);
        at += step;
    }
    return ERR_OK;
}

enum { MASK_PREFIX_BYTES = 16, MASK_REST_BYTES = 8, MASK_TAIL_BYTES = 4, MASK_HIDDEN_BYTES = 16 };

static bool text_is_printable(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7F)
            return false;
    return true;
}

static size_t text_mask_prefix(const unsigned char *secret, size_t length)
{
    size_t prefix = length < MASK_PREFIX_BYTES ? length : MASK_PREFIX_BYTES;
    while (prefix > 0 && secret[prefix - 1] != '_' && secret[prefix - 1] != '-')
        prefix--;
    return length - prefix >= MASK_REST_BYTES && text_is_printable(secret, prefix) ? prefix : 0;
}

const char *text_mask(const unsigned char *secret, size_t length, char out[TEXT_MASK_BYTES])
{
    static const char ellipsis[] = "…";
    size_t prefix = text_mask_prefix(secret, length);
    size_t tail = 0;
    if (length - prefix >= MASK_HIDDEN_BYTES + MASK_TAIL_BYTES &&
        text_is_printable(secret + length - MASK_TAIL_BYTES, MASK_TAIL_BYTES))
        tail = MASK_TAIL_BYTES;
    char *at = out;
    if (prefix > 0)
        at = mempcpy(at, secret, prefix);
    at = mempcpy(at, ellipsis, sizeof ellipsis - 1);
    if (tail > 0)
        at = mempcpy(at, secret + length - tail, tail);
    *at = '\0';
    return out;
}

void text_copy(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;
    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
}

static enum err_code text_copy_name(const char *start, size_t length, const char *what, char *ret_name,
                                    struct err *err)
{
    /* One byte more than a name may have is copied, so that the check sees one
     * that is too long as too long. */
    char name[LIMIT_NAME_BYTES + 2];
    size_t kept = length < sizeof name - 1 ? length : sizeof name - 1;
    memcpy(name, start, kept);
    name[kept] = '\0';
    TRY(text_check_name(name, what, err));
    memcpy(ret_name, name, kept + 1);
    return ERR_OK;
}

enum err_code text_split_key(const char *key, char *ret_environment, char *ret_name, struct err *err)
{
    const char *slash = strchr(key, '/');
    if (!slash)
        return err_set(err, ERR_INVALID, "a key is written environment/name, as in live/reporting");
    char environment[LIMIT_NAME_BYTES + 1];
    TRY(text_copy_name(key, (size_t)(slash - key), "the key's environment", environment, err));
    TRY(text_copy_name(slash + 1, strlen(slash + 1), "the key's name", ret_name, err));
    memcpy(ret_environment, environment, sizeof environment);
    return ERR_OK;
}

const char *text_join_key(const char *environment, const char *name, char out[TEXT_KEY_BYTES])
{
    char *at = mempcpy(out, environment, strnlen(environment, LIMIT_NAME_BYTES));
    *at++ = '/';
    at = mempcpy(at, name, strnlen(name, LIMIT_NAME_BYTES));
    *at = '\0';
    return out;
}

const char *text_digits(uint64_t value, char out[TEXT_DIGITS_BYTES])
{
    size_t at = TEXT_DIGITS_BYTES;
    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return out + at;
}

/* On a mismatch only the last '*' need take one byte more: an earlier one has
 * matched as early as it can. So the time is at most the product of both lengths. */
bool text_glob(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *star_text = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            star_text = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

const char *text_hex_id(const unsigned char id[16], char out[TEXT_HEX_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        out[2 * i] = digits[id[i] >> 4];
        out[2 * i + 1] = digits[id[i] & 15];
    }
    out[32] = '\0';
    return out;
}

/* The value of a lower-case hex digit, or 16. */
static unsigned text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return 16;
}

bool text_parse_hex_id(const char *text, unsigned char ret_id[16])
{
    unsigned char id[16];
    for (size_t i = 0; i < 16; i++) {
        unsigned high = text_hex_digit(text[2 * i]);
        if (high > 15)
            return false;
        unsigned low = text_hex_digit(text[2 * i + 1]);
        if (low > 15)
            return false;
        id[i] = (unsigned char)(high << 4 | low);
    }
    if (text[32] != '\0')
        return false;
    memcpy(ret_id, id, sizeof id);
    return true;
}
