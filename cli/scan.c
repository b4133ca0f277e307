#include "scan.h"

#include "base/text.h"
#include "plain.h"

#include <ctype.h>
#include <endian.h>

static const char scan_first[] = "{\"keys\":[";
static const char scan_last[] = "],\"next\":null}";

static enum err_code scan_malformed(struct err *err)
{
    return err_set(err, ERR_FORMAT, "the agent's answer is not a list in rows; is it of another version?");
}

/* --- Lines ------------------------------------------------------------------- */

static enum err_code scan_line(struct scan_lines *lines, const char *text, size_t length, struct err *err)
{
    if (!lines->begun) {
        lines->begun = length == sizeof scan_first - 1 && memcmp(text, scan_first, length) == 0;
        return lines->begun ? ERR_OK : scan_malformed(err);
    }
    if (length > 0 && text[length - 1] == ',')
        length--;
    return lines->row(lines->context, text, length, err);
}

/* The beginning of the line lies in the part that was there before. */
static enum err_code scan_rest(struct scan_lines *lines, const char *text, size_t length, struct err *err)
{
    if (lines->part.length == 0)
        return scan_line(lines, text, length, err);
    buf_add(&lines->part, text, length);
    if (!buf_ok(&lines->part))
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code code = scan_line(lines, lines->part.data, lines->part.length, err);
    buf_clear(&lines->part);
    return code;
}

