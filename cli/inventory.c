/* The fields of an entry: from a file and from the vault to the same. */
#include "inventory.h"

#include "agent.h"
#include "base/file.h"
#include "base/text.h"
#include "document.h"
#include "field.h"
#include "policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The end of a key (expires) is not here: it belongs to a version, and the next one has another. */
const struct inventory_field inventory_fields[] = {
    {"provider", INVENTORY_PROVIDER, NULL, NULL},
    {"title", INVENTORY_POLICY, "title", ""},
    {"owner", INVENTORY_POLICY, "owner", ""},
    {"every", INVENTORY_POLICY, "every", "never"},
    {"jitter", INVENTORY_POLICY, "jitter", "0s"},
    {"window", INVENTORY_POLICY, "window", "none"},
    {"not_with", INVENTORY_POLICY, "not-with", "none"},
    {"on_dead", INVENTORY_POLICY, "on-dead", "alarm"},
    {"grace", INVENTORY_POLICY, "grace", "1d"},
    {"probe_every", INVENTORY_POLICY, "probe-every", "1d"},
    {"credential", INVENTORY_POLICY, "credential", "none"},
    {"wipe_dead", INVENTORY_POLICY, "wipe-dead", "no"},
    {"receipts", INVENTORY_POLICY, "receipts", "no"},
    {"without_overlap", INVENTORY_POLICY, "without-overlap", "no"},
    {"labels", INVENTORY_LABELS, NULL, NULL},
    {"deliveries", INVENTORY_DELIVERIES, NULL, NULL},
};
const size_t inventory_field_count = sizeof inventory_fields / sizeof inventory_fields[0];

static enum err_code inventory_no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

bool inventory_is_yes_no(const struct inventory_field *field)
{
    return field->fallback && strcmp(field->fallback, "no") == 0;
}

bool inventory_is_fallback(const struct inventory_field *field, const json_t *value)
{
    switch (field->kind) {
    case INVENTORY_PROVIDER:
        return false;
    case INVENTORY_POLICY:
        return strcmp(json_string_value(value), field->fallback) == 0;
    case INVENTORY_LABELS:
        return json_object_size(value) == 0;
    case INVENTORY_DELIVERIES:
        return json_array_size(value) == 0;
    }
    return false;
}

/* --- From the vault ------------------------------------------------------------- */

static json_t *inventory_policy_of(const struct inventory_field *field, const json_t *key)
{
    OWN_BUF struct buf text = {0};
    policy_say(field->option, key, &text);
    return json_string(buf_text(&text));
}

static json_t *inventory_definitions(const json_t *deliveries)
{
    size_t index = 0;
    const json_t *delivery = NULL;
    json_t *list = json_array();
    json_array_foreach (deliveries, index, delivery)
        (void)json_array_append(list, json_object_get(delivery, "definition"));
    return list;
}

static json_t *inventory_value_of(const struct inventory_field *field, const json_t *key, const json_t *deliveries)
{
    json_t *labels = json_object_get(key, "labels");
    switch (field->kind) {
    case INVENTORY_PROVIDER:
        return json_string(field_text(key, "provider"));
    case INVENTORY_POLICY:
        return inventory_policy_of(field, key);
    case INVENTORY_LABELS:
        return labels ? json_incref(labels) : json_object();
    case INVENTORY_DELIVERIES:
        return inventory_definitions(deliveries);
    }
    return NULL;
}

enum err_code inventory_entry(const json_t *key, const json_t *deliveries, json_t **ret_entry, struct err *err)
{
    OWN(json_free) json_t *entry = json_object();
    for (size_t i = 0; i < inventory_field_count; i++) {
        const struct inventory_field *field = &inventory_fields[i];
        if (json_object_set_new(entry, field->name, inventory_value_of(field, key, deliveries)) != 0)
            return inventory_no_memory(err);
    }
    *ret_entry = GIVE(entry);
    return ERR_OK;
}

/* --- From a file ----------------------------------------------------------------- */

