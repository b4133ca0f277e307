/* Outgoing HTTP on libcurl's multi interface: many requests, one thread.
 *
 * The client belongs to the loop's thread; http_wake alone may be called from
 * others. Redirects are never followed and proxies only where options name one
 * (the environment's are ignored). TLS is 1.2 or newer and always verified.
 * Only http and https, and smtp and smtps for mail. The URL of a request may hold no secret.
 *
 * What the answer is worth for retrying is decided here, by how far the request
 * got (S2, S3):
 *   ANSWERED   a whole answer with status and body
 *   NOT_SENT   no byte of the request left (name, connect or TLS failed): safe to repeat
 *   UNCERTAIN  it may have had its effect (time-out, reset, truncated or too large answer)
 *
 * GET and HEAD may be sent a second time by libcurl when a kept connection turns
 * out to be closed; any other request is sent at most once.
 * Limits: 64 headers of a request, 64 KiB of headers of an answer. */
#ifndef KEYTURN_HTTP_HTTP_H
#define KEYTURN_HTTP_HTTP_H

#include "base/clock.h"
#include "base/err.h"
#include "base/own.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_outcome { HTTP_ANSWERED = 1, HTTP_NOT_SENT, HTTP_UNCERTAIN };

struct http_options {
    size_t connections_per_host; /* 0: 64 */
    const char *user_agent;      /* borrowed for the client's life */
};

/* Makes a request a mail over SMTP: the URL is smtp: or smtps:, the method is not looked at, the body
 * is the message with its headers, lines ended by CR LF. ANSWERED then means that the server
 * took it for every address; status is its last reply's. */
struct http_mail {
    const char *from;          /* addresses without < > */
    const char *const *to;
    size_t to_count;           /* 1 to HTTP_MAIL_MOST_TO */
    const char *user;          /* or NULL: does not log in */
    const struct secret *password; /* with user; borrowed until the request has ended */
    bool clear;                /* smtp: without STARTTLS; false: STARTTLS or nothing */
};
enum { HTTP_MAIL_MOST_TO = 16 };

/* A request. Everything is borrowed until http_start returns, but headers and
 * body: these secrets are taken (freed by the client when the request has ended). */
struct http_request {
    const char *method; /* "GET", … */
    const char *url;
    struct secret *headers; /* "Name: value\n" lines, each ended by its line feed, or NULL; taken */
    struct secret *body;    /* or NULL; taken */
    int64_t timeout_ms;         /* whole request; 0: 30 s */
    int64_t connect_timeout_ms; /* 0: 10 s */
    size_t max_answer_bytes;    /* 0: LIMIT_ANSWER_BYTES; more is UNCERTAIN */
    const char *ca_file;        /* PEM, or NULL: the system's */
    const struct secret *client_pem; /* our certificate, its chain and its key as PEM, borrowed until the request
                                        has ended; or NULL. libcurl's copy is wiped when it is freed */
    const char *sigv4;          /* as CURLOPT_AWS_SIGV4 ("aws:amz:region:service"), or NULL */
    const struct http_mail *mail; /* or NULL */
    const struct secret *sigv4_user; /* "id:secret", borrowed until the request has ended */
};

/* An answer, owned by the client and valid until done returns; done may take
 * the body by setting answer->body to NULL. */
struct http_answer {
    enum http_outcome outcome;
    int status;                 /* 0 unless ANSWERED */
    char content_type[128];     /* lower case, without parameters; "" when none */
    struct secret *body;        /* never NULL when ANSWERED */
    int64_t retry_after_ms;     /* Retry-After (seconds or date) from now; -1: none. Capped at 1 day */
    int64_t elapsed_ms;
    char problem[160];          /* for NOT_SENT and UNCERTAIN: what happened; no secret, no URL query */
};

/* A header of the answer by name (case-insensitive), the last one of that name; NULL when absent.
 * It is borrowed from the answer, in locked memory. */
const char *http_answer_header(const struct http_answer *answer, const char *name);

typedef void http_done(void *context, struct http_answer *answer);

struct http_client;
/* Once per process before the first client: curl_global_init with an allocator that wipes on free. */
enum err_code http_init(struct err *err) ERR_MUST_CHECK; /* ERR_INTERNAL when libcurl does not start */
/* arena (may be NULL) is where answers' bodies live; it must outlive the client. */
enum err_code http_client_new(const struct http_options *options, const struct clock *clock,
                              struct secret_arena *arena, struct http_client **ret_client,
                              struct err *err) ERR_MUST_CHECK;
/* Ends all requests; their done is called with UNCERTAIN ("stopped"). */
struct http_client *http_client_free(struct http_client *client);
OWN_DEFINE(struct http_client, http_client_free);

/* Start a request; done is called once, from http_perform or http_client_free. On failure
 * done is not called, and headers and body are freed all the same. ERR_INVALID: a header is not
 * one line of "Name: value"; ERR_LIMIT: too many of them; ERR_MEMORY. A URL that is none is found
 * when the request is moved on, as NOT_SENT. done may start requests, but not free the client. */
enum err_code http_start(struct http_client *client, struct http_request *request, http_done *done,
                         void *context, struct err *err) ERR_MUST_CHECK;

/* Move everything on and call done for what ended; the number of requests still running. */
size_t http_perform(struct http_client *client);
/* End every request whose done is this one: it is called with UNCERTAIN ("stopped") before this returns. */
void http_cancel(struct http_client *client, http_done *done);
/* Wait until something moves, http_wake, or timeout_ms. */
void http_wait(struct http_client *client, int64_t timeout_ms);
/* Thread-safe: end the present or the next http_wait. */
void http_wake(struct http_client *client);

#endif
