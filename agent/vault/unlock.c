/* Making, unlocking and locking the vault, and its audit log read back.
 *
 * Unlocking asks, in this order: does the head open; are the rows and slots the
 * ones that it counted (else the slow pass of diagnose.c names what it can); is
 * the log the one that it knows, up to the anchor and unbroken after it; is the
 * store as new as the log. Then it mends what a crash leaves: a half-written
 * line is cut off, entries that are in the store and not in the log are
 * written. Only then is the state "unlocked". */
#include "session.h"

#include "audit_line.h"
#include "tally.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum err_code unlock_keys(struct vault *vault, const struct secret *root, struct err *err)
{
    if (secret_length(root) != SEAL_KEY_BYTES)
        return err_set(err, ERR_INTERNAL, "a root key has %d bytes", SEAL_KEY_BYTES);
    OWN(secret_free) struct secret *copy = secret_new(SEAL_KEY_BYTES);
    OWN(seal_keys_free) struct seal_keys *keys = seal_keys_new(root);
    if (!copy || !keys)
        return err_set(err, ERR_MEMORY, "no locked memory for the vault's keys");
    TRY(secret_set(copy, secret_peek(root), secret_length(root)));
    pthread_rwlock_wrlock(&vault->keys_lock);
    vault->root = GIVE(copy);
    vault->keys = GIVE(keys);
    pthread_rwlock_unlock(&vault->keys_lock);
    return ERR_OK;
}

void unlock_publish(struct vault *vault)
{
    atomic_store(&vault->generation, vault->head.generation);
    atomic_store(&vault->state, VAULT_UNLOCKED);
}

void unlock_forget(struct vault *vault)
{
    pthread_rwlock_wrlock(&vault->keys_lock);
    if (vault_state(vault) == VAULT_UNLOCKED)
        atomic_store(&vault->state, VAULT_LOCKED);
    vault->keys = seal_keys_free(vault->keys);
    vault->root = secret_free(vault->root);
    audit_log_close(&vault->log);
    readings_clear(&vault->readings);
    pthread_rwlock_unlock(&vault->keys_lock);
    memset(&vault->head, 0, sizeof vault->head);
    vault->key_count = 0;
    cache_clear(&vault->cache);
}

/* An entry of no change goes straight to the log. */
static enum err_code unlock_entry(struct vault *vault, const char *who, const char *what, const char *detail,
                                  struct err *err)
{
    struct buf *text = &vault->writer.entry;
    struct audit_entry entry = {.who = who, .what = what, .detail = detail};
    buf_clear(text);
    audit_line_write(text, &entry, clock_wall_ms(vault->clock), vault->head.generation, false);
    if (!buf_ok(text))
        return err_set(err, ERR_MEMORY, "out of memory for an audit entry");
    return audit_log_append(&vault->log, vault->keys, text->data, text->length, err);
}

/* --- Making ------------------------------------------------------------------ */

static enum err_code init_store(struct vault *vault, struct err *err)
{
    if (vault->store)
        return ERR_OK;
    TRY(store_create(vault->store_path, err));
    TRY(store_open_writer(vault->store_path, &vault->store, err));
    return ERR_OK;
}

/* Entries of another vault would look like a broken chain for ever. */
static enum err_code init_log(struct vault *vault, struct err *err)
{
    struct stat status;
    TRY(audit_log_open(&vault->log, true, err));
    if (fstat(vault->log.fd, &status) != 0 || status.st_size > 0)
        return err_set(err, ERR_EXISTS, "the audit log %s has entries of another vault; move it away",
                       vault->audit_path);
    return ERR_OK;
}

static enum err_code init_slot(struct vault *vault, enum vault_slot_kind kind, const struct secret *key_material,
                               bool low_cost, struct err *err)
{
    struct vault_new_slot slot = {0};
    TRY(vault_slot_make(vault, vault_slot_next(vault), kind, key_material, low_cost, &slot, err));
    enum err_code code = vault_slot_add(vault, &slot, err);
    buf_release(&slot.blob);
    return code;
}

