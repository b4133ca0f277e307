/* One request on its way: the libcurl handle, what it borrows and what has come
 * back. Transfers are kept and used again, because making a handle costs more
 * than the rest of a request. */
#ifndef KEYTURN_HTTP_TRANSFER_H
#define KEYTURN_HTTP_TRANSFER_H

#include "http/http.h"

#include <curl/curl.h>

enum {
    HTTP_HEADER_LINES = 64,              /* most headers of a request */
    HTTP_ANSWER_HEADER_BYTES = 64 * 1024 /* most headers of an answer, all together */
};

struct http_transfer {
    struct http_answer answer; /* first: http_answer_header finds the transfer by it */
    struct http_transfer *previous, *next; /* in the client's list */
    CURL *easy;
    struct secret_arena *arena;
    const struct clock *clock;

    struct secret *headers; /* lines, each ended by NUL, that the nodes point into */
    struct secret *body;
    struct curl_slist lines[HTTP_HEADER_LINES];
    struct curl_slist recipients[HTTP_MAIL_MOST_TO];
    size_t sent_bytes;  /* of a mail's body */
    bool plain_options; /* false: TLS or signing options were set, so the handle is not used again */
    bool repeatable;    /* GET, HEAD: libcurl may send it again on a new connection */
    unsigned passes;    /* how often the request was about to be sent */

    struct secret *answer_headers; /* "name: value" lines, each ended by NUL; NULL: none yet */
    size_t max_answer_bytes;
    const char *too_large; /* what is larger than its limit; NULL: nothing */
    size_t limit_bytes;    /* and that limit */
    int64_t started_ms;

    http_done *done;
    void *context;
    char curl_error[CURL_ERROR_SIZE];
};

struct http_transfer *http_transfer_new(const struct http_options *options, const struct clock *clock,
                                        struct secret_arena *arena) ERR_MUST_CHECK;
struct http_transfer *http_transfer_free(struct http_transfer *transfer);
OWN_DEFINE(struct http_transfer, http_transfer_free);

/* Take the request's headers and body and set the handle up. On failure they
 * are the transfer's all the same. */
enum err_code http_transfer_prepare(struct http_transfer *transfer, struct http_request *request,
                                    struct err *err) ERR_MUST_CHECK;
/* Fill the answer from what libcurl says came of it. */
void http_transfer_finish(struct http_transfer *transfer, CURLcode code);
/* Wipe and drop all that belonged to the last request. */
void http_transfer_clear(struct http_transfer *transfer);

/* mail.c: make the prepared handle send a mail. */
enum err_code http_mail_prepare(struct http_transfer *transfer, const struct http_mail *mail, struct err *err)
    ERR_MUST_CHECK;

/* headers.c: check the lines of request headers, cut them at their line feeds
 * and chain nodes over them; *ret_list is NULL for none. */
enum err_code http_headers_chain(struct secret *headers, struct curl_slist lines[HTTP_HEADER_LINES],
                                 struct curl_slist **ret_list, struct err *err) ERR_MUST_CHECK;
/* One header line of an answer as libcurl hands it over; false when there is no room. */
bool http_headers_add(struct http_transfer *transfer, const char *line, size_t length);

/* receive.c: part of an answer's body; false when it is over the limit or memory is short. */
bool http_receive(struct http_transfer *transfer, const char *bytes, size_t length);
/* A secret of at least needed bytes with the content of old, which is freed; NULL when memory is short. */
struct secret *http_grow(struct secret *old, size_t needed, size_t most, struct secret_arena *arena)
    ERR_MUST_CHECK;

#endif
