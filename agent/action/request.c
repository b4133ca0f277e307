#include "request.h"

#include "template.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void request_release(struct request_built *built)
{
    buf_release(&built->url);
    buf_release(&built->signing);
    built->http.headers = secret_free(built->http.headers);
    built->http.body = secret_free(built->http.body);
    built->signer = secret_free(built->signer);
    built->certificate = secret_free(built->certificate);
}

/* What the header lines are made from. */
struct request_lines {
    const struct action_request *request;
    const struct action_values *values;
    const struct secret *basic; /* "user:password", or NULL */
    size_t count;
};

static void request_put_text(struct template_sink *sink, const char *text)
{
    template_put(sink, text, strlen(text));
}

static enum err_code request_write_lines(struct request_lines *lines, struct template_sink *sink,
                                         struct err *err)
{
    const struct action_request *request = lines->request;
    lines->count = request->headers_count;
    for (unsigned i = 0; i < request->headers_count; i++) {
        request_put_text(sink, request->headers[i].name);
        request_put_text(sink, ": ");
        TRY(template_write(request->headers[i].value, lines->values, true, request->headers[i].name, sink, err));
        request_put_text(sink, "\n");
    }
    if (request->body) {
        request_put_text(sink, "Content-Type: ");
        request_put_text(sink, request->content_type ? request->content_type : "application/json");
        request_put_text(sink, "\n");
        lines->count++;
    }
    if (lines->basic) {
        request_put_text(sink, "Authorization: Basic ");
        template_write_base64(secret_peek(lines->basic), secret_length(lines->basic), sink);
        request_put_text(sink, "\n");
        lines->count++;
    }
    return ERR_OK;
}

/* A value with a line end would be a header of its own (and a secret's value may
 * come from anywhere). */
static enum err_code request_check_lines(const struct secret *headers, size_t count, struct err *err)
{
    const unsigned char *text = secret_peek(headers);
    size_t ends = 0;
    for (size_t at = 0; at < secret_length(headers); at++)
        ends += text[at] == '\n' ? 1 : 0;
    if (ends != count)
        return err_set(err, ERR_INVALID, "a header's value has a line end in it");
    return ERR_OK;
}

static enum err_code request_build_headers(struct request_lines *lines, struct secret_arena *arena,
                                           struct secret **ret_headers, struct err *err)
{
    struct template_sink count = {0};
    TRY(request_write_lines(lines, &count, err));
    if (count.length == 0)
        return ERR_OK;
    if (count.length > TEMPLATE_RENDERED_BYTES)
        return err_set(err, ERR_LIMIT, "the headers are larger than 1 MiB");
    OWN(secret_free) struct secret *headers = secret_new_in(arena, count.length);
    if (!headers)
        return err_set(err, ERR_MEMORY, "no memory for the headers of a request");
    struct template_sink sink = {.secret = headers};
    TRY(request_write_lines(lines, &sink, err));
    TRY(request_check_lines(headers, lines->count, err));
    *ret_headers = GIVE(headers);
    return ERR_OK;
}

/* "user:password" (RFC 7617). */
static enum err_code request_build_basic(const struct action_request *request,
                                         const struct action_values *values, struct secret_arena *arena,
                                         struct secret **ret_basic, struct err *err)
{
    if (!request->basic_user)
        return ERR_OK;
    struct template_sink count = {0};
    TRY(template_write(request->basic_user, values, true, "basic_user", &count, err));
    TRY(template_write(request->basic_password, values, true, "basic_password", &count, err));
    OWN(secret_free) struct secret *basic = secret_new_in(arena, count.length + 1);
    if (!basic)
        return err_set(err, ERR_MEMORY, "no memory for basic authentication");
    struct template_sink sink = {.secret = basic};
    TRY(template_write(request->basic_user, values, true, "basic_user", &sink, err));
    request_put_text(&sink, ":");
    TRY(template_write(request->basic_password, values, true, "basic_password", &sink, err));
    *ret_basic = GIVE(basic);
    return ERR_OK;
}

static enum err_code request_build_signing(const struct action_request *request,
                                           const struct action_values *values, struct secret_arena *arena,
                                           struct request_built *built, struct err *err)
{
    if (!request->sigv4)
        return ERR_OK;
    TRY(action_render(request->sigv4, values, "sigv4", &built->signing, err));
    TRY(action_render_secret(request->sigv4_user, values, "sigv4_user", arena, &built->signer, err));
    built->http.sigv4 = buf_text(&built->signing);
    built->http.sigv4_user = built->signer;
    return ERR_OK;
}

enum err_code request_build(const struct action_request *request, const struct action_values *values,
                            const struct action_runner *runner, struct request_built *ret_built,
                            struct err *err)
{
    OWN_REQUEST struct request_built built = {0};
    OWN(secret_free) struct secret *basic = NULL;
    if (request->timeout)
        TRY(text_parse_duration(request->timeout, &built.http.timeout_ms, err));
    TRY(action_render(request->url, values, "url", &built.url, err));
    TRY(request_build_basic(request, values, runner->arena, &basic, err));
    struct request_lines lines = {.request = request, .values = values, .basic = basic};
    TRY(request_build_headers(&lines, runner->arena, &built.http.headers, err));
    if (request->body)
        TRY(action_render_secret(request->body, values, "body", runner->arena, &built.http.body, err));
    TRY(request_build_signing(request, values, runner->arena, &built, err));
    if (request->client_certificate)
        TRY(action_render_secret(request->client_certificate, values, "client_certificate", runner->arena,
                                 &built.certificate, err));
    built.http.client_pem = built.certificate;
    built.http.method = request->method;
    built.http.url = buf_text(&built.url);
    built.http.ca_file = runner->ca_file;
    *ret_built = built;
    built = (struct request_built){0};
    return ERR_OK;
}
