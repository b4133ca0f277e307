/* Accepting connections on one thread and dealing them out, so that each of the threads that serve
 * them has as many as the others. Left to themselves, the one that wakes first takes them all. */
#ifndef KEYTURN_API_ACCEPT_H
#define KEYTURN_API_ACCEPT_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct acceptor;

struct acceptor_options {
    int listen_fd;     /* borrowed until acceptor_stop has returned; not blocking */
    size_t lanes;      /* threads that serve, at least 1 */
    size_t most;       /* connections at once; further ones wait in the socket's queue */
    /* Takes fd, whatever it answers; false: it came to nothing. Called on the acceptor's thread. */
    bool (*give)(void *context, size_t lane, int fd);
    /* There are as many as may be, and somebody waits: whoever is to give way gives way. On the same thread,
     * once a second while that is so. NULL: nobody does. */
    void (*crowded)(void *context);
    void *context;
};

enum err_code acceptor_new(const struct acceptor_options *options, struct acceptor **ret_acceptor, struct err *err)
    ERR_MUST_CHECK;
/* Accept from here on. */
enum err_code acceptor_start(struct acceptor *acceptor, struct err *err) ERR_MUST_CHECK;
/* A connection that was given to lane has ended. Any thread. */
void acceptor_left(struct acceptor *acceptor, size_t lane);
/* Accepts no more; the thread has ended when this returns. acceptor_left may still be called. */
void acceptor_stop(struct acceptor *acceptor);
struct acceptor *acceptor_free(struct acceptor *acceptor);
OWN_DEFINE(struct acceptor, acceptor_free);

#endif
