/* The listener on libmicrohttpd, and a connection's life:
 *
 *   accepted accept.c: it is given to the lane that has the fewest
 *   arrive   on_connection: the peer is known, or turned away
 *   request  on_request: first lines, then parts of the body, then once more
 *            without any; then the handler runs, here or on a blocker's thread
 *            while the connection sleeps; its waking calls on_request again
 *   sent     on_completed: secrets of the answer are wiped
 *   gone     on_connection
 *
 * Each connection belongs to one lane, that is one of the listener's threads, for
 * its whole life, so the arena of that thread can hold its answer. */
#include "server.h"

#include "base/log.h"
#include "base/text.h"
#include "problem.h"
#include "routes.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 2,
    BLOCKERS = 16, /* so many changes at most are in one commit */
    READERS_MOST = 3, /* beside the threads of the connections; one for each processor but one */
    CONNECTIONS = 256,
    /* libmicrohttpd (0.9.75) takes 128 events at once, and when it got exactly so many it waits for more before
     * it looks at them: with fewer connections in a lane, and its own wake, there are never so many. */
    LANE_CONNECTIONS = 120,
    CONNECTIONS_EACH = 32, /* of a user who may do nothing but ask for the health */
    IDLE_S = 30,
    ARENA_BYTES = 256 * 1024,
    HEAD_BYTES = 32 * 1024, /* a request's head at most; and a part of a streamed answer */
    STOP_MOST_MS = 1000,
    STOP_STEP_MS = 5,
};

struct connection {
    struct peer peer;
    struct crowd_member place;
    struct request request;
};

/* --- Threads --------------------------------------------------------------- */

static void worker_free(void *context)
{
    struct worker *worker = context;
    vault_session_free(worker->session);
    secret_arena_free(worker->arena);
    free(worker);
}

/* An arena may be missing: secrets then get pages of their own. */
static struct worker *thread_worker(struct api *api, size_t arena_bytes)
{
    struct err err = {0};
    struct worker *worker = pthread_getspecific(api->workers);
    if (worker)
        return worker;
    worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->arena = arena_bytes ? secret_arena_new(arena_bytes) : NULL;
    enum err_code code =
        vault_session_new(engine_vault(api->options.engine), worker->arena, &worker->session, &err);
    if (code == ERR_OK && pthread_setspecific(api->workers, worker) == 0)
        return worker;
    worker_free(worker);
    return NULL;
}

struct worker *server_worker(struct api *api)
{
    return thread_worker(api, ARENA_BYTES);
}

static void run_blocking(void *context, struct request *request)
{
    struct api *api = context;
    request_run(request, thread_worker(api, 0));
    MHD_resume_connection(request->connection);
}

static void read_ahead(void *context, struct stream *stream)
{
    struct worker *worker = thread_worker(context, 0);
    if (worker)
        stream_read_ahead(stream, worker);
}

/* --- The answer ------------------------------------------------------------ */

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
    (void)position;
    ssize_t length = stream_read(context, out, size);
    if (length < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return length > 0 ? length : MHD_CONTENT_READER_END_OF_STREAM;
}

/* What is sent stays the request's until on_completed. */
static struct MHD_Response *make_response(struct request *request)
{
    if (request->stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HEAD_BYTES, read_stream, request->stream, NULL);
    if (!request->secret)
        return MHD_create_response_from_buffer(request->out.length, request->out.data, MHD_RESPMEM_PERSISTENT);
    /* Only read from, as the memory kind says. */
    const unsigned char *bytes = secret_peek(request->secret);
    void *there = NULL;
    memcpy(&there, &bytes, sizeof there);
    return MHD_create_response_from_buffer(secret_length(request->secret), there, MHD_RESPMEM_PERSISTENT);
}

static bool add_number(struct MHD_Response *response, const char *name, unsigned long number)
{
    char text[TEXT_DIGITS_BYTES + 1];
    text[TEXT_DIGITS_BYTES] = '\0';
    return MHD_add_response_header(response, name, text_digits(number, text)) == MHD_YES;
}

static bool add_headers(const struct request *request, struct MHD_Response *response)
{
    bool good = request->status == MHD_HTTP_NO_CONTENT ||
                MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type) == MHD_YES;
    if (request->secret)
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES;
    if (request->version)
        good = good && add_number(response, "Keyturn-Version", request->version);
    if (request->retry_after_s)
        good = good && add_number(response, MHD_HTTP_HEADER_RETRY_AFTER, request->retry_after_s);
    if (request->allow[0] && request->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, request->allow) == MHD_YES;
    return good;
}

