/* The key API: routes that real Amps does not have, for rotations against an
 * API that issues keys. Answers are plain objects in every variant. */
#include "request.h"

#include "base/buf.h"

enum { LIST_MAX = 100 };

static void write_key(struct buf *out, const struct key *key)
{
    json_put_object_open(out, NULL);
    json_put_string(out, "id", key->id);
    json_put_string(out, "name", key->name);
    json_put_string(out, "environment", key_environment_name(key->environment));
    json_put_string(out, "state", key_state_name(key->state));
    json_put_time(out, "created", key->made_wall_ms);
    json_put_object_close(out);
}

static bool read_wish(struct amps_request *request, struct key_wish *wish)
{
    const char *name = json_string_value(json_object_get(request->body, "name"));
    const char *environment = json_string_value(json_object_get(request->body, "environment"));
    if (!name || !environment || !key_environment_parse(environment, &wish->environment)) {
        amps_fail(request, AMPS_VALIDATION_ERROR, "name and environment (live or sandbox) are needed");
        return false;
    }
    const struct amps_settings *settings = &request->amps->settings;
    wish->name = name;
    wish->prefix_style = (enum amps_prefix_style)settings->prefix_style;
    wish->random_length = KEY_RANDOM_LENGTH;
    wish->birth_lag_ms = settings->birth_lag_ms;
    wish->max_keys = settings->max_keys;
    return true;
}

void amps_key_create(struct amps_request *request)
{
    struct key_wish wish = {0};
    struct err err = {0};
    if (!read_wish(request, &wish))
        return;
    if (keys_make(request->amps->keys, &wish, &request->subject, &err) != ERR_OK) {
        amps_fail(request, err.code == ERR_STATE ? AMPS_KEY_LIMIT_REACHED : AMPS_VALIDATION_ERROR, err.message);
        return;
    }
    struct buf *out = request->exchange->out;
    request->effect = "made";
    request->exchange->status = 201;
    json_put_object_open(out, NULL);
    json_put_string(out, "id", request->subject->id);
    json_put_string(out, "name", request->subject->name);
    json_put_string(out, "environment", key_environment_name(request->subject->environment));
    json_put_string(out, "key", request->subject->secret);
    json_put_object_close(out);
}

/* --- listing ------------------------------------------------------------- */

/* Counts a key and writes it when it is on the page. Revoked ones are gone. */
static void list_one(struct buf *out, const struct key *key, struct amps_page *page)
{
    if (key->state == KEY_REVOKED)
        return;
    if (page->total >= page->offset && page->total < page->offset + page->limit)
        write_key(out, key);
    page->total++;
}

static void list_named(const struct amps_request *request, const char *name, struct amps_page *page)
{
    for (struct key *key = keys_by_name(request->amps->keys, name); key; key = keys_next_of_name(key))
        list_one(request->exchange->out, key, page);
}

static void list_all(const struct amps_request *request, struct amps_page *page)
{
    for (size_t i = 0; i < keys_count(request->amps->keys); i++)
        list_one(request->exchange->out, keys_at(request->amps->keys, i), page);
}

void amps_key_list(struct amps_request *request)
{
    struct amps_page page = {0};
    const char *name = exchange_query(request->exchange, "name");
    struct buf *out = request->exchange->out;
    if (!amps_page_read(request, LIST_MAX, LIST_MAX, &page))
        return;
    request->exchange->status = 200;
    json_put_object_open(out, NULL);
    json_put_array_open(out, "items");
    if (name)
        list_named(request, name, &page);
    else
        list_all(request, &page);
    json_put_array_close(out);
    amps_pagination_write(out, &page);
    json_put_object_close(out);
}

/* --- changing ------------------------------------------------------------ */

/* The key of the path; NULL and the answer 404 when it is unknown or revoked. */
static struct key *addressed(struct amps_request *request)
{
    if (request->subject && request->subject->state != KEY_REVOKED)
        return request->subject;
    amps_fail(request, AMPS_NOT_FOUND, "There is no key of this id");
    return NULL;
}

static void answer_key(struct amps_request *request, const struct key *key)
{
    request->exchange->status = 200;
    write_key(request->exchange->out, key);
}

void amps_key_disable(struct amps_request *request)
{
    struct key *key = addressed(request);
    if (!key)
        return;
    if (keys_disable(request->amps->keys, key, request->amps->settings.death_lag_ms))
        request->effect = "disabled";
    answer_key(request, key);
}

void amps_key_enable(struct amps_request *request)
{
    struct key *key = addressed(request);
    if (!key)
        return;
    if (keys_enable(request->amps->keys, key, request->amps->settings.birth_lag_ms))
        request->effect = "enabled";
    answer_key(request, key);
}

void amps_key_delete(struct amps_request *request)
{
    struct key *key = addressed(request);
    if (!key)
        return;
    if (keys_revoke(request->amps->keys, key, request->amps->settings.death_lag_ms))
        request->effect = "revoked";
    request->exchange->status = 204;
}
