#include "stream.h"

#include "readers.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

enum {
    STREAM_PLACES = 128, /* of a page */
    STREAM_AHEAD = 4,    /* pages that are read or wait to be sent */
    STREAM_KEEP_BYTES = 256 * 1024 /* a page's memory that is kept for the next */
};

enum page_state { PAGE_FREE, PAGE_TAKEN, PAGE_READ, PAGE_FAILED };

struct page {
    enum page_state state;
    struct vault_span span;
    struct buf text; /* the records, with a comma before each */
};

/* The readers' lock holds all but what the comment says. */
struct stream {
    struct api *api;           /* never changes */
    struct list list;          /* never changes */
    struct page pages[STREAM_AHEAD]; /* text: its taker's, then the sender's */
    size_t taken, sent;        /* pages so far */
    int64_t from;              /* the next page begins there, or behind */
    bool all_taken;
    unsigned held;             /* by readers */
    struct stream *next;

    /* The sender's alone. */
    bool rows;      /* a record was sent, so the comma goes before the next */
    bool closed;    /* the document's end is in edge */
    struct buf edge; /* the document's beginning, then its end */
    const struct buf *sends;
    size_t offset;  /* of what it sends */
};

static struct page *page_at(struct stream *stream, size_t number)
{
    return &stream->pages[number % STREAM_AHEAD];
}

/* --- Reading --------------------------------------------------------------- */

static bool stream_has_room(const struct stream *stream)
{
    return !stream->all_taken && stream->taken - stream->sent < STREAM_AHEAD;
}

/* Take the next page; NULL when there is none. Places without records, however many, are passed over. */
static struct page *stream_take(struct stream *stream, struct worker *worker, struct err *err)
{
    struct page *page = page_at(stream, stream->taken);
    int64_t first = 0;
    bool found = false;
    bool due = list_is_of_due(&stream->list);
    enum err_code code =
        vault_place_from(worker->session, stream->list.kind->kind, stream->from, due, &found, &first, err);
    if (code == ERR_OK && !found) {
        stream->all_taken = true;
        return NULL;
    }
    stream->taken++;
    page->state = PAGE_FAILED;
    stream->all_taken = code != ERR_OK || first > INT64_MAX - STREAM_PLACES;
    if (code != ERR_OK)
        return page;
    page->state = PAGE_TAKEN;
    page->span = (struct vault_span){first, stream->all_taken ? INT64_MAX : first + STREAM_PLACES - 1, due};
    if (!stream->all_taken)
        stream->from = first + STREAM_PLACES;
    return page;
}

static enum err_code page_read(struct stream *stream, struct worker *worker, struct page *page, struct err *err)
{
    const struct scribe scribe = {worker->session, stream->api->options.engine, &page->text,
                                  &stream->list.filter.keys};
    struct list_page part = {.span = page->span};
    buf_clear(&page->text);
    buf_text_add(&page->text, ",");
    TRY(list_read(&scribe, &stream->list, &part, err));
    return buf_ok(&page->text) ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for a list");
}

/* Take a page and read it, the lock let go meanwhile. One that fails says so when it is its turn. */
static void stream_advance(struct stream *stream, struct worker *worker)
{
    struct err ignored = {0};
    struct readers *readers = stream->api->readers;
    struct page *page = stream_take(stream, worker, &ignored);
    if (!page || page->state == PAGE_FAILED)
        return;
    readers_unlock(readers);
    enum err_code code = page_read(stream, worker, page, &ignored);
    readers_lock(readers);
    page->state = code == ERR_OK ? PAGE_READ : PAGE_FAILED;
    stream->all_taken = stream->all_taken || code != ERR_OK;
}

void stream_read_ahead(struct stream *stream, struct worker *worker)
{
    readers_lock(stream->api->readers);
    if (stream_has_room(stream))
        stream_advance(stream, worker);
    readers_unlock(stream->api->readers);
}

/* --- The readers' side ------------------------------------------------------- */

bool stream_wants_reader(const struct stream *stream)
{
    return stream_has_room(stream);
}

void stream_hold(struct stream *stream)
{
    stream->held++;
}

void stream_let_go(struct stream *stream)
{
    stream->held--;
}

struct stream **stream_next(struct stream *stream)
{
    return &stream->next;
}

/* --- Its life ---------------------------------------------------------------- */

