#include "emergency.h"

#include "base/text.h"
#include "field.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

/* --- The request ------------------------------------------------------------ */

static const char *const emergency_parts[] = {"environment", "provider"};

bool emergency_selects(const struct args *args)
{
    return args_has(args, "environment") || args_has(args, "provider") || args_has(args, "label") ||
           args_has(args, "all");
}

static void emergency_put_targets(struct buf *out, const json_t *targets)
{
    size_t index = 0;
    const json_t *target = NULL;
    json_put_array_open(out, "targets");
    json_array_foreach (targets, index, target) {
        json_put_object_open(out, NULL);
        json_put_string(out, "key", field_text(target, "key"));
        json_put_integer(out, "version", field_number(target, "version"));
        json_put_object_close(out);
    }
    json_put_array_close(out);
}

static void emergency_put_select(struct buf *out, const struct args *args)
{
    size_t at = 0;
    const char *label = NULL;
    json_put_object_open(out, "select");
    for (size_t i = 0; i < sizeof emergency_parts / sizeof emergency_parts[0]; i++)
        if (args_value(args, emergency_parts[i]))
            json_put_string(out, emergency_parts[i], args_value(args, emergency_parts[i]));
    json_put_array_open(out, "labels");
    while ((label = args_next(args, "label", &at)))
        json_put_string(out, NULL, label);
    json_put_array_close(out);
    json_put_boolean(out, "all", args_has(args, "all"));
    json_put_object_close(out);
}

void emergency_body(const struct emergency *emergency, struct buf *out)
{
    json_put_object_open(out, NULL);
    if (emergency->targets)
        emergency_put_targets(out, emergency->targets);
    else
        emergency_put_select(out, emergency->args);
    json_put_boolean(out, "replace", args_has(emergency->args, "replace"));
    if (args_value(emergency->args, "reason"))
        json_put_string(out, "reason", args_value(emergency->args, "reason"));
    json_put_object_close(out);
}

/* --- The plan as a table ------------------------------------------------------ */

static const struct table_column emergency_columns[] = {
    {"KEY", TABLE_NAME},       {"VERSION", TABLE_WHOLE}, {"STATE", TABLE_WHOLE}, {"IS", TABLE_WHOLE},
    {"PROVIDER", TABLE_WHOLE}, {"DIES", TABLE_WHOLE},    {"OWNER", TABLE_CUT},   {"USED BY", TABLE_CUT},
};

/* Who read this version last, and the places that hold it. */
static void emergency_say_users(struct buf *out, const json_t *key, int64_t version)
{
    size_t index = 0;
    const json_t *consumer = NULL;
    const json_t *delivery = NULL;
    json_array_foreach (json_object_get(key, "consumers"), index, consumer)
        if (field_number(consumer, "version") == version)
            buf_printf(out, "%s%s", out->length > 0 ? ", " : "", field_text(consumer, "consumer"));
    json_array_foreach (json_object_get(key, "deliveries"), index, delivery)
        if (field_number(delivery, "holds_version") == version)
            buf_printf(out, "%s%s %s", out->length > 0 ? ", " : "", field_text(delivery, "kind"),
                       field_text(delivery, "target"));
}

static const char *emergency_who(const json_t *key, const char *action)
{
    const char *who = field_text(key, action);
    return strcmp(who, "provider") == 0 ? "by its API" : strcmp(who, "person") == 0 ? "by a person" : "nobody can";
}

static bool emergency_replaces(const json_t *version, bool replace)
{
    return replace && strcmp(field_text(version, "state"), "current") == 0;
}

/* What is staged while its key is replaced is the replacement. */
static bool emergency_spares(const json_t *version, bool replace)
{
    return replace && strcmp(field_text(version, "state"), "staged") == 0;
}

static enum err_code emergency_add(struct table *table, const json_t *key, const json_t *version, bool replace,
                                   struct err *err)
{
    OWN_BUF struct buf users = {0};
    OWN_BUF struct buf dies = {0};
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)field_number(version, "version"));
    emergency_say_users(&users, key, field_number(version, "version"));
    buf_text_add(&dies, emergency_who(key, "revoke"));
    if (emergency_replaces(version, replace))
        buf_printf(&dies, ", after a new key %s", emergency_who(key, "replace"));
    bool person = strcmp(field_text(key, "revoke"), "provider") != 0;
    const char *cells[] = {field_text(key, "key"),      number,         field_text(version, "state"),
                           field_text(version, "mask"), field_text(key, "provider"), buf_text(&dies),
                           field_text(key, "owner"),    buf_text(&users)};
    return table_add(table, cells, person, err);
}