static enum err_code init_commit(struct vault *vault, const char *who, enum vault_slot_kind kind,
                                 const struct secret *key_material, bool low_cost, struct err *err)
{
    struct audit_entry entry = {.who = who, .what = "vault.init"};
    vault->head = (struct vault_head){.made_at_ms = clock_wall_ms(vault->clock)};
    random_bytes(vault->random, vault->head.vault_id, sizeof vault->head.vault_id);
    vault->oldest_pending = 1;
    TRY(vault_begin(vault, err));
    enum err_code code = init_slot(vault, kind, key_material, low_cost, err);
    if (code == ERR_OK)
        code = vault_audit(vault, &entry, err);
    if (code != ERR_OK) {
        vault_rollback(vault);
        return code;
    }
    return vault_commit(vault, err);
}

static enum err_code init_all(struct vault *vault, const char *who, enum vault_slot_kind kind,
                              const struct secret *key_material, bool low_cost, struct err *err)
{
    OWN(secret_free) struct secret *root = seal_root_new(vault->random);
    if (!root)
        return err_set(err, ERR_MEMORY, "no locked memory for a root key");
    TRY(init_store(vault, err));
    TRY(init_log(vault, err));
    TRY(unlock_keys(vault, root, err));
    return init_commit(vault, who, kind, key_material, low_cost, err);
}

enum err_code vault_init(struct vault *vault, const char *who, enum vault_slot_kind kind,
                         const struct secret *key_material, bool low_cost, struct err *err)
{
    if (vault_state(vault) != VAULT_ABSENT)
        return err_set(err, ERR_EXISTS, "there is a vault at %s already", vault->store_path);
    enum err_code code = init_all(vault, who, kind, key_material, low_cost, err);
    if (code != ERR_OK) {
        unlock_forget(vault);
        return code;
    }
    vault->writer.store = vault->store;
    unlock_publish(vault);
    return ERR_OK;
}

/* --- Unlocking ----------------------------------------------------------------- */

static enum err_code unlock_check_rows(struct vault *vault, struct err *err)
{
    struct seal_digest digests[VAULT_DIGEST_COUNT] = {0};
    uint64_t key_count = 0;
    TRY(tally_rows(vault->store, vault->keys, digests, &key_count, err));
    TRY(slots_digest(vault, &digests[VAULT_DIGEST_SLOTS], err));
    for (size_t table = 0; table < VAULT_DIGEST_COUNT; table++)
        if (!seal_digest_equal(&digests[table], &vault->head.digests[table]))
            return diagnose(vault, digests, err);
    vault->key_count = key_count;
    return ERR_OK;
}

/* A log that has entries of a generation that the store has not: the store is an older copy. */
static enum err_code unlock_check_age(const struct vault *vault, uint64_t log_generation,
                                      uint64_t accept_generation, struct err *err)
{
    uint64_t generation = vault->head.generation;
    if (log_generation <= generation || accept_generation == generation)
        return ERR_OK;
    return err_set(err, ERR_STATE,
                   "the store is of generation %llu and its audit log of generation %llu: an older copy of "
                   "the store was put back; accept generation %llu to go on with it",
                   (unsigned long long)generation, (unsigned long long)log_generation,
                   (unsigned long long)generation);
}

/* Generations are never used twice, so the accepted store goes on after the log's newest. */
static enum err_code unlock_accept(struct vault *vault, const char *who, uint64_t log_generation,
                                   struct err *err)
{
    char detail[96];
    struct audit_entry entry = {.who = who, .what = "vault.accept", .detail = detail};
    (void)snprintf(detail, sizeof detail, "an older copy of the store, of generation %llu, after %llu",
                   (unsigned long long)vault->head.generation, (unsigned long long)log_generation);
    vault->head.generation = log_generation;
    TRY(vault_begin(vault, err));
    enum err_code code = vault_audit(vault, &entry, err);
    if (code != ERR_OK) {
        vault_rollback(vault);
        return code;
    }
    return vault_commit(vault, err);
}

