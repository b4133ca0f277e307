/* Transactions.
 *
 * The order of a commit: the rows that are not written yet, the entries' pending row,
 * the head; the store's commit, which is durable; then the log. Before the
 * store's commit nothing has happened; after it everything has, and the log is
 * filled from the pending row, now or, after a crash, at the next unlock.
 *
 * A pending row goes in the first commit that finds its lines synced, together
 * with the anchor that says so: so at any moment a change's entry is in the
 * store, or before the anchor, where cutting it off is found. */
#include "session.h"

#include "audit_line.h"

#include "base/fault.h"

static struct vault_undo group_mark(const struct vault *vault)
{
    return (struct vault_undo){
        .head = vault->head,
        .key_count = vault->key_count,
        .entries_bytes = vault->group.entries.length,
        .changed = vault->group.changed,
    };
}

static void group_undo(struct vault *vault, const struct vault_undo *undo)
{
    vault->head = undo->head;
    vault->key_count = undo->key_count;
    vault->group.changed = undo->changed;
    buf_truncate(&vault->group.entries, undo->entries_bytes);
}

enum err_code group_need(const struct vault *vault, struct err *err)
{
    if (!vault->keys)
        return err_set(err, ERR_LOCKED, "the vault is locked");
    if (!vault->group.open)
        return err_set(err, ERR_STATE, "nothing can change outside of a transaction");
    return ERR_OK;
}

enum err_code vault_begin(struct vault *vault, struct err *err)
{
    if (!vault->keys)
        return err_set(err, ERR_LOCKED, "the vault is locked");
    if (vault->group.open)
        return err_set(err, ERR_STATE, "a transaction is open already");
    /* Nothing more happens while what happened cannot be recorded (S9). */
    TRY(audit_log_flush(&vault->log, vault->keys, err));
    TRY(store_begin(vault->store, err));
    buf_clear(&vault->group.entries);
    vault->group.open = true;
    vault->group.step = false;
    vault->group.changed = false;
    vault->group.begin = group_mark(vault);
    return ERR_OK;
}

enum err_code vault_step_begin(struct vault *vault, struct err *err)
{
    TRY(group_need(vault, err));
    if (vault->group.step)
        return err_set(err, ERR_STATE, "a step is open already");
    vault->group.step = true;
    vault->group.savepoint = false;
    vault->group.step_begin = group_mark(vault);
    cache_step_begin(&vault->cache);
    return ERR_OK;
}

/* Most steps change records that are written at the end of the group, and need no savepoint: it costs a
 * copy of each page that is written after it. */
enum err_code group_writes(struct vault *vault, struct err *err)
{
    if (!vault->group.step || vault->group.savepoint)
        return ERR_OK;
    TRY(store_savepoint(vault->store, err));
    vault->group.savepoint = true;
    return ERR_OK;
}

enum err_code vault_step_end(struct vault *vault, struct err *err)
{
    TRY(group_need(vault, err));
    if (!vault->group.step)
        return err_set(err, ERR_STATE, "no step is open");
    if (!buf_ok(&vault->group.entries)) {
        vault_step_undo(vault);
        return err_set(err, ERR_MEMORY, "out of memory for an audit entry");
    }
    enum err_code code = vault->group.savepoint ? store_savepoint_release(vault->store, err) : ERR_OK;
    if (code != ERR_OK) {
        vault_step_undo(vault);
        return code;
    }
    cache_step_end(&vault->cache);
    vault->group.step = false;
    return ERR_OK;
}

void vault_step_undo(struct vault *vault)
{
    if (!vault->group.step)
        return;
    if (vault->group.savepoint)
        store_savepoint_rollback(vault->store);
    cache_step_undo(&vault->cache);
    group_undo(vault, &vault->group.step_begin);
    vault->group.step = false;
}

void vault_rollback(struct vault *vault)
{
    if (!vault->group.open)
        return;
    store_rollback(vault->store);
    cache_rolled_back(&vault->cache);
    group_undo(vault, &vault->group.begin);
    vault->group.step = false;
    vault->group.open = false;
}

bool vault_changed(const struct vault *vault)
{
    return vault->group.open && vault->group.changed;
}

/* Move the anchor to where the log is durable, and drop the pending rows before it. */
static enum err_code group_anchor(struct vault *vault, struct err *err)
{
    struct audit_mark synced = audit_log_synced(&vault->log);
    TRY(pending_remove(vault, synced.generation, err));
    vault->head.anchor = synced.end;
    return ERR_OK;
}

static enum err_code group_seal(struct vault *vault, struct err *err)
{
    TRY(change_write_all(vault, err));
    TRY(group_anchor(vault, err));
    if (vault->group.changed) {
        vault->head.generation++;
        TRY(pending_put(vault, err));
    }
    return head_store(vault, err);
}

static enum err_code group_commit(struct vault *vault, struct err *err)
{
    TRY(group_seal(vault, err));
    return store_commit(vault->store, err);
}

enum err_code vault_commit(struct vault *vault, struct err *err)
{
    TRY(group_need(vault, err));
    if (vault->group.step)
        return err_set(err, ERR_STATE, "a step is still open");
    enum err_code code = group_commit(vault, err);
    if (code != ERR_OK) {
        vault_rollback(vault);
        return code;
    }
    vault->group.open = false;
    cache_committed(&vault->cache);
    uint64_t covered = audit_log_synced(&vault->log).generation;
    if (covered >= vault->oldest_pending)
        vault->oldest_pending = covered + 1;
    readings_mark(&vault->readings, &vault->group.touched, vault->head.generation);
    atomic_store(&vault->generation, vault->head.generation);
    FAULT_POINT("vault.log.before");
    if (vault->group.changed)
        audit_log_append_group(&vault->log, vault->keys, &vault->group.entries, vault->head.generation);
    FAULT_POINT("vault.log.after");
    return ERR_OK;
}

enum err_code vault_audit(struct vault *vault, const struct audit_entry *entry, struct err *err)
{
    TRY(group_need(vault, err));
    struct buf *entries = &vault->group.entries;
    if (entries->length > 0)
        buf_add(entries, "\n", 1);
    audit_line_write(entries, entry, clock_wall_ms(vault->clock), vault->head.generation + 1, true);
    if (!buf_ok(entries))
        return err_set(err, ERR_MEMORY, "out of memory for an audit entry");
    vault->group.changed = true;
    return ERR_OK;
}

enum err_code vault_next_incident(struct vault *vault, uint32_t *ret_number, struct err *err)
{
    TRY(group_need(vault, err));
    vault->group.changed = true;
    *ret_number = ++vault->head.last_incident;
    return ERR_OK;
}

enum err_code vault_anchor(struct vault *vault, struct err *err)
{
    if (!vault->keys)
        return err_set(err, ERR_LOCKED, "the vault is locked");
    if (vault->group.open)
        return err_set(err, ERR_STATE, "a transaction is open");
    TRY(audit_log_flush(&vault->log, vault->keys, err));
    if (audit_log_written(&vault->log).end.sequence == vault->head.anchor.sequence)
        return ERR_OK;
    TRY(audit_log_sync(&vault->log, err));
    TRY(vault_begin(vault, err));
    return vault_commit(vault, err);
}
