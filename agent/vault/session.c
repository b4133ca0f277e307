/* The vault's life from open to close, and sessions. */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Sessions ------------------------------------------------------------ */

enum err_code session_need_store(struct vault_session *session, struct err *err)
{
    if (session->writer)
        session->store = session->vault->store;
    if (session->store)
        return ERR_OK;
    if (vault_state(session->vault) == VAULT_ABSENT)
        return err_set(err, ERR_NOT_FOUND, "there is no vault at %s yet. Make one: keyturn init", session->vault->store_path);
    return store_open_reader(session->vault->store_path, &session->store, err);
}

enum err_code session_enter(struct vault_session *session, struct vault_session **ret_entered, struct err *err)
{
    struct vault *vault = session->vault;
    if (session->depth == 0) {
        if (vault_state(vault) == VAULT_ABSENT)
            return err_set(err, ERR_NOT_FOUND, "there is no vault at %s yet. Make one: keyturn init", vault->store_path);
        if (!session->writer)
            pthread_rwlock_rdlock(&vault->keys_lock);
    }
    session->depth++;
    enum err_code code = ERR_OK;
    if (vault_state(vault) != VAULT_UNLOCKED)
        code = err_set(err, ERR_LOCKED, "the vault is locked");
    else if (!session->store)
        code = session_need_store(session, err);
    if (code != ERR_OK)
        session_leave(session);
    else
        *ret_entered = session;
    return code;
}

struct vault_session *session_leave(struct vault_session *session)
{
    session->depth--;
    if (session->depth == 0 && !session->writer)
        pthread_rwlock_unlock(&session->vault->keys_lock);
    return NULL;
}

enum err_code vault_snapshot(struct vault_session *session, struct vault_session **ret_seen, struct err *err)
{
    OWN(session_leave) struct vault_session *entered = NULL;
    TRY(session_enter(session, &entered, err));
    if (!session->writer && session->snapshots == 0)
        TRY(store_begin(session->store, err));
    session->snapshots++;
    *ret_seen = GIVE(entered);
    return ERR_OK;
}

struct vault_session *vault_snapshot_end(struct vault_session *seen)
{
    if (!seen)
        return NULL;
    seen->snapshots--;
    if (!seen->writer && seen->snapshots == 0)
        store_rollback(seen->store); /* nothing was written; this cannot fail */
    return session_leave(seen);
}

static void session_release(struct vault_session *session)
{
    buf_release(&session->plain);
    buf_release(&session->entry);
}

struct vault_session *vault_writer(struct vault *vault)
{
    return &vault->writer;
}

void vault_writer_arena(struct vault *vault, struct secret_arena *arena)
{
    vault->writer.arena = arena;
}

enum err_code vault_session_new(struct vault *vault, struct secret_arena *arena,
                                struct vault_session **ret_session, struct err *err)
{
    OWN(vault_session_free) struct vault_session *session = calloc(1, sizeof *session);
    if (!session)
        return err_set(err, ERR_MEMORY, "out of memory for a session");
    session->vault = vault;
    session->arena = arena;
    *ret_session = GIVE(session);
    return ERR_OK;
}

struct vault_session *vault_session_free(struct vault_session *session)
{
    if (!session)
        return NULL;
    store_close(session->store);
    session_release(session);
    free(session);
    return NULL;
}

/* --- The vault ----------------------------------------------------------- */

static void vault_init_locks(struct vault *vault)
{
    /* Locking must not wait for ever behind readers that keep coming. */
    pthread_rwlockattr_t attributes;
    (void)pthread_rwlockattr_init(&attributes);
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&vault->keys_lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    (void)pthread_mutex_init(&vault->tries.mutex, NULL);
}

static struct vault *vault_new(const struct vault_options *options)
{
    struct vault *vault = calloc(1, sizeof *vault);
    if (!vault)
        return NULL;
    vault_init_locks(vault);
    vault->clock = options->clock;
    vault->random = options->random;
    vault->most_keys = options->most_keys ? options->most_keys : LIMIT_KEYS;
    vault->store_path = strdup(options->store_path);
    vault->audit_path = strdup(options->audit_path);
    vault->writer = (struct vault_session){.vault = vault, .writer = true};
    audit_log_init(&vault->log, vault->audit_path);
    readings_init(&vault->readings);
    atomic_store(&vault->state, VAULT_ABSENT);
    if (!vault->store_path || !vault->audit_path)
        return vault_close(vault);
    return vault;
}

/* A store without a head is what a crash in the middle of vault_init leaves:
 * nothing was ever in it, so it counts as absent and is filled by the next. */
static enum err_code vault_attach(struct vault *vault, struct err *err)
{
    const void *sealed = NULL;
    size_t length = 0;
    TRY(store_open_writer(vault->store_path, &vault->store, err));
    enum err_code code = store_head_get(vault->store, &sealed, &length, err);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(code);
    atomic_store(&vault->state, VAULT_LOCKED);
    return ERR_OK;
}

enum err_code vault_open(const struct vault_options *options, struct vault **ret_vault, struct err *err)
{
    OWN(vault_close) struct vault *vault = vault_new(options);
    if (!vault)
        return err_set(err, ERR_MEMORY, "out of memory for the vault");
    if (access(options->store_path, F_OK) == 0)
        TRY(vault_attach(vault, err));
    *ret_vault = GIVE(vault);
    return ERR_OK;
}

struct vault *vault_close(struct vault *vault)
{
    if (!vault)
        return NULL;
    if (vault_state(vault) == VAULT_UNLOCKED)
        vault_lock(vault, "engine");
    store_close(vault->store);
    session_release(&vault->writer);
    cache_release(&vault->cache);
    buf_release(&vault->group.entries);
    buf_release(&vault->group.sealed);
    buf_release(&vault->group.sealed_secret);
    audit_log_release(&vault->log);
    readings_release(&vault->readings);
    (void)pthread_rwlock_destroy(&vault->keys_lock);
    (void)pthread_mutex_destroy(&vault->tries.mutex);
    free(vault->store_path);
    free(vault->audit_path);
    free(vault);
    return NULL;
}

void vault_rest(struct vault *vault)
{
    cache_clear(&vault->cache);
    readings_prune(&vault->readings, clock_monotonic_ms(vault->clock));
    if (vault->store)
        store_rest(vault->store);
}

enum vault_state vault_state(struct vault *vault)
{
    return (enum vault_state)atomic_load(&vault->state);
}

const char *vault_state_name(enum vault_state state)
{
    static const char *const names[] = {
        [VAULT_ABSENT] = "absent", [VAULT_LOCKED] = "locked", [VAULT_UNLOCKED] = "unlocked"};
    return names[state];
}

const char *vault_store_path(const struct vault *vault)
{
    return vault->store_path;
}

uint64_t vault_generation(struct vault *vault)
{
    return atomic_load(&vault->generation);
}
