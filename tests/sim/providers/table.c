#include "table.h"

#include "base/own.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char table_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const char *table_text(const struct table *table, const char *name, const char *fallback)
{
    const char *text = json_string_value(json_object_get(table->rows, name));
    return text ? text : fallback;
}

int64_t table_number(const struct table *table, const char *name)
{
    return json_integer_value(json_object_get(table->rows, name));
}

void table_random(const char *pattern, char out[TABLE_TEXT_BYTES])
{
    size_t length = 0;
    while (*pattern && length + 1 < TABLE_TEXT_BYTES) {
        if (*pattern != '<') {
            out[length++] = *pattern++;
            continue;
        }
        char kind = pattern[1];
        bool named = kind == 'x' || kind == 'd';
        /* Digits stand last, after the capitals and the small letters; hex digits begin with them. */
        const char *from = kind == 'd' ? table_letters + 52 : kind == 'x' ? "0123456789abcdef" : table_letters;
        size_t choices = kind == 'd' ? 10 : kind == 'x' ? 16 : 62;
        char *end = NULL;
        unsigned long count = strtoul(pattern + (named ? 2 : 1), &end, 10);
        for (; count > 0 && length + 1 < TABLE_TEXT_BYTES; count--) {
            unsigned char byte = 0;
            random_bytes(&random_system, &byte, 1);
            out[length++] = from[byte % choices];
        }
        pattern = end + 1;
    }
    /* A number has no zero before it. */
    if (out[0] == '0' && length > 1)
        out[0] = '7';
    out[length] = '\0';
}

struct sim_key *table_make(struct table *table, const char *name, int64_t now_ms)
{
    if (table->count == TABLE_KEYS)
        return NULL;
    struct sim_key *key = &table->keys[table->count++];
    *key = (struct sim_key){.state = KEY_ACTIVE, .born_ms = now_ms + table_number(table, "birth_lag_ms")};
    (void)snprintf(key->name, sizeof key->name, "%s", name);
    table_random(table_text(table, "id", "<20>"), key->id);
    table_random(table_text(table, "secret", "<40>"), key->secret);
    return key;
}

struct sim_key *table_by_name(struct table *table, const char *name)
{
    for (size_t i = table->count; i-- > 0;)
        if (strcmp(table->keys[i].name, name) == 0)
            return &table->keys[i];
    return NULL;
}

struct sim_key *table_by_id(struct table *table, const char *id)
{
    for (size_t i = table->count; i-- > 0;)
        if (strcmp(table->keys[i].id, id) == 0)
            return &table->keys[i];
    return NULL;
}

struct sim_key *table_by_secret(struct table *table, const char *secret)
{
    for (size_t i = table->count; i-- > 0;)
        if (strcmp(table->keys[i].secret, secret) == 0)
            return &table->keys[i];
    return NULL;
}

void table_end(struct table *table, struct sim_key *key, enum key_state state, int64_t now_ms)
{
    bool worked = key->state == KEY_ACTIVE;
    key->state = state;
    if (state == KEY_ACTIVE)
        key->born_ms = now_ms;
    else if (worked)
        key->ended_ms = now_ms + table_number(table, "death_lag_ms");
}

bool table_works(const struct sim_key *key, int64_t now_ms)
{
    if (key->state != KEY_ACTIVE)
        return now_ms < key->ended_ms;
    return now_ms >= key->born_ms;
}

int64_t table_held(const struct table *table)
{
    int64_t held = 0;
    for (size_t i = 0; i < table->count; i++)
        held += table->keys[i].state != KEY_DEAD;
    return held;
}

enum err_code table_load(const char *path, struct table *ret_table, struct err *err)
{
    json_error_t problem;
    json_t *rows = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (!rows)
        return err_set(err, ERR_INVALID, "%s:%d: %s", path, problem.line, problem.text);
    struct table table = {.rows = rows, .keys = calloc(TABLE_KEYS, sizeof(struct sim_key))};
    const char *name = table_text(&table, "provider", NULL);
    if (!name || strlen(name) >= sizeof table.name || !json_is_array(json_object_get(rows, "routes")) || !table.keys) {
        table_release(&table);
        return err_set(err, ERR_INVALID, "%s: expected provider and routes", path);
    }
    (void)snprintf(table.name, sizeof table.name, "%s", name);
    table_random(table_text(&table, "admin", "admin-<32>"), table.admin);
    *ret_table = table;
    return ERR_OK;
}

void table_release(struct table *table)
{
    json_decref(table->rows);
    free(table->keys);
    *table = (struct table){0};
}
