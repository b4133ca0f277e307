/* The inventory as a file: names in order, so that two exports of the same are
 * the same bytes and a version control shows what changed. */
#include "inventory.h"

#include "field.h"

#include <stdlib.h>
#include <string.h>

/* Words that YAML takes for something else than a text, in any of its versions. */
static bool write_is_reserved(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(words[i], text) == 0)
            return true;
    return false;
}

/* Without quotes only what begins with a letter or '/' and is of letters that mean nothing in YAML, or a
 * duration; a number would be read as one. */
static bool write_is_plain(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char inner[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+-";
    static const char units[] = "dhms";
    size_t length = strlen(text);
    size_t digits = strspn(text, "0123456789");
    bool duration = digits > 0 && text[digits] && text[digits + strspn(text + digits, "0123456789dhms")] == '\0' &&
                    strchr(units, text[length - 1]);
    if (duration)
        return true;
    return length > 0 && (strchr(letters, text[0]) || text[0] == '/') && text[strspn(text, inner)] == '\0' &&
           !write_is_reserved(text);
}

/* In double quotes, escaped as JSON and YAML both have it, and the controls that JSON leaves. */
static void write_quoted(const char *text, struct buf *out)
{
    buf_add(out, "\"", 1);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F;
        bool line_end = at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9); /* U+2028, U+2029 */
        if (*at == '"' || *at == '\\')
            buf_printf(out, "\\%c", *at);
        else if (*at == '\n')
            buf_add(out, "\\n", 2);
        else if (*at < 0x20 || *at == 0x7F)
            buf_printf(out, "\\u%04x", *at);
        else if (c1)
            buf_printf(out, "\\u%04x", *++at);
        else if (line_end) {
            buf_printf(out, "\\u20%02x", at[2] - 0x80);
            at += 2;
        } else
            buf_add(out, at, 1);
    }
    buf_add(out, "\"", 1);
}

static void write_text(const char *text, struct buf *out)
{
    if (write_is_plain(text))
        buf_text_add(out, text);
    else
        write_quoted(text, out);
}

/* --- Members in order ------------------------------------------------------------- */

static int write_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of a delivery, what it is comes first. */
static int write_compare_members(const void *a, const void *b)
{
    static const char *const first[] = {"kind", "class"};
    const char *names[] = {*(const char *const *)a, *(const char *const *)b};
    size_t ranks[2] = {0, 0};
    for (size_t i = 0; i < 2; i++)
        while (ranks[i] < 2 && strcmp(first[ranks[i]], names[i]) != 0)
            ranks[i]++;
    return ranks[0] != ranks[1] ? (ranks[0] > ranks[1]) - (ranks[0] < ranks[1]) : strcmp(names[0], names[1]);
}

/* The names of an object, sorted; NULL when it has none or memory is short. The array is the caller's. */
static const char **write_names(const json_t *object, int (*compare)(const void *, const void *))
{
    const char *name = NULL;
    json_t *value = NULL;
    size_t count = 0;
    const char **names = calloc(json_object_size(object) + 1, sizeof *names);
    if (!names)
        return NULL;
    json_object_foreach ((json_t *)(uintptr_t)object, name, value)
        names[count++] = name;
    qsort(names, count, sizeof *names, compare);
    return names;
}

typedef void write_one(const char *name, const json_t *value, bool is_first, struct buf *out);

static void write_each(const json_t *object, int (*compare)(const void *, const void *), write_one *one,
                       struct buf *out)
{
    const char **names = write_names(object, compare);
    out->failed = out->failed || !names;
    for (size_t i = 0; names && names[i]; i++)
        one(names[i], json_object_get(object, names[i]), i == 0, out);
    free(names);
}

/* --- Values ------------------------------------------------------------------------ */

static void write_flow_member(const char *name, const json_t *value, bool is_first, struct buf *out)
{
    buf_text_add(out, is_first ? "" : ", ");
    write_text(name, out);
    buf_text_add(out, ": ");
    inventory_write_value(value, out);
}

static void write_flow_list(const json_t *list, struct buf *out)
{
    size_t index = 0;
    const json_t *element = NULL;
    buf_add(out, "[", 1);
    json_array_foreach (list, index, element) {
        buf_text_add(out, index ? ", " : "");
        inventory_write_value(element, out);
    }
    buf_add(out, "]", 1);
}

void inventory_write_value(const json_t *value, struct buf *out)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        buf_add(out, "{", 1);
        write_each(value, write_compare_members, write_flow_member, out);
        buf_add(out, "}", 1);
        return;
    case JSON_ARRAY:
        write_flow_list(value, out);
        return;
    case JSON_STRING:
        write_text(json_string_value(value), out);
        return;
    case JSON_TRUE:
        buf_text_add(out, "true");
        return;
    case JSON_FALSE:
        buf_text_add(out, "false");
        return;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_NULL: /* no definition has any */
        buf_text_add(out, "null");
        return;
    }
}

/* --- The file --------------------------------------------------------------------------- */

static void write_label(const char *name, const json_t *value, bool is_first, struct buf *out)
{
    (void)is_first;
    buf_text_add(out, "      ");
    write_flow_member(name, value, true, out);
    buf_add(out, "\n", 1);
}

static void write_delivery_member(const char *name, const json_t *value, bool is_first, struct buf *out)
{
    buf_text_add(out, is_first ? "      - " : "        ");
    write_flow_member(name, value, true, out);
    buf_add(out, "\n", 1);
}

/* One without any member is refused by the agent, which numbers them: it keeps its place. */
static void write_delivery(const json_t *delivery, struct buf *out)
{
    if (json_object_size(delivery) == 0)
        buf_text_add(out, "      - {}\n");
    else
        write_each(delivery, write_compare_members, write_delivery_member, out);
}

static void write_field(const struct inventory_field *field, const json_t *value, struct buf *out)
{
    size_t index = 0;
    const json_t *delivery = NULL;
    buf_printf(out, "    %s:", field->name);
    switch (field->kind) {
    case INVENTORY_PROVIDER:
    case INVENTORY_POLICY:
        buf_add(out, " ", 1);
        if (inventory_is_yes_no(field))
            buf_text_add(out, strcmp(json_string_value(value), "yes") == 0 ? "true" : "false");
        else
            inventory_write_value(value, out);
        buf_add(out, "\n", 1);
        return;
    case INVENTORY_LABELS:
        buf_add(out, "\n", 1);
        write_each(value, write_compare, write_label, out);
        return;
    case INVENTORY_DELIVERIES:
        buf_add(out, "\n", 1);
        json_array_foreach (value, index, delivery)
            write_delivery(delivery, out);
        return;
    }
}

static void write_key(const char *name, const json_t *entry, bool is_first, struct buf *out)
{
    (void)is_first;
    buf_printf(out, "  %s:\n", name);
    for (size_t i = 0; i < inventory_field_count; i++) {
        const json_t *value = json_object_get(entry, inventory_fields[i].name);
        if (!inventory_is_fallback(&inventory_fields[i], value))
            write_field(&inventory_fields[i], value, out);
    }
}

void inventory_write(const json_t *keys, struct buf *out)
{
    buf_printf(out, "inventory: %d\n", INVENTORY_FORMAT);
    buf_text_add(out, json_object_size(keys) ? "keys:\n" : "keys: {}\n");
    write_each(keys, write_compare, write_key, out);
}