enum err_code emergency_print_plan(const json_t *plan, bool replace, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    size_t index = 0;
    const json_t *key = NULL;
    TRY(table_new(emergency_columns, sizeof emergency_columns / sizeof emergency_columns[0], &table, err));
    json_array_foreach (json_object_get(plan, "keys"), index, key) {
        size_t at = 0;
        const json_t *version = NULL;
        json_array_foreach (json_object_get(key, "versions"), at, version)
            if (!emergency_spares(version, replace))
                TRY(emergency_add(table, key, version, replace, err));
    }
    return table_print(table, err);
}

/* --- The question --------------------------------------------------------------- */

struct emergency_tally {
    size_t places, by_person, new_by_person;
    json_t *consumers;     /* owned: an object with each one's name */
    const json_t *key;     /* the last one, */
    const json_t *version; /* and its last version that dies */
};

static void emergency_tally_release(struct emergency_tally *tally)
{
    json_decref(tally->consumers);
}
#define OWN_TALLY __attribute__((cleanup(emergency_tally_release)))

static void emergency_count_users(const json_t *key, int64_t version, struct emergency_tally *tally)
{
    size_t index = 0;
    const json_t *consumer = NULL;
    const json_t *delivery = NULL;
    json_array_foreach (json_object_get(key, "consumers"), index, consumer)
        if (field_number(consumer, "version") == version)
            (void)json_object_set_new(tally->consumers, field_text(consumer, "consumer"), json_true());
    json_array_foreach (json_object_get(key, "deliveries"), index, delivery)
        tally->places += field_number(delivery, "holds_version") == version;
}

static void emergency_count_key(const json_t *key, bool replace, struct emergency_tally *tally)
{
    size_t index = 0;
    const json_t *version = NULL;
    bool by_person = strcmp(field_text(key, "revoke"), "provider") != 0;
    bool new_by_person = strcmp(field_text(key, "replace"), "provider") != 0;
    json_array_foreach (json_object_get(key, "versions"), index, version) {
        if (emergency_spares(version, replace))
            continue;
        tally->key = key;
        tally->version = version;
        tally->by_person += by_person;
        tally->new_by_person += new_by_person && emergency_replaces(version, replace);
        emergency_count_users(key, field_number(version, "version"), tally);
    }
}

/* "2 consumers and 1 delivery"; false: nobody is known to use it. */
static bool emergency_say_users_count(struct buf *out, const struct emergency_tally *tally)
{
    size_t consumers = json_object_size(tally->consumers);
    if (consumers > 0)
        buf_printf(out, "%zu consumer%s", consumers, consumers == 1 ? "" : "s");
    if (consumers > 0 && tally->places > 0)
        buf_text_add(out, " and ");
    if (tally->places > 0)
        buf_printf(out, "%zu deliver%s", tally->places, tally->places == 1 ? "y" : "ies");
    if (consumers + tally->places > 0)
        buf_printf(out, " use%s", consumers + tally->places == 1 ? "s" : "");
    return consumers + tally->places > 0;
}

static void emergency_say_what(struct buf *out, const json_t *plan, const struct emergency_tally *tally)
{
    OWN_BUF struct buf users = {0};
    size_t keys = json_array_size(json_object_get(plan, "keys"));
    long long count = (long long)field_number(plan, "count");
    bool used = emergency_say_users_count(&users, tally);
    if (count == 1 && tally->version) {
        if (used)
            buf_printf(out, "the key that %s now: ", buf_text(&users));
        buf_printf(out, "%s version %lld (%s)%s%s", field_text(tally->key, "key"),
                   (long long)field_number(tally->version, "version"), field_text(tally->version, "mask"),
                   used ? "" : ", ", used ? "" : field_text(tally->version, "state"));
        return;
    }
    buf_printf(out, "%lld versions of %zu key%s", count, keys, keys == 1 ? "" : "s");
    if (used)
        buf_printf(out, ", which %s now", buf_text(&users));
}

void emergency_warn(const json_t *plan, bool replace)
{
    OWN_TALLY struct emergency_tally tally = {.consumers = json_object()};
    OWN_BUF struct buf what = {0};
    size_t index = 0;
    const json_t *key = NULL;
    json_array_foreach (json_object_get(plan, "keys"), index, key)
        emergency_count_key(key, replace, &tally);
    emergency_say_what(&what, plan, &tally);
    (void)fprintf(stderr, "This kills %s. It cannot be undone.\n", buf_text(&what));
    if (tally.places > 0 && replace)
        (void)fprintf(stderr, "%s gets the new key first.\n",
                      tally.places == 1 ? "The delivery" : "Each delivery");
    if (tally.new_by_person > 0)
        (void)fprintf(stderr, "%zu wait%s until a person makes the new key.\n", tally.new_by_person,
                      tally.new_by_person == 1 ? "s" : "");
    if (tally.by_person > 0)
        (void)fprintf(stderr, "%zu must be revoked by a person: their provider has no API for it.\n", tally.by_person);
}
