/* The client: libcurl's multi handle, the transfers that run and the few that
 * are kept for the next requests. */
#include "transfer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP_CONNECTIONS_PER_HOST = 64, HTTP_SPARE_TRANSFERS = 64 };

struct http_client {
    CURLM *multi;
    struct http_options options;
    const struct clock *clock;
    struct secret_arena *arena;
    struct http_transfer *running; /* list, newest first */
    size_t running_count;
    struct http_transfer *spare; /* list by next alone */
    size_t spare_count;
};

enum err_code http_client_new(const struct http_options *options, const struct clock *clock,
                              struct secret_arena *arena, struct http_client **ret_client, struct err *err)
{
    OWN(http_client_free) struct http_client *client = calloc(1, sizeof *client);
    if (client)
        client->multi = curl_multi_init();
    if (!client || !client->multi)
        return err_set(err, ERR_MEMORY, "no memory for the HTTP client");
    client->options = *options;
    client->clock = clock;
    client->arena = arena;
    long connections = options->connections_per_host ? (long)options->connections_per_host
                                                     : (long)HTTP_CONNECTIONS_PER_HOST;
    curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, connections * 2);
    *ret_client = GIVE(client);
    return ERR_OK;
}

static void http_link(struct http_client *client, struct http_transfer *transfer)
{
    transfer->previous = NULL;
    transfer->next = client->running;
    if (client->running)
        client->running->previous = transfer;
    client->running = transfer;
    client->running_count++;
}

static void http_unlink(struct http_client *client, struct http_transfer *transfer)
{
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        client->running = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    client->running_count--;
}

static struct http_transfer *http_take(struct http_client *client)
{
    struct http_transfer *transfer = client->spare;
    if (!transfer)
        return http_transfer_new(&client->options, client->clock, client->arena);
    client->spare = transfer->next;
    client->spare_count--;
    return transfer;
}

/* Keep a transfer for the next request. */
static void http_put_back(struct http_client *client, struct http_transfer *transfer)
{
    if (!transfer->plain_options || client->spare_count >= HTTP_SPARE_TRANSFERS) {
        http_transfer_free(transfer);
        return;
    }
    http_transfer_clear(transfer);
    transfer->next = client->spare;
    client->spare = transfer;
    client->spare_count++;
}

enum err_code http_start(struct http_client *client, struct http_request *request, http_done *done,
                         void *context, struct err *err)
{
    OWN(secret_free) struct secret *headers = GIVE(request->headers);
    OWN(secret_free) struct secret *body = GIVE(request->body);
    OWN(http_transfer_free) struct http_transfer *transfer = http_take(client);
    if (!transfer)
        return err_set(err, ERR_MEMORY, "no memory for a request");
    request->headers = GIVE(headers);
    request->body = GIVE(body);
    TRY(http_transfer_prepare(transfer, request, err));
    transfer->done = done;
    transfer->context = context;
    CURLMcode code = curl_multi_add_handle(client->multi, transfer->easy);
    if (code != CURLM_OK)
        return err_set(err, ERR_MEMORY, "the request cannot be started: %s", curl_multi_strerror(code));
    http_link(client, transfer);
    (void)GIVE(transfer);
    return ERR_OK;
}

static void http_end(struct http_client *client, struct http_transfer *transfer, CURLcode code)
{
    http_transfer_finish(transfer, code);
    curl_multi_remove_handle(client->multi, transfer->easy);
    http_unlink(client, transfer);
    transfer->done(transfer->context, &transfer->answer);
    http_put_back(client, transfer);
}

size_t http_perform(struct http_client *client)
{
    int running = 0;
    int left = 0;
    curl_multi_perform(client->multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct http_transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        http_end(client, transfer, code);
    }
    return client->running_count;
}

void http_wait(struct http_client *client, int64_t timeout_ms)
{
    int limit = timeout_ms > INT_MAX ? INT_MAX : (int)(timeout_ms > 0 ? timeout_ms : 0);
    curl_multi_poll(client->multi, NULL, 0, limit, NULL);
}

void http_wake(struct http_client *client)
{
    curl_multi_wakeup(client->multi);
}

/* A request that has not passed http_on_ready has not left, but whoever hears
 * "stopped" is stopping, too, and looks again at its next start. */
static void http_stop(struct http_client *client, struct http_transfer *transfer)
{
    static const char stopped[] = "stopped";
    transfer->answer.outcome = HTTP_UNCERTAIN;
    transfer->answer.retry_after_ms = -1;
    transfer->answer.body = secret_free(transfer->answer.body);
    memcpy(transfer->answer.problem, stopped, sizeof stopped);
    curl_multi_remove_handle(client->multi, transfer->easy);
    http_unlink(client, transfer);
    transfer->done(transfer->context, &transfer->answer);
    http_transfer_free(transfer);
}

void http_cancel(struct http_client *client, http_done *done)
{
    struct http_transfer *next = NULL;
    for (struct http_transfer *transfer = client->running; transfer; transfer = next) {
        next = transfer->next;
        if (transfer->done == done)
            http_stop(client, transfer);
    }
}

struct http_client *http_client_free(struct http_client *client)
{
    if (!client)
        return NULL;
    while (client->running)
        http_stop(client, client->running);
    while (client->spare)
        http_transfer_free(http_take(client));
    if (client->multi)
        curl_multi_cleanup(client->multi);
    free(client);
    return NULL;
}
