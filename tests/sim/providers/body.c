/* Bodies: fields of the request, and answers with what is known put into them. */
#include "sim.h"

#include "common/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *pointer_find(json_t *at, const char *pointer)
{
    while (at && *pointer == '/') {
        char name[TABLE_TEXT_BYTES];
        size_t length = strcspn(++pointer, "/");
        (void)snprintf(name, sizeof name, "%.*s", (int)length, pointer);
        pointer += length;
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10)) : json_object_get(at, name);
    }
    return at;
}

bool body_field(const struct exchange *exchange, const char *place, char out[TABLE_TEXT_BYTES])
{
    if (place[0] != '/')
        return form_field(&exchange->body, place, out, TABLE_TEXT_BYTES);
    json_t *document = json_loads(buf_text(&exchange->body), 0, NULL);
    const char *text = json_string_value(pointer_find(document, place));
    bool found = text && strlen(text) < TABLE_TEXT_BYTES;
    if (found)
        (void)snprintf(out, TABLE_TEXT_BYTES, "%s", text);
    json_decref(document);
    return found;
}

struct words {
    const struct table *table;
    const struct sim_key *key; /* or NULL */
};

static json_t *write_text(const struct words *words, const char *text)
{
    static const struct sim_key nobody;
    const struct sim_key *key = words->key ? words->key : &nobody;
    static const char *const states[] = {"active", "inactive", "archived"};
    const struct {
        const char *name, *value;
    } known[] = {
        {"$secret", key->secret}, {"$id", key->id}, {"$name", key->name}, {"$state", states[key->state]}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(text, known[i].name) == 0)
            return json_string(known[i].value);
    if (strcmp(text, "$number") == 0)
        return json_integer(strtoll(key->id, NULL, 10));
    return json_string(text);
}

static json_t *write_value(const struct words *words, const json_t *from);

/* {"$each": BODY} in a list stands for one BODY for each key that is not dead. */
static void write_element(const struct words *words, const json_t *element, json_t *list)
{
    const json_t *each = json_object_get(element, "$each");
    if (!each) {
        (void)json_array_append_new(list, write_value(words, element));
        return;
    }
    for (size_t i = 0; i < words->table->count; i++) {
        const struct words of_key = {words->table, &words->table->keys[i]};
        if (of_key.key->state != KEY_DEAD)
            (void)json_array_append_new(list, write_value(&of_key, each));
    }
}

static json_t *write_value(const struct words *words, const json_t *from)
{
    if (json_is_string(from))
        return write_text(words, json_string_value(from));
    if (json_is_array(from)) {
        json_t *list = json_array();
        size_t index = 0;
        const json_t *element = NULL;
        json_array_foreach (from, index, element)
            write_element(words, element, list);
        return list;
    }
    if (!json_is_object(from))
        return json_deep_copy(from);
    json_t *object = json_object();
    json_t *members = json_deep_copy(from);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach (members, name, value)
        (void)json_object_set_new(object, name, write_value(words, value));
    json_decref(members);
    return object;
}

void body_answer(struct exchange *exchange, const struct table *table, const json_t *answer, const struct sim_key *key)
{
    const struct words words = {table, key};
    const json_t *body = json_array_get(answer, 1);
    const char *type = json_string_value(json_array_get(answer, 2));
    exchange->status = (int)json_integer_value(json_array_get(answer, 0));
    exchange->content_type = type ? type : table_text(table, "content_type", "application/json");
    buf_clear(exchange->out);
    if (json_is_string(body) && strcmp(json_string_value(body), "") == 0)
        return;
    json_t *document = write_value(&words, body);
    char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        buf_text_add(exchange->out, text);
    free(text);
    json_decref(document);
}
