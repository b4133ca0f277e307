#include "scan.h"

#include <string.h>

enum { SCAN_ELEMENT_DEPTH = 2 }; /* inside the document and its array */

static enum err_code scan_malformed(struct err *err)
{
    return err_set(err, ERR_FORMAT, "the agent's answer is not a JSON list");
}

/* The bytes that a loop stops at, so that each of the others is looked up once. */
static const bool scan_ends_string[256] = {['"'] = true, ['\\'] = true};
static const bool scan_is_bracket[256] = {['"'] = true, ['{'] = true, ['['] = true, ['}'] = true, [']'] = true};

static const char *scan_until(const bool stops[256], const char *at, const char *end)
{
    while (at < end && !stops[(unsigned char)*at])
        at++;
    return at;
}

/* Past the end of the string that at is inside of; end when it goes on. */
static const char *scan_skip_string(struct scan_splitter *splitter, const char *at, const char *end)
{
    while (at < end) {
        if (splitter->escaped) {
            splitter->escaped = false;
            at++;
            continue;
        }
        at = scan_until(scan_ends_string, at, end);
        if (at == end)
            break;
        if (*at++ == '"') {
            splitter->in_string = false;
            return at;
        }
        splitter->escaped = true;
    }
    return end;
}

static enum err_code scan_give(struct scan_splitter *splitter, const char *start, const char *end,
                               struct err *err)
{
    if (splitter->part.length == 0)
        return splitter->element(splitter->context, start, (size_t)(end - start), err);
    buf_add(&splitter->part, start, (size_t)(end - start));
    if (!buf_ok(&splitter->part))
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(splitter->element(splitter->context, splitter->part.data, splitter->part.length, err));
    buf_clear(&splitter->part);
    return ERR_OK;
}

enum err_code scan_split(struct scan_splitter *splitter, const char *bytes, size_t length, struct err *err)
{
    const char *end = bytes + length;
    const char *start = splitter->depth > SCAN_ELEMENT_DEPTH ? bytes : NULL;
    for (const char *at = bytes; at < end;) {
        if (splitter->in_string) {
            at = scan_skip_string(splitter, at, end);
            continue;
        }
        at = scan_until(scan_is_bracket, at, end);
        if (at == end)
            break;
        char c = *at++;
        if (c == '"') {
            splitter->in_string = true;
        } else if (c == '{' || c == '[') {
            if (splitter->depth++ == SCAN_ELEMENT_DEPTH)
                start = at - 1;
        } else if (c == '}' || c == ']') {
            if (splitter->depth-- == 0)
                return scan_malformed(err);
            if (splitter->depth == SCAN_ELEMENT_DEPTH) {
                TRY(scan_give(splitter, start, at, err));
                start = NULL;
            }
            splitter->ended = splitter->depth == 0;
        }
    }
    if (start)
        buf_add(&splitter->part, start, (size_t)(end - start));
    return ERR_OK;
}

static bool scan_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *scan_spaces(const char *at, const char *end)
{
    while (at < end && scan_is_space(*at))
        at++;
    return at;
}

/* Past the string that begins at at; NULL when it does not end. */
static const char *scan_string_end(const char *at, const char *end)
{
    for (at = scan_until(scan_ends_string, at + 1, end); at < end; at = scan_until(scan_ends_string, at, end)) {
        if (*at == '"')
            return at + 1;
        at += end - at > 1 ? 2 : 1;
    }
    return NULL;
}

/* Past the value that begins at at; NULL when it does not end. */
static const char *scan_value_end(const char *at, const char *end)
{
    int depth = 0;
    while (at && at < end) {
        char c = *at;
        if (c == '"') {
            at = scan_string_end(at, end);
            if (depth == 0)
                return at;
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (depth == 0 && (c == ',' || c == '}' || c == ']' || scan_is_space(c)))
            return at;
        else if ((c == '}' || c == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return NULL;
}

enum err_code scan_object(const char *text, size_t length, scan_member *member, void *context,
                          struct err *err)
{
    const char *end = text + length;
    const char *at = scan_spaces(text + 1, end);
    if (length < 2 || text[0] != '{')
        return scan_malformed(err);
    while (at < end && *at != '}') {
        const char *name_end = *at == '"' ? scan_string_end(at, end) : NULL;
        if (!name_end)
            return scan_malformed(err);
        const char *colon = scan_spaces(name_end, end);
        if (colon == end || *colon != ':')
            return scan_malformed(err);
        const char *value = scan_spaces(colon + 1, end);
        const char *value_end = scan_value_end(value, end);
        if (!value_end || value_end == value)
            return scan_malformed(err);
        member(context, (struct scan_value){at + 1, (size_t)(name_end - at) - 2},
               (struct scan_value){value, (size_t)(value_end - value)});
        at = scan_spaces(value_end, end);
        if (at < end && *at == ',')
            at = scan_spaces(at + 1, end);
    }
    return at < end ? ERR_OK : scan_malformed(err);
}

bool scan_true(struct scan_value value)
{
    return scan_is(value, "true");
}

bool scan_null(struct scan_value value)
{
    return scan_is(value, "null");
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

/* One escape at the backslash; its character, and how many bytes it took. */
static char scan_escape(const char *at, size_t left, size_t *ret_taken)
{
    char letter = left > 1 ? at[1] : '?';
    *ret_taken = letter == 'u' ? 6 : 2;
    return letter == '"' || letter == '\\' || letter == '/' ? letter : '?';
}

/* Without the beginning of a character that was cut in two. */
static size_t scan_whole_characters(const char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xC0)
        return length;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return length - start + 1 < whole ? start - 1 : length;
}

void scan_text(struct scan_value value, char *out, size_t capacity)
{
    size_t length = 0;
    const char *at = value.text + 1;
    const char *end = value.text + value.length - 1;
    bool string = value.length >= 2 && value.text[0] == '"';
    while (string && at < end && length + 1 < capacity) {
        size_t taken = 1;
        char c = *at == '\\' ? scan_escape(at, (size_t)(end - at), &taken) : *at;
        out[length++] = (unsigned char)c < 0x20 || c == 0x7F ? '?' : c;
        at += taken;
    }
    out[scan_whole_characters(out, length)] = '\0';
}
