/* /v1/labels: keys that were asked for and may still come, and what a person knows of them. */
#include "handlers.h"

#include "lists.h"

static bool wants_label(const struct list_filter *filter, const struct vault_row *record)
{
    (void)filter;
    (void)record;
    return true;
}

static enum err_code write_label(const struct scribe *scribe, const struct vault_row *record, struct err *err)
{
    const struct vault_label *label = (const struct vault_label *)record;
    struct vault_key key = {0};
    struct buf *out = scribe->out;
    TRY(vault_get(scribe->session, VAULT_KEY, label->row.parent, &key.row, err));
    json_put_object_open(out, NULL);
    encode_id(out, "id", label->row.id);
    encode_key_name(out, "key", &key);
    json_put_string(out, "label", label->label);
    json_put_string(out, "provider", key.provider);
    encode_number(out, "version", label->number);
    json_put_time(out, "made_at", label->made_at_ms);
    json_put_time(out, "looked_at", label->looked_at_ms);
    json_put_time(out, "due_at", label->row.due_at_ms);
    json_put_integer(out, "looks", label->looks);
    json_put_integer(out, "failures", label->failures);
    json_put_boolean(out, "waits_for_person", label->waits_for_person);
    encode_text(out, "detail", label->detail);
    json_put_object_close(out);
    vault_record_release(VAULT_KEY, &key.row);
    return ERR_OK;
}

static const struct list_kind labels_kind = {
    .name = "labels", .kind = VAULT_LABEL, .wants = wants_label, .write = write_label};

enum err_code handle_labels_list(struct request *request, struct err *err)
{
    const struct list list = {.kind = &labels_kind};
    return list_answer(request, &list, err);
}

enum err_code handle_label_forget(struct request *request, struct err *err)
{
    return engine_label_forget(request_engine(request), request->peer->name, request->path.id, err);
}

enum err_code handle_label_look(struct request *request, struct err *err)
{
    const struct scribe scribe = {request_session(request), request_engine(request), &request->out};
    struct vault_label label = {0};
    TRY(engine_label_look(request_engine(request), request->peer->name, request->path.id, err));
    TRY(vault_get(request_session(request), VAULT_LABEL, request->path.id, &label.row, err));
    return write_label(&scribe, &label.row, err);
}
