/* /v1/rotations, and what a person does with one. */
#include "handlers.h"

#include "decode.h"
#include "lists.h"
#include "routes.h"

static bool wants_rotation(const struct list_filter *filter, const struct vault_row *record)
{
    const struct vault_rotation *rotation = (const struct vault_rotation *)record;
    return rotation->ended_at_ms ? filter->ended : filter->open;
}

static enum err_code write_rotation(const struct scribe *scribe, const struct vault_row *record, struct err *err)
{
    return encode_rotation(scribe, (const struct vault_rotation *)record, err);
}

static const struct list_kind rotations_kind = {
    .name = "rotations", .kind = VAULT_ROTATION, .wants = wants_rotation, .write = write_rotation};

enum err_code handle_rotations_list(struct request *request, struct err *err)
{
    struct list list = {.kind = &rotations_kind};
    TRY(list_state(request, &list.filter, err));
    return list_answer(request, &list, err);
}

static enum err_code answer_rotation(struct request *request, const struct vault_rotation *rotation,
                                     struct err *err)
{
    const struct scribe scribe = {request_session(request), request_engine(request), &request->out};
    REQUEST_SEES_ONE_STATE(request);
    return encode_rotation(&scribe, rotation, err);
}

enum err_code handle_rotation_show(struct request *request, struct err *err)
{
    struct vault_rotation rotation = {0};
    REQUEST_SEES_ONE_STATE(request);
    TRY(vault_get(request_session(request), VAULT_ROTATION, request->path.id, &rotation.row, err));
    return answer_rotation(request, &rotation, err);
}

enum err_code handle_rotation_open(struct request *request, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(engine_rotate(request_engine(request), request->peer->name, request->path.environment,
                      request->path.name, &rotation, err));
    return answer_rotation(request, &rotation, err);
}

enum err_code handle_rotation_move(struct request *request, struct err *err)
{
    struct vault_rotation rotation = {0};
    TRY(engine_move(request_engine(request), request->peer->name, request->path.id,
                    (enum engine_move)request->route->argument, &rotation, err));
    return answer_rotation(request, &rotation, err);
}

struct stage_body {
    struct secret *secret;
    bool unchecked;
    int64_t expires_at_ms;
};
static const struct decode_field stage_fields[] = {
    {.name = "secret", .kind = DECODE_SECRET, .required = true, .place = offsetof(struct stage_body, secret)},
    {.name = "unchecked", .kind = DECODE_BOOLEAN, .place = offsetof(struct stage_body, unchecked)},
    {.name = "expires_at", .kind = DECODE_TIME, .place = offsetof(struct stage_body, expires_at_ms)},
};

static enum err_code stage(struct request *request, const struct stage_body *body, struct err *err)
{
    struct vault_rotation rotation = {0};
    const struct engine_supply supply = {
        .secret = body->secret, .unchecked = body->unchecked, .expires_at_ms = body->expires_at_ms};
    TRY(engine_stage(request_engine(request), request->peer->name, request->path.id, &supply, &rotation, err));
    return answer_rotation(request, &rotation, err);
}

enum err_code handle_rotation_stage(struct request *request, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(stage_fields, "");
    OWN_JSON json_t *object = NULL;
    struct stage_body body = {0};
    unsigned given = 0;
    TRY(decode_body(request, &object, err));
    enum err_code code = decode_fields(object, &table, &body, &given, err);
    if (code == ERR_OK)
        code = stage(request, &body, err);
    secret_free(body.secret);
    return code;
}
