/* /v1/reconciliation: what providers list, held against the store. */
#include "handlers.h"

#include "decode.h"
#include "encode.h"

static const char *const state_names[] = {[ENGINE_RECONCILIATION_NONE] = "none",
                                          [ENGINE_RECONCILIATION_RUNNING] = "running",
                                          [ENGINE_RECONCILIATION_DONE] = "done"};
static const char *const finding_names[ENGINE_FINDING_END] = {
    [ENGINE_FOUND_LATE] = "late", [ENGINE_FOUND_MISSING] = "missing", [ENGINE_FOUND_UNCLEAR] = "unclear"};

static void write_place(struct buf *out, const struct engine_reconciled_place *place)
{
    const struct engine_reconciled *figures = &place->figures;
    json_put_object_open(out, NULL);
    json_put_string(out, "provider", place->provider);
    json_put_string(out, "environment", place->environment);
    encode_text(out, "credential", place->credential);
    json_put_string(out, "state", !place->answered ? "asked" : place->whole ? "compared" : "unknown");
    encode_text(out, "detail", place->detail);
    json_put_integer(out, "keys", figures->keys);
    json_put_integer(out, "listed", figures->listed);
    json_put_integer(out, "ours", figures->ours);
    json_put_integer(out, "condemned", figures->condemned);
    json_put_integer(out, "foreign", figures->foreign);
    json_put_integer(out, "missing", figures->missing);
    json_put_object_close(out);
}

static void write_finding(struct buf *out, const struct engine_finding *finding)
{
    json_put_object_open(out, NULL);
    json_put_string(out, "found", finding_names[finding->kind]);
    json_put_string(out, "key", finding->key);
    encode_number(out, "version", finding->version);
    encode_text(out, "label", finding->label);
    json_put_object_close(out);
}

static void write_reconciliation(struct buf *out, const struct engine_reconciliation *latest)
{
    json_put_object_open(out, NULL);
    json_put_integer(out, "number", latest->number);
    json_put_string(out, "state", state_names[latest->state]);
    json_put_boolean(out, "dry_run", latest->dry_run);
    encode_text(out, "asked_by", latest->who);
    json_put_time(out, "started_at", latest->started_at_ms);
    json_put_time(out, "ended_at", latest->ended_at_ms);
    json_put_array_open(out, "places");
    for (size_t i = 0; i < latest->place_count; i++)
        write_place(out, &latest->places[i]);
    json_put_array_close(out);
    json_put_array_open(out, "findings");
    for (size_t i = 0; i < latest->finding_count; i++)
        write_finding(out, &latest->findings[i]);
    json_put_array_close(out);
    json_put_object_close(out);
}

enum err_code handle_reconciliation_show(struct request *request, struct err *err)
{
    struct engine_reconciliation latest = {0};
    TRY(engine_reconciliation(request_engine(request), &latest, err));
    write_reconciliation(&request->out, &latest);
    engine_reconciliation_release(&latest);
    return ERR_OK;
}

struct reconcile_body {
    const char *provider;
    bool dry_run;
};
static const struct decode_field reconcile_fields[] = {
    {.name = "provider", .kind = DECODE_TEXT, .place = offsetof(struct reconcile_body, provider)},
    {.name = "dry_run", .kind = DECODE_BOOLEAN, .place = offsetof(struct reconcile_body, dry_run)},
};

enum err_code handle_reconcile(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(reconcile_fields, "");
    OWN_JSON json_t *object = NULL;
    struct reconcile_body body = {0};
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &given, err));
    TRY(engine_reconcile(request_engine(request), request->peer->name, body.provider, body.dry_run, err));
    return handle_reconciliation_show(request, err);
}
