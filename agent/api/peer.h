/* Who is at the other end of the socket, as the kernel says (SO_PEERCRED). */
#ifndef KEYTURN_API_PEER_H
#define KEYTURN_API_PEER_H

#include "base/err.h"
#include "base/limits.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
    uid_t uid;
    char name[LIMIT_NAME_BYTES + 1]; /* "uid:1000(ana)", or "uid:1000" without an account */
};

/* Names already asked for, so that a slow directory service is asked once a user, and how many
 * connections each user holds. Any thread. */
enum { PEER_CACHE = 64 };
struct peer_entry {
    struct peer peer;
    bool used;
    unsigned connections;
};
struct peers {
    pthread_mutex_t mutex;
    struct peer_entry entries[PEER_CACHE];
    unsigned connections_each; /* at most, of a user other than root and the agent's own */
};

void peers_init(struct peers *peers, unsigned connections_each);
void peers_release(struct peers *peers);

/* A new connection's peer. ERR_LIMIT: this user holds too many; ERR_IO. */
enum err_code peer_arrive(struct peers *peers, int fd, struct peer *ret_peer, struct err *err) ERR_MUST_CHECK;
/* It has gone; for every one that arrived. */
void peer_leave(struct peers *peers, const struct peer *peer);

#endif
