#include "http_head.h"

#include <string.h>
#include <strings.h>

size_t http_head_end(const char *text, size_t length)
{
    const char *end = memmem(text, length, "\r\n\r\n", 4);
    return end ? (size_t)(end - text) + 4 : 0;
}

static bool http_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK" */
static enum err_code http_parse_status(const char *line, size_t length, struct http_head *head,
                                       struct err *err)
{
    static const char version[] = "HTTP/1.";
    if (length < 12 || memcmp(line, version, sizeof version - 1) != 0 || !http_is_digit(line[7]) ||
        line[8] != ' ' || !http_is_digit(line[9]) || !http_is_digit(line[10]) ||
        !http_is_digit(line[11]) || (length > 12 && line[12] != ' '))
        return err_set(err, ERR_FORMAT, "what listens there does not speak HTTP");
    head->closes = line[7] == '0';
    head->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    return ERR_OK;
}

static int64_t http_number(const char *text, size_t length)
{
    if (length == 0 || length > 15)
        return -1;
    int64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (!http_is_digit(text[i]))
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

struct http_span {
    const char *text;
    size_t length;
};

static bool http_is(struct http_span span, const char *word)
{
    return span.length == strlen(word) && strncasecmp(span.text, word, span.length) == 0;
}

static enum err_code http_take_header(struct http_span name, struct http_span value,
                                      struct http_head *head, struct err *err)
{
    if (http_is(name, "content-length")) {
        int64_t length = http_number(value.text, value.length);
        if (length < 0 || (head->length >= 0 && head->length != length))
            return err_set(err, ERR_FORMAT, "the agent's answer has a Content-Length that is none");
        head->length = length;
    } else if (http_is(name, "transfer-encoding")) {
        if (!http_is(value, "chunked"))
            return err_set(err, ERR_FORMAT, "the agent's answer has a Transfer-Encoding other than chunked");
        head->chunked = true;
    } else if (http_is(name, "connection")) {
        head->closes = http_is(value, "close") || (head->closes && !http_is(value, "keep-alive"));
    } else if (http_is(name, "retry-after")) {
        int64_t seconds = http_number(value.text, value.length);
        head->retry_after_s = seconds > 0 ? seconds : 0;
    } else if (http_is(name, "content-type")) {
        const char *semicolon = memchr(value.text, ';', value.length);
        size_t length = semicolon ? (size_t)(semicolon - value.text) : value.length;
        if (length >= sizeof head->content_type)
            length = sizeof head->content_type - 1;
        memcpy(head->content_type, value.text, length);
        head->content_type[length] = '\0';
    }
    return ERR_OK;
}

static enum err_code http_parse_header(const char *line, size_t length, struct http_head *head,
                                       struct err *err)
{
    const char *colon = memchr(line, ':', length);
    if (!colon || colon == line)
        return err_set(err, ERR_FORMAT, "the agent's answer has a header without a name");
    const char *value = colon + 1;
    const char *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return http_take_header((struct http_span){line, (size_t)(colon - line)},
                            (struct http_span){value, (size_t)(end - value)}, head, err);
}

/* Answers that never have a body, whatever their headers say. */
static bool http_has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

enum err_code http_head_parse(const char *text, size_t length, struct http_head *ret_head,
                              struct err *err)
{
    struct http_head head = {.length = -1};
    const char *end = text + length;
    for (const char *line = text; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (!stop)
            return err_set(err, ERR_FORMAT, "what listens there does not speak HTTP");
        if (line == text)
            TRY(http_parse_status(line, (size_t)(stop - line), &head, err));
        else if (stop > line)
            TRY(http_parse_header(line, (size_t)(stop - line), &head, err));
        line = stop + 2;
    }
    if (http_has_no_body(head.status)) {
        head.chunked = false;
        head.length = 0;
    }
    *ret_head = head;
    return ERR_OK;
}

static int http_hex(char c)
{
    if (http_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int64_t http_chunk_size(const char *line, size_t length)
{
    int64_t size = 0;
    size_t digits = 0;
    while (digits < length && http_hex(line[digits]) >= 0) {
        if (digits == 12)
            return -1;
        size = size * 16 + http_hex(line[digits++]);
    }
    bool ends = digits == length || line[digits] == ';' || line[digits] == ' ';
    return digits > 0 && ends ? size : -1;
}
