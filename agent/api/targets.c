#include "targets.h"

#include "base/text.h"
#include "decode.h"

#include <stdlib.h>
#include <string.h>

void targets_release(struct targets *targets)
{
    free(targets->items);
    *targets = (struct targets){0};
}

static enum err_code targets_add(struct targets *targets, const struct target *target, struct err *err)
{
    if (targets->count == targets->capacity) {
        size_t capacity = targets->capacity ? 2 * targets->capacity : 64;
        void *grown = reallocarray(targets->items, capacity, sizeof targets->items[0]);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for the targets");
        targets->items = grown;
        targets->capacity = capacity;
    }
    targets->items[targets->count++] = *target;
    return ERR_OK;
}

/* --- One by one ------------------------------------------------------------ */

struct target_body {
    const char *key;
    uint32_t version;
};
static const struct decode_field target_fields[] = {
    {.name = "key", .kind = DECODE_TEXT, .required = true, .place = offsetof(struct target_body, key)},
    {.name = "version", .kind = DECODE_NUMBER32, .place = offsetof(struct target_body, version)},
};

static enum err_code take_named(const json_t *element, struct targets *targets, struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(target_fields, "targets.");
    struct target_body body = {0};
    struct target target = {0};
    unsigned given = 0;
    if (!json_is_object(element))
        return err_set(err, ERR_INVALID, "an element of targets is not an object");
    TRY(decode_fields(element, &table, &body, &given, err));
    TRY(text_split_key(body.key, target.environment, target.name, err));
    target.version = body.version;
    return targets_add(targets, &target, err);
}

/* --- By selection ----------------------------------------------------------- */

struct select_body {
    const char *environment;
    const char *provider;
    const json_t *labels;
    bool all;
};
static const struct decode_field select_fields[] = {
    {.name = "environment", .kind = DECODE_TEXT, .place = offsetof(struct select_body, environment)},
    {.name = "provider", .kind = DECODE_TEXT, .place = offsetof(struct select_body, provider)},
    {.name = "labels", .kind = DECODE_ARRAY, .place = offsetof(struct select_body, labels)},
    {.name = "all", .kind = DECODE_BOOLEAN, .place = offsetof(struct select_body, all)},
};

struct selecting {
    struct request *request;
    const struct select_body *body;
    struct targets *targets;
};

/* "name=value" is one of the key's lines; "name" is the name of one. */
static bool has_label(const struct vault_key *key, const char *label)
{
    size_t length = strlen(label);
    bool whole = strchr(label, '=') != NULL;
    for (const char *line = key->labels.data; line && *line;) {
        const char *end = strchrnul(line, '\n');
        if (strncmp(line, label, length) == 0 && (whole ? line + length == end : line[length] == '='))
            return true;
        line = *end ? end + 1 : end;
    }
    return false;
}

static bool is_selected(const struct select_body *body, const struct vault_key *key)
{
    size_t index = 0;
    const json_t *label = NULL;
    if (body->environment && strcmp(body->environment, key->environment) != 0)
        return false;
    if (body->provider && strcmp(body->provider, key->provider) != 0)
        return false;
    json_array_foreach (body->labels, index, label)
        if (!has_label(key, json_string_value(label)))
            return false;
    return true;
}

static int find_alive(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    if (((const struct vault_version *)record)->state == VAULT_DEAD_VERSION)
        return ERR_OK;
    *(bool *)context = true;
    return VAULT_STOP;
}

static int select_key(void *context, const struct vault_row *record, struct err *err)
{
    struct selecting *selecting = context;
    const struct vault_key *key = (const struct vault_key *)record;
    bool alive = key->current_number != 0;
    if (!is_selected(selecting->body, key))
        return ERR_OK;
    if (!alive) {
        enum err_code code = vault_children(request_session(selecting->request), VAULT_VERSION, key->row.id,
                                            find_alive, &alive, err);
        if (code != ERR_OK)
            return (int)code;
    }
    if (!alive)
        return ERR_OK;
    struct target target = {0};
    memcpy(target.environment, key->environment, sizeof target.environment);
    memcpy(target.name, key->name, sizeof target.name);
    return (int)targets_add(selecting->targets, &target, err);
}

static enum err_code check_select(const struct select_body *body, struct err *err)
{
    size_t index = 0;
    const json_t *label = NULL;
    bool narrowed = body->environment || body->provider || json_array_size(body->labels) > 0;
    json_array_foreach (body->labels, index, label)
        if (!json_is_string(label) || json_string_length(label) == 0)
            return err_set(err, ERR_INVALID, "select.labels are texts: \"name=value\", or \"name\" for any value");
    if (narrowed == body->all)
        return err_set(err, ERR_INVALID, body->all ? "select.all is for every key: leave the other parts out"
                                                   : "select names no part; for every key say \"all\": true");
    if (body->environment)
        TRY(text_check_name(body->environment, "select.environment", err));
    return body->provider ? text_check_name(body->provider, "select.provider", err) : ERR_OK;
}

static enum err_code select_keys(struct request *request, const json_t *select, struct targets *targets,
                                 struct err *err)
{
    static const struct decode_table table = DECODE_TABLE(select_fields, "select.");
    struct select_body body = {0};
    unsigned given = 0;
    TRY(decode_fields(select, &table, &body, &given, err));
    TRY(check_select(&body, err));
    struct selecting selecting = {request, &body, targets};
    TRY(vault_scan(request_session(request), VAULT_KEY, NULL, select_key, &selecting, err));
    if (targets->count == 0)
        return err_set(err, ERR_NOT_FOUND, "no key that is alive is selected");
    return ERR_OK;
}

/* --- Either ------------------------------------------------------------------- */

enum err_code targets_read(struct request *request, const json_t *targets, const json_t *select,
                           struct targets *ret_targets, struct err *err)
{
    OWN_TARGETS struct targets read = {0};
    size_t index = 0;
    const json_t *element = NULL;
    if (!targets == !select)
        return err_set(err, ERR_INVALID, "give either targets or select");
    json_array_foreach (targets, index, element)
        TRY(take_named(element, &read, err));
    if (select)
        TRY(select_keys(request, select, &read, err));
    if (read.count == 0)
        return err_set(err, ERR_INVALID, "targets names no key");
    *ret_targets = read;
    read = (struct targets){0};
    return ERR_OK;
}