/* As the agent would show it: "720h" and "30d" are the same. */
static enum err_code inventory_policy(const struct inventory_field *field, const char *text, json_t **ret_value,
                                      struct err *err)
{
    OWN_BUF struct buf json = {0};
    json_put_object_open(&json, NULL);
    TRY(policy_put(field->option, text, &json, err));
    json_put_object_close(&json);
    OWN(json_free) json_t *key = json_loadb(buf_text(&json), json.length, 0, NULL);
    *ret_value = key ? inventory_policy_of(field, key) : NULL;
    return *ret_value ? ERR_OK : inventory_no_memory(err);
}

static enum err_code inventory_label(void *context, struct document *document, const char *name, struct err *err)
{
    OWN_BUF struct buf value = {0};
    TRY(document_scalar(document, &value, NULL, err));
    if (json_object_set_new(context, name, json_string(buf_text(&value))) != 0)
        return inventory_no_memory(err);
    return ERR_OK;
}

static enum err_code inventory_delivery(void *context, struct document *document, const char *name, struct err *err)
{
    (void)name;
    json_t *definition = NULL;
    TRY(document_value(document, &definition, err));
    if (json_array_append_new(context, definition) != 0)
        return inventory_no_memory(err);
    return json_is_object(definition) ? ERR_OK : document_refuse(document, err, "a delivery is a mapping");
}

static enum err_code inventory_read_policy(const struct inventory_field *field, struct document *document,
                                           json_t **ret_value, struct err *err)
{
    OWN_BUF struct buf text = {0};
    bool is_null = false;
    TRY(document_scalar(document, &text, &is_null, err));
    const char *said = is_null ? field->fallback : buf_text(&text);
    /* YAML has words of its own for these. */
    if (inventory_is_yes_no(field) && (strcmp(said, "true") == 0 || strcmp(said, "false") == 0))
        said = said[0] == 't' ? "yes" : "no";
    if (inventory_policy(field, said, ret_value, err) != ERR_OK)
        return document_place(document, field->name, err);
    return ERR_OK;
}

static enum err_code inventory_read_field(const struct inventory_field *field, struct document *document,
                                          json_t *entry, struct err *err)
{
    OWN_BUF struct buf text = {0};
    json_t *value = json_object_get(entry, field->name);
    json_t *said = NULL;
    switch (field->kind) {
    case INVENTORY_PROVIDER:
        TRY(document_scalar(document, &text, NULL, err));
        if (text_check_name(buf_text(&text), "the provider's name", err) != ERR_OK)
            return document_place(document, field->name, err);
        said = json_string(buf_text(&text));
        break;
    case INVENTORY_POLICY:
        TRY(inventory_read_policy(field, document, &said, err));
        break;
    case INVENTORY_LABELS:
        return document_mapping(document, inventory_label, value, err);
    case INVENTORY_DELIVERIES:
        return document_list(document, inventory_delivery, value, err);
    }
    return json_object_set_new(entry, field->name, said) == 0 ? ERR_OK : inventory_no_memory(err);
}

static enum err_code inventory_member(void *context, struct document *document, const char *name, struct err *err)
{
    for (size_t i = 0; i < inventory_field_count; i++)
        if (strcmp(inventory_fields[i].name, name) == 0)
            return inventory_read_field(&inventory_fields[i], document, context, err);
    if (strcmp(name, "expires") == 0)
        return document_refuse(document, err, "expires: belongs to a version, not to a key. Say it with "
                               "keyturn set KEY --expires, or keyturn stage");
    return document_refuse(document, err, "%.64s: there is no such field", name);
}

/* What an entry is when nothing is said. */
static enum err_code inventory_blank(json_t **ret_entry, struct err *err)
{
    OWN(json_free) json_t *entry = json_object();
    for (size_t i = 0; i < inventory_field_count; i++) {
        const struct inventory_field *field = &inventory_fields[i];
        json_t *value = field->kind == INVENTORY_POLICY       ? json_string(field->fallback)
                        : field->kind == INVENTORY_LABELS     ? json_object()
                        : field->kind == INVENTORY_DELIVERIES ? json_array()
                                                              : json_string("");
        if (json_object_set_new(entry, field->name, value) != 0)
            return inventory_no_memory(err);
    }
    *ret_entry = GIVE(entry);
    return ERR_OK;
}

