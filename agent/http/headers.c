/* Header lines, of requests and of answers. Both may hold secrets, so both stay
 * in locked memory: libcurl's list nodes point into the caller's secret. */
#include "transfer.h"

#include <string.h>
#include <strings.h>

/* The bytes of a token (RFC 9110, 5.6.2). */
static bool http_is_token_byte(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool http_is_value_byte(unsigned char byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

/* "Name: value" with a value that is not empty: libcurl reads an empty one as
 * the wish to send no such header. */
static bool http_line_is_good(const unsigned char *line, size_t length)
{
    size_t name = 0;
    while (name < length && http_is_token_byte(line[name]))
        name++;
    if (name == 0 || name == length || line[name] != ':')
        return false;
    bool empty = true;
    for (size_t at = name + 1; at < length; at++) {
        if (!http_is_value_byte(line[at]))
            return false;
        if (line[at] != ' ' && line[at] != '\t')
            empty = false;
    }
    return !empty;
}

enum err_code http_headers_chain(struct secret *headers, struct curl_slist lines[HTTP_HEADER_LINES],
                                 struct curl_slist **ret_list, struct err *err)
{
    size_t length = headers ? secret_length(headers) : 0;
    char *text = headers ? (char *)secret_fill(headers) : NULL;
    size_t count = 0;
    for (size_t start = 0; start < length;) {
        char *end = memchr(text + start, '\n', length - start);
        size_t line = end ? (size_t)(end - (text + start)) : 0;
        if (count == HTTP_HEADER_LINES)
            return err_set(err, ERR_LIMIT, "a request has at most %d headers", HTTP_HEADER_LINES);
        if (!http_line_is_good((const unsigned char *)text + start, line))
            return err_set(err, ERR_INVALID, "header %zu of the request is not \"Name: value\" in one line",
                           count + 1);
        *end = '\0';
        lines[count] = (struct curl_slist){.data = text + start};
        if (count > 0)
            lines[count - 1].next = &lines[count];
        count++;
        start += line + 1;
    }
    *ret_list = count > 0 ? &lines[0] : NULL;
    return ERR_OK;
}

bool http_headers_add(struct http_transfer *transfer, const char *line, size_t length)
{
    /* A status line begins a new block: what came before was interim (1xx). */
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        if (transfer->answer_headers)
            secret_set_length(transfer->answer_headers, 0);
        return true;
    }
    /* Trailers come when the body has begun; nothing of ours may hang on them. */
    if (transfer->answer.body)
        return true;
    while (length > 0 && strchr("\r\n \t", line[length - 1]))
        length--;
    if (length == 0 || memchr(line, '\0', length))
        return true;
    size_t used = transfer->answer_headers ? secret_length(transfer->answer_headers) : 0;
    struct secret *room =
        http_grow(transfer->answer_headers, used + length + 1, HTTP_ANSWER_HEADER_BYTES, transfer->arena);
    if (!room) {
        transfer->too_large = used + length + 1 > HTTP_ANSWER_HEADER_BYTES ? "the answer's head" : NULL;
        transfer->limit_bytes = HTTP_ANSWER_HEADER_BYTES;
        return false;
    }
    transfer->answer_headers = room;
    return secret_append(room, line, length) == ERR_OK && secret_append(room, "", 1) == ERR_OK;
}

/* The value when line is a header of that name, else NULL. */
static const char *http_line_value(const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    const struct http_transfer *transfer = (const struct http_transfer *)(const void *)answer;
    if (!transfer->answer_headers)
        return NULL;
    const char *text = (const char *)secret_peek(transfer->answer_headers);
    const char *end = text + secret_length(transfer->answer_headers);
    const char *found = NULL;
    for (; text < end; text += strlen(text) + 1) {
        const char *value = http_line_value(text, name);
        if (value)
            found = value;
    }
    return found;
}
