#include "common/server.h"

#include "common/deliver.h"
#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct server {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool running; /* the thread */
    atomic_bool ending;
    int wake; /* an eventfd; -1: none */
    struct server_handler handler;
    struct hold *hold;
    struct buf out; /* reused by every answer: the port has one thread */
};

enum stage { STAGE_NEW, STAGE_READING, STAGE_HELD };

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *exchange_query(const struct exchange *exchange, const char *name)
{
    const char *value = NULL;
    enum MHD_Result found = MHD_lookup_connection_value_n(exchange->connection, MHD_GET_ARGUMENT_KIND, name,
                                                          strlen(name), &value, NULL);
    if (found != MHD_YES)
        return NULL;
    return value ? value : "";
}

void exchange_replace(struct exchange *exchange)
{
    const struct fault_hit *hit = &exchange->fault;
    exchange->status = hit->status;
    exchange->content_type = hit->content_type ? hit->content_type : hit->kind->content_type;
    exchange->location = hit->kind->location;
    buf_clear(exchange->out);
    const char *body = hit->body ? hit->body : hit->kind->body;
    buf_text_add(exchange->out, body ? body : ""); /* a kind with a meaning, at a provider that has no words for it */
}

/* --- one request --------------------------------------------------------- */

/* The first thing MHD says about a request, and the only time it gives the
 * target as sent. */
static void *begin(void *context, const char *target, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    size_t length = strlen(target);
    length = length < sizeof exchange->target ? length : sizeof exchange->target - 1;
    memcpy(exchange->target, target, length);
    exchange->connection = connection;
    exchange->server = context;
    exchange->stage = STAGE_NEW;
    return exchange;
}

static void end(void *context, struct MHD_Connection *connection, void **request,
                enum MHD_RequestTerminationCode how)
{
    (void)context;
    (void)connection;
    (void)how;
    struct exchange *exchange = *request;
    if (!exchange)
        return;
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    buf_release(&exchange->body);
    fault_hit_release(&exchange->fault);
    free(exchange);
    *request = NULL;
}

/* A body past the limit is read to its end and dropped, so that the client gets
 * the answer that says so. */
static void collect(struct exchange *exchange, const char *data, size_t *size)
{
    if (exchange->body.length + *size > SERVER_BODY_BYTES)
        exchange->body_too_large = true;
    else
        buf_add(&exchange->body, data, *size);
    *size = 0;
}

static void too_large(struct exchange *exchange)
{
    exchange->status = MHD_HTTP_CONTENT_TOO_LARGE;
    json_put_object_open(exchange->out, NULL);
    json_put_string(exchange->out, "error", "the body is longer than 64 KiB");
    json_put_object_close(exchange->out);
}

static enum MHD_Result answer(struct exchange *exchange)
{
    struct server *server = exchange->server;
    buf_clear(&server->out);
    exchange->out = &server->out;
    exchange->content_type = "application/json";
    if (exchange->body_too_large)
        too_large(exchange);
    else
        server->handler.answer(server->handler.context, exchange);
    if (!buf_ok(exchange->out))
        return MHD_NO;

    int64_t hold_ms = deliver_hold_ms(&exchange->fault);
    exchange->response = deliver_response(exchange, server->hold);
    exchange->stage = STAGE_HELD;
    if (hold_ms > 0 && hold_connection(server->hold, exchange->connection, hold_ms))
        return MHD_YES;
    return deliver_send(exchange);
}

static enum MHD_Result step(void *context, struct MHD_Connection *connection, const char *path,
                            const char *method, const char *version, const char *data, size_t *size,
                            void **request)
{
    (void)context;
    (void)connection;
    (void)version;
    struct exchange *exchange = *request;
    if (!exchange)
        return MHD_NO;
    switch ((enum stage)exchange->stage) {
    case STAGE_NEW:
        exchange->method = method;
        exchange->path = path;
        exchange->stage = STAGE_READING;
        return MHD_YES;
    case STAGE_READING:
        if (*size == 0)
            return answer(exchange);
        collect(exchange, data, size);
        return MHD_YES;
    case STAGE_HELD:
        return deliver_send(exchange);
    }
    return MHD_NO;
}

/* --- the port ------------------------------------------------------------ */

/* The loop is ours, because that of libmicrohttpd (0.9.75) waits for the next event without having
 * looked at the last ones when they were exactly as many as it takes at once, 128: with as many
 * connections in step it would wait for ever. */
static void *serve(void *context)
{
    struct server *server = context;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd wait[] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = server->wake, .events = POLLIN}};
    while (!atomic_load(&server->ending)) {
        eventfd_t times = 0;
        MHD_UNSIGNED_LONG_LONG left_ms = 0;
        bool timed = MHD_get_timeout(server->daemon, &left_ms) == MHD_YES && left_ms < 60 * 1000;
        (void)poll(wait, 2, timed ? (int)left_ms : -1);
        if (wait[1].revents)
            (void)eventfd_read(server->wake, &times);
        (void)MHD_run(server->daemon);
    }
    return NULL;
}

static struct MHD_Daemon *listen_on(uint16_t port, struct server *server)
{
    /* Turbo: a connection is closed without shutdown(2) before it, which would
     * make an orderly end of what must be a reset. */
    const unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return MHD_start_daemon(flags, port, NULL, NULL, step, NULL,        //
                            MHD_OPTION_SOCK_ADDR, &address,             //
                            MHD_OPTION_URI_LOG_CALLBACK, begin, server, //
                            MHD_OPTION_NOTIFY_COMPLETED, end, server,   //
                            MHD_OPTION_CONNECTION_LIMIT, 4096u,         //
                            MHD_OPTION_END);
}

static enum err_code start_thread(uint16_t port, struct server *server, struct err *err)
{
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->running = server->wake >= 0 && pthread_create(&server->thread, NULL, serve, server) == 0;
    if (!server->running)
        return err_set(err, ERR_MEMORY, "the thread of port %u cannot be started", port);
    return hold_wakes(server->hold, server->wake, err);
}

enum err_code server_start(uint16_t port, const struct server_handler *handler, struct hold *hold,
                           struct server **ret_server, struct err *err)
{
    OWN(server_stop) struct server *server = calloc(1, sizeof *server);
    if (!server)
        return err_set(err, ERR_MEMORY, "out of memory for port %u", port);
    server->handler = *handler;
    server->hold = hold;
    server->wake = -1;
    server->daemon = listen_on(port, server);
    if (!server->daemon)
        return err_set(err, ERR_EXISTS, "port %u of 127.0.0.1 cannot be listened on; is it taken?", port);
    TRY(start_thread(port, server, err));
    *ret_server = GIVE(server);
    return ERR_OK;
}

uint16_t server_port(const struct server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

struct server *server_stop(struct server *server)
{
    if (!server)
        return NULL;
    atomic_store(&server->ending, true);
    if (server->running && eventfd_write(server->wake, 1) == 0)
        (void)pthread_join(server->thread, NULL);
    if (server->wake >= 0)
        (void)close(server->wake);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    buf_release(&server->out);
    free(server);
    return NULL;
}
