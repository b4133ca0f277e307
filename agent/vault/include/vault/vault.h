/* The vault: keys, versions, deliveries, rotations, revocations and incidents,
 * sealed in the store and recorded in the audit log.
 *
 * Threads: struct vault is shared. Its writer session belongs to the engine's
 * thread, the only one that changes anything. Every other thread opens a
 * reader session of its own. Records are plain structs (vault/model.h) that
 * begin with a struct vault_row; a pointer to that row names the record.
 *
 * Locked: every call that needs the root key returns ERR_LOCKED. */
#ifndef KEYTURN_VAULT_VAULT_H
#define KEYTURN_VAULT_VAULT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/secret.h"
#include "vault/audit.h"
#include "vault/model.h"

struct vault;
struct vault_session;

struct vault_options {
    const char *store_path;
    const char *audit_path;
    const struct clock *clock;
    const struct random *random;
    uint64_t most_keys; /* 0: LIMIT_KEYS */
};

/* Attach to a store (which may not exist yet): takes the writer's lock on it.
 * ERR_BUSY another agent holds it; ERR_FORMAT not a store or a newer one. */
enum err_code vault_open(const struct vault_options *options, struct vault **ret_vault, struct err *err)
    ERR_MUST_CHECK;
struct vault *vault_close(struct vault *vault);
OWN_DEFINE(struct vault, vault_close);

enum vault_state { VAULT_ABSENT = 1, VAULT_LOCKED, VAULT_UNLOCKED };
enum vault_state vault_state(struct vault *vault); /* any thread */
const char *vault_state_name(enum vault_state state); /* "absent", "locked", "unlocked" */
const char *vault_store_path(const struct vault *vault);

/* A session of the calling thread. The arena (may be NULL) is where secrets it reads live. */
struct vault_session *vault_writer(struct vault *vault);
/* Where secrets that the writer reads live; NULL, as at first: each in pages of its own, which is slow. The
 * arena is borrowed until another one, or none, is named. */
void vault_writer_arena(struct vault *vault, struct secret_arena *arena);
enum err_code vault_session_new(struct vault *vault, struct secret_arena *arena,
                                struct vault_session **ret_session, struct err *err) ERR_MUST_CHECK;
struct vault_session *vault_session_free(struct vault_session *session);
OWN_DEFINE(struct vault_session, vault_session_free);

/* --- Slots and unlocking ------------------------------------------------ */

enum vault_slot_kind { VAULT_SLOT_PASSPHRASE = 1, VAULT_SLOT_KEY_FILE = 2, VAULT_SLOT_CREDENTIAL = 3 };
struct vault_slot_info {
    uint32_t number;
    enum vault_slot_kind kind;
    int64_t created_at_ms;
};
typedef int vault_visit_slot(void *context, const struct vault_slot_info *slot);

/* Make the store with its first slot and leave it unlocked. Writer's thread. Blocks for Argon2id.
 * ERR_EXISTS. low_cost: Argon2id's accepted minimum, for tests. */
enum err_code vault_init(struct vault *vault, const char *who, enum vault_slot_kind kind,
                         const struct secret *key_material, bool low_cost, struct err *err) ERR_MUST_CHECK;

/* Try key material on every slot of that kind: the root key. Any thread; blocks for Argon2id.
 * ERR_NOT_FOUND: no slot is of that kind, or there is no vault.
 * ERR_WRONG_KEY says how many wrong tries there were since the last good one; after the third,
 * each further try waits longer (1 s, 2 s, … 60 s; ERR_BUSY says how long when it comes too soon). */
enum err_code vault_try_slots(struct vault *vault, struct vault_session *session, enum vault_slot_kind kind,
                              const struct secret *key_material, struct secret **ret_root, struct err *err)
    ERR_MUST_CHECK;