static enum err_code inventory_key(void *context, struct document *document, const char *name, struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char key[LIMIT_NAME_BYTES + 1];
    OWN(json_free) json_t *entry = NULL;
    size_t line = document_line(document);
    if (text_split_key(name, environment, key, err) != ERR_OK)
        return document_place(document, "keys", err);
    TRY(inventory_blank(&entry, err));
    TRY(document_mapping(document, inventory_member, entry, err));
    if (field_text(entry, "provider")[0] == '\0')
        return document_refuse(document, err, "%s in line %zu has no provider", name, line);
    return json_object_set_new(context, name, GIVE(entry)) == 0 ? ERR_OK : inventory_no_memory(err);
}

static enum err_code inventory_top(void *context, struct document *document, const char *name, struct err *err)
{
    json_t *file = context;
    OWN_BUF struct buf text = {0};
    if (strcmp(name, "keys") == 0)
        return document_mapping(document, inventory_key, json_object_get(file, "keys"), err);
    if (strcmp(name, "inventory") != 0)
        return document_refuse(document, err, "%.64s: there is no such field; an inventory has “inventory: 1” and “keys”", name);
    TRY(document_scalar(document, &text, NULL, err));
    if (strcmp(buf_text(&text), "1") != 0)
        return document_refuse(document, err, "inventory: this keyturn reads format %d", INVENTORY_FORMAT);
    return json_object_set_new(file, "inventory", json_integer(INVENTORY_FORMAT)) == 0 ? ERR_OK
                                                                                      : inventory_no_memory(err);
}

/* Two keys that are kept apart say so of each other; one that says nothing is taken to agree. */
static enum err_code inventory_agree(const char *what, json_t *keys, struct err *err)
{
    const char *name = NULL;
    json_t *entry = NULL;
    json_object_foreach (keys, name, entry) {
        json_t *other = json_object_get(keys, field_text(entry, "not_with"));
        if (!other || strcmp(field_text(other, "not_with"), name) == 0)
            continue;
        if (strcmp(field_text(other, "not_with"), "none") != 0)
            return err_set(err, ERR_INVALID, "%s: %s is kept apart from %s, which is kept apart from %s", what, name,
                           field_text(entry, "not_with"), field_text(other, "not_with"));
        if (json_object_set_new(other, "not_with", json_string(name)) != 0)
            return inventory_no_memory(err);
    }
    return ERR_OK;
}

enum err_code inventory_parse(const char *what, const char *text, size_t length, json_t **ret_keys, struct err *err)
{
    OWN(document_free) struct document *document = NULL;
    OWN(json_free) json_t *file = json_pack("{s:{}}", "keys");
    TRY(document_open(what, text, length, &document, err));
    TRY(document_mapping(document, inventory_top, file, err));
    TRY(document_end(document, err));
    if (!json_object_get(file, "inventory"))
        return err_set(err, ERR_INVALID, "%s: it does not say “inventory: %d”", what, INVENTORY_FORMAT);
    TRY(inventory_agree(what, json_object_get(file, "keys"), err));
    *ret_keys = json_incref(json_object_get(file, "keys"));
    return ERR_OK;
}

static enum err_code inventory_read_standard_input(struct buf *text, struct err *err)
{
    enum { PART = 64 * 1024 };
    for (;;) {
        char *part = text->length <= INVENTORY_BYTES ? buf_extend(text, PART) : NULL;
        if (!part)
            return err_set(err, ERR_LIMIT, "an inventory has at most %d MiB", INVENTORY_BYTES / (1024 * 1024));
        ssize_t got = read(STDIN_FILENO, part, PART);
        buf_truncate(text, text->length - (size_t)(got > 0 ? PART - got : PART));
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno != EINTR)
            return err_set_errno(err, errno, "standard input");
    }
}

enum err_code inventory_read(const char *path, json_t **ret_keys, struct err *err)
{
    OWN_BUF struct buf text = {0};
    bool standard = strcmp(path, "-") == 0;
    TRY(standard ? inventory_read_standard_input(&text, err) : file_read(path, INVENTORY_BYTES, &text, err));
    return inventory_parse(standard ? "standard input" : path, buf_text(&text), text.length, ret_keys, err);
}
