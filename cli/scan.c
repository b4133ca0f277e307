#include "scan.h"

#include "base/text.h"
#include "plain.h"

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

/* Past the string that begins at at; NULL when it does not end. A quote behind a backslash may be an
 * escaped one: then what lies before it tells. */
static const char *scan_string_end(const char *at, const char *end)
{
    const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!quote || quote[-1] != '\\')
        return quote ? quote + 1 : NULL;
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : NULL;
}

/* Past what is no string: true, false, null or a number. Values with others inside of them are not in rows. */
static const char *scan_word_end(const char *at, const char *end)
{
    static const bool ends[256] = {['"'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true};
    if (end - at > 4 && memcmp(at, "null", 4) == 0) /* most are */
        at += 4;
    while (at < end && !ends[(unsigned char)*at])
        at++;
    return at;
}

enum err_code scan_values(const char *text, size_t length, struct scan_value *ret_values, size_t count, struct err *err)
{
    const char *at = text;
    const char *end = text + length;
    for (size_t i = 0; i < count; i++) {
        if (at == end || *at++ != (i == 0 ? '[' : ',') || at == end)
            return scan_malformed(err);
        const char *stop = *at == '"' ? scan_string_end(at, end) : scan_word_end(at, end);
        if (!stop || stop == at)
            return scan_malformed(err);
        ret_values[i] = (struct scan_value){at, (size_t)(stop - at)};
        at = stop;
    }
    return at + 1 == end && *at == ']' ? ERR_OK : scan_malformed(err);
}

bool scan_true(struct scan_value value)
{
    return value.length == sizeof "true" - 1 && memcmp(value.text, "true", value.length) == 0;
}

int64_t scan_number(struct scan_value value)
{
    int64_t number = 0;
    for (size_t i = 0; i < value.length && i < 15; i++) {
        if (value.text[i] < '0' || value.text[i] > '9')
            return number;
        number = number * 10 + (value.text[i] - '0');
    }
    return number;
}

int64_t scan_time(struct scan_value value)
{
    char text[TEXT_TIME_BYTES];
    int64_t wall_ms = 0;
    if (value.text[0] != '"' || value.length > sizeof text)
        return 0;
    memcpy(text, value.text + 1, value.length - 2);
    text[value.length - 2] = '\0';
    return text_parse_time(text, &wall_ms, NULL) == ERR_OK ? wall_ms : 0;
}

/* One escape at the backslash; its character, and how many bytes it took. */
static char scan_escape(const char *at, size_t left, size_t *ret_taken)
{
    char letter = left > 1 ? at[1] : '?';
    *ret_taken = letter == 'u' ? 6 : 2;
    return letter == '"' || letter == '\\' || letter == '/' ? letter : '?';
}

size_t scan_text(struct scan_value value, char *out)
{
    size_t length = 0;
    const char *at = value.text + 1;
    const char *end = value.text + value.length - 1;
    if (value.text[0] != '"')
        end = at;
    if (!memchr(at, '\\', (size_t)(end - at))) {
        length = (size_t)(end - at);
        memcpy(out, at, length);
        at = end;
    }
    while (at < end) {
        size_t taken = 1;
        out[length++] = *at == '\\' ? scan_escape(at, (size_t)(end - at), &taken) : *at;
        at += taken;
    }
    out[length] = '\0';
    plain_text(out);
    return length;
}