/* Unlock with the root key (borrowed): recomputes the record digest, compares the
 * generation and the audit log's end with the head, and repairs the log's end after a crash. Writer's thread.
 * ERR_OK at once when it is unlocked already. While a log cannot be written, it stays locked (ERR_FULL, ERR_IO).
 * ERR_TAMPERED names what was found. A store older than its log stays locked (ERR_STATE, the
 * message names both generations) unless accept_generation is the store's generation. */
enum err_code vault_unlock(struct vault *vault, const struct secret *root, uint64_t accept_generation,
                           const char *who, struct err *err) ERR_MUST_CHECK;
/* Is the store's file whole: pages, indexes, foreign keys? An index that was edited to hide a row passes
 * the digest, and this finds it: ERR_TAMPERED. Any thread but the writer's; seconds for a large store. */
enum err_code vault_check_file(const struct vault *vault, struct err *err) ERR_MUST_CHECK;
/* Is every row what was sealed, its columns in clear, too? An edited due time passes the digest, and where it is
 * never due a row would never be read: ERR_TAMPERED names it. ERR_LOCKED: it was locked meanwhile. Any thread but
 * the writer's; some 10 us a row. (Secrets are not opened.) */
enum err_code vault_check_rows(struct vault *vault, struct err *err) ERR_MUST_CHECK;
/* Forget the root key. Writer's thread. Waits for readers in the middle of a call. */
void vault_lock(struct vault *vault, const char *who);

enum err_code vault_slots(struct vault_session *session, vault_visit_slot *visit, void *context,
                          struct err *err) ERR_MUST_CHECK;
/* A slot is made beside the writer, for Argon2id takes a while, and then added by it. */
struct vault_new_slot {
    uint32_t number;
    struct buf blob; /* as it lies in the store: no secret */
};
/* The next slot's number. Writer's thread, unlocked. */
uint32_t vault_slot_next(const struct vault *vault);
/* Wrap the root key in memory for the slot of that number. Any thread; blocks for Argon2id. ERR_LOCKED.
 * The blob is released by the caller. */
enum err_code vault_slot_make(struct vault *vault, uint32_t number, enum vault_slot_kind kind,
                              const struct secret *key_material, bool low_cost, struct vault_new_slot *ret_slot,
                              struct err *err) ERR_MUST_CHECK;
/* Writer's thread, inside a transaction. ERR_BUSY its number was given to another one meanwhile: make it again. */
enum err_code vault_slot_add(struct vault *vault, const struct vault_new_slot *slot, struct err *err) ERR_MUST_CHECK;
/* The same. Removing the last: ERR_STATE. */
enum err_code vault_slot_remove(struct vault *vault, uint32_t number, struct err *err) ERR_MUST_CHECK;

/* --- Transactions, writer only ------------------------------------------- */

/* A group: begin, any number of steps, commit. A step that fails is taken back
 * alone. commit seals the new head (digest, generation), commits durably, and then appends the
 * group's audit entries to the log. After a failed commit nothing of the group has happened.
 * Entries that the log could not take wait, and until it takes them begin and reads are refused (S9). */
enum err_code vault_begin(struct vault *vault, struct err *err) ERR_MUST_CHECK;
enum err_code vault_step_begin(struct vault *vault, struct err *err) ERR_MUST_CHECK;
enum err_code vault_step_end(struct vault *vault, struct err *err) ERR_MUST_CHECK;
void vault_step_undo(struct vault *vault);
enum err_code vault_commit(struct vault *vault, struct err *err) ERR_MUST_CHECK;
void vault_rollback(struct vault *vault);
/* Has the group changed anything? A group that has not need not be committed. */
bool vault_changed(const struct vault *vault);
uint64_t vault_generation(struct vault *vault); /* any thread */

/* --- Records ------------------------------------------------------------- */

/* insert gives the row its id and revision 1. For a key the blind index of its name, for a
 * version that of its secret's fingerprint: ERR_EXISTS when taken. secret goes with versions only,
 * NULL for one that is wiped from the start (its secret was lost on its way to us).
 * update: ERR_STALE when the row changed since it was read; raises row->revision, unless nothing in the
 * record is other than it was. ERR_LIMIT a text is too long.
 * Both keep the row's due_at_ms as given. Writer only, inside a step. A change may be written to the store
 * as late as the commit, which then fails for what the disk refuses; reads of the writer see it at once. */
