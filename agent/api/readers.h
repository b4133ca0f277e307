/* Threads that read ahead for lists that are streamed: opening records is most of
 * the work of a list, and the thread of its connection would do it alone. */
#ifndef KEYTURN_API_READERS_H
#define KEYTURN_API_READERS_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct readers;
struct stream;

/* read is called on one of the threads, without the lock, for a stream that wants a page read. */
enum err_code readers_new(size_t threads, void (*read)(void *context, struct stream *stream), void *context,
                          struct readers **ret_readers, struct err *err) ERR_MUST_CHECK;
/* Nobody streams any more. */
struct readers *readers_free(struct readers *readers);
OWN_DEFINE(struct readers, readers_free);

/* The lock of all that streams and threads share. */
void readers_lock(struct readers *readers);
void readers_unlock(struct readers *readers);
/* Wait for a change; with the lock. */
void readers_wait(struct readers *readers);
/* Something changed for the streams, or there are pages to be read; with the lock. */
void readers_tell(struct readers *readers);
void readers_wake(struct readers *readers);

/* From here on pages are read ahead for the stream, until it leaves; with the lock. */
void readers_join(struct readers *readers, struct stream *stream);
void readers_leave(struct readers *readers, struct stream *stream);

#endif