static enum MHD_Result send_answer(struct request *request)
{
    struct MHD_Response *response = make_response(request);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(request, response))
        result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- Requests -------------------------------------------------------------- */

static enum MHD_Result run_handler(struct request *request)
{
    struct api *api = request->api;
    if (!request->route->blocks) {
        request_run(request, server_worker(api));
        return send_answer(request);
    }
    request->stage = REQUEST_BLOCKS;
    MHD_suspend_connection(request->connection);
    if (blockers_submit(api->blockers, request))
        return MHD_YES;
    request_turn_away(request);
    MHD_resume_connection(request->connection);
    return MHD_YES;
}

/* A body that is longer than any is not waited for. */
static bool is_endless(const struct request *request)
{
    return request->stage == REQUEST_REFUSED &&
           (request->status == MHD_HTTP_CONTENT_TOO_LARGE || request->status == MHD_HTTP_LENGTH_REQUIRED);
}

/* NULL: it was turned away. */
static struct connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static enum MHD_Result first_lines(struct api *api, struct MHD_Connection *connection, const char *path,
                                   const char *method, void **context)
{
    struct connection *known = connection_of(connection);
    if (!known)
        return MHD_NO;
    struct request *request = &known->request;
    request_begin(request, api, connection, &known->peer);
    *context = request;
    atomic_fetch_add(&api->under_way, 1);
    request_open(request, method, path);
    return is_endless(request) ? send_answer(request) : MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes, size_t *length,
                                  void **request_context)
{
    (void)version;
    struct request *request = *request_context;
    if (!request)
        return first_lines(context, connection, path, method, request_context);
    if (*length > 0) {
        bool taken = request_take(request, bytes, *length);
        *length = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    switch (request->stage) {
    case REQUEST_TAKES_BODY:
        crowd_served(&connection_of(connection)->place);
        return run_handler(request);
    case REQUEST_REFUSED:
    case REQUEST_ANSWERED:
        return send_answer(request);
    case REQUEST_NEW:
    case REQUEST_BLOCKS:
        return MHD_YES;
    }
    return MHD_NO;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode how)
{
    (void)how;
    struct api *api = context;
    struct request *request = *request_context;
    if (!request)
        return;
    request_end(request);
    *request_context = NULL;
    crowd_waits(&api->crowd, &connection_of(connection)->place);
    atomic_fetch_sub(&api->under_way, 1);
}

/* --- Connections ----------------------------------------------------------- */

/* Before any request, so that it is written by hand; a new socket's buffer has room for it. */
static void turn_away(int fd, const struct err *err)
{
    OWN_BUF struct buf body = {0};
    OWN_BUF struct buf answer = {0};
    problem_write(&body, MHD_HTTP_SERVICE_UNAVAILABLE, err);
    buf_printf(&answer,
               "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
               "Retry-After: 1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
               body.length, buf_text(&body));
    if (buf_ok(&answer))
        (void)!send(fd, answer.data, answer.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_RDWR);
}

static struct connection *arrive(struct api *api, struct MHD_Connection *connection)
{
    struct err err = {0};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *known = calloc(1, sizeof *known);
    enum err_code code = ERR_OK;
    if (!info || !known)
        code = err_set(&err, ERR_MEMORY, "out of memory for a connection");
    else
        code = peer_arrive(&api->peers, info->connect_fd, &known->peer, &err);
    if (code == ERR_OK) {
        crowd_join(&api->crowd, &known->place, info->connect_fd);
        return known;
    }
    if (info)
        turn_away(info->connect_fd, &err);
    free(known);
    return NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    const struct lane *lane = context;
    struct api *api = lane->api;
    switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        *socket_context = arrive(api, connection);
        return;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        break;
    }
    acceptor_left(api->acceptor, lane->number);
    struct connection *known = *socket_context;
    if (!known)
        return;
    crowd_leave(&api->crowd, &known->place);
    peer_leave(&api->peers, &known->peer);
    buf_release(&known->request.out);
    free(known);
    *socket_context = NULL;
}

/* --- Starting and stopping --------------------------------------------------- */

static enum err_code start_lane(struct api *api, struct lane *lane, struct err *err)
{
    const struct api_options *options = &api->options;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                           MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    lane->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, api,                           //
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections,     //
                                    MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s,                  //
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,          //
                                    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,                            //
                                    MHD_OPTION_NOTIFY_COMPLETED, on_completed, api,                  //
                                    MHD_OPTION_NOTIFY_CONNECTION, on_connection, lane,               //
                                    MHD_OPTION_END);
    if (!lane->daemon)
        return err_set(err, ERR_IO, "the server could not be started: %s", strerror(errno));
    return ERR_OK;
}