enum err_code vault_insert(struct vault *vault, enum vault_kind kind, struct vault_row *record,
                           const struct secret *secret, struct err *err) ERR_MUST_CHECK;
enum err_code vault_update(struct vault *vault, enum vault_kind kind, struct vault_row *record,
                           struct err *err) ERR_MUST_CHECK;
enum err_code vault_remove(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                           struct err *err) ERR_MUST_CHECK;
/* Wipe a version's secret and its fingerprint's index; sets wiped. */
enum err_code vault_version_wipe(struct vault *vault, struct vault_version *version, struct err *err) ERR_MUST_CHECK;

/* What the session reads until it is ended is one state of the store, and the vault is not locked meanwhile:
 * for what is made of several records. It may be nested. The writer's state is that of its group. Ending is by
 * scope:
 *     OWN(vault_snapshot_end) struct vault_session *seen = NULL;
 *     TRY(vault_snapshot(session, &seen, err));
 * ERR_LOCKED. */
enum err_code vault_snapshot(struct vault_session *session, struct vault_session **ret_seen, struct err *err)
    ERR_MUST_CHECK;
struct vault_session *vault_snapshot_end(struct vault_session *seen);
OWN_DEFINE(struct vault_session, vault_snapshot_end);

/* Reading: any session. The record is released by the caller (vault_record_release).
 * ERR_NOT_FOUND, ERR_TAMPERED (names the record as far as it can). */
enum err_code vault_get(struct vault_session *session, enum vault_kind kind, const uint8_t id[VAULT_ID_BYTES],
                        struct vault_row *ret_record, struct err *err) ERR_MUST_CHECK;
enum err_code vault_key_find(struct vault_session *session, const char *environment, const char *name,
                             struct vault_key *ret_key, struct err *err) ERR_MUST_CHECK;
enum err_code vault_version_by_number(struct vault_session *session, const struct vault_key *key,
                                      uint32_t number, struct vault_version *ret_version, struct err *err)
    ERR_MUST_CHECK;
/* The version that holds a secret, by its fingerprint (unkeyed BLAKE2b-256 of the secret). */
enum err_code vault_version_by_fingerprint(struct vault_session *session, const uint8_t fingerprint[32],
                                           struct vault_version *ret_version, struct err *err) ERR_MUST_CHECK;
void vault_fingerprint(const struct secret *secret, uint8_t ret_fingerprint[32]);
enum err_code vault_incident_by_number(struct vault_session *session, uint32_t number,
                                       struct vault_incident *ret_incident, struct err *err) ERR_MUST_CHECK;

/* visit gets a record it borrows; returning VAULT_STOP ends the scan well. That of a scan, or of what is
 * due, may get records, but neither change nor list any (ERR_STATE). */
enum { VAULT_STOP = -1 };
typedef int vault_visit(void *context, const struct vault_row *record, struct err *err);
/* All records of a kind in the order of the store, which is about the order in which they were made,
 * or those of a span of places (NULL: of all). A record keeps its place while it lives, so spans can be
 * read by several sessions at once. */
struct vault_span {
    int64_t first, last;
    bool due; /* only records with a due time, which of rotations and revocations are the open ones: the others
               * are not even opened, and of them there are many more in time */
};
/* The next span of so many places that has a record, behind the one that is given, for who looks at all of a kind:
 * locking waits for a call, and so not for all of them. */
#define VAULT_SPAN_BEFORE_ALL {INT64_MIN, INT64_MIN, false}
enum err_code vault_span_next(struct vault_session *session, enum vault_kind kind, int64_t places,
                              struct vault_span *span, bool *ret_found, struct err *err) ERR_MUST_CHECK;
