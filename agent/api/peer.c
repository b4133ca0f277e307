#include "peer.h"

#include "access.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { PEER_ACCOUNT_BYTES = 4096, PEER_ACCOUNT_NAME = 40 };

void peers_init(struct peers *peers, unsigned connections_each)
{
    memset(peers, 0, sizeof *peers);
    (void)pthread_mutex_init(&peers->mutex, NULL);
    peers->connections_each = connections_each;
}

void peers_release(struct peers *peers)
{
    (void)pthread_mutex_destroy(&peers->mutex);
}

static void peer_look_up(uid_t uid, struct peer *ret_peer)
{
    char text[PEER_ACCOUNT_BYTES];
    struct passwd account;
    struct passwd *found = NULL;
    ret_peer->uid = uid;
    if (getpwuid_r(uid, &account, text, sizeof text, &found) == 0 && found)
        (void)snprintf(ret_peer->name, sizeof ret_peer->name, "uid:%u(%.*s)", (unsigned)uid, PEER_ACCOUNT_NAME,
                       found->pw_name);
    else
        (void)snprintf(ret_peer->name, sizeof ret_peer->name, "uid:%u", (unsigned)uid);
}

/* The user's entry; else one to take: free, or of a user who holds no connection. */
static struct peer_entry *peer_entry(struct peers *peers, uid_t uid)
{
    struct peer_entry *free_entry = NULL;
    for (size_t i = 0; i < PEER_CACHE; i++) {
        struct peer_entry *entry = &peers->entries[i];
        if (entry->used && entry->peer.uid == uid)
            return entry;
        if (!entry->used || (entry->connections == 0 && !free_entry))
            free_entry = entry;
    }
    return free_entry;
}

static enum err_code peer_count_in(struct peers *peers, uid_t uid, struct peer *ret_peer, struct err *err)
{
    struct peer_entry *entry = peer_entry(peers, uid);
    if (!entry)
        return err_set(err, ERR_LIMIT, "more than %d users are connected; try again later", PEER_CACHE);
    if (!entry->used || entry->peer.uid != uid) {
        *entry = (struct peer_entry){.used = true};
        peer_look_up(uid, &entry->peer);
    }
    if (!access_is_owner(uid) && entry->connections >= peers->connections_each)
        return err_set(err, ERR_LIMIT, "%s holds %u connections, the most for one user; close some",
                       entry->peer.name, entry->connections);
    entry->connections++;
    *ret_peer = entry->peer;
    return ERR_OK;
}

enum err_code peer_arrive(struct peers *peers, int fd, struct peer *ret_peer, struct err *err)
{
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return err_set_errno(err, errno, "the peer of a connection is not known");
    (void)pthread_mutex_lock(&peers->mutex);
    enum err_code code = peer_count_in(peers, credentials.uid, ret_peer, err);
    (void)pthread_mutex_unlock(&peers->mutex);
    return code;
}

void peer_leave(struct peers *peers, const struct peer *peer)
{
    (void)pthread_mutex_lock(&peers->mutex);
    struct peer_entry *entry = peer_entry(peers, peer->uid);
    if (entry && entry->used && entry->peer.uid == peer->uid && entry->connections > 0)
        entry->connections--;
    (void)pthread_mutex_unlock(&peers->mutex);
}
