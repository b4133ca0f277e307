/* What a person does with keys in the dashboard: make, name, list, revoke; and
 * what the account does to them: permissions, live access, expiry. */
#include "dashboard.h"

#include "base/text.h"
#include "base/buf.h"

#include <string.h>

static void write_key(struct buf *out, const struct key *key)
{
    char mask[TEXT_MASK_BYTES];
    json_put_object_open(out, NULL);
    json_put_string(out, "id", key->id);
    json_put_string(out, "name", key->name);
    json_put_string(out, "environment", key_environment_name(key->environment));
    json_put_string(out, "masked", text_mask((const unsigned char *)key->secret, strlen(key->secret), mask));
    json_put_string(out, "state", key_state_name(key->state));
    json_put_boolean(out, "expired", key->expired);
    json_put_boolean(out, "permissions", key->permissions);
    json_put_boolean(out, "live_access", key->live_access);
    json_put_time(out, "created", key->made_wall_ms);
    json_put_time(out, "last_used", key->used_wall_ms);
    json_put_time(out, "revoked", key->revoked_wall_ms);
    json_put_object_close(out);
}

/* --- making -------------------------------------------------------------- */

struct key_wish dashboard_wish(const struct amps *amps, const char *name, enum key_environment environment)
{
    return (struct key_wish){
        .name = name,
        .environment = environment,
        .prefix_style = (enum amps_prefix_style)amps->settings.prefix_style,
        .random_length = KEY_RANDOM_LENGTH,
        .birth_lag_ms = amps->settings.birth_lag_ms,
        .max_keys = amps->settings.max_keys,
    };
}

/* A test may ask for a shorter or longer secret than usual. */
static bool read_random_length(const json_t *body, size_t *length)
{
    const json_t *value = json_object_get(body, "random_length");
    if (!value)
        return true;
    json_int_t number = json_integer_value(value);
    if (number < KEY_RANDOM_LENGTH_MIN || number > KEY_RANDOM_LENGTH_MAX)
        return false;
    *length = (size_t)number;
    return true;
}

void dashboard_key_make(struct dashboard_request *request)
{
    const char *name = json_string_value(json_object_get(request->body, "name"));
    const char *text = json_string_value(json_object_get(request->body, "environment"));
    enum key_environment environment = KEY_SANDBOX;
    struct err err = {0};
    if (!name || !text || !key_environment_parse(text, &environment)) {
        dashboard_fail(request, 400, "name and environment (live or sandbox) are needed");
        return;
    }
    struct key_wish wish = dashboard_wish(request->amps, name, environment);
    if (!read_random_length(request->body, &wish.random_length)) {
        dashboard_fail(request, 400, "random_length must be a whole number from 8 to 64");
        return;
    }
    if (keys_make(request->amps->keys, &wish, &request->subject, &err) != ERR_OK) {
        dashboard_fail_err(request, &err);
        return;
    }
    struct buf *out = request->exchange->out;
    request->exchange->status = 201;
    request->effect = "made";
    json_put_object_open(out, NULL);
    json_put_string(out, "id", request->subject->id);
    json_put_string(out, "name", request->subject->name);
    json_put_string(out, "environment", text);
    json_put_string(out, "key", request->subject->secret);
    json_put_object_close(out);
}

void dashboard_key_list(struct dashboard_request *request)
{
    const char *name = exchange_query(request->exchange, "name");
    struct buf *out = request->exchange->out;
    json_put_array_open(out, NULL);
    for (size_t i = 0; i < keys_count(request->amps->keys); i++) {
        const struct key *key = keys_at(request->amps->keys, i);
        if (!name || strcmp(name, key->name) == 0)
            write_key(out, key);
    }
    json_put_array_close(out);
}

/* --- revoking ------------------------------------------------------------ */

static bool found(struct dashboard_request *request)
{
    if (!request->subject)
        dashboard_fail(request, 404, "there is no such key");
    return request->subject != NULL;
}

void dashboard_key_revoke(struct dashboard_request *request)
{
    if (!found(request))
        return;
    if (!keys_revoke(request->amps->keys, request->subject, request->amps->settings.death_lag_ms)) {
        dashboard_fail(request, 409, "the key is revoked already");
        return;
    }
    request->effect = "revoked";
    write_key(request->exchange->out, request->subject);
}

/* The only key of that name (and environment, where given) that is not revoked. */
static struct key *only_named(struct dashboard_request *request, const char *name, const char *environment)
{
    struct key *only = NULL;
    for (struct key *key = keys_by_name(request->amps->keys, name); key; key = keys_next_of_name(key)) {
        if (key->state == KEY_REVOKED)
            continue;
        if (environment && strcmp(environment, key_environment_name(key->environment)) != 0)
            continue;
        if (only) {
            dashboard_fail(request, 409, "several keys have this name: revoke by id");
            return NULL;
        }
        only = key;
    }
    if (!only)
        dashboard_fail(request, 404, "no key that is not revoked has this name");
    return only;
}

void dashboard_key_revoke_named(struct dashboard_request *request)
{
    const char *name = json_string_value(json_object_get(request->body, "name"));
    const char *environment = json_string_value(json_object_get(request->body, "environment"));
    const char *secret = json_string_value(json_object_get(request->body, "key"));
    if (secret)
        request->subject = keys_by_secret(request->amps->keys, secret);
    else if (name)
        request->subject = only_named(request, name, environment);
    else
        dashboard_fail(request, 400, "name or key is needed");
    if (request->subject || secret)
        dashboard_key_revoke(request);
}

/* --- changing ------------------------------------------------------------ */

void dashboard_key_rename(struct dashboard_request *request)
{
    const char *name = json_string_value(json_object_get(request->body, "name"));
    struct err err = {0};
    if (!found(request))
        return;
    if (keys_rename(request->amps->keys, request->subject, name ? name : "", &err) != ERR_OK) {
        dashboard_fail_err(request, &err);
        return;
    }
    request->effect = "renamed";
    write_key(request->exchange->out, request->subject);
}

/* False when a member is there and is not true or false. */
static bool set_flag(const json_t *body, const char *member, bool *flag)
{
    const json_t *value = json_object_get(body, member);
    if (value && !json_is_boolean(value))
        return false;
    if (value)
        *flag = json_is_true(value);
    return true;
}

void dashboard_key_set(struct dashboard_request *request)
{
    struct key *key = request->subject;
    if (!found(request))
        return;
    bool permissions = key->permissions;
    bool live_access = key->live_access;
    bool expired = key->expired;
    if (!set_flag(request->body, "permissions", &permissions) ||
        !set_flag(request->body, "live_access", &live_access) || !set_flag(request->body, "expired", &expired)) {
        dashboard_fail(request, 400, "permissions, live_access and expired must be true or false");
        return;
    }
    key->permissions = permissions;
    key->live_access = live_access;
    key->expired = expired;
    request->effect = "set";
    write_key(request->exchange->out, key);
}
