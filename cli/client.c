#include "client.h"

#include "http_head.h"

#include <stdio.h>
#include <string.h>

enum { CLIENT_PATH_BYTES = 4096, CLIENT_HEAD_BYTES = CLIENT_PATH_BYTES + 512, CLIENT_CHUNK_LINE_BYTES = 256 };

/* One exchange in progress. */
struct exchange {
    struct stream *stream;
    const struct http_head *head;
    http_sink *sink;
    void *context;
    int timeout_ms;
    struct err *err;
};

enum err_code client_open(struct client *client, const char *path, struct err *err)
{
    if (stream_is_fresh(&client->stream))
        return ERR_OK;
    client->used = false;
    return stream_open(&client->stream, path, err);
}

void client_release(struct client *client)
{
    stream_release(&client->stream);
}

static enum err_code client_send(struct client *client, const struct http_request *request,
                                 int timeout_ms, struct err *err)
{
    char head[CLIENT_HEAD_BYTES];
    int length = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: keyturn\r\nAccept: %s\r\n",
                          request->method, request->path,
                          request->accept ? request->accept : "application/json");
    if (length > 0 && (size_t)length < sizeof head && request->consumer)
        length += snprintf(head + length, sizeof head - (size_t)length, "Keyturn-Consumer: %s\r\n", request->consumer);
    if (length > 0 && (size_t)length < sizeof head && request->body)
        length += snprintf(head + length, sizeof head - (size_t)length,
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                           request->body_length);
    if (length > 0 && (size_t)length < sizeof head)
        length += snprintf(head + length, sizeof head - (size_t)length, "\r\n");
    if (length < 0 || (size_t)length >= sizeof head)
        return err_set(err, ERR_LIMIT, "the request's path is too long");
    struct iovec parts[2] = {{.iov_base = head, .iov_len = (size_t)length}};
    /* iovec has no const; sendmsg only reads. */
    memcpy(&parts[1].iov_base, &request->body, sizeof parts[1].iov_base);
    parts[1].iov_len = request->body_length;
    return stream_send(&client->stream, parts, request->body ? 2 : 1, timeout_ms, err);
}

static enum err_code client_cut_off(struct err *err)
{
    return err_set(err, ERR_UNCERTAIN, "the agent closed the connection in the middle of its answer");
}

static enum err_code client_read_head(struct exchange *exchange, struct http_head *ret_head)
{
    struct stream *stream = exchange->stream;
    for (;;) {
        size_t here = stream->end - stream->start;
        size_t length = here > 0 ? http_head_end(stream->in + stream->start, here) : 0;
        if (length > 0) {
            TRY(http_head_parse(stream->in + stream->start, length, ret_head, exchange->err));
            stream->start += length;
            if (ret_head->status >= 200)
                return ERR_OK;
            continue; /* an interim answer comes before the real one */
        }
        /* What is no HTTP may never send an empty line: look at its beginning. */
        if (here >= 5 && memcmp(stream->in + stream->start, "HTTP/", 5) != 0)
            return err_set(exchange->err, ERR_FORMAT, "what listens there does not speak HTTP");
        bool end = false;
        TRY(stream_fill(stream, exchange->timeout_ms, &end, exchange->err));
        if (end && here == 0)
            return err_set(exchange->err, ERR_UNCERTAIN,
                           "the agent closed the connection without an answer");
        if (end)
            return client_cut_off(exchange->err);
    }
}

static enum err_code client_take(struct exchange *exchange, size_t length)
{
    struct stream *stream = exchange->stream;
    const char *bytes = stream->in + stream->start;
    stream->start += length;
    return exchange->sink(exchange->context, exchange->head, bytes, length, exchange->err);
}

/* Exactly length bytes of the body. */
static enum err_code client_take_length(struct exchange *exchange, int64_t length)
{
    struct stream *stream = exchange->stream;
    while (length > 0) {
        size_t here = stream->end - stream->start;
        if (here > 0) {
            size_t part = (int64_t)here < length ? here : (size_t)length;
            TRY(client_take(exchange, part));
            length -= (int64_t)part;
            continue;
        }
        bool end = false;
        TRY(stream_fill(stream, exchange->timeout_ms, &end, exchange->err));
        if (end)
            return client_cut_off(exchange->err);
    }
    return ERR_OK;
}

static enum err_code client_take_rest(struct exchange *exchange)
{
    struct stream *stream = exchange->stream;
    for (bool end = false; !end;) {
        if (stream->end > stream->start)
            TRY(client_take(exchange, stream->end - stream->start));
        TRY(stream_fill(stream, exchange->timeout_ms, &end, exchange->err));
    }
    return ERR_OK;
}

/* A line of the chunked coding; *ret_line is valid until the next read. */
static enum err_code client_read_line(struct exchange *exchange, const char **ret_line, size_t *ret_length)
{
    struct stream *stream = exchange->stream;
    for (;;) {
        const char *line = stream->in + stream->start;
        size_t here = stream->end - stream->start;
        const char *stop = memmem(line, here, "\r\n", 2);
        if (stop) {
            *ret_line = line;
            *ret_length = (size_t)(stop - line);
            stream->start += *ret_length + 2;
            return ERR_OK;
        }
        if (here > CLIENT_CHUNK_LINE_BYTES)
            return err_set(exchange->err, ERR_FORMAT, "the agent's answer has a chunk without a size");
        bool end = false;
        TRY(stream_fill(stream, exchange->timeout_ms, &end, exchange->err));
        if (end)
            return client_cut_off(exchange->err);
    }
}

static enum err_code client_take_chunks(struct exchange *exchange)
{
    const char *line = NULL;
    size_t length = 0;
    for (int64_t size = 1; size > 0;) {
        TRY(client_read_line(exchange, &line, &length));
        size = http_chunk_size(line, length);
        if (size < 0)
            return err_set(exchange->err, ERR_FORMAT, "the agent's answer has a chunk without a size");
        TRY(client_take_length(exchange, size));
        if (size > 0) {
            TRY(client_read_line(exchange, &line, &length));
            if (length > 0)
                return err_set(exchange->err, ERR_FORMAT, "the agent's answer has a chunk of another size");
        }
    }
    do { /* the trailer, to its empty line */
        TRY(client_read_line(exchange, &line, &length));
    } while (length > 0);
    return ERR_OK;
}

static enum err_code client_read_answer(struct exchange *exchange, struct http_head *ret_head)
{
    struct http_head head = {0};
    TRY(client_read_head(exchange, &head));
    exchange->head = &head;
    *ret_head = head;
    if (head.chunked)
        return client_take_chunks(exchange);
    if (head.length >= 0)
        return client_take_length(exchange, head.length);
    ret_head->closes = true; /* only the end of the connection says where the body ends */
    return client_take_rest(exchange);
}

enum err_code client_call(struct client *client, const struct http_request *request, http_sink *sink,
                          void *context, struct http_head *ret_head, struct err *err)
{
    struct exchange exchange = {.stream = &client->stream, .sink = sink, .context = context, .err = err};
    exchange.timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : CLIENT_TIMEOUT_MS;
    struct http_head head = {0};
    enum err_code code = client_send(client, request, exchange.timeout_ms, err);
    /* A server that refuses early closes before it has read all; its answer may
     * be there all the same. */
    if (code == ERR_OK || code == ERR_IO)
        code = client_read_answer(&exchange, &head);
    client->used = true;
    if (code != ERR_OK || head.closes)
        stream_close(&client->stream);
    if (code == ERR_OK)
        *ret_head = head;
    return code;
}
