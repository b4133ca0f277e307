/* One message over one channel. Programs on their own thread, the rest with the loop's requests. */
#include "channel.h"

#include "action/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAM_OUTPUT_BYTES = 4096 }; /* nobody reads it; it only has to flow */

struct send {
    const struct notify_channel *channel;
    const struct clock *clock;
    int stop_fd;
    struct secret *input; /* of a program; owned */
    struct notify_result result;
    notify_done *done;
    void *context;
};

static void send_end(struct send *send)
{
    send->done(send->context, &send->result);
    secret_free(send->input);
    free(send);
}

/* The clients take bodies as secrets; this one holds none. */
static enum err_code to_secret(const struct buf *text, struct secret **ret_secret, struct err *err)
{
    OWN(secret_free) struct secret *secret = buf_ok(text) ? secret_new(text->length) : NULL;
    if (!secret || secret_set(secret, text->data, text->length) != ERR_OK)
        return err_set(err, ERR_MEMORY, "out of memory");
    *ret_secret = GIVE(secret);
    return ERR_OK;
}

/* --- Programs ---------------------------------------------------------------------------- */

static void program_run(void *context)
{
    struct send *send = context;
    struct err err = {0};
    struct action_program_answer answer = {0};
    const char *const *argv = (const char *const *)send->channel->argv;
    const struct action_program_call call = {.argv = argv,
                                             .input = send->input,
                                             .max_output_bytes = PROGRAM_OUTPUT_BYTES,
                                             .timeout_ms = send->channel->timeout_ms,
                                             .clock = send->clock,
                                             .stop_fd = send->stop_fd};
    if (action_program_run(&call, &answer, &err) != ERR_OK) {
        (void)snprintf(send->result.detail, sizeof send->result.detail, "%.*s", (int)sizeof send->result.detail - 1, err.message);
        return;
    }
    send->result.status = answer.status;
    send->result.sent = answer.end == ACTION_PROGRAM_EXITED && answer.status == 0;
    if (answer.end == ACTION_PROGRAM_STOPPED)
        (void)snprintf(send->result.detail, sizeof send->result.detail, "stopped, for the agent ends");
    else if (answer.end == ACTION_PROGRAM_TIMED_OUT)
        (void)snprintf(send->result.detail, sizeof send->result.detail, "stopped, for it took too long");
    else if (!send->result.sent)
        (void)snprintf(send->result.detail, sizeof send->result.detail, "%s %d: %.120s",
                       answer.end == ACTION_PROGRAM_EXITED ? "exit" : "killed by signal", answer.status, answer.errors);
    secret_free(answer.output);
}

static void program_done(void *context, bool cancelled)
{
    struct send *send = context;
    if (cancelled)
        (void)snprintf(send->result.detail, sizeof send->result.detail, "the agent stops");
    send_end(send);
}

static enum err_code start_program(const struct notify_runner *runner, struct send *send,
                                   const struct notify_message *message, struct err *err)
{
    OWN_BUF struct buf text = {0};
    notify_write_json(&text, message);
    buf_text_add(&text, "\n");
    TRY(to_secret(&text, &send->input, err));
    const struct work_job job = {.run = program_run, .done = program_done, .context = send};
    return work_submit(runner->programs, &job, false, err);
}

/* --- Webhooks and mail ----------------------------------------------------------------------- */

/* What a server says besides its status may quote the credential. */
static void request_done(void *context, struct http_answer *answer)
{
    struct send *send = context;
    struct notify_result *result = &send->result;
    result->status = answer->status;
    result->sent = answer->outcome == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
    if (answer->outcome != HTTP_ANSWERED)
        (void)snprintf(result->detail, sizeof result->detail, "%s", answer->problem);
    else if (!result->sent)
        (void)snprintf(result->detail, sizeof result->detail, "the server answered %d", answer->status);
    send_end(send);
}

static enum err_code webhook_headers(const struct secret *credential, struct secret **ret_headers, struct err *err)
{
    static const char type[] = "Content-Type: application/json\n";
    static const char bearer[] = "Authorization: Bearer ";
    size_t more = credential ? sizeof bearer + secret_length(credential) : 0;
    OWN(secret_free) struct secret *headers = secret_new(sizeof type + more);
    if (!headers)
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(secret_set(headers, type, sizeof type - 1));
    if (credential) {
        TRY(secret_append(headers, bearer, sizeof bearer - 1));
        TRY(secret_append(headers, secret_peek(credential), secret_length(credential)));
        TRY(secret_append(headers, "\n", 1));
    }
    *ret_headers = GIVE(headers);
    return ERR_OK;
}

static enum err_code start_webhook(const struct notify_runner *runner, struct send *send,
                                   const struct notify_message *message, const struct secret *credential,
                                   struct err *err)
{
    OWN_BUF struct buf text = {0};
    OWN(secret_free) struct secret *headers = NULL;
    OWN(secret_free) struct secret *body = NULL;
    notify_write_json(&text, message);
    TRY(to_secret(&text, &body, err));
    TRY(webhook_headers(credential, &headers, err));
    struct http_request request = {.method = "POST",
                                   .url = send->channel->url,
                                   .headers = GIVE(headers),
                                   .body = GIVE(body),
                                   .timeout_ms = send->channel->timeout_ms,
                                   .ca_file = runner->ca_file};
    return http_start(runner->http, &request, request_done, send, err);
}

static enum err_code start_mail(const struct notify_runner *runner, struct send *send,
                                const struct notify_message *message, const struct secret *credential,
                                struct err *err)
{
    const struct notify_channel *channel = send->channel;
    OWN_BUF struct buf text = {0};
    OWN(secret_free) struct secret *body = NULL;
    notify_write_mail(&text, channel, message);
    TRY(to_secret(&text, &body, err));
    const struct http_mail mail = {.from = channel->from,
                                   .to = (const char *const *)channel->to,
                                   .to_count = channel->to_count,
                                   .user = channel->user,
                                   .password = credential,
                                   .clear = channel->clear};
    struct http_request request = {.method = "MAIL",
                                   .url = channel->url,
                                   .body = GIVE(body),
                                   .timeout_ms = channel->timeout_ms,
                                   .ca_file = runner->ca_file,
                                   .mail = &mail};
    return http_start(runner->http, &request, request_done, send, err);
}

static enum err_code start(const struct notify_runner *runner, struct send *send,
                           const struct notify_message *message, const struct secret *credential, struct err *err)
{
    switch (send->channel->kind) {
    case NOTIFY_PROGRAM:
        return start_program(runner, send, message, err);
    case NOTIFY_WEBHOOK:
        return start_webhook(runner, send, message, credential, err);
    case NOTIFY_MAIL:
        return start_mail(runner, send, message, credential, err);
    }
    return err_set(err, ERR_INTERNAL, "a channel of no kind");
}

enum err_code notify_start(const struct notify_runner *runner, const struct notify_channel *channel,
                           const struct notify_message *message, const struct secret *credential,
                           notify_done *done, void *context, struct err *err)
{
    struct send *send = calloc(1, sizeof *send);
    if (!send)
        return err_set(err, ERR_MEMORY, "out of memory");
    *send = (struct send){.channel = channel, .clock = runner->clock, .stop_fd = runner->stop_fd, .done = done, .context = context};
    enum err_code code = start(runner, send, message, credential, err);
    if (code != ERR_OK) {
        secret_free(send->input);
        free(send);
    }
    return code;
}

void notify_cancel(const struct notify_runner *runner)
{
    http_cancel(runner->http, request_done);
}
