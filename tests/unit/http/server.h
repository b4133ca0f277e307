/* A little HTTP server for tests: one thread accepts, one serves each
 * connection. What it does with a request is looked up by the request's path. */
#ifndef KEYTURN_TEST_SERVER_H
#define KEYTURN_TEST_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum server_fault {
    SERVER_ANSWERS = 0,
    SERVER_CLOSES,        /* after it read the request, without an answer */
    SERVER_RESETS,        /* the same, with a TCP reset */
    SERVER_DROPS_KEPT,    /* closes without an answer, but on a connection's first request answers */
    SERVER_STALLS,        /* after it sent the answer's text, until the client goes */
};

struct server_route {
    const char *path;
    const char *answer; /* the whole text, status line and all; "" ends the table */
    enum server_fault fault;
    size_t filler; /* bytes of 'x' after the text */
};

enum { SERVER_CONNECTIONS = 64, SERVER_REQUEST_BYTES = 64 * 1024 };

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
    const struct server_route *routes;
    atomic_int requests;
    atomic_int connections;
    atomic_bool stop;
    pthread_t workers[SERVER_CONNECTIONS];
    pthread_mutex_t lock;
    char last[SERVER_REQUEST_BYTES]; /* the last request, as it came */
    char url[128];
};

struct server_connection {
    struct server *server;
    int fd;
};

/* Wait for something to read; false when the server stops. */
static inline bool server_readable(struct server *server, int fd)
{
    while (!atomic_load(&server->stop)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 20) > 0)
            return true;
    }
    return false;
}

/* Read one request with its body into text; its length, 0 at the end. */
static inline size_t server_read(struct server *server, int fd, char *text)
{
    size_t length = 0;
    for (;;) {
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        if (end) {
            const char *announced = strcasestr(text, "\r\ncontent-length:");
            size_t body = announced ? (size_t)strtoul(announced + 17, NULL, 10) : 0;
            if (length >= (size_t)(end + 4 - text) + body)
                return length;
        }
        if (length + 1 >= SERVER_REQUEST_BYTES || !server_readable(server, fd))
            return 0;
        ssize_t got = read(fd, text + length, SERVER_REQUEST_BYTES - 1 - length);
        if (got <= 0)
            return 0;
        length += (size_t)got;
    }
}

static inline void server_send(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static inline const struct server_route *server_route_of(const struct server *server, const char *request)
{
    const char *path = strchr(request, ' ');
    const struct server_route *route = server->routes;
    for (; route->answer[0] != '\0' || route->fault != SERVER_ANSWERS; route++)
        if (path && strncmp(path + 1, route->path, strlen(route->path)) == 0)
            return route;
    return route;
}

static inline void server_filler(int fd, size_t length)
{
    char piece[4096];
    memset(piece, 'x', sizeof piece);
    for (; length > 0; length -= length < sizeof piece ? length : sizeof piece)
        server_send(fd, piece, length < sizeof piece ? length : sizeof piece);
}

/* Do what the route says; false when the connection ends. */
static inline bool server_answer(struct server *server, int fd, const struct server_route *route, int nth)
{
    struct linger reset = {.l_onoff = 1};
    switch (route->fault) {
    case SERVER_CLOSES:
        return false;
    case SERVER_RESETS:
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return false;
    case SERVER_DROPS_KEPT:
        if (nth > 1)
            return false;
        break;
    case SERVER_ANSWERS:
    case SERVER_STALLS:
        break;
    }
    server_send(fd, route->answer, strlen(route->answer));
    server_filler(fd, route->filler);
    if (route->fault == SERVER_STALLS)
        server_readable(server, fd);
    return strstr(route->answer, "ontent-Length") && route->fault != SERVER_STALLS;
}

static inline void *server_serve(void *context)
{
    struct server_connection *connection = context;
    struct server *server = connection->server;
    int fd = connection->fd;
    char *text = malloc(SERVER_REQUEST_BYTES);
    size_t length;
    for (int nth = 1; text && (length = server_read(server, fd, text)) > 0; nth++) {
        pthread_mutex_lock(&server->lock);
        memcpy(server->last, text, length + 1);
        pthread_mutex_unlock(&server->lock);
        atomic_fetch_add(&server->requests, 1);
        if (!server_answer(server, fd, server_route_of(server, text), nth))
            break;
    }
    free(text);
    free(connection);
    close(fd);
    return NULL;
}

static inline void *server_accept(void *context)
{
    struct server *server = context;
    while (server_readable(server, server->listener)) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        struct server_connection *connection = fd >= 0 ? malloc(sizeof *connection) : NULL;
        int slot = atomic_load(&server->connections);
        if (!connection || slot >= SERVER_CONNECTIONS)
            abort();
        *connection = (struct server_connection){server, fd};
        pthread_create(&server->workers[slot], NULL, server_serve, connection);
        atomic_store(&server->connections, slot + 1);
    }
    return NULL;
}

/* routes ends with an entry whose answer is "" and has no fault: that closes the connection. */
static inline struct server *server_start(const struct server_route *routes)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->routes = routes;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 || listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", server->port);
    pthread_mutex_init(&server->lock, NULL);
    pthread_create(&server->thread, NULL, server_accept, server);
    return server;
}

static inline void server_stop(struct server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < atomic_load(&server->connections); i++)
        pthread_join(server->workers[i], NULL);
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* Does the last request hold this text? */
static inline bool server_saw(struct server *server, const char *text)
{
    pthread_mutex_lock(&server->lock);
    bool saw = strstr(server->last, text) != NULL;
    pthread_mutex_unlock(&server->lock);
    return saw;
}

#endif
