/* What a test asks the simulator itself: a person's clicks in a provider's console,
 * the credential's secret, faults and the journal. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

static struct table *control_table(struct sim *sim, const char *name)
{
    for (size_t i = 0; name && i < sim->count; i++)
        if (strcmp(sim->tables[i].name, name) == 0)
            return &sim->tables[i];
    return NULL;
}

static void control_key(struct exchange *exchange, const struct sim_key *key)
{
    json_put_object_open(exchange->out, NULL);
    json_put_string(exchange->out, "id", key->id);
    json_put_string(exchange->out, "name", key->name);
    json_put_string(exchange->out, "secret", key->secret);
    json_put_object_close(exchange->out);
}

static int control_make(struct sim *sim, struct table *table, struct exchange *exchange)
{
    const char *name = exchange_query(exchange, "name");
    struct sim_key *key = name ? table_make(table, name, clock_monotonic_ms(sim->clock)) : NULL;
    if (!key)
        return 400;
    control_key(exchange, key);
    return 201;
}

static int control_kill(struct sim *sim, struct table *table, struct exchange *exchange)
{
    const char *name = exchange_query(exchange, "name");
    struct sim_key *newest = table->count ? &table->keys[table->count - 1] : NULL;
    struct sim_key *key = name ? table_by_name(table, name) : newest;
    if (!key)
        return 404;
    table_end(table, key, KEY_DEAD, clock_monotonic_ms(sim->clock));
    return 204;
}

/* As the vault wants it: "ID:SECRET" where the API signs with both. */
static int control_admin(struct sim *sim, struct table *table, struct exchange *exchange)
{
    (void)sim;
    const char *user = table_text(table, "admin_user", "");
    bool pair = json_is_true(json_object_get(table->rows, "credential_is_pair"));
    buf_printf(exchange->out, "%s%s%s", pair ? user : "", pair ? ":" : "", table->admin);
    return 200;
}

static int control_deputies(struct sim *sim, struct table *table, struct exchange *exchange)
{
    (void)sim, (void)exchange;
    table->deputies = true;
    return 204;
}

/* How many keys the account holds, and how many of them still work. */
static int control_count(struct sim *sim, struct table *table, struct exchange *exchange)
{
    int64_t working = 0;
    for (size_t i = 0; i < table->count; i++)
        working += table_works(&table->keys[i], clock_monotonic_ms(sim->clock));
    buf_printf(exchange->out, "{\"held\":%lld,\"working\":%lld}", (long long)table_held(table), (long long)working);
    return 200;
}

/* Every secret there ever was, so that a test can look for them where none may be. */
static int control_secrets(struct sim *sim, struct table *table, struct exchange *exchange)
{
    (void)sim;
    json_put_array_open(exchange->out, NULL);
    for (size_t i = 0; i < table->count; i++)
        json_put_string(exchange->out, NULL, table->keys[i].secret);
    json_put_array_close(exchange->out);
    return 200;
}

static int control_faults(struct sim *sim, struct table *table, struct exchange *exchange)
{
    struct err err = {0};
    (void)table;
    json_t *document = json_loads(buf_text(&exchange->body), 0, NULL);
    bool armed = document && faults_arm(sim->faults, document, &err) == ERR_OK;
    json_decref(document);
    if (!armed)
        json_put_string(exchange->out, NULL, document ? err.message : "not JSON");
    return armed ? 204 : 400;
}

static int control_disarm(struct sim *sim, struct table *table, struct exchange *exchange)
{
    (void)table;
    (void)exchange;
    faults_clear(sim->faults);
    return 204;
}

static int control_journal(struct sim *sim, struct table *table, struct exchange *exchange)
{
    (void)table;
    journal_write(sim->journal, 0, exchange->out);
    return 200;
}

static const struct {
    const char *method, *path;
    bool of_table;
    int (*run)(struct sim *sim, struct table *table, struct exchange *exchange);
} controls[] = {
    {"POST", "/make", true, control_make},      {"POST", "/kill", true, control_kill},
    {"GET", "/admin", true, control_admin},     {"GET", "/count", true, control_count},
    {"POST", "/deputies", true, control_deputies},
    {"GET", "/secrets", true, control_secrets},
    {"POST", "/faults", false, control_faults}, {"DELETE", "/faults", false, control_disarm},
    {"GET", "/journal", false, control_journal},
};

void sim_control(struct sim *sim, const char *path, struct exchange *exchange)
{
    struct table *table = control_table(sim, exchange_query(exchange, "provider"));
    exchange->status = 404;
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (strcmp(controls[i].method, exchange->method) == 0 && strcmp(controls[i].path, path) == 0 &&
            (table || !controls[i].of_table))
            exchange->status = controls[i].run(sim, table, exchange);
}
