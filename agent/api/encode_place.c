/* Deliveries. One whose definition is good no more, as when its sink was removed
 * from the folder, is shown with the reason: it must not hide its key. */
#include "encode.h"

#include "delivery/delivery.h"

#include <stdio.h>

/* Why it cannot be put, and what to do. */
static void encode_problem(struct buf *out, const char *reason)
{
    char text[ERR_MESSAGE_BYTES + 128];
    (void)snprintf(text, sizeof text, "%s. Put that right and restart the agent, or remove the delivery", reason);
    json_put_string(out, "problem", text);
}

int32_t encode_place(const struct scribe *scribe, const struct vault_delivery *delivery)
{
    OWN(delivery_free) struct delivery *place = NULL;
    const struct vault_text *text = &delivery->definition;
    struct delivery_outline outline;
    struct err err = {0};
    struct buf *out = scribe->out;
    const struct delivery_sinks *sinks = engine_sinks(scribe->engine);
    bool good = delivery_parse("it cannot be put", text->data, text->length, sinks, &place, &err) == ERR_OK;
    delivery_outline_read(text->data, text->length, delivery->target, &outline);
    json_put_integer(out, "delivery", delivery->order);
    json_put_string(out, "kind", outline.kind);
    json_put_string(out, "target", good ? delivery_target(place) : outline.target);
    if (!good)
        encode_problem(out, err.message);
    else if (engine_place_is_shared(scribe->engine, scribe->session, delivery, sizeof err.message, err.message))
        json_put_string(out, "problem", err.message);
    else
        json_put_null(out, "problem");
    return (int32_t)outline.place_class;
}

void encode_delivery(const struct scribe *scribe, const struct vault_delivery *delivery)
{
    struct buf *out = scribe->out;
    json_put_object_open(out, NULL);
    json_put_string(out, "class", encode_class(encode_place(scribe, delivery)));
    encode_number(out, "holds_version", delivery->holds_version);
    json_put_time(out, "put_at", delivery->put_at_ms);
    encode_text(out, "detail", delivery->detail);
    json_put_raw(out, "definition", delivery->definition.data, delivery->definition.length);
    json_put_object_close(out);
}
