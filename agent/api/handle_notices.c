/* /v1/notices: what people are still to be told. */
#include "handlers.h"

#include "lists.h"

static bool wants_notice(const struct list_filter *filter, const struct vault_row *record)
{
    (void)filter;
    (void)record;
    return true;
}

static enum err_code write_notice(const struct scribe *scribe, const struct vault_row *record, struct err *err)
{
    const struct vault_notice *notice = (const struct vault_notice *)record;
    struct buf *out = scribe->out;
    (void)err;
    json_put_object_open(out, NULL);
    encode_id(out, "id", notice->row.id);
    json_put_string(out, "about", notify_about_name((enum notify_about)notice->about));
    json_put_string(out, "channel", notice->channel);
    encode_text(out, "key", notice->key);
    encode_number(out, "version", notice->version);
    encode_number(out, "incident", notice->incident);
    json_put_string(out, "summary", notice->summary);
    json_put_time(out, "made_at", notice->made_at_ms);
    json_put_time(out, "due_at", notice->row.due_at_ms);
    json_put_integer(out, "failures", notice->failures);
    encode_text(out, "detail", notice->detail);
    json_put_object_close(out);
    return ERR_OK;
}

static const struct list_kind notices_kind = {
    .name = "notices", .kind = VAULT_NOTICE, .wants = wants_notice, .write = write_notice};

enum err_code handle_notices_list(struct request *request, struct err *err)
{
    const struct list list = {.kind = &notices_kind};
    return list_answer(request, &list, err);
}
