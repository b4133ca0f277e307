/* Setting up a handle, and reading what came of it. */
#include "transfer.h"

#include "base/limits.h"
#include "hint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HTTP_TIMEOUT_MS = 30 * 1000,
    HTTP_CONNECT_TIMEOUT_MS = 10 * 1000,
    HTTP_BUFFER_BYTES = 4 * 1024, /* answers are small; each buffer is wiped, and there are hundreds at once */
};

static size_t http_on_body(char *bytes, size_t size, size_t count, void *context)
{
    return http_receive(context, bytes, size * count) ? size * count : 0;
}

static size_t http_on_header(char *bytes, size_t size, size_t count, void *context)
{
    return http_headers_add(context, bytes, size * count) ? size * count : 0;
}

/* Called when the connection (TLS included) stands and the request is about to
 * be written. Before the first call nothing of it has left.
 *
 * libcurl sends a request again by itself when a kept connection closes without
 * an answer. The other side may have acted on the first one, so only a read is
 * allowed a second pass (S3). */
static int http_on_ready(void *context, char *ip, char *local_ip, int port, int local_port)
{
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    struct http_transfer *transfer = context;
    transfer->passes++;
    return transfer->passes > 1 && !transfer->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* Options that are the same for every request. */
static void http_set_fixed_options(struct http_transfer *transfer, const struct http_options *options)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, http_on_ready);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)HTTP_BUFFER_BYTES);
    /* A name server that does not answer must not hold the loop when the request times out. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent);
}

struct http_transfer *http_transfer_new(const struct http_options *options, const struct clock *clock,
                                        struct secret_arena *arena)
{
    OWN(http_transfer_free) struct http_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return NULL;
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return NULL;
    transfer->clock = clock;
    transfer->arena = arena;
    transfer->plain_options = true;
    http_set_fixed_options(transfer, options);
    return GIVE(transfer);
}

struct http_transfer *http_transfer_free(struct http_transfer *transfer)
{
    if (!transfer)
        return NULL;
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    http_transfer_clear(transfer);
    free(transfer);
    return NULL;
}

/* The verb and the body. POSTFIELDS borrows the bytes; a body with any verb but
 * POST is a POST by another name to libcurl. */
static CURLcode http_set_method(struct http_transfer *transfer, const char *method)
{
    CURL *easy = transfer->easy;
    bool get = strcmp(method, "GET") == 0;
    bool head = strcmp(method, "HEAD") == 0;
    bool post = strcmp(method, "POST") == 0;
    bool expects_body = post || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    transfer->repeatable = get || head;
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (transfer->body || expects_body) {
        size_t length = transfer->body ? secret_length(transfer->body) : 0;
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         transfer->body ? (const char *)secret_peek(transfer->body) : "");
        return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, post ? NULL : method);
    }
    if (head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, get || head ? NULL : method);
}

static CURLcode http_set_string(CURL *easy, CURLoption option, const char *value)
{
    return value ? curl_easy_setopt(easy, option, value) : CURLE_OK;
}

/* libcurl takes the user of a signature as text that it copies; its copy and
 * ours are wiped. */
static CURLcode http_set_signing(struct http_transfer *transfer, const struct http_request *request)
{
    if (!request->sigv4 || !request->sigv4_user)
        return CURLE_OK;
    size_t length = secret_length(request->sigv4_user);
    OWN(secret_free) struct secret *text = secret_new_in(transfer->arena, length + 1);
    if (!text || secret_set(text, secret_peek(request->sigv4_user), length) != ERR_OK ||
        secret_append(text, "", 1) != ERR_OK)
        return CURLE_OUT_OF_MEMORY;
    CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_AWS_SIGV4, request->sigv4);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_USERPWD, (const char *)secret_peek(text));
    return code;
}

/* The certificate and its key from memory: no file has them. Both are found in the same text. */
static CURLcode http_set_certificate(struct http_transfer *transfer, const struct secret *pem)
{
    if (!pem)
        return CURLE_OK;
    /* libcurl's struct is not const; it does not write to what it does not copy. */
    struct curl_blob blob = {.len = secret_length(pem), .flags = CURL_BLOB_COPY};
    memcpy(&blob.data, &(const void *){secret_peek(pem)}, sizeof blob.data);
    CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_SSLCERT_BLOB, &blob);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->easy, CURLOPT_SSLKEY_BLOB, &blob);
    return code;
}

