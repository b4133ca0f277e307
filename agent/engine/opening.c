/* The vault is made, opened and locked, and its slots are changed. */
#include "opening.h"

#include "calls.h"
#include "checks.h"
#include "engine_private.h"
#include "flights.h"
#include "reconcile.h"
#include "schedule.h"
#include "subject.h"

struct open {
    const char *who;
    enum vault_slot_kind kind;
    const struct secret *material;
    bool low_cost;
    uint64_t accept_generation;
    uint32_t number;
    const struct vault_new_slot *slot;
};

static enum err_code recover(struct engine *engine, struct err *err)
{
    TRY(vault_begin(engine->vault, err));
    enum err_code code = schedule_recover(engine, err);
    if (code == ERR_OK)
        code = vault_commit(engine->vault, err);
    else
        vault_rollback(engine->vault);
    if (code != ERR_OK)
        flight_drop_planned(engine, 0);
    else
        flight_queue_planned(engine);
    return code;
}

static enum err_code do_init(struct engine *engine, void *argument, struct err *err)
{
    const struct open *open = argument;
    return vault_init(engine->vault, open->who, open->kind, open->material, open->low_cost, err);
}

static enum err_code do_unlock(struct engine *engine, void *argument, struct err *err)
{
    const struct open *open = argument;
    if (vault_state(engine->vault) == VAULT_UNLOCKED)
        return ERR_OK;
    TRY(vault_unlock(engine->vault, open->material, open->accept_generation, open->who, err));
    enum err_code code = recover(engine, err);
    if (code == ERR_OK)
        code = vault_next_due(engine->session, &engine->next_due_ms, err);
    if (code != ERR_OK)
        vault_lock(engine->vault, "engine");
    else
        checks_plan(engine);
    return code;
}

enum err_code opening_lock(struct engine *engine, void *argument, struct err *err)
{
    (void)err;
    const struct open *open = argument;
    if (vault_state(engine->vault) == VAULT_UNLOCKED)
        vault_lock(engine->vault, open->who);
    reconciliation_stop(engine);
    return ERR_OK;
}

static enum err_code do_slot_next(struct engine *engine, void *argument, struct err *err)
{
    (void)err;
    uint32_t *number = argument;
    *number = vault_slot_next(engine->vault);
    return ERR_OK;
}

static enum err_code do_slot_add(struct engine *engine, void *argument, struct err *err)
{
    const struct open *open = argument;
    TRY(vault_slot_add(engine->vault, open->slot, err));
    struct audit_entry entry = {.who = open->who, .what = "slot.add"};
    return engine_audit(engine, NULL, entry, err);
}

static enum err_code do_slot_remove(struct engine *engine, void *argument, struct err *err)
{
    const struct open *open = argument;
    TRY(vault_slot_remove(engine->vault, open->number, err));
    struct audit_entry entry = {.who = open->who, .what = "slot.remove"};
    return engine_audit(engine, NULL, entry, err);
}

enum err_code engine_init(struct engine *engine, const char *who, enum vault_slot_kind kind,
                          const struct secret *key_material, bool low_cost, struct err *err)
{
    struct open open = {.who = who, .kind = kind, .material = key_material, .low_cost = low_cost};
    return engine_call(engine, do_init, &open, true, err);
}

enum err_code engine_unlock(struct engine *engine, const char *who, const struct secret *root,
                            uint64_t accept_generation, struct err *err)
{
    struct open open = {.who = who, .material = root, .accept_generation = accept_generation};
    return engine_call(engine, do_unlock, &open, true, err);
}

enum err_code engine_lock(struct engine *engine, const char *who, struct err *err)
{
    struct open open = {.who = who};
    return engine_call(engine, opening_lock, &open, true, err);
}

/* Argon2id runs on the caller's thread, and the loop goes on meanwhile. */
enum err_code engine_slot_add(struct engine *engine, const char *who, enum vault_slot_kind kind,
                              const struct secret *key_material, bool low_cost, uint32_t *ret_number,
                              struct err *err)
{
    struct vault_new_slot slot = {0};
    struct open open = {.who = who, .slot = &slot};
    enum err_code code = ERR_BUSY;
    while (code == ERR_BUSY) { /* another one was faster, and has the number now */
        uint32_t number = 0;
        TRY(engine_call(engine, do_slot_next, &number, false, err));
        TRY(vault_slot_make(engine->vault, number, kind, key_material, low_cost, &slot, err));
        code = engine_call(engine, do_slot_add, &open, false, err);
        buf_release(&slot.blob);
    }
    TRY(code);
    *ret_number = slot.number;
    return ERR_OK;
}

enum err_code engine_slot_remove(struct engine *engine, const char *who, uint32_t number, struct err *err)
{
    struct open open = {.who = who, .number = number};
    return engine_call(engine, do_slot_remove, &open, false, err);
}
