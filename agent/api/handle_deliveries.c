/* /v1/keys/{environment}/{name}/deliveries: where a key's secret is put. */
#include "handlers.h"

#include "decode.h"
#include "encode.h"

static int visit_delivery(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    encode_delivery(context, (const struct vault_delivery *)record);
    return ERR_OK;
}

enum err_code handle_deliveries_list(struct request *request, struct err *err)
{
    struct buf *out = &request->out;
    struct scribe scribe = {request_session(request), request_engine(request), out};
    struct vault_key key = {0};
    REQUEST_SEES_ONE_STATE(request);
    TRY(vault_key_find(request_session(request), request->path.environment, request->path.name, &key, err));
    json_put_object_open(out, NULL);
    json_put_array_open(out, "deliveries");
    enum err_code code =
        vault_children(request_session(request), VAULT_DELIVERY, key.row.id, visit_delivery, &scribe, err);
    vault_record_release(VAULT_KEY, &key.row);
    TRY(code);
    json_put_array_close(out);
    json_put_null(out, "next");
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_delivery_add(struct request *request, struct err *err)
{
    OWN_JSON json_t *object = NULL;
    OWN_BUF struct buf definition = {0};
    struct vault_delivery delivery = {0};
    TRY(decode_body(request, &object, err));
    TRY(decode_text_of(object, "the delivery", &definition, err));
    TRY(engine_delivery_add(request_engine(request), request->peer->name, request->path.environment,
                            request->path.name, buf_text(&definition), &delivery, err));
    const struct scribe scribe = {request_session(request), request_engine(request), &request->out};
    encode_delivery(&scribe, &delivery);
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    return ERR_OK;
}

enum err_code handle_delivery_remove(struct request *request, struct err *err)
{
    return engine_delivery_remove(request_engine(request), request->peer->name, request->path.environment,
                                  request->path.name, request->path.number, err);
}
