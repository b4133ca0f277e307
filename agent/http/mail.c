/* Mail on the same multi handle, so that a slow server holds up nobody. */
#include "transfer.h"

#include <string.h>

static size_t mail_read(char *out, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size_t left = secret_length(transfer->body) - transfer->sent_bytes;
    size_t length = left < size * count ? left : size * count;
    memcpy(out, secret_peek(transfer->body) + transfer->sent_bytes, length);
    transfer->sent_bytes += length;
    return length;
}

/* libcurl only reads them; its type has no const. */
static char *mail_text(const char *text)
{
    char *same = NULL;
    memcpy(&same, &text, sizeof same);
    return same;
}

static CURLcode mail_set_login(struct http_transfer *transfer, const struct http_mail *mail)
{
    if (!mail->user || !mail->password)
        return CURLE_OK;
    size_t length = secret_length(mail->password);
    OWN(secret_free) struct secret *text = secret_new_in(transfer->arena, length + 1);
    if (!text || secret_set(text, secret_peek(mail->password), length) != ERR_OK ||
        secret_append(text, "", 1) != ERR_OK)
        return CURLE_OUT_OF_MEMORY;
    CURLcode code = curl_easy_setopt(transfer->easy, CURLOPT_USERNAME, mail->user);
    /* libcurl's copy is wiped by its allocator (init.c). */
    return code == CURLE_OK ? curl_easy_setopt(transfer->easy, CURLOPT_PASSWORD, (const char *)secret_peek(text))
                            : code;
}

enum err_code http_mail_prepare(struct http_transfer *transfer, const struct http_mail *mail, struct err *err)
{
    CURL *easy = transfer->easy;
    if (!transfer->body || mail->to_count < 1 || mail->to_count > HTTP_MAIL_MOST_TO)
        return err_set(err, ERR_INVALID, "a mail has a text and 1 to %d addresses", HTTP_MAIL_MOST_TO);
    transfer->plain_options = false;
    transfer->repeatable = false;
    transfer->sent_bytes = 0;
    for (size_t i = 0; i < mail->to_count; i++)
        transfer->recipients[i] = (struct curl_slist){
            .data = mail_text(mail->to[i]), .next = i + 1 < mail->to_count ? &transfer->recipients[i + 1] : NULL};
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(mail->clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    /* A connection for each mail: a kept one stays logged in, and has often been closed by its server
     * when the next mail comes, which libcurl does not mend as it does for HTTP. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, mail_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    if (mail_set_login(transfer, mail) != CURLE_OK)
        return err_set(err, ERR_MEMORY, "no memory for a mail");
    return ERR_OK;
}