static enum err_code unlock_mend_log(struct vault *vault, const char *who,
                                     const struct audit_findings *findings, struct err *err)
{
    char detail[96];
    TRY(audit_log_cut(&vault->log, err));
    TRY(pending_replay(vault, findings, err));
    vault->log.written.generation = vault->head.generation;
    if (findings->torn_bytes == 0)
        return ERR_OK;
    (void)snprintf(detail, sizeof detail, "cut off %zu bytes of a half-written entry", findings->torn_bytes);
    return unlock_entry(vault, who, "audit.mend", detail, err);
}

static enum err_code unlock_check_log(struct vault *vault, uint64_t accept_generation, const char *who,
                                      struct err *err)
{
    OWN_AUDIT_FINDINGS struct audit_findings findings = {0};
    TRY(audit_log_open(&vault->log, vault->head.anchor.sequence == 0, err));
    TRY(audit_log_check(&vault->log, vault->keys, &vault->head.anchor, &findings, err));
    TRY(unlock_check_age(vault, findings.newest_generation, accept_generation, err));
    TRY(unlock_mend_log(vault, who, &findings, err));
    if (findings.newest_generation > vault->head.generation)
        TRY(unlock_accept(vault, who, findings.newest_generation, err));
    return unlock_entry(vault, who, "vault.unlock", NULL, err);
}

static enum err_code unlock_all(struct vault *vault, const struct secret *root, uint64_t accept_generation,
                                const char *who, struct err *err)
{
    TRY(session_need_store(&vault->writer, err));
    TRY(unlock_keys(vault, root, err));
    TRY(head_load(vault, &vault->head, err));
    TRY(unlock_check_rows(vault, err));
    return unlock_check_log(vault, accept_generation, who, err);
}

enum err_code vault_unlock(struct vault *vault, const struct secret *root, uint64_t accept_generation,
                           const char *who, struct err *err)
{
    if (vault_state(vault) == VAULT_ABSENT)
        return err_set(err, ERR_NOT_FOUND, "there is no vault at %s yet. Make one: keyturn init", vault->store_path);
    if (vault_state(vault) == VAULT_UNLOCKED)
        return ERR_OK;
    enum err_code code = unlock_all(vault, root, accept_generation, who, err);
    if (code != ERR_OK) {
        unlock_forget(vault);
        return code;
    }
    unlock_publish(vault);
    return ERR_OK;
}

/* The log's end is anchored, so that what is cut off while the vault is locked is found. */
void vault_lock(struct vault *vault, const char *who)
{
    struct err ignored;
    if (vault_state(vault) != VAULT_UNLOCKED)
        return;
    vault_rollback(vault);
    /* A log or store that cannot be written must not keep the keys in memory. */
    if (unlock_entry(vault, who, "vault.lock", NULL, &ignored) == ERR_OK)
        (void)!vault_anchor(vault, &ignored);
    unlock_forget(vault);
}

/* --- The log read back ----------------------------------------------------------- */

static enum err_code log_enter(struct vault *vault, struct err *err)
{
    pthread_rwlock_rdlock(&vault->keys_lock);
    if (vault_state(vault) == VAULT_UNLOCKED)
        return ERR_OK;
    pthread_rwlock_unlock(&vault->keys_lock);
    return err_set(err, ERR_LOCKED, "the vault is locked");
}

enum err_code vault_audit_page(struct vault *vault, uint64_t after, size_t limit, struct buf *out,
                               uint64_t *ret_last, struct err *err)
{
    TRY(log_enter(vault, err));
    enum err_code code = audit_log_page(&vault->log, after, limit, out, ret_last, err);
    pthread_rwlock_unlock(&vault->keys_lock);
    return code;
}

/* By pieces, so that locking does not wait for the whole. */
enum err_code vault_audit_verify(struct vault *vault, uint64_t *ret_entries, struct err *err)
{
    enum { PIECE_BYTES = 1024 * 1024 };
    struct audit_position at = {0};
    bool whole = false;
    while (!whole) {
        TRY(log_enter(vault, err));
        enum err_code code = audit_log_verify(&vault->log, vault->keys, &at, PIECE_BYTES, &whole, err);
        pthread_rwlock_unlock(&vault->keys_lock);
        TRY(code);
    }
    *ret_entries = at.sequence;
    return ERR_OK;
}
