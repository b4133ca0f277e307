/* /v1/keys: the list, one key, its policy. */
#include "handlers.h"

#include "decode.h"
#include "lists.h"

#include <string.h>

enum { LAST_JOBS = 10 }; /* rotations and revocations shown with a key */

/* --- The list -------------------------------------------------------------- */

static bool wants_key(const struct list_filter *filter, const struct vault_row *record)
{
    const struct vault_key *key = (const struct vault_key *)record;
    return (!filter->environment[0] || strcmp(filter->environment, key->environment) == 0) &&
           (!filter->provider[0] || strcmp(filter->provider, key->provider) == 0);
}

static enum err_code write_key(const struct scribe *scribe, const struct vault_row *record, struct err *err)
{
    (void)err;
    encode_key_as(scribe->out, (const struct vault_key *)record, scribe->keys);
    return ERR_OK;
}

static const struct list_kind keys_kind = {
    .name = "keys", .kind = VAULT_KEY, .wants = wants_key, .write = write_key};

/* ?fields= and ?form=. */
static enum err_code keys_form(const struct request *request, struct key_form *form, struct err *err)
{
    const char *fields = request_query(request, "fields");
    const char *text = request_query(request, "form");
    form->row = text && strcmp(text, "rows") == 0;
    if (text && !form->row && strcmp(text, "objects") != 0)
        return err_set(err, ERR_INVALID, "form is objects or rows");
    if (form->row && !fields)
        return err_set(err, ERR_INVALID, "form=rows needs fields, which say what the values of a row are");
    return fields ? encode_key_fields(fields, form, err) : ERR_OK;
}

enum err_code handle_keys_list(struct request *request, struct err *err)
{
    struct list list = {.kind = &keys_kind};
    TRY(list_name(request, "environment", list.filter.environment, err));
    TRY(list_name(request, "provider", list.filter.provider, err));
    TRY(keys_form(request, &list.filter.keys, err));
    return list_answer(request, &list, err);
}

/* --- One key --------------------------------------------------------------- */

struct children {
    struct scribe scribe;
    size_t left; /* still to be shown */
};

static int visit_version(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct children *children = context;
    encode_version(children->scribe.out, (const struct vault_version *)record);
    return ERR_OK;
}

static int visit_delivery(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct children *children = context;
    encode_delivery(&children->scribe, (const struct vault_delivery *)record);
    return ERR_OK;
}

static int visit_rotation(void *context, const struct vault_row *record, struct err *err)
{
    struct children *children = context;
    if (children->left-- == 0)
        return VAULT_STOP;
    return (int)encode_rotation(&children->scribe, (const struct vault_rotation *)record, err);
}

static int visit_revocation(void *context, const struct vault_row *record, struct err *err)
{
    struct children *children = context;
    if (children->left-- == 0)
        return VAULT_STOP;
    return (int)encode_revocation(&children->scribe, (const struct vault_revocation *)record, err);
}

static const struct {
    const char *name;
    enum vault_kind kind;
    vault_visit *visit;
} key_children[] = {
    {"versions", VAULT_VERSION, visit_version},
    {"deliveries", VAULT_DELIVERY, visit_delivery},
    {"rotations", VAULT_ROTATION, visit_rotation},
    {"revocations", VAULT_REVOCATION, visit_revocation},
};

