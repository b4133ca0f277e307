/* A list of any length as one document, in memory that does not grow with it.
 *
 * It is read by pages, each a span of places. The connection's thread and the
 * readers take the next page in turn, so that several are read at once; they are
 * sent in order. Whoever waits for the next page to send reads one meanwhile. */
#ifndef KEYTURN_API_STREAM_H
#define KEYTURN_API_STREAM_H

#include "base/own.h"
#include "lists.h"

#include <sys/types.h>

struct stream;
struct worker;

/* The whole of a list (copied) from a place on. Reads its first page, so that a locked vault is
 * said with a status and not by breaking off. */
enum err_code stream_new(struct request *request, const struct list *list, int64_t from,
                         struct stream **ret_stream, struct err *err) ERR_MUST_CHECK;
struct stream *stream_free(struct stream *stream);
OWN_DEFINE(struct stream, stream_free);

/* The next bytes into out, at most size; 0 at the end, -1 when it cannot go on: the document is
 * then cut short, and the client sees that. Uses the calling thread's session. */
ssize_t stream_read(struct stream *stream, char *out, size_t size);

/* For readers.c, the first four with its lock held. Is there a page to read, and room for it? */
bool stream_wants_reader(const struct stream *stream);
/* It stays until it is let go. */
void stream_hold(struct stream *stream);
void stream_let_go(struct stream *stream);
struct stream **stream_next(struct stream *stream); /* the readers' list */
/* Read a page, if there still is one to read. */
void stream_read_ahead(struct stream *stream, struct worker *worker);

#endif
