#include "readers.h"

#include "stream.h"

#include <pthread.h>
#include <stdlib.h>

struct readers {
    pthread_mutex_t mutex;
    pthread_cond_t work;    /* a stream wants a page read */
    pthread_cond_t changed; /* a page was read */
    struct stream *first;
    bool ending;
    void (*read)(void *context, struct stream *stream);
    void *context;
    size_t threads;
    pthread_t thread[];
};

static struct stream *readers_find(const struct readers *readers)
{
    struct stream *stream = readers->first;
    while (stream && !stream_wants_reader(stream))
        stream = *stream_next(stream);
    return stream;
}

static void *readers_loop(void *context)
{
    struct readers *readers = context;
    readers_lock(readers);
    while (!readers->ending) {
        struct stream *stream = readers_find(readers);
        if (!stream) {
            (void)pthread_cond_wait(&readers->work, &readers->mutex);
            continue;
        }
        stream_hold(stream);
        readers_unlock(readers);
        readers->read(readers->context, stream);
        readers_lock(readers);
        stream_let_go(stream);
        readers_tell(readers);
    }
    readers_unlock(readers);
    return NULL;
}

enum err_code readers_new(size_t threads, void (*read)(void *context, struct stream *stream), void *context,
                          struct readers **ret_readers, struct err *err)
{
    OWN(readers_free) struct readers *readers = calloc(1, sizeof *readers + threads * sizeof(pthread_t));
    if (!readers)
        return err_set(err, ERR_MEMORY, "out of memory for the server's threads");
    (void)pthread_mutex_init(&readers->mutex, NULL);
    (void)pthread_cond_init(&readers->work, NULL);
    (void)pthread_cond_init(&readers->changed, NULL);
    readers->read = read;
    readers->context = context;
    for (; readers->threads < threads; readers->threads++)
        if (pthread_create(&readers->thread[readers->threads], NULL, readers_loop, readers) != 0)
            return err_set(err, ERR_MEMORY, "a thread of the server could not be started");
    *ret_readers = GIVE(readers);
    return ERR_OK;
}

struct readers *readers_free(struct readers *readers)
{
    if (!readers)
        return NULL;
    readers_lock(readers);
    readers->ending = true;
    (void)pthread_cond_broadcast(&readers->work);
    readers_unlock(readers);
    for (; readers->threads > 0; readers->threads--)
        (void)pthread_join(readers->thread[readers->threads - 1], NULL);
    (void)pthread_cond_destroy(&readers->work);
    (void)pthread_cond_destroy(&readers->changed);
    (void)pthread_mutex_destroy(&readers->mutex);
    free(readers);
    return NULL;
}

void readers_lock(struct readers *readers)
{
    (void)pthread_mutex_lock(&readers->mutex);
}

void readers_unlock(struct readers *readers)
{
    (void)pthread_mutex_unlock(&readers->mutex);
}

void readers_wait(struct readers *readers)
{
    (void)pthread_cond_wait(&readers->changed, &readers->mutex);
}

void readers_tell(struct readers *readers)
{
    (void)pthread_cond_broadcast(&readers->changed);
}

void readers_wake(struct readers *readers)
{
    (void)pthread_cond_broadcast(&readers->work);
}

void readers_join(struct readers *readers, struct stream *stream)
{
    *stream_next(stream) = readers->first;
    readers->first = stream;
    readers_wake(readers);
}

void readers_leave(struct readers *readers, struct stream *stream)
{
    struct stream **link = &readers->first;
    while (*link && *link != stream)
        link = stream_next(*link);
    if (*link)
        *link = *stream_next(stream);
}
