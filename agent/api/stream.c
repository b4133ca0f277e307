#include "stream.h"

#include "server.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_ROWS = 512 };

struct stream {
    struct api *api;
    struct list list;
    struct list_page page;
    struct buf text; /* a page */
    size_t sent;     /* of it */
    bool rows;       /* a row was written, so a comma goes before the next */
    bool ended;
};

static enum err_code stream_fill(struct stream *stream, struct worker *worker, struct err *err)
{
    const struct scribe scribe = {worker->session, stream->api->options.engine, &stream->text};
    size_t before = stream->text.length;
    if (stream->rows)
        buf_add(&stream->text, ",", 1);
    size_t start = stream->text.length;
    TRY(list_read(&scribe, &stream->list, &stream->page, err));
    if (stream->text.length > start)
        stream->rows = true;
    else
        buf_truncate(&stream->text, before);
    if (!stream->page.more) {
        buf_text_add(&stream->text, "],\"next\":null}");
        stream->ended = true;
    }
    return buf_ok(&stream->text) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for a list");
}

enum err_code stream_new(struct request *request, const struct list *list, struct stream **ret_stream,
                         struct err *err)
{
    OWN(stream_free) struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return err_set(err, ERR_MEMORY, "out of memory for a list");
    stream->api = request->api;
    stream->list = *list;
    stream->page = (struct list_page){.limit = STREAM_ROWS, .look = STREAM_ROWS};
    buf_printf(&stream->text, "{\"%s\":[", list->kind->name);
    TRY(stream_fill(stream, request->worker, err));
    *ret_stream = GIVE(stream);
    return ERR_OK;
}

struct stream *stream_free(struct stream *stream)
{
    if (!stream)
        return NULL;
    buf_release(&stream->text);
    free(stream);
    return NULL;
}

ssize_t stream_read(struct stream *stream, char *out, size_t size)
{
    struct err err = {0};
    while (stream->sent == stream->text.length && !stream->ended) {
        buf_clear(&stream->text);
        stream->sent = 0;
        struct worker *worker = server_worker(stream->api);
        if (!worker || stream_fill(stream, worker, &err) != ERR_OK)
            return -1;
    }
    size_t left = stream->text.length - stream->sent;
    size_t length = left < size ? left : size;
    if (length > 0)
        memcpy(out, stream->text.data + stream->sent, length);
    stream->sent += length;
    return (ssize_t)length;
}
