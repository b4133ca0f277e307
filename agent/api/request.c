#include "request.h"

#include "problem.h"
#include "routes.h"
#include "server.h"
#include "stream.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_MOST_MS = 60 * 1000, KEPT_BYTES = 8 * 1024 };

/* --- What a handler sees --------------------------------------------------- */

static const char *request_value(const struct request *request, enum MHD_ValueKind kind, const char *name)
{
    const char *value = NULL;
    enum MHD_Result found =
        MHD_lookup_connection_value_n(request->connection, kind, name, strlen(name), &value, NULL);
    if (found != MHD_YES)
        return NULL;
    return value ? value : "";
}

const char *request_header(const struct request *request, const char *name)
{
    return request_value(request, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *request, const char *name)
{
    return request_value(request, MHD_GET_ARGUMENT_KIND, name);
}

struct engine *request_engine(const struct request *request)
{
    return request->api->options.engine;
}

struct vault *request_vault(const struct request *request)
{
    return engine_vault(request->api->options.engine);
}

struct vault_session *request_session(const struct request *request)
{
    return request->worker->session;
}

const struct api_options *request_options(const struct request *request)
{
    return &request->api->options;
}

int64_t request_uptime_s(const struct request *request)
{
    return (clock_monotonic_ms(request->api->options.clock) - request->api->started_ms) / 1000;
}

enum err_code request_refuse(struct request *request, unsigned status, enum err_code code, struct err *err,
                             const char *format, ...)
{
    char message[ERR_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    request->status = status;
    return err_set(err, code, "%s", message);
}

/* --- The answer ------------------------------------------------------------ */

static void request_drop_answer(struct request *request)
{
    buf_clear(&request->out);
    request->secret = secret_free(request->secret);
    request->stream = stream_free(request->stream);
    request->version = 0;
}

/* HTTP's own word for it where a check has set one, else the code's. */
static void request_fail(struct request *request, const struct err *err)
{
    const struct problem *problem = problem_of(err->code);
    request_drop_answer(request);
    if (request->status == 0)
        request->status = problem->status;
    request->retry_after_s = problem->retry_after_s;
    request->content_type = "application/problem+json";
    problem_write(&request->out, request->status, err);
    request->stage = REQUEST_ANSWERED;
}

void request_begin(struct request *request, struct api *api, struct MHD_Connection *connection,
                   const struct peer *peer)
{
    struct buf kept = request->out;
    buf_clear(&kept);
    *request = (struct request){
        .api = api, .connection = connection, .peer = peer, .out = kept, .content_type = "application/json"};
    request->started_ms = clock_monotonic_ms(api->options.clock);
}

void request_end(struct request *request)
{
    request_drop_answer(request);
    request->body = secret_free(request->body);
    if (request->out.capacity > KEPT_BYTES)
        buf_release(&request->out);
    request->stage = REQUEST_NEW;
}

/* --- What the first lines say ---------------------------------------------- */

static enum err_code request_check_access(const struct request *request, struct err *err)
{
    const struct request_path *path = &request->path;
    bool key = path->environment[0] && path->name[0];
    return access_check(request->peer, request->route->what, key ? path->environment : NULL,
                        key ? path->name : NULL, err);
}

/* How long the body is said to be; *ret_given false: there is none. */
static enum err_code request_body_length(struct request *request, size_t *ret_length, bool *ret_given,
                                         struct err *err)
{
    const char *text = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    *ret_length = 0;
    *ret_given = text != NULL;
    if (request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return request_refuse(request, MHD_HTTP_LENGTH_REQUIRED, ERR_INVALID, err,
                              "a body is sent with a Content-Length here, not in chunks");
    if (!text)
        return ERR_OK;
    unsigned long long length = strtoull(text, NULL, 10);
    if (length > LIMIT_REQUEST_BYTES)
        return request_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, ERR_LIMIT, err,
                              "a request has at most %d bytes of body, not %.20s", LIMIT_REQUEST_BYTES, text);
    *ret_length = (size_t)length;
    *ret_given = length > 0;
    return ERR_OK;
}

static enum err_code request_check_type(struct request *request, struct err *err)
{
    static const char wanted[] = "application/json";
    const char *type = request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    size_t length = type ? strcspn(type, "; \t") : 0;
    if (length == sizeof wanted - 1 && strncasecmp(type, wanted, length) == 0)
        return ERR_OK;
    return request_refuse(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, ERR_FORMAT, err,
                          "a body is application/json here, not %.64s", type ? type : "of no type");
}

/* The body is kept in locked memory: many hold a secret. Of the connection's thread, which also takes it back: pages of
 * its own for each were a seventh of what the agent did for a key that is added. */
static enum err_code request_expect_body(struct request *request, struct err *err)
{
    size_t length = 0;
    bool given = false;
    TRY(request_body_length(request, &length, &given, err));
    if (!given && request->route->takes_body && !request->route->body_optional)
        return err_set(err, ERR_INVALID, "this takes a JSON object as its body; there was none");
    if (!given)
        return ERR_OK;
    if (!request->route->takes_body)
        return err_set(err, ERR_INVALID, "this takes no body; one of %zu bytes came", length);
    TRY(request_check_type(request, err));
    const struct worker *worker = server_worker(request->api);
    request->body = secret_new_in(worker ? worker->arena : NULL, length);
    if (!request->body)
        return err_set(err, ERR_MEMORY, "no locked memory is left for a body of %zu bytes; raise LimitMEMLOCK= of "
                       "the service, or ulimit -l", length);
    return ERR_OK;
}

static enum err_code request_admit(struct request *request, const char *method, const char *path,
                                   struct err *err)
{
    enum err_code code =
        route_find(method, path, &request->route, &request->path, request->allow, err);
    if (code != ERR_OK) {
        request->status = request->allow[0] ? MHD_HTTP_METHOD_NOT_ALLOWED : 0;
        return code;
    }
    TRY(request_check_access(request, err));
    return request_expect_body(request, err);
}

void request_open(struct request *request, const char *method, const char *path)
{
    struct err err = {0};
    request->stage = REQUEST_TAKES_BODY;
    if (request_admit(request, method, path, &err) == ERR_OK)
        return;
    request_fail(request, &err);
    request->stage = REQUEST_REFUSED;
}

/* libmicrohttpd hands its own buffer over as const, but it is done with what we have taken, and
 * would leave it there. */
static void request_wipe_taken(const char *bytes, size_t length)
{
    void *there = NULL;
    memcpy(&there, &bytes, sizeof there);
    secret_wipe(there, length);
}

bool request_take(struct request *request, const char *bytes, size_t length)
{
    bool taken = true;
    if (request->stage == REQUEST_TAKES_BODY && request->body)
        taken = secret_append(request->body, bytes, length) == ERR_OK;
    else
        taken = (request->dropped_bytes += length) <= LIMIT_REQUEST_BYTES;
    request_wipe_taken(bytes, length);
    return taken && clock_monotonic_ms(request->api->options.clock) - request->started_ms <= BODY_MOST_MS;
}

void request_run(struct request *request, struct worker *worker)
{
    struct err err = {0};
    request->worker = worker;
    enum err_code code = worker ? request->route->handle(request, &err)
                                : err_set(&err, ERR_MEMORY, "out of memory for a thread of the server");
    request->worker = NULL;
    if (code == ERR_OK && !buf_ok(&request->out))
        code = err_set(&err, ERR_MEMORY, "out of memory for the answer");
    if (code != ERR_OK) {
        request_fail(request, &err);
        return;
    }
    if (request->status == 0)
        request->status = request->route->status;
    request->stage = REQUEST_ANSWERED;
}

void request_turn_away(struct request *request)
{
    struct err err = {0};
    (void)err_set(&err, ERR_BUSY, "the agent is ending; start it again and repeat this");
    request_fail(request, &err);
}
