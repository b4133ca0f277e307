#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static enum err_code stream_refuse(int sys, const char *path, struct err *err)
{
    if (sys == ENOENT || sys == ECONNREFUSED)
        return err_set(err, ERR_NOT_FOUND, "no agent listens on %s", path);
    return err_set_errno(err, sys, "cannot reach the agent on %s", path);
}

enum err_code stream_open(struct stream *stream, const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_LIMIT, "the socket's path %s is too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot make a socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return stream_refuse(errno, path, err);
    stream_close(stream);
    stream->fd = GIVE_FD(fd);
    return ERR_OK;
}

void stream_close(struct stream *stream)
{
    own_fd(&stream->fd);
    stream->start = 0;
    stream->end = 0;
}

void stream_release(struct stream *stream)
{
    stream_close(stream);
    if (stream->locked)
        stream->locked = secret_free(stream->locked);
    else
        free(stream->in);
    stream->in = NULL;
}

enum err_code stream_lock(struct stream *stream, struct err *err)
{
    if (stream->locked)
        return ERR_OK;
    stream->locked = secret_new(STREAM_SECRET_IN_BYTES);
    if (!stream->locked)
        return err_set(err, ERR_MEMORY, "no locked memory for the agent's answer");
    free(stream->in);
    stream->in = (char *)secret_fill(stream->locked);
    stream->capacity = STREAM_SECRET_IN_BYTES;
    return ERR_OK;
}

bool stream_is_fresh(const struct stream *stream)
{
    if (stream->fd < 0 || stream->start != stream->end)
        return false;
    struct pollfd ready = {.fd = stream->fd, .events = POLLIN};
    return poll(&ready, 1, 0) == 0;
}

static enum err_code stream_await(const struct stream *stream, short events, int timeout_ms,
                                  struct err *err)
{
    struct pollfd ready = {.fd = stream->fd, .events = events};
    for (;;) {
        int count = poll(&ready, 1, timeout_ms);
        if (count > 0)
            return ERR_OK;
        if (count == 0)
            return err_set(err, ERR_BUSY,
                           "the agent has been silent for %d s: it is busy, or could not start. Its log says which: "
                           "journalctl -u keyturn, or agent.log beside the vault",
                           timeout_ms / 1000);
        if (errno != EINTR)
            return err_set_errno(err, errno, "cannot wait for the agent");
    }
}

/* Drop the first taken bytes of the parts. */
static void stream_advance(struct iovec **parts, size_t *count, size_t taken)
{
    while (*count > 0 && taken >= (*parts)->iov_len) {
        taken -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (*count > 0) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + taken;
        (*parts)->iov_len -= taken;
    }
}

enum err_code stream_send(struct stream *stream, struct iovec *parts, size_t count, int timeout_ms,
                          struct err *err)
{
    while (count > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            stream_advance(&parts, &count, (size_t)sent);
        else if (errno == EAGAIN)
            TRY(stream_await(stream, POLLOUT, timeout_ms, err));
        else if (errno != EINTR)
            return err_set_errno(err, errno, "cannot send to the agent");
    }
    return ERR_OK;
}

/* Room for more: what is left is moved to the front. */
static enum err_code stream_make_room(struct stream *stream, struct err *err)
{
    if (!stream->in) {
        stream->in = malloc(STREAM_IN_BYTES);
        if (!stream->in)
            return err_set(err, ERR_MEMORY, "out of memory");
        stream->capacity = STREAM_IN_BYTES;
    }
    if (stream->start > 0) {
        memmove(stream->in, stream->in + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    if (stream->end == stream->capacity)
        return err_set(err, ERR_LIMIT, "the agent's answer has a head of more than %zu bytes",
                       stream->capacity);
    return ERR_OK;
}

enum err_code stream_fill(struct stream *stream, int timeout_ms, bool *ret_end, struct err *err)
{
    TRY(stream_make_room(stream, err));
    for (;;) {
        ssize_t got = recv(stream->fd, stream->in + stream->end, stream->capacity - stream->end,
                           MSG_DONTWAIT);
        if (got >= 0) {
            stream->end += (size_t)got;
            *ret_end = got == 0;
            return ERR_OK;
        }
        if (errno == EAGAIN)
            TRY(stream_await(stream, POLLIN, timeout_ms, err));
        else if (errno != EINTR)
            return err_set_errno(err, errno, "cannot read the agent's answer");
    }
}