enum err_code vault_scan(struct vault_session *session, enum vault_kind kind, const struct vault_span *span,
                         vault_visit *visit, void *context, struct err *err) ERR_MUST_CHECK;
/* The first place from there on that has a record, or one with a due time; *ret_found false: there is none, and the place is left as it is. */
enum err_code vault_place_from(struct vault_session *session, enum vault_kind kind, int64_t from, bool due,
                               bool *ret_found, int64_t *ret_place, struct err *err) ERR_MUST_CHECK;
/* The records of a key: versions by number descending, deliveries by order, rotations and
 * revocations newest first, labels by number. */
enum err_code vault_children(struct vault_session *session, enum vault_kind kind,
                             const uint8_t key_id[VAULT_ID_BYTES], vault_visit *visit, void *context,
                             struct err *err) ERR_MUST_CHECK;
/* Due at or before now, soonest first, at most limit. */
enum err_code vault_due(struct vault_session *session, enum vault_kind kind, int64_t now_ms, size_t limit,
                        vault_visit *visit, void *context, struct err *err) ERR_MUST_CHECK;
/* The soonest due time of what the engine looks at; 0: nothing is due ever. */
enum err_code vault_next_due(struct vault_session *session, int64_t *ret_due_at_ms, struct err *err) ERR_MUST_CHECK;

/* A version's secret for the engine's own use (probing, delivering); not a read of a consumer and not audited.
 * ERR_NOT_FOUND when wiped. */
enum err_code vault_version_secret(struct vault_session *session, const struct vault_version *version,
                                   struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;

/* What a read says beside the secret. It may be shared with other threads and never changes. */
struct vault_reading {
    uint8_t key_id[VAULT_ID_BYTES];
    uint32_t current_number; /* of the key when it was read */
    bool needs_receipts;
    struct vault_text receipts;
    uint32_t number; /* of the version that was read */
    int32_t state;   /* enum vault_version_state */
    char mask[40];
};
struct vault_reading *vault_reading_free(struct vault_reading *reading);
OWN_DEFINE(struct vault_reading, vault_reading_free);

/* A consumer's read: finds the key, its version (0: the current one), opens the
 * secret and writes the audit entry before it returns (S9). Any session. ret_reading may be NULL.
 * A row that was changed in the file behind the agent's back is found (ERR_TAMPERED) within a second. */
enum err_code vault_read_secret(struct vault_session *session, const char *who, const char *environment,
                                const char *name, uint32_t number, struct vault_reading **ret_reading,
                                struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;

/* Next number of an incident; inside a step. */
enum err_code vault_next_incident(struct vault *vault, uint32_t *ret_number, struct err *err) ERR_MUST_CHECK;

/* Add an entry to the group's audit entries; inside a step. It is in the log when the group is committed. */
enum err_code vault_audit(struct vault *vault, const struct audit_entry *entry, struct err *err) ERR_MUST_CHECK;
/* Pages of the log for reading back, oldest first: lines after sequence after, at most limit,
 * appended to out as JSON text joined by ','. ret_last is the last sequence given. Any thread. */
enum err_code vault_audit_page(struct vault *vault, uint64_t after, size_t limit, struct buf *out,
                               uint64_t *ret_last, struct err *err) ERR_MUST_CHECK;
/* Recompute the whole chain; ERR_TAMPERED names the first line that does not hold. Any thread; long, and
 * ERR_LOCKED when the vault is locked meanwhile, which does not wait for it. */
enum err_code vault_audit_verify(struct vault *vault, uint64_t *ret_entries, struct err *err) ERR_MUST_CHECK;
/* Make read entries durable and anchor the log's end in the head, if there is anything new.
 * Called by the engine about once a second and at the end. Writer's thread, outside a group. */
enum err_code vault_anchor(struct vault *vault, struct err *err) ERR_MUST_CHECK;
/* Nothing happens: what was kept so that it need not be read and opened again is given back. Writer's thread,
 * outside a group. */
void vault_rest(struct vault *vault);

#endif
