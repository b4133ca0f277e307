/* May a delivery be configured there? S5: not in a place of the wrong class, nor in one that a key of the other class
 * uses. Nor in one that is in use already: what is put there last would be all that its users find.
 *
 * Twice: on the loop by what is known of the others, and before, on the caller's thread, by a look at the folders of
 * files of one name, which may block. What comes between the two is refused when it is put (places.c). */
#include "place_check.h"

#include "engine_private.h"

#include "delivery/delivery.h"

#include <stdlib.h>
#include <string.h>

struct wanted {
    struct engine *engine;
    struct vault_session *session;
    const struct delivery *delivery;
};

/* The other delivery is there. */
static enum err_code refuse(const struct wanted *wanted, const struct vault_delivery *other, struct err *err)
{
    const char *target = delivery_target(wanted->delivery);
    bool as = other->target[0] && strcmp(other->target, target) != 0; /* one place by two paths */
    struct vault_key key = {0};
    enum err_code code = vault_get(wanted->session, VAULT_KEY, other->row.parent, &key.row, err);
    if (code == ERR_OK && key.class != (int)delivery_place_class(wanted->delivery))
        code = err_set(err, ERR_INVALID,
                       "%s is a place of %s/%s, and live and test keys never share one. Name another place", target,
                       key.environment, key.name);
    else if (code == ERR_OK)
        code = err_set(err, ERR_INVALID,
                       "%s is a place of %s/%s already,%s%s%s and one would overwrite the other. Name another place, or "
                       "give that one up: keyturn deliver %s/%s remove %u",
                       target, key.environment, key.name, as ? " as " : "", as ? other->target : "", as ? "," : "",
                       key.environment, key.name, other->order);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}

/* --- By what is known --------------------------------------------------------------- */

/* Is the other delivery there? What was put to it may still be there when its definition is not. One that
 * nobody can tell the place of counts for a key of the other class (S5), and not where two of the same class
 * would overwrite each other: else it would keep every sink from being used. */
static bool is_there(const struct wanted *wanted, const struct vault_delivery *other)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    struct delivery_outline outline;
    struct err unreadable = {0};
    const struct vault_text *text = &other->definition;
    /* The place of a file is its path, which no definition changes: most are told apart without a parser. */
    if (strcmp(delivery_kind(wanted->delivery), "file") == 0 && other->target[0] &&
        strcmp(delivery_target(wanted->delivery), other->target) != 0)
        return false;
    if (delivery_parse("delivery", text->data, text->length, wanted->engine->options.sinks, &delivery, &unreadable) ==
        ERR_OK)
        return delivery_same_target(delivery, wanted->delivery);
    delivery_outline_read(text->data, text->length, other->target, &outline);
    if (outline.place_class == delivery_place_class(wanted->delivery) && outline.target[0] == '\0')
        return false;
    return delivery_may_be_place(wanted->delivery, &outline);
}

static int refuse_where_there(void *context, const struct vault_row *record, struct err *err)
{
    const struct wanted *wanted = context;
    const struct vault_delivery *other = (const struct vault_delivery *)record;
    return is_there(wanted, other) ? (int)refuse(wanted, other, err) : (int)ERR_OK;
}

enum err_code place_check(struct engine *engine, const struct vault_key *key, const char *definition,
                          struct vault_delivery *record, struct err *err)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    TRY(delivery_parse("delivery", definition, strlen(definition), engine->options.sinks, &delivery, err));
    COPY_TEXT(record->target, delivery_target(delivery));
    struct wanted wanted = {.engine = engine, .session = engine->session, .delivery = delivery};
    if ((int)delivery_place_class(delivery) == (int)key->class)
        return vault_scan(engine->session, VAULT_DELIVERY, NULL, refuse_where_there, &wanted, err);
    bool live = key->class == VAULT_CLASS_LIVE;
    return err_set(err, ERR_INVALID, "%s/%s is a %s key, and %s is declared a %s place. A %s key never goes there",
                   key->environment, key->name, live ? "live" : "test", delivery_target(delivery),
                   live ? "test" : "live", live ? "live" : "test");
}

/* --- By a look ------------------------------------------------------------------------ */

/* Files of its name, gathered before they are looked at: locking waits for who reads the vault. */
struct namesakes {
    const struct wanted *wanted;
    struct vault_delivery *others; /* owned, their definitions, too */
    size_t count, room;
};

static void namesakes_release(struct namesakes *namesakes)
{
    for (size_t i = 0; i < namesakes->count; i++)
        vault_record_release(VAULT_DELIVERY, &namesakes->others[i].row);
    free(namesakes->others);
}

/* Do the targets, as far as they are kept, end with different names? Paths do; a sink's target is none. */
static bool are_named_apart(const char *a, const char *b)
{
    const struct vault_delivery *whole = NULL;
    const char *a_name = strrchr(a, '/'), *b_name = strrchr(b, '/');
    bool cut = strlen(a) + 1 >= sizeof whole->target || strlen(b) + 1 >= sizeof whole->target;
    return a_name && b[0] && !cut && (!b_name || strcmp(a_name, b_name) != 0);
}

static int gather_namesake(void *context, const struct vault_row *record, struct err *err)
{
    struct namesakes *namesakes = context;
    const struct vault_delivery *other = (const struct vault_delivery *)record;
    if (are_named_apart(delivery_target(namesakes->wanted->delivery), other->target))
        return ERR_OK;
    if (namesakes->count == namesakes->room) {
        size_t room = namesakes->room ? 2 * namesakes->room : 8;
        struct vault_delivery *others = reallocarray(namesakes->others, room, sizeof *others);
        if (!others)
            return (int)err_set(err, ERR_MEMORY, "out of memory while the places of deliveries are read");
        namesakes->others = others;
        namesakes->room = room;
    }
    struct vault_delivery *copy = &namesakes->others[namesakes->count];
    *copy = *other;
    copy->definition.data = strndup(other->definition.data, other->definition.length);
    if (!copy->definition.data)
        return (int)err_set(err, ERR_MEMORY, "out of memory while the places of deliveries are read");
    namesakes->count++;
    return ERR_OK;
}

static bool is_same_file(const struct wanted *wanted, const struct vault_delivery *other)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    struct err unreadable = {0};
    return delivery_parse("delivery", other->definition.data, other->definition.length, wanted->engine->options.sinks,
                          &delivery, &unreadable) == ERR_OK &&
           delivery_same_place(delivery, wanted->delivery);
}

/* What is wrong with the definition is said by place_check. */
enum err_code place_look(struct engine *engine, const char *definition, struct err *err)
{
    OWN(delivery_free) struct delivery *delivery = NULL;
    OWN(vault_session_free) struct vault_session *session = NULL;
    struct err unreadable = {0};
    if (delivery_parse("delivery", definition, strlen(definition), engine->options.sinks, &delivery, &unreadable) !=
            ERR_OK ||
        strcmp(delivery_kind(delivery), "file") != 0)
        return ERR_OK;
    TRY(vault_session_new(engine->vault, NULL, &session, err));
    struct wanted wanted = {.engine = engine, .session = session, .delivery = delivery};
    __attribute__((cleanup(namesakes_release))) struct namesakes namesakes = {.wanted = &wanted};
    TRY(vault_scan(session, VAULT_DELIVERY, NULL, gather_namesake, &namesakes, err));
    for (size_t i = 0; i < namesakes.count; i++)
        if (is_same_file(&wanted, &namesakes.others[i]))
            return refuse(&wanted, &namesakes.others[i], err);
    return ERR_OK;
}
