/* A list of any length as one document: a page of rows at a time, in memory
 * that does not grow with the list. */
#ifndef KEYTURN_API_STREAM_H
#define KEYTURN_API_STREAM_H

#include "base/own.h"
#include "lists.h"

#include <sys/types.h>

struct stream;

/* The whole of a list (copied). Reads its first page, so that a locked vault is said with a
 * status and not by breaking off. */
enum err_code stream_new(struct request *request, const struct list *list, struct stream **ret_stream,
                         struct err *err) ERR_MUST_CHECK;
struct stream *stream_free(struct stream *stream);
OWN_DEFINE(struct stream, stream_free);

/* The next bytes into out, at most size; 0 at the end, -1 when it cannot go on: the document is
 * then cut short, and the client sees that. Uses the calling thread's session. */
ssize_t stream_read(struct stream *stream, char *out, size_t size);

#endif
