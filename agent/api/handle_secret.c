/* GET /v1/keys/{environment}/{name}/secret: the one answer that holds a secret.
 * The raw bytes where application/octet-stream is accepted, else JSON. Both are
 * sent from locked memory and wiped when sent. */
#include "handlers.h"

#include "decode.h"
#include "encode.h"

#include "base/text.h"
#include "vault/receipts.h"

#include <stdlib.h>
#include <string.h>

static enum err_code asked_version(const struct request *request, uint32_t *ret_number, struct err *err)
{
    enum { DIGITS = 9 };
    const char *text = request_query(request, "version");
    *ret_number = 0;
    if (!text)
        return ERR_OK;
    if (text[0] < '1' || text[0] > '9' || strspn(text, "0123456789") != strlen(text) || strlen(text) > DIGITS)
        return err_set(err, ERR_INVALID, "version is a whole number from 1");
    *ret_number = (uint32_t)strtoul(text, NULL, 10);
    return ERR_OK;
}

_Static_assert(RECEIPT_CONSUMER_BYTES + 1 >= sizeof((struct peer *)NULL)->name + 1 + LIMIT_NAME_BYTES,
               "a consumer's name has room for both of its parts");

/* The peer's account, and before it what the peer calls itself there: "nightly@ana". */
static enum err_code asking_consumer(const struct request *request, char ret_consumer[RECEIPT_CONSUMER_BYTES + 1],
                                     struct err *err)
{
    const char *name = request_header(request, "Keyturn-Consumer");
    const char *account = strchr(request->peer->name, '(');
    account = account ? account + 1 : request->peer->name;
    if (name)
        TRY(text_check_name(name, "the consumer's name (Keyturn-Consumer)", err));
    char *at = ret_consumer;
    if (name) {
        at = stpcpy(at, name);
        *at++ = '@';
    }
    at = mempcpy(at, account, strcspn(account, ")"));
    *at = '\0';
    return ERR_OK;
}

/* Whoever names a version does not follow the key, so that is no receipt. Where receipts hold a
 * revocation back, nobody reads without one. */
static enum err_code note_receipt(struct request *request, const struct vault_reading *reading, uint32_t number,
                                  const char *consumer, struct err *err)
{
    struct err inner = {0};
    if (number != 0)
        return ERR_OK;
    enum err_code code = engine_receipt(request_engine(request), reading, consumer, &inner);
    if (code == ERR_OK || !reading->needs_receipts)
        return ERR_OK;
    return err_set(err, code, "that %s read %s/%s could not be noted: %s", consumer, request->path.environment,
                   request->path.name, inner.message);
}

static bool wants_bytes(const struct request *request)
{
    const char *accept = request_header(request, "Accept");
    return accept && strstr(accept, "application/octet-stream");
}

/* {"key":…,"version":…,"mask":…,"secret":"…"}: the string is written by the JSON library straight
 * into locked memory; its own copy is wiped as it is freed. */
static enum err_code secret_as_json(struct request *request, const struct vault_reading *reading,
                                    const struct secret *secret, struct secret **ret_json, struct err *err)
{
    OWN_BUF struct buf head = {0};
    OWN_JSON json_t *text = json_stringn((const char *)secret_peek(secret), secret_length(secret));
    if (!text)
        return request_refuse(request, 406, ERR_INVALID, err,
                              "this secret is not UTF-8 text and cannot be in JSON; ask for it with "
                              "Accept: application/octet-stream");
    char key[TEXT_KEY_BYTES];
    json_put_object_open(&head, NULL);
    json_put_string(&head, "key", text_join_key(request->path.environment, request->path.name, key));
    json_put_integer(&head, "version", reading->number);
    json_put_string(&head, "mask", reading->mask);
    buf_text_add(&head, ",\"secret\":");
    size_t length = json_dumpb(text, NULL, 0, JSON_ENCODE_ANY);
    OWN(secret_free) struct secret *json = secret_new_in(request->worker->arena, head.length + length + 1);
    if (!json || !buf_ok(&head) || length == 0)
        return err_set(err, ERR_MEMORY, "no locked memory is left for the answer");
    TRY(secret_set(json, head.data, head.length));
    (void)json_dumpb(text, (char *)secret_fill(json) + head.length, length, JSON_ENCODE_ANY);
    secret_set_length(json, head.length + length);
    TRY(secret_append(json, "}", 1));
    *ret_json = GIVE(json);
    return ERR_OK;
}

enum err_code handle_secret(struct request *request, struct err *err)
{
    OWN(secret_free) struct secret *secret = NULL;
    OWN(vault_reading_free) struct vault_reading *reading = NULL;
    uint32_t number = 0;
    char consumer[RECEIPT_CONSUMER_BYTES + 1];
    TRY(asked_version(request, &number, err));
    TRY(asking_consumer(request, consumer, err));
    TRY(vault_read_secret(request_session(request), request->peer->name, request->path.environment,
                          request->path.name, number, &reading, &secret, err));
    TRY(note_receipt(request, reading, number, consumer, err));
    request->version = reading->number;
    if (!wants_bytes(request))
        return secret_as_json(request, reading, secret, &request->secret, err);
    request->content_type = "application/octet-stream";
    request->secret = GIVE(secret);
    return ERR_OK;
}
