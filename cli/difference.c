#include "difference.h"

#include "agent.h"
#include "field.h"
#include "plain.h"

#include <stdio.h>
#include <string.h>

enum { DIFFERENCE_DELIVERIES = 64 };

static enum err_code difference_no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

/* --- Finding -------------------------------------------------------------------- */

static json_t *difference_new(json_t *changes, const char *key, const char *change)
{
    json_t *row = json_pack("{s:s,s:s,s:n,s:b,s:[]}", "key", key, "change", change, "waits", "done", 0, "fields");
    return json_array_append_new(changes, row) == 0 ? row : NULL;
}

static enum err_code difference_fields(json_t *change, const json_t *from, const json_t *to, struct err *err)
{
    for (size_t i = 0; i < inventory_field_count; i++) {
        const struct inventory_field *field = &inventory_fields[i];
        json_t *before = json_object_get(from, field->name);
        json_t *after = json_object_get(to, field->name);
        if (before ? json_equal(before, after) : inventory_is_fallback(field, after))
            continue;
        json_t *row = json_pack("{s:s,s:O?,s:O}", "field", field->name, "from", before, "to", after);
        if (row && !before)
            (void)json_object_set_new(row, "from", json_null());
        if (json_array_append_new(json_object_get(change, "fields"), row) != 0)
            return difference_no_memory(err);
    }
    return ERR_OK;
}

static bool difference_names(const json_t *change, const char *field)
{
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach (json_object_get(change, "fields"), index, row)
        if (strcmp(field_text(row, "field"), field) == 0)
            return true;
    return false;
}

static enum err_code difference_of_key(const char *name, const json_t *wanted, const struct holdings *held,
                                       json_t *changes, struct err *err)
{
    const json_t *entry = json_object_get(held->keys, name);
    const json_t *row = json_object_get(held->rows, name);
    if (entry && json_equal(entry, wanted))
        return ERR_OK;
    json_t *change = difference_new(changes, name, entry ? "set" : "add");
    if (!change)
        return difference_no_memory(err);
    TRY(difference_fields(change, entry, wanted, err));
    if (entry && difference_names(change, "provider"))
        return err_set(err, ERR_INVALID, "%s is a key of %s and stays one: a key cannot change its provider to %s. "
                       "Add it under another name; nothing was changed", name, field_text(entry, "provider"),
                       field_text(wanted, "provider"));
    if (difference_names(change, "deliveries") && field_given(row, "rotation"))
        (void)json_object_set_new(change, "waits", json_string("its rotation is open, and its deliveries can change "
                                                               "when it has ended"));
    return ERR_OK;
}

enum err_code difference_find(const json_t *wanted, const struct holdings *held, json_t **ret_changes,
                              struct err *err)
{
    OWN(json_free) json_t *changes = json_array();
    const char *name = NULL;
    json_t *entry = NULL;
    json_object_foreach ((json_t *)(uintptr_t)wanted, name, entry)
        TRY(difference_of_key(name, entry, held, changes, err));
    *ret_changes = GIVE(changes);
    return ERR_OK;
}

/* Why a key cannot be removed; false: it can. */
static bool difference_stays(const char *name, const json_t *key, char why[192])
{
    size_t index = 0;
    const json_t *version = NULL;
    if (field_given(key, "rotation")) {
        (void)snprintf(why, 192, "its rotation is open: keyturn cancel %s", name);
        return true;
    }
    json_array_foreach (json_object_get(key, "versions"), index, version) {
        const char *state = field_text(version, "state");
        if (strcmp(state, "dead") == 0)
            continue;
        (void)snprintf(why, 192, "version %lld is %s: keyturn revoke %s", (long long)field_number(version, "version"),
                       state, name);
        return true;
    }
    return false;
}

