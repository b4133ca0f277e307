/* What a step sent and what came back, for people, without a secret (S6). A secret
 * is never looked at: in its place stands the name of the value, "[secret]". So do
 * the names of values that an answer gave and that may be secrets, too. */
#include "trace.h"

#include "template.h"

#include <string.h>

enum { TRACE_TEXT_BYTES = 4096, TRACE_PLACE_BYTES = 120 };

/* Values of answers that definitions take to be shown. */
static const char *const trace_shown[] = {"id",           "code",        "request_id", "expires",
                                          "last_used_at", "last_used_by"};

static bool trace_may_show(const char *name)
{
    for (size_t i = 0; i < sizeof trace_shown / sizeof trace_shown[0]; i++)
        if (strcmp(trace_shown[i], name) == 0)
            return true;
    return false;
}

static void trace_put_value(const struct step *step, const struct template_piece *piece, struct buf *out)
{
    const char *text = action_values_text(step->values, piece->name);
    bool ours = text && action_values_text(step->base, piece->name) == text;
    if (!text || (!ours && !trace_may_show(piece->name))) {
        buf_printf(out, "[%s]", piece->name);
        return;
    }
    struct template_sink sink = {.text = out};
    if (piece->filter && piece->filter->write)
        piece->filter->write((const unsigned char *)text, strlen(text), &sink);
    else
        template_put(&sink, text, strlen(text));
}

static void trace_render(const struct step *step, const char *template_text, struct buf *out)
{
    const char *at = template_text;
    bool more = true;
    while (more && out->length < TRACE_TEXT_BYTES) {
        struct template_piece piece;
        struct err err;
        if (template_next(&at, "trace", &piece, &more, &err) != ERR_OK || !more)
            return;
        if (piece.literal)
            buf_add(out, piece.literal, piece.literal_length);
        else
            trace_put_value(step, &piece, out);
    }
}

static void trace_put(const struct step *step, const char *name, const char *template_text, struct buf *out)
{
    OWN_BUF struct buf text = {0};
    if (template_text)
        trace_render(step, template_text, &text);
    json_put_string(out, name, template_text ? buf_text(&text) : NULL);
}

static void trace_header(const struct step *step, const char *name, const char *prefix, const char *template_text,
                         struct buf *out)
{
    OWN_BUF struct buf text = {0};
    buf_text_add(&text, prefix);
    trace_render(step, template_text, &text);
    json_put_object_open(out, NULL);
    json_put_string(out, "name", name);
    json_put_string(out, "value", buf_text(&text));
    json_put_object_close(out);
}

static void trace_request(const struct step *step, struct buf *out)
{
    const struct action_request *request = &step->spec->requests[step->request];
    json_put_string(out, "method", request->method);
    trace_put(step, "url", request->url, out);
    json_put_array_open(out, "headers");
    for (unsigned i = 0; i < request->headers_count; i++)
        trace_header(step, request->headers[i].name, "", request->headers[i].value, out);
    if (request->body)
        trace_header(step, "Content-Type", "", request->content_type ? request->content_type : "application/json", out);
    if (request->basic_user)
        trace_header(step, "Authorization", "Basic of ", request->basic_user, out);
    if (request->sigv4)
        trace_header(step, "Authorization", "signed for ", request->sigv4, out);
    if (request->client_certificate)
        trace_header(step, "(client certificate)", "", request->client_certificate, out);
    json_put_array_close(out);
    trace_put(step, "body", request->body, out);
}

void trace_begin(struct step *step)
{
    if (!step->runner->trace)
        return;
    buf_clear(&step->traced);
    json_put_object_open(&step->traced, NULL);
    json_put_integer(&step->traced, "request", (int64_t)step->request + 1);
    if (step->spec->requests_count > 0)
        trace_request(step, &step->traced);
    else
        json_put_string(&step->traced, "program", step->spec->program->command[0]);
}

/* --- The answer ------------------------------------------------------------------- */

static void trace_taken(const struct step *step, struct buf *out)
{
    const struct action_request *request = step->spec->requests_count ? &step->spec->requests[step->request] : NULL;
    json_put_object_open(out, "taken");
    for (unsigned i = 0; request && i < request->extract_count; i++) {
        const char *name = request->extract[i].name;
        const char *text = action_values_text(step->values, name);
        OWN_BUF struct buf masked = {0};
        buf_printf(&masked, "[%s]", name);
        if (text && trace_may_show(name))
            json_put_string(out, name, text);
        else
            json_put_string(out, name, text || action_values_secret(step->values, name) ? buf_text(&masked) : NULL);
    }
    json_put_object_close(out);
}

void trace_end(struct step *step, const struct action_result *result, const char *content_type, const struct buf *places)
{
    struct buf *out = &step->traced;
    if (!step->runner->trace)
        return;
    json_put_boolean(out, "sent", result->sent);
    json_put_boolean(out, "answered", result->answered);
    json_put_integer(out, "status", result->status);
    json_put_string(out, "content_type", content_type);
    json_put_string(out, "verdict", action_verdict_name(result->verdict));
    json_put_integer(out, "rule", (int64_t)result->rule + 1);
    json_put_string(out, "detail", result->detail);
    json_put_object_open(out, "places");
    if (places)
        buf_add(out, buf_text(places), places->length);
    json_put_object_close(out);
    trace_taken(step, out);
    json_put_object_close(out);
    if (buf_ok(out))
        step->runner->trace(step->context, result->rule, step->request, buf_text(out), out->length);
}

void trace_place(struct buf *places, const char *pointer, const char *text, size_t length)
{
    char shown[TRACE_PLACE_BYTES];
    OWN_BUF struct buf member = {0};
    OWN_BUF struct buf value = {0};
    json_put_string(&member, NULL, pointer);
    judge_copy_printable(shown, sizeof shown, text, length);
    json_put_string(&value, NULL, shown);
    if (places->length > 0 && strstr(buf_text(places), buf_text(&member)))
        return;
    buf_printf(places, "%s%s:%s", places->length > 0 ? "," : "", buf_text(&member), buf_text(&value));
}