/* libmicrohttpd closes what it does not take. */
static bool give_to_lane(void *context, size_t number, int fd)
{
    static const struct sockaddr local = {.sa_family = AF_UNIX};
    const struct api *api = context;
    return MHD_add_connection(api->lanes[number].daemon, fd, &local, sizeof local.sa_family) == MHD_YES;
}

static void make_room(void *context)
{
    struct api *api = context;
    size_t count = crowd_part(&api->crowd);
    if (count > 0)
        log_warning("api", "%zu connections that sent no whole request for %d s were ended: others wait", count,
                    CROWD_SLOW_MS / 1000);
}

/* The acceptor begins last: before, no lane has a connection. */
static enum err_code start_listener(struct api *api, struct err *err)
{
    const struct api_options *options = &api->options;
    const struct acceptor_options accepting = {.listen_fd = options->listen_fd, .lanes = options->threads,
                                               .most = options->connections, .give = give_to_lane,
                                               .crowded = make_room, .context = api};
    if (fcntl(options->listen_fd, F_SETFL, O_NONBLOCK) != 0)
        return err_set_errno(err, errno, "the listening socket");
    api->lanes = calloc(options->threads, sizeof *api->lanes);
    if (!api->lanes)
        return err_set(err, ERR_MEMORY, "out of memory for the server");
    TRY(acceptor_new(&accepting, &api->acceptor, err));
    for (size_t i = 0; i < options->threads; i++) {
        api->lanes[i] = (struct lane){.api = api, .number = i};
        TRY(start_lane(api, &api->lanes[i], err));
    }
    return acceptor_start(api->acceptor, err);
}

static void set_defaults(struct api_options *options)
{
    if (options->threads == 0)
        options->threads = THREADS;
    if (options->connections == 0)
        options->connections = CONNECTIONS;
    if (options->connections > LANE_CONNECTIONS * options->threads)
        options->connections = LANE_CONNECTIONS * options->threads;
    if (options->idle_s == 0)
        options->idle_s = IDLE_S;
}

static size_t reader_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors <= 1 ? 0 : (size_t)(processors - 1 < READERS_MOST ? processors - 1 : READERS_MOST);
}

static enum err_code build(struct api *api, struct err *err)
{
    if (pthread_key_create(&api->workers, worker_free) != 0)
        return err_set(err, ERR_MEMORY, "the server's threads could not be prepared");
    api->workers_made = true;
    TRY(blockers_new(BLOCKERS, run_blocking, api, &api->blockers, err));
    TRY(readers_new(reader_threads(), read_ahead, api, &api->readers, err));
    return start_listener(api, err);
}

enum err_code api_start(const struct api_options *options, struct api **ret_api, struct err *err)
{
    OWN(api_stop) struct api *api = calloc(1, sizeof *api);
    if (!api) {
        close(options->listen_fd);
        return err_set(err, ERR_MEMORY, "out of memory for the server");
    }
    api->options = *options;
    set_defaults(&api->options);
    peers_init(&api->peers, CONNECTIONS_EACH);
    crowd_init(&api->crowd, options->clock);
    api->started_ms = clock_monotonic_ms(options->clock);
    TRY(build(api, err));
    *ret_api = GIVE(api);
    return ERR_OK;
}

/* What is under way gets a moment to end. */
static void stop_lanes(struct api *api)
{
    const struct timespec step = {.tv_nsec = STOP_STEP_MS * 1000L * 1000L};
    for (int waited = 0; atomic_load(&api->under_way) > 0 && waited < STOP_MOST_MS; waited += STOP_STEP_MS)
        (void)nanosleep(&step, NULL);
    for (size_t i = 0; api->lanes && i < api->options.threads; i++)
        if (api->lanes[i].daemon)
            MHD_stop_daemon(api->lanes[i].daemon);
}

/* New connections are refused from the closing of the socket on. */
struct api *api_stop(struct api *api)
{
    if (!api)
        return NULL;
    if (api->acceptor)
        acceptor_stop(api->acceptor);
    close(api->options.listen_fd);
    if (api->blockers)
        blockers_finish(api->blockers);
    stop_lanes(api);
    acceptor_free(api->acceptor);
    blockers_free(api->blockers);
    readers_free(api->readers);
    if (api->workers_made)
        (void)pthread_key_delete(api->workers);
    crowd_release(&api->crowd);
    peers_release(&api->peers);
    free(api->lanes);
    free(api);
    return NULL;
}
