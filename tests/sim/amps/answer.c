/* The forms of Amps' answers: both generations of success, and errors. */
#include "request.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct error_form {
    const char *code;
    int status;
    const char *message;
};

/* clang-format off */
static const struct error_form errors[] = {
    [AMPS_OK]                       = {NULL, 200, NULL},
    [AMPS_INVALID_API_KEY]          = {"INVALID_API_KEY", 401, "The provided API key is invalid"},
    [AMPS_EXPIRED_TOKEN]            = {"EXPIRED_TOKEN", 401, "The API key has expired"},
    [AMPS_UNAUTHORIZED]             = {"UNAUTHORIZED", 401, "No API key was provided"},
    [AMPS_RATE_LIMIT_EXCEEDED]      = {"RATE_LIMIT_EXCEEDED", 429, "Too many requests"},
    [AMPS_INSUFFICIENT_PERMISSIONS] = {"INSUFFICIENT_PERMISSIONS", 403, "The API key lacks the required permission"},
    [AMPS_LIVE_ACCESS_DISABLED]     = {"LIVE_ACCESS_DISABLED", 403, "Live access is not enabled for this account"},
    [AMPS_INTERNAL_ERROR]           = {"INTERNAL_ERROR", 500, "An unexpected error occurred"},
    [AMPS_VALIDATION_ERROR]         = {"VALIDATION_ERROR", 400, "The request is not valid"},
    [AMPS_NOT_FOUND]                = {"NOT_FOUND", 404, "There is no such resource"},
    [AMPS_METHOD_NOT_ALLOWED]       = {"METHOD_NOT_ALLOWED", 405, "The method is not allowed here"},
    [AMPS_KEY_LIMIT_REACHED]        = {"KEY_LIMIT_REACHED", 409, "No more keys can be made"},
};
/* clang-format on */

void amps_fail(struct amps_request *request, enum amps_error error, const char *message)
{
    const struct error_form *form = &errors[error];
    struct exchange *exchange = request->exchange;
    struct buf *out = exchange->out;
    request->code = form->code;
    exchange->status = form->status;
    buf_clear(out);
    json_put_object_open(out, NULL);
    json_put_boolean(out, "success", false);
    json_put_object_open(out, "error");
    json_put_string(out, "code", form->code);
    json_put_string(out, "message", message ? message : form->message);
    json_put_object_close(out);
    json_put_object_open(out, "meta");
    json_put_string(out, "requestId", request->request_id);
    json_put_time(out, "timestamp", clock_wall_ms(request->amps->clock));
    json_put_string(out, "path", exchange->path);
    json_put_object_close(out);
    json_put_object_close(out);
}

void amps_pagination_write(struct buf *out, const struct amps_page *page)
{
    json_put_object_open(out, "pagination");
    json_put_integer(out, "total", page->total);
    json_put_integer(out, "limit", page->limit);
    json_put_integer(out, "offset", page->offset);
    json_put_boolean(out, "hasMore", page->offset + page->limit < page->total);
    json_put_object_close(out);
}

void amps_page_open(struct amps_request *request)
{
    struct buf *out = request->exchange->out;
    json_put_object_open(out, NULL);
    if (request->amps->settings.variant == AMPS_VARIANT_ENVELOPE) {
        json_put_boolean(out, "success", true);
        json_put_object_open(out, "data");
    }
    json_put_array_open(out, "items");
}

static void write_meta(struct amps_request *request)
{
    struct buf *out = request->exchange->out;
    json_put_object_open(out, "meta");
    json_put_string(out, "requestId", request->request_id);
    json_put_string(out, "environment", key_environment_name(request->presented->environment));
    json_put_time(out, "timestamp", clock_wall_ms(request->amps->clock));
    json_put_integer(out, "latencyMs", clock_monotonic_ms(request->amps->clock) - request->now_ms);
    json_put_object_close(out);
}

void amps_page_close(struct amps_request *request, const struct amps_page *page)
{
    struct buf *out = request->exchange->out;
    json_put_array_close(out);
    amps_pagination_write(out, page);
    json_put_object_close(out);
    if (request->amps->settings.variant == AMPS_VARIANT_ENVELOPE) {
        write_meta(request);
        json_put_object_close(out);
    }
}

static bool read_number(const char *text, int64_t lowest, int64_t highest, int64_t *ret)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < lowest || number > highest)
        return false;
    *ret = number;
    return true;
}

bool amps_page_read(struct amps_request *request, int64_t limit_max, int64_t limit_otherwise,
                    struct amps_page *page)
{
    const char *limit = exchange_query(request->exchange, "limit");
    const char *offset = exchange_query(request->exchange, "offset");
    char message[64];
    page->limit = limit_otherwise;
    page->offset = 0;
    if (limit && !read_number(limit, 1, limit_max, &page->limit)) {
        snprintf(message, sizeof message, "limit must be a whole number from 1 to %lld", (long long)limit_max);
        amps_fail(request, AMPS_VALIDATION_ERROR, message);
        return false;
    }
    if (offset && !read_number(offset, 0, INT32_MAX, &page->offset)) {
        amps_fail(request, AMPS_VALIDATION_ERROR, "offset must be a whole number from 0");
        return false;
    }
    return true;
}