static CURLcode http_set_special(struct http_transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;
    if (request->ca_file || request->client_pem || request->sigv4)
        transfer->plain_options = false;
    CURLcode code = http_set_string(easy, CURLOPT_CAINFO, request->ca_file);
    if (code == CURLE_OK)
        code = http_set_certificate(transfer, request->client_pem);
    if (code == CURLE_OK)
        code = http_set_signing(transfer, request);
    return code;
}

static long http_time_limit(int64_t asked_ms, int64_t default_ms)
{
    return (long)(asked_ms > 0 ? asked_ms : default_ms);
}

enum err_code http_transfer_prepare(struct http_transfer *transfer, struct http_request *request,
                                    struct err *err)
{
    transfer->headers = GIVE(request->headers);
    transfer->body = GIVE(request->body);
    transfer->max_answer_bytes =
        request->max_answer_bytes ? request->max_answer_bytes : (size_t)LIMIT_ANSWER_BYTES;
    transfer->started_ms = clock_monotonic_ms(transfer->clock);
    struct curl_slist *list = NULL;
    TRY(http_headers_chain(transfer->headers, transfer->lines, &list, err));
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, http_time_limit(request->timeout_ms, HTTP_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     http_time_limit(request->connect_timeout_ms, HTTP_CONNECT_TIMEOUT_MS));
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, request->url);
    if (code == CURLE_OK && request->mail)
        TRY(http_mail_prepare(transfer, request->mail, err));
    else if (code == CURLE_OK)
        code = http_set_method(transfer, request->method);
    if (code == CURLE_OK)
        code = http_set_special(transfer, request);
    if (code != CURLE_OK)
        return err_set(err, code == CURLE_OUT_OF_MEMORY ? ERR_MEMORY : ERR_INVALID,
                       "the request cannot be set up: %s", curl_easy_strerror(code));
    return ERR_OK;
}

static void http_read_answer(struct http_transfer *transfer)
{
    struct http_answer *answer = &transfer->answer;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!answer->body)
        answer->body = secret_new_in(transfer->arena, 1);
    if (!answer->body) {
        answer->outcome = HTTP_UNCERTAIN;
        (void)snprintf(answer->problem, sizeof answer->problem, "no memory for the answer");
        return;
    }
    answer->outcome = HTTP_ANSWERED;
    answer->status = (int)status;
    http_media_type(http_answer_header(answer, "content-type"), answer->content_type,
                    sizeof answer->content_type);
    answer->retry_after_ms = http_retry_after(http_answer_header(answer, "retry-after"), transfer->clock);
}

/* libcurl's own text is used only where nothing was sent: later it may quote
 * the other side, which may quote the secret. */
static void http_read_failure(struct http_transfer *transfer, CURLcode code)
{
    struct http_answer *answer = &transfer->answer;
    answer->outcome = transfer->passes == 0 ? HTTP_NOT_SENT : HTTP_UNCERTAIN;
    answer->body = secret_free(answer->body);
    const char *text = curl_easy_strerror(code);
    char larger[64];
    if (transfer->too_large) {
        (void)snprintf(larger, sizeof larger, "%s is larger than %zu bytes", transfer->too_large,
                       transfer->limit_bytes);
        text = larger;
    } else if (transfer->passes > 1 && !transfer->repeatable)
        text = "the connection closed before an answer came";
    else if (transfer->passes == 0 && transfer->curl_error[0] != '\0')
        text = transfer->curl_error;
    (void)snprintf(answer->problem, sizeof answer->problem, "%.*s", (int)sizeof answer->problem - 1, text);
}

void http_transfer_finish(struct http_transfer *transfer, CURLcode code)
{
    transfer->answer.retry_after_ms = -1;
    transfer->answer.elapsed_ms = clock_monotonic_ms(transfer->clock) - transfer->started_ms;
    if (code == CURLE_OK)
        http_read_answer(transfer);
    else
        http_read_failure(transfer, code);
}

void http_transfer_clear(struct http_transfer *transfer)
{
    if (transfer->easy) {
        curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
    }
    transfer->headers = secret_free(transfer->headers);
    transfer->body = secret_free(transfer->body);
    transfer->answer_headers = secret_free(transfer->answer_headers);
    secret_free(transfer->answer.body);
    transfer->answer = (struct http_answer){0};
    transfer->passes = 0;
    transfer->too_large = NULL;
    transfer->curl_error[0] = '\0';
}
