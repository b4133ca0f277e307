/* The vault's own structs.
 *
 * Locks: keys_lock holds whoever uses the keys on a thread that is not the
 * writer's; unlocking and locking, which the writer does, take it exclusively.
 * The writer needs no lock to read what it alone changes (store, keys, head,
 * group). Other threads see state and generation as atomics. The log and
 * the readings have a mutex of their own. Order: keys_lock, then tries.mutex, then log.mutex or
 * readings.mutex, neither within the other. */
#ifndef KEYTURN_VAULT_SESSION_H
#define KEYTURN_VAULT_SESSION_H

#include "audit_log.h"
#include "cache.h"
#include "codec.h"
#include "readings.h"
#include "schemas.h"
#include "vault/vault.h"

#include "seal/seal.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct vault_session {
    struct vault *vault;
    struct store *store; /* the writer's is the vault's; a reader's is opened at its first call */
    bool writer;
    unsigned depth; /* calls within calls, from a visitor */
    unsigned snapshots; /* within each other */
    struct secret_arena *arena;
    struct buf plain; /* opened metadata, until it is decoded */
    struct buf entry; /* an audit entry on its way */
};

/* What a group or a step puts back when it is undone. */
struct vault_undo {
    struct vault_head head;
    uint64_t key_count;
    size_t entries_bytes;
    bool changed;
};

struct vault_group {
    bool open;
    bool step;
    bool savepoint; /* the step has written to the store */
    bool changed;
    struct vault_undo begin;
    struct vault_undo step_begin;
    struct buf entries; /* audit entries, one a line */
    struct buf sealed;  /* a row's metadata on its way to the store */
    struct buf sealed_secret;
    struct readings_touched touched;
};

/* Wrong tries since the last good one. */
struct vault_tries {
    pthread_mutex_t mutex; /* also: one try at a time */
    unsigned wrong;
    int64_t next_at_ms; /* monotonic */
};

struct vault {
    char *store_path;
    char *audit_path;
    const struct clock *clock;
    const struct random *random;
    struct store *store; /* the writer's; NULL while absent */
    struct vault_session writer;
    atomic_int state;
    atomic_uint_least64_t generation;
    pthread_rwlock_t keys_lock;
    struct seal_keys *keys; /* NULL while locked; other threads use them only in state unlocked */
    struct secret *root;    /* for new slots */
    struct vault_head head;
    uint64_t key_count; /* counted at unlocking, then kept */
    uint64_t most_keys;
    struct vault_group group;
    struct cache cache; /* the writer's; empty while locked */
    uint64_t oldest_pending; /* generation; older ones have no pending row */
    struct audit_log log;
    struct readings readings;
    struct vault_tries tries;
};

/* Enter a call that needs the keys; leaving is by scope:
 *     OWN(session_leave) struct vault_session *entered = NULL;
 *     TRY(session_enter(session, &entered, err));
 * ERR_LOCKED. */
enum err_code session_enter(struct vault_session *session, struct vault_session **ret_entered, struct err *err)
    ERR_MUST_CHECK;
struct vault_session *session_leave(struct vault_session *session);
OWN_DEFINE(struct vault_session, session_leave);
/* The same for calls that need only the store. ERR_NOT_FOUND: there is none yet. */
enum err_code session_need_store(struct vault_session *session, struct err *err) ERR_MUST_CHECK;

/* TRY in a visitor, whose answer is an int. */
#define TRY_VISIT(call)                                                                            \
    do {                                                                                           \
        enum err_code try_code = (call);                                                           \
        if (try_code != ERR_OK)                                                                    \
            return (int)try_code;                                                                  \
    } while (0)

/* --- head.c: the head in the store ---------------------------------------- */
enum err_code head_load(struct vault *vault, struct vault_head *ret_head, struct err *err) ERR_MUST_CHECK;
enum err_code head_store(struct vault *vault, struct err *err) ERR_MUST_CHECK;

/* --- rows.c: one row, sealed ----------------------------------------------- */
/* What a column of the row is bound to. A version's secret is written once and never changes, so
 * its place has revision 0 and no due time: its metadata can change without sealing it anew. Which
 * secret belongs to which revision is bound by the record digest. */