/* Where there is a second page, the readers begin with it while the first is read here. */
static enum err_code stream_begin(struct stream *stream, struct worker *worker, struct err *err)
{
    struct readers *readers = stream->api->readers;
    struct err ignored = {0};
    int64_t place = 0;
    bool long_one = false;
    readers_lock(readers);
    struct page *page = stream_take(stream, worker, err);
    if (page && page->state == PAGE_TAKEN && !stream->all_taken)
        (void)!vault_place_from(worker->session, stream->list.kind->kind, stream->from, list_is_of_due(&stream->list),
                                &long_one, &place, &ignored);
    if (long_one)
        readers_join(readers, stream);
    readers_unlock(readers);
    if (!page)
        return ERR_OK;
    enum err_code code = page->state == PAGE_FAILED ? err->code : page_read(stream, worker, page, err);
    readers_lock(readers);
    page->state = code == ERR_OK ? PAGE_READ : PAGE_FAILED;
    readers_unlock(readers);
    return code;
}

enum err_code stream_new(struct request *request, const struct list *list, int64_t from,
                         struct stream **ret_stream, struct err *err)
{
    OWN(stream_free) struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return err_set(err, ERR_MEMORY, "out of memory for a list");
    stream->api = request->api;
    stream->list = *list;
    stream->from = from;
    buf_printf(&stream->edge, "{\"%s\":[", list->kind->name);
    stream->sends = &stream->edge;
    TRY(stream_begin(stream, request->worker, err));
    *ret_stream = GIVE(stream);
    return ERR_OK;
}

struct stream *stream_free(struct stream *stream)
{
    if (!stream)
        return NULL;
    struct readers *readers = stream->api->readers;
    readers_lock(readers);
    readers_leave(readers, stream);
    while (stream->held > 0)
        readers_wait(readers);
    readers_unlock(readers);
    for (size_t i = 0; i < STREAM_AHEAD; i++)
        buf_release(&stream->pages[i].text);
    buf_release(&stream->edge);
    free(stream);
    return NULL;
}

/* --- Sending ----------------------------------------------------------------- */

/* What was sent makes room for another page. */
static void stream_done_with_page(struct stream *stream)
{
    struct page *page = page_at(stream, stream->sent);
    if (page->text.capacity > STREAM_KEEP_BYTES)
        buf_release(&page->text);
    page->state = PAGE_FREE;
    stream->sent++;
    readers_wake(stream->api->readers);
}

/* Until the next page to be sent was read, read the ones that nobody has taken, or wait. */
static enum err_code stream_await(struct stream *stream, struct err *err)
{
    struct worker *worker = server_worker(stream->api);
    if (!worker)
        return err_set(err, ERR_MEMORY, "out of memory for a list");
    for (;;) {
        if (stream->sent == stream->taken && stream->all_taken)
            return ERR_OK;
        enum page_state state = page_at(stream, stream->sent)->state;
        if (stream->sent < stream->taken && state == PAGE_FAILED)
            return err_set(err, ERR_IO, "a page of a list could not be read");
        if (stream->sent < stream->taken && state == PAGE_READ)
            return ERR_OK;
        if (stream_has_room(stream))
            stream_advance(stream, worker);
        else
            readers_wait(stream->api->readers);
    }
}

/* Go on with the next page, or the document's end; false when there is nothing more. */
static bool stream_turn(struct stream *stream)
{
    if (stream->closed)
        return false;
    if (stream->sent < stream->taken) {
        stream->sends = &page_at(stream, stream->sent)->text;
        stream->offset = stream->rows ? 0 : 1;
        stream->rows = stream->rows || stream->sends->length > 1;
        if (stream->sends->length == 1)
            stream->offset = 1;
        return true;
    }
    buf_clear(&stream->edge);
    buf_text_add(&stream->edge, stream->list.filter.keys.row ? "\n],\"next\":null}" : "],\"next\":null}");
    stream->sends = &stream->edge;
    stream->offset = 0;
    stream->closed = true;
    return true;
}

/* What it sends was sent: turn to what follows. 1: there is more, 0: it is the end, -1: it cannot go on. */
static int stream_follow(struct stream *stream)
{
    struct err err = {0};
    readers_lock(stream->api->readers);
    if (stream->sends != &stream->edge)
        stream_done_with_page(stream);
    enum err_code code = stream->closed ? ERR_OK : stream_await(stream, &err);
    bool more = code == ERR_OK && stream_turn(stream);
    readers_unlock(stream->api->readers);
    return code == ERR_OK && buf_ok(stream->sends) ? more : -1;
}

ssize_t stream_read(struct stream *stream, char *out, size_t size)
{
    while (stream->offset == stream->sends->length) {
        int more = stream_follow(stream);
        if (more <= 0)
            return more;
    }
    size_t left = stream->sends->length - stream->offset;
    size_t length = left < size ? left : size;
    memcpy(out, stream->sends->data + stream->offset, length);
    stream->offset += length;
    return (ssize_t)length;
}