enum err_code difference_prune(struct cli *cli, const json_t *wanted, const struct holdings *held, json_t *changes,
                               struct err *err)
{
    const char *name = NULL;
    json_t *row = NULL;
    char why[192];
    json_object_foreach (held->rows, name, row) {
        if (json_object_get(wanted, name))
            continue;
        OWN_BUF struct buf path = {0};
        OWN(json_free) json_t *key = NULL;
        buf_printf(&path, "/v1/keys/%s", name);
        TRY(agent_get(cli, buf_text(&path), &key, err));
        bool stays = difference_stays(name, key, why);
        json_t *change = difference_new(changes, name, stays ? "stays" : "remove");
        if (!change || (stays && json_object_set_new(change, "waits", json_string(why)) != 0))
            return difference_no_memory(err);
    }
    return ERR_OK;
}

void difference_deliveries(const json_t *held, const json_t *wanted, bool *stay, size_t stay_size, size_t *ret_kept)
{
    size_t kept = 0;
    for (size_t i = 0; i < json_array_size(held) && i < stay_size; i++) {
        stay[i] = json_equal(json_array_get(held, i), json_array_get(wanted, kept));
        kept += stay[i];
    }
    *ret_kept = kept;
}

/* --- Printing --------------------------------------------------------------------- */

static void difference_line(char sign, const char *field, const char *name, const json_t *value, struct buf *out)
{
    buf_printf(out, "    %c %s ", sign, field);
    if (name)
        buf_printf(out, "%s: ", name);
    inventory_write_value(value, out);
    buf_add(out, "\n", 1);
}

static void difference_labels(const json_t *from, const json_t *to, struct buf *out)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)from, name, value)
        if (!json_equal(value, json_object_get(to, name)))
            difference_line('-', "label", name, value, out);
    json_object_foreach ((json_t *)(uintptr_t)to, name, value)
        if (!json_equal(value, json_object_get(from, name)))
            difference_line('+', "label", name, value, out);
}

static void difference_places(const json_t *from, const json_t *to, struct buf *out)
{
    bool stay[DIFFERENCE_DELIVERIES] = {false};
    size_t kept = 0;
    difference_deliveries(from, to, stay, DIFFERENCE_DELIVERIES, &kept);
    for (size_t i = 0; i < json_array_size(from) && i < DIFFERENCE_DELIVERIES; i++)
        if (!stay[i])
            difference_line('-', "delivery", NULL, json_array_get(from, i), out);
    for (size_t i = kept; i < json_array_size(to); i++)
        difference_line('+', "delivery", NULL, json_array_get(to, i), out);
}

static void difference_field(const json_t *row, struct buf *out)
{
    const char *field = field_text(row, "field");
    const json_t *from = json_object_get(row, "from");
    const json_t *to = json_object_get(row, "to");
    if (strcmp(field, "labels") == 0) {
        difference_labels(from, to, out);
    } else if (strcmp(field, "deliveries") == 0) {
        difference_places(from, to, out);
    } else if (json_is_null(from)) {
        difference_line('+', field, NULL, to, out);
    } else {
        buf_printf(out, "    ~ %s ", field);
        inventory_write_value(from, out);
        buf_text_add(out, " → ");
        inventory_write_value(to, out);
        buf_add(out, "\n", 1);
    }
}

static const char *difference_sign(const char *change)
{
    return strcmp(change, "add") == 0 ? "+" : strcmp(change, "set") == 0 ? "~" : strcmp(change, "remove") == 0 ? "-" : "=";
}

void difference_print(const json_t *changes)
{
    size_t index = 0;
    size_t field = 0;
    const json_t *change = NULL;
    const json_t *row = NULL;
    json_array_foreach (changes, index, change) {
        OWN_BUF struct buf out = {0};
        const char *what = field_text(change, "change");
        buf_printf(&out, "%s %s", difference_sign(what), field_text(change, "key"));
        if (strcmp(what, "remove") == 0)
            buf_text_add(&out, "  is not in the file, and all its versions are dead");
        if (strcmp(what, "stays") == 0)
            buf_text_add(&out, "  is not in the file and stays");
        if (field_given(change, "waits"))
            buf_printf(&out, ": %s", field_text(change, "waits"));
        buf_add(&out, "\n", 1);
        json_array_foreach (json_object_get(change, "fields"), field, row)
            difference_field(row, &out);
        if (buf_ok(&out) && out.length > 0)
            plain_text(out.data);
        (void)fputs(buf_text(&out), stdout);
    }
}