enum err_code scan_feed(struct scan_lines *lines, const char *bytes, size_t length, struct err *err)
{
    const char *end = bytes + length;
    for (const char *stop = NULL; (stop = memchr(bytes, '\n', (size_t)(end - bytes))); bytes = stop + 1)
        TRY(scan_rest(lines, bytes, (size_t)(stop - bytes), err));
    buf_add(&lines->part, bytes, (size_t)(end - bytes));
    return buf_ok(&lines->part) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

enum err_code scan_end(const struct scan_lines *lines, struct err *err)
{
    if (!lines->begun)
        return scan_malformed(err);
    if (strcmp(buf_text(&lines->part), scan_last) != 0)
        return err_set(err, ERR_FORMAT, "the agent's list is cut short");
    return ERR_OK;
}

/* --- Values -------------------------------------------------------------------- */

struct scan_values scan_values(const char *text, size_t length)
{
    return (struct scan_values){.at = text, .end = text + length, .before = '['};
}

/* To the beginning of the next value; false when there is none. */
static bool scan_step(struct scan_values *values)
{
    if (values->end - values->at < 2 || *values->at != values->before)
        values->failed = true;
    values->before = ',';
    if (!values->failed)
        values->at++;
    return !values->failed;
}

/* The end of what is no string: true, false, null or a number. */
static const char *scan_word(struct scan_values *values)
{
    static const bool ends[256] = {['"'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true};
    const char *start = values->at;
    const char *at = start;
    if (values->end - at > 4 && memcmp(at, "null", 4) == 0) /* most are */
        at += 4;
    while (at < values->end && !ends[(unsigned char)*at])
        at++;
    values->failed = values->failed || at == start;
    values->at = at;
    return at;
}

/* Past the string that values stand at. A quote behind a backslash may be an escaped one: then what lies
 * before it tells. */
static void scan_string(struct scan_values *values)
{
    const char *at = values->at + 1;
    const char *quote = memchr(at, '"', (size_t)(values->end - at));
    if (quote && quote[-1] == '\\') {
        for (; at < values->end && *at != '"'; at++)
            if (*at == '\\')
                at++;
        quote = at < values->end ? at : NULL;
    }
    values->failed = values->failed || !quote;
    values->at = quote ? quote + 1 : values->end;
}

/* A value that is no string; false, and passed over, when it is one or there is none. */
static bool scan_plain(struct scan_values *values, const char **ret_start, size_t *ret_length)
{
    if (!scan_step(values))
        return false;
    if (*values->at == '"') {
        scan_string(values);
        return false;
    }
    *ret_start = values->at;
    *ret_length = (size_t)(scan_word(values) - *ret_start);
    return true;
}

bool scan_true(struct scan_values *values)
{
    const char *text = NULL;
    size_t length = 0;
    return scan_plain(values, &text, &length) && length == sizeof "true" - 1 && memcmp(text, "true", length) == 0;
}

int64_t scan_number(struct scan_values *values)
{
    const char *text = NULL;
    size_t length = 0;
    int64_t number = 0;
    if (!scan_plain(values, &text, &length))
        return 0;
    for (size_t i = 0; i < length && i < 15 && text[i] >= '0' && text[i] <= '9'; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

/* A time as another program would write it, or what is none. */
__attribute__((noinline)) static int64_t scan_odd_time(struct scan_values *values)
{
    char text[TEXT_TIME_BYTES];
    int64_t wall_ms = 0;
    const char *start = values->at + 1;
    scan_string(values);
    size_t length = (size_t)(values->at - start) - 1;
    if (values->failed || length >= sizeof text)
        return 0;
    memcpy(text, start, length);
    text[length] = '\0';
    return text_parse_time(text, &wall_ms, NULL) == ERR_OK ? wall_ms : 0;
}

int64_t scan_time(struct scan_values *values)
{
    enum { QUOTED_BYTES = TEXT_TIME_LENGTH + 2 };
    int64_t wall_ms = 0;
    if (!scan_step(values))
        return 0;
    const char *at = values->at;
    if (*at != '"') {
        (void)scan_word(values);
        return 0;
    }
    if (values->end - at < QUOTED_BYTES || at[QUOTED_BYTES - 1] != '"' || !text_read_time(at + 1, &wall_ms))
        return scan_odd_time(values);
    values->at += QUOTED_BYTES;
    return wall_ms;
}

/* One escape at the backslash; its character, and how many bytes it took: never the quote behind it. */
static char scan_escape(const char *at, size_t left, size_t *ret_taken)
{
    char letter = left > 1 ? at[1] : '?';
    *ret_taken = 2;
    while (letter == 'u' && *ret_taken < 6 && *ret_taken < left && isxdigit((unsigned char)at[*ret_taken]))
        ++*ret_taken;
    return letter == '"' || letter == '\\' || letter == '/' ? letter : '?';
}

/* The bytes that are not copied without a second look: the quote and the backslash, control characters, and what
 * is not ASCII, which plain_text makes harmless. Eight at once; each has its highest bit in the answer. */
static uint64_t scan_stops(uint64_t bytes)
{
    static const uint64_t ones = 0x0101010101010101;
    static const uint64_t tops = 0x80 * ones;
    uint64_t low = bytes & ~tops;
    uint64_t fit = (low + (0x80 - 0x20) * ones)            /* not below a space */
                   & ((low ^ '"' * ones) + 0x7F * ones)    /* not zero, that is no quote */
                   & ((low ^ '\\' * ones) + 0x7F * ones)
                   & ~(low + ones);                        /* not 0x7F */
    return (bytes | ~fit) & tops;
}

/* Copy up to the first of those; returns how many bytes. Whole words are written, and never more of them than
 * were read, so that they have room. */
static size_t scan_copy(const char *at, const char *end, char *out)
{
    size_t length = 0;
    uint64_t word = 0;
    for (; (size_t)(end - at) - length >= sizeof word; length += sizeof word) {
        memcpy(&word, at + length, sizeof word);
        memcpy(out + length, &word, sizeof word);
        uint64_t stops = scan_stops(le64toh(word));
        if (stops != 0)
            return length + (size_t)__builtin_ctzll(stops) / 8;
    }
    for (; at + length < end; length++) {
        if (scan_stops((unsigned char)at[length]) & 0x80)
            break;
        out[length] = at[length];
    }
    return length;
}

/* The rest of a string from its first byte that is not copied as it is. */
static char *scan_odd_text(struct scan_values *values, const char *at, char *start, char *out)
{
    while (at < values->end && *at != '"') {
        size_t taken = 1;
        *out++ = *at == '\\' ? scan_escape(at, (size_t)(values->end - at), &taken) : *at;
        at += taken;
    }
    values->failed = values->failed || at >= values->end;
    values->at = values->failed ? values->end : at + 1;
    *out = '\0';
    plain_text(start);
    return out + 1;
}

char *scan_text(struct scan_values *values, char *out)
{
    char *start = out;
    *out = '\0';
    if (!scan_step(values))
        return out + 1;
    if (*values->at != '"') {
        (void)scan_word(values);
        return out + 1;
    }
    const char *at = values->at + 1;
    size_t length = scan_copy(at, values->end, out);
    at += length;
    out += length;
    if (at == values->end || *at != '"')
        return scan_odd_text(values, at, start, out);
    values->at = at + 1;
    *out = '\0';
    return out + 1;
}

enum err_code scan_values_end(const struct scan_values *values, struct err *err)
{
    bool whole = !values->failed && values->end - values->at == 1 && *values->at == ']';
    return whole ? ERR_OK : scan_malformed(err);
}
