/* Use cases on the deliveries of a key. Whether one may be where it wants to be is said by place_check.c. */
#include "key_places.h"

#include "calls.h"
#include "engine_private.h"
#include "place_check.h"
#include "schedule.h"
#include "subject.h"

#include <string.h>

struct last_order {
    uint32_t last;
    size_t count;
};

static int look_at_order(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct last_order *order = context;
    const struct vault_delivery *delivery = (const struct vault_delivery *)record;
    order->count++;
    if (delivery->order > order->last)
        order->last = delivery->order;
    return ERR_OK;
}

enum err_code place_insert(struct engine *engine, const struct vault_key *key,
                           const char *definition, struct vault_delivery *ret_delivery,
                           struct err *err)
{
    struct last_order order = {0};
    struct vault_delivery delivery = {.created_at_ms = engine_now(engine)};
    size_t length = strlen(definition);
    TRY(place_check(engine, key, definition, &delivery, err));
    TRY(vault_children(engine->session, VAULT_DELIVERY, key->row.id, look_at_order, &order, err));
    if (order.count >= VAULT_DELIVERIES_PER_KEY)
        return err_set(err, ERR_LIMIT, "a key has at most %d deliveries", VAULT_DELIVERIES_PER_KEY);
    if (length > VAULT_DEFINITION_BYTES)
        return err_set(err, ERR_LIMIT, "a delivery's definition has at most %d bytes", VAULT_DEFINITION_BYTES);
    delivery.order = order.last + 1;
    memcpy(delivery.row.parent, key->row.id, VAULT_ID_BYTES);
    delivery.definition = (struct vault_text){.data = strdup(definition), .length = length};
    if (!delivery.definition.data)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code code = vault_insert(engine->vault, VAULT_DELIVERY, &delivery.row, NULL, err);
    if (code == ERR_OK && ret_delivery) {
        *ret_delivery = delivery;
        return ERR_OK;
    }
    vault_record_release(VAULT_DELIVERY, &delivery.row);
    return code;
}

/* --- Adding and removing ---------------------------------------------------------------- */

struct placed {
    const char *who;
    const char *environment;
    const char *name;
    const char *definition;
    uint32_t order;
    struct vault_delivery *ret_delivery;
};

static enum err_code refuse_while_rotating(const struct subject *subject, struct err *err)
{
    const struct vault_key *key = &subject->key;
    if (!key->rotation_state)
        return ERR_OK;
    return err_set(err, ERR_STATE, "%s/%s has an open rotation; its deliveries can change when it has ended",
                   key->environment, key->name);
}

static enum err_code do_delivery_add(struct engine *engine, void *argument, struct err *err)
{
    const struct placed *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_find(engine, named->environment, named->name, &subject, err));
    TRY(refuse_while_rotating(&subject, err));
    TRY(place_insert(engine, &subject.key, named->definition, named->ret_delivery, err));
    /* Once the current version is proved alive, the new place gets it. */
    TRY(schedule_probe(engine, &subject, true, err));
    TRY(subject_save(engine, &subject, err));
    struct audit_entry entry = {.who = named->who, .what = "delivery.add"};
    return engine_audit(engine, &subject.key, entry, err);
}

enum err_code engine_delivery_add(struct engine *engine, const char *who, const char *environment,
                                  const char *name, const char *definition,
                                  struct vault_delivery *ret_delivery, struct err *err)
{
    struct placed named = {.who = who, .environment = environment, .name = name, .definition = definition,
                          .ret_delivery = ret_delivery};
    TRY(place_look(engine, definition, err));
    return engine_call(engine, do_delivery_add, &named, false, err);
}

struct order_search {
    uint32_t order;
    struct vault_row found;
    bool is_found;
};

static int look_for_order(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct order_search *search = context;
    if (((const struct vault_delivery *)record)->order != search->order)
        return ERR_OK;
    search->found = *record;
    search->is_found = true;
    return VAULT_STOP;
}

static enum err_code do_delivery_remove(struct engine *engine, void *argument, struct err *err)
{
    const struct placed *named = argument;
    OWN_SUBJECT struct subject subject = {0};
    struct order_search search = {.order = named->order};
    TRY(subject_find(engine, named->environment, named->name, &subject, err));
    TRY(refuse_while_rotating(&subject, err));
    TRY(vault_children(engine->session, VAULT_DELIVERY, subject.key.row.id, look_for_order, &search, err));
    if (!search.is_found)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no delivery %u; see keyturn show %s/%s", named->environment,
                       named->name, named->order, named->environment, named->name);
    TRY(vault_remove(engine->vault, VAULT_DELIVERY, &search.found, err));
    struct audit_entry entry = {.who = named->who, .what = "delivery.remove"};
    return engine_audit(engine, &subject.key, entry, err);
}

enum err_code engine_delivery_remove(struct engine *engine, const char *who, const char *environment,
                                     const char *name, uint32_t order, struct err *err)
{
    struct placed named = {.who = who, .environment = environment, .name = name, .order = order};
    return engine_call(engine, do_delivery_remove, &named, false, err);
}