static enum err_code write_whole_key(struct request *request, const struct vault_key *key, struct err *err)
{
    struct buf *out = &request->out;
    encode_key_open(out, key);
    encode_consumers(out, key);
    for (size_t i = 0; i < sizeof key_children / sizeof key_children[0]; i++) {
        struct children children = {{request_session(request), request_engine(request), out}, LAST_JOBS};
        json_put_array_open(out, key_children[i].name);
        TRY(vault_children(request_session(request), key_children[i].kind, key->row.id, key_children[i].visit,
                           &children, err));
        json_put_array_close(out);
    }
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_key_show(struct request *request, struct err *err)
{
    struct vault_key key = {0};
    REQUEST_SEES_ONE_STATE(request);
    TRY(vault_key_find(request_session(request), request->path.environment, request->path.name, &key, err));
    enum err_code code = write_whole_key(request, &key, err);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}

/* --- Adding and changing ----------------------------------------------------- */

struct key_body {
    struct engine_key_draft draft;
    struct secret *secret;
    const json_t *labels;
    const json_t *deliveries;
    struct buf label_lines;
    struct buf definitions; /* each ended by NUL */
    const char *definition[VAULT_DELIVERIES_PER_KEY];
};

static void key_body_release(struct key_body *body)
{
    body->secret = secret_free(body->secret);
    buf_release(&body->label_lines);
    buf_release(&body->definitions);
}
#define OWN_KEY_BODY __attribute__((cleanup(key_body_release)))

#define IN_DRAFT(member) .place = offsetof(struct key_body, draft.member)
#define POLICY_FIELDS                                                                              \
    {.name = "title", .kind = DECODE_TEXT, .clears = true, IN_DRAFT(title), .bit = ENGINE_TITLE},                  \
        {.name = "owner", .kind = DECODE_TEXT, .clears = true, IN_DRAFT(owner), .bit = ENGINE_OWNER},              \
        {.name = "credential", .kind = DECODE_TEXT, .clears = true, IN_DRAFT(credential), .bit = ENGINE_CREDENTIAL}, \
        {.name = "every_s", .kind = DECODE_SECONDS, .clears = true, IN_DRAFT(every_ms), .bit = ENGINE_EVERY},      \
        {.name = "jitter_s", .kind = DECODE_SECONDS, .clears = true, IN_DRAFT(jitter_ms), .bit = ENGINE_JITTER},   \
        {.name = "window", .kind = DECODE_TEXT, .clears = true, IN_DRAFT(windows), .bit = ENGINE_WINDOWS},         \
        {.name = "not_with", .kind = DECODE_TEXT, .clears = true, IN_DRAFT(not_with), .bit = ENGINE_NOT_WITH},     \
        {.name = "expires_at", .kind = DECODE_TIME, .clears = true, IN_DRAFT(expires_at_ms), .bit = ENGINE_EXPIRES}, \
        {.name = "rotate_dead", .kind = DECODE_BOOLEAN, IN_DRAFT(rotate_dead), .bit = ENGINE_ROTATE_DEAD},         \
        {.name = "grace_s", .kind = DECODE_SECONDS, IN_DRAFT(grace_ms), .bit = ENGINE_GRACE},                      \
        {.name = "probe_every_s", .kind = DECODE_SECONDS, IN_DRAFT(probe_every_ms), .bit = ENGINE_PROBE_EVERY},    \
        {.name = "wipe_dead", .kind = DECODE_BOOLEAN, IN_DRAFT(wipe_dead), .bit = ENGINE_WIPE_DEAD},               \
        {.name = "receipts", .kind = DECODE_BOOLEAN, IN_DRAFT(needs_receipts), .bit = ENGINE_RECEIPTS},            \
        {.name = "without_overlap", .kind = DECODE_BOOLEAN, IN_DRAFT(without_overlap),                             \
         .bit = ENGINE_WITHOUT_OVERLAP},                                                                           \
        {.name = "labels", .kind = DECODE_OBJECT, .place = offsetof(struct key_body, labels), .bit = ENGINE_LABELS}

static const struct decode_field change_fields[] = {POLICY_FIELDS};
static const struct decode_field key_add_fields[] = {
    {.name = "environment", .kind = DECODE_TEXT, .required = true, IN_DRAFT(environment)},
    {.name = "name", .kind = DECODE_TEXT, .required = true, IN_DRAFT(name)},
    {.name = "provider", .kind = DECODE_TEXT, .required = true, IN_DRAFT(provider)},
    POLICY_FIELDS,
    {.name = "secret", .kind = DECODE_SECRET, .place = offsetof(struct key_body, secret)},
    {.name = "unchecked", .kind = DECODE_BOOLEAN, IN_DRAFT(unchecked)},
    {.name = "trace", .kind = DECODE_BOOLEAN, IN_DRAFT(trace)},
    {.name = "deliveries", .kind = DECODE_ARRAY, .place = offsetof(struct key_body, deliveries)},
};

static enum err_code take_labels(struct key_body *body, struct err *err)
{
    if (!body->labels)
        return ERR_OK;
    TRY(decode_labels(body->labels, &body->label_lines, err));
    body->draft.labels = buf_text(&body->label_lines);
    return ERR_OK;
}

static enum err_code take_deliveries(struct key_body *body, struct err *err)
{
    size_t count = json_array_size(body->deliveries);
    size_t starts[VAULT_DELIVERIES_PER_KEY];
    if (count > VAULT_DELIVERIES_PER_KEY)
        return err_set(err, ERR_LIMIT, "a key has at most %d deliveries, not %zu", VAULT_DELIVERIES_PER_KEY, count);
    for (size_t i = 0; i < count; i++) {
        starts[i] = body->definitions.length;
        TRY(decode_text_of(json_array_get(body->deliveries, i), "an element of deliveries", &body->definitions, err));
    }
    for (size_t i = 0; i < count; i++)
        body->definition[i] = body->definitions.data + starts[i];
    body->draft.deliveries = body->definition;
    body->draft.delivery_count = count;
    return ERR_OK;
}

static enum err_code answer_key(struct request *request, struct vault_key *key)
{
    encode_key(&request->out, key);
    vault_record_release(VAULT_KEY, &key->row);
    return ERR_OK;
}

enum err_code handle_key_add(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(key_add_fields, "");
    OWN_JSON json_t *object = NULL;
    OWN_KEY_BODY struct key_body body = {0};
    struct vault_key key = {0};
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &body.draft.fields, err));
    TRY(take_labels(&body, err));
    TRY(take_deliveries(&body, err));
    TRY(engine_key_add(request_engine(request), request->peer->name, &body.draft, body.secret, &key, err));
    return answer_key(request, &key);
}

enum err_code handle_key_change(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(change_fields, "");
    OWN_JSON json_t *object = NULL;
    OWN_KEY_BODY struct key_body body = {0};
    struct vault_key key = {0};
    TRY(decode_body(request, &object, err));
    TRY(decode_fields(object, &table, &body, &body.draft.fields, err));
    TRY(take_labels(&body, err));
    body.draft.environment = request->path.environment;
    body.draft.name = request->path.name;
    TRY(engine_key_change(request_engine(request), request->peer->name, &body.draft, &key, err));
    return answer_key(request, &key);
}

enum err_code handle_key_remove(struct request *request, struct err *err)
{
    return engine_key_remove(request_engine(request), request->peer->name, request->path.environment,
                             request->path.name, err);
}

enum err_code handle_key_probe(struct request *request, struct err *err)
{
    struct vault_key key = {0};
    const struct request_path *path = &request->path;
    TRY(engine_key_probe(request_engine(request), request->peer->name, path->environment, path->name, err));
    TRY(vault_key_find(request_session(request), path->environment, path->name, &key, err));
    return answer_key(request, &key);
}