struct seal_place row_place(enum store_table table, enum seal_part part, const struct store_row *row);
/* The blind indexes. */
void row_index_key(const struct vault *vault, const char *environment, const char *name,
                   uint8_t ret_index[STORE_INDEX_BYTES]);
void row_index_fingerprint(const struct vault *vault, const uint8_t fingerprint[32],
                           uint8_t ret_index[STORE_INDEX_BYTES]);
void row_index_incident(const struct vault *vault, uint32_t number, uint8_t ret_index[STORE_INDEX_BYTES]);
/* Open and decode; the caller releases the record. The writer's own, newer one goes before what the row
 * has. ERR_TAMPERED, ERR_FORMAT. */
enum err_code row_open(struct vault_session *session, enum vault_kind kind, const struct store_row *row,
                       union vault_record *ret_record, struct err *err) ERR_MUST_CHECK;
/* Add the row to the table's digest in the head, or take it out. */
void row_digest_add(struct vault *vault, enum store_table table, const struct store_row *row);
void row_digest_remove(struct vault *vault, enum store_table table, const struct store_row *row);
/* For messages: "version 3f29…". */
enum { ROW_NAME_BYTES = 64 };
const char *row_name(enum store_table table, const uint8_t id[STORE_ID_BYTES], char out[ROW_NAME_BYTES]);

/* --- group.c ---------------------------------------------------------------- */
/* ERR_STATE where no group is open. */
enum err_code group_need(const struct vault *vault, struct err *err) ERR_MUST_CHECK;
/* Before a change of the store: a step takes its savepoint only now. */
enum err_code group_writes(struct vault *vault, struct err *err) ERR_MUST_CHECK;

/* --- change.c: records in the cache, and their way into the store ------------ */
/* The writer's record, from the cache or read into it; borrowed until the next call that may read. The
 * errors of vault_get. */
enum err_code change_cached(struct vault *vault, enum vault_kind kind, const uint8_t id[VAULT_ID_BYTES],
                            struct cached **ret_cached, struct err *err) ERR_MUST_CHECK;
/* Write what is in no row yet, so that a scan finds it; all, as a scan's visitor may look at others, or that of a
 * kind. */
enum err_code change_write_fresh(struct vault *vault, struct err *err) ERR_MUST_CHECK;
enum err_code change_write_fresh_of(struct vault *vault, enum vault_kind kind, struct err *err) ERR_MUST_CHECK;
/* Write the records of that kind that are due by then, or all. */
enum err_code change_write_due(struct vault *vault, enum vault_kind kind, int64_t now_ms, struct err *err)
    ERR_MUST_CHECK;
enum err_code change_write_all(struct vault *vault, struct err *err) ERR_MUST_CHECK;

/* --- pending.c: audit entries committed and not yet known durable in the log ---- */
/* Put the group's entries into the store, as one row. */
enum err_code pending_put(struct vault *vault, struct err *err) ERR_MUST_CHECK;
/* Remove the rows of the generations up to that one. */
enum err_code pending_remove(struct vault *vault, uint64_t up_to_generation, struct err *err) ERR_MUST_CHECK;
/* Write to the log what is in the store and not in the log; sets oldest_pending. */
enum err_code pending_replay(struct vault *vault, const struct audit_findings *findings, struct err *err)
    ERR_MUST_CHECK;

/* --- slots.c ---------------------------------------------------------------- */
enum err_code slots_digest(struct vault *vault, struct seal_digest *ret_digest, struct err *err)
    ERR_MUST_CHECK;

/* --- diagnose.c: after the digest did not hold ------------------------------ */
/* ERR_TAMPERED, naming what it finds. found: the digests of what is in the store. */
enum err_code diagnose(struct vault *vault, const struct seal_digest found[VAULT_DIGEST_COUNT], struct err *err);

/* --- unlock.c --------------------------------------------------------------- */
/* Take the root key (borrowed): the writer has keys from here on; others when the state says unlocked. */
enum err_code unlock_keys(struct vault *vault, const struct secret *root, struct err *err) ERR_MUST_CHECK;
/* Be unlocked for all, or locked. */
void unlock_publish(struct vault *vault);
void unlock_forget(struct vault *vault);

#endif
