#include "common/deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    SILENCE_MS = 600 * 1000, /* silence that names no time: until the client leaves, at most this */
    DRIP_MS = 100,
    ENDLESS_BYTES = 64 * 1024 * 1024,
    BLOCK_BYTES = 16 * 1024,
};

int64_t deliver_hold_ms(const struct fault_hit *hit)
{
    switch (fault_hit_way(hit)) {
    case FAULT_WAY_DELAY:
        return hit->delay_ms;
    case FAULT_WAY_SILENCE:
        return hit->delay_ms ? hit->delay_ms : SILENCE_MS;
    case FAULT_WAY_NONE:
    case FAULT_WAY_REPLACE:
    case FAULT_WAY_RESET:
    case FAULT_WAY_DRIP:
    case FAULT_WAY_ENDLESS:
    case FAULT_WAY_CUT:
    case FAULT_WAY_PAD:
        return 0;
    }
    return 0;
}

/* --- bodies that come in parts ------------------------------------------- */

struct part_body {
    struct MHD_Connection *connection;
    struct hold *hold;
    int64_t pause_ms;
    bool paused; /* before the byte that comes next */
    size_t length;
    char bytes[];
};

static struct part_body *part_body_new(const struct exchange *exchange, struct hold *hold)
{
    size_t length = exchange->out->length;
    struct part_body *body = calloc(1, sizeof *body + length);
    if (!body)
        return NULL;
    body->connection = exchange->connection;
    body->hold = hold;
    body->pause_ms = exchange->fault.delay_ms ? exchange->fault.delay_ms : DRIP_MS;
    body->length = length;
    memcpy(body->bytes, buf_text(exchange->out), length);
    return body;
}

/* One byte, then a pause, in turn. */
static ssize_t read_drip(void *context, uint64_t at, char *out, size_t max)
{
    struct part_body *body = context;
    (void)max;
    if (at > 0 && !body->paused) {
        body->paused = hold_connection(body->hold, body->connection, body->pause_ms);
        return body->paused ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    body->paused = false;
    out[0] = body->bytes[at];
    return 1;
}

static ssize_t read_half(void *context, uint64_t at, char *out, size_t max)
{
    const struct part_body *body = context;
    size_t half = body->length / 2;
    if (at >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t count = half - (size_t)at < max ? half - (size_t)at : max;
    memcpy(out, body->bytes + at, count);
    return (ssize_t)count;
}

/* JSON that begins well and goes on: a reader that waits for its end reads 64 MiB. */
static ssize_t read_endless(void *context, uint64_t at, char *out, size_t max)
{
    static const char start[] = "{\"success\":true,\"data\":\"";
    (void)context;
    if (at >= ENDLESS_BYTES)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (at == 0 && max >= sizeof start - 1) {
        memcpy(out, start, sizeof start - 1);
        return sizeof start - 1;
    }
    size_t count = ENDLESS_BYTES - at < max ? (size_t)(ENDLESS_BYTES - at) : max;
    memset(out, 'x', count);
    return (ssize_t)count;
}

static struct MHD_Response *in_parts(struct exchange *exchange, struct hold *hold,
                                     MHD_ContentReaderCallback reader)
{
    bool endless = reader == read_endless;
    struct part_body *body = part_body_new(exchange, hold);
    if (!body)
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_callback(
        endless ? MHD_SIZE_UNKNOWN : body->length, BLOCK_BYTES, reader, body, free);
    if (!response)
        free(body);
    return response;
}

/* buf_text is const, and MHD asks for memory it could write, yet only copies it. */
static struct MHD_Response *whole(struct exchange *exchange)
{
    static char empty[1];
    struct buf *out = exchange->out;
    return MHD_create_response_from_buffer(out->length, out->data ? out->data : empty, MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *padded(struct exchange *exchange)
{
    static const char spaces[BLOCK_BYTES] = {[0 ... BLOCK_BYTES - 1] = ' '};
    struct buf *out = exchange->out;
    size_t bytes = exchange->fault.bytes;
    while (buf_ok(out) && out->length < bytes)
        buf_add(out, spaces, bytes - out->length < sizeof spaces ? bytes - out->length : sizeof spaces);
    return buf_ok(out) ? whole(exchange) : NULL;
}

static struct MHD_Response *make(struct exchange *exchange, struct hold *hold)
{
    switch (fault_hit_way(&exchange->fault)) {
    case FAULT_WAY_NONE:
    case FAULT_WAY_REPLACE:
    case FAULT_WAY_DELAY:
        return whole(exchange);
    case FAULT_WAY_DRIP:
        return in_parts(exchange, hold, read_drip);
    case FAULT_WAY_ENDLESS:
        return in_parts(exchange, hold, read_endless);
    case FAULT_WAY_CUT:
        return in_parts(exchange, hold, read_half);
    case FAULT_WAY_PAD:
        return padded(exchange);
    case FAULT_WAY_SILENCE:
    case FAULT_WAY_RESET:
        return NULL;
    }
    return NULL;
}

struct MHD_Response *deliver_response(struct exchange *exchange, struct hold *hold)
{
    struct MHD_Response *response = make(exchange, hold);
    if (!response)
        return NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, exchange->content_type);
    if (exchange->location)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, exchange->location);
    if (exchange->retry_after_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%d", exchange->retry_after_s);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    return response;
}

/* --- the end of it ------------------------------------------------------- */

/* With a linger time of 0, close(2) sends a reset in place of an end. */
static void arrange_reset(struct MHD_Connection *connection)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        (void)setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

enum MHD_Result deliver_send(struct exchange *exchange)
{
    if (fault_hit_way(&exchange->fault) == FAULT_WAY_RESET)
        arrange_reset(exchange->connection);
    if (!exchange->response)
        return MHD_NO;
    return MHD_queue_response(exchange->connection, (unsigned int)exchange->status, exchange->response);
}
