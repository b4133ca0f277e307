/* /v1/keys/{environment}/{name}/consumers: who reads a key from the agent. */
#include "handlers.h"

#include "encode.h"
#include "vault/receipts.h"

void encode_consumers(struct buf *out, const struct vault_key *key)
{
    const char *cursor = NULL;
    struct receipt receipt;
    json_put_array_open(out, "consumers");
    while (receipts_next(&key->receipts, &cursor, &receipt)) {
        json_put_object_open(out, NULL);
        json_put_string(out, "consumer", receipt.consumer);
        json_put_integer(out, "version", receipt.version);
        json_put_time(out, "read_at", receipt.read_at_ms);
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

enum err_code handle_consumer_forget(struct request *request, struct err *err)
{
    struct vault_key key = {0};
    const char *consumer = request_query(request, "consumer");
    if (!consumer || !consumer[0])
        return err_set(err, ERR_INVALID, "consumer says whom to forget: ?consumer=nightly@ana");
    TRY(vault_key_find(request_session(request), request->path.environment, request->path.name, &key, err));
    enum err_code code = engine_consumer_forget(request_engine(request), request->peer->name, &key, consumer, err);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}
