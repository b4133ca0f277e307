/* The engine: one thread, one loop that runs due work, and the use cases that
 * need a provider or a delivery besides the vault.
 *
 * Each turn: collect what ended (HTTP, workers) and what was asked (calls from
 * other threads), take what is due, ask the tables, write everything in one
 * transaction, then start the effects that the commit allowed. An effect never
 * starts before the commit that holds its intent. Whatever was in flight when
 * the agent died is uncertain at the next start.
 *
 * The functions below may be called from any thread but the loop's; they block
 * until the turn that did them is committed (or failed, and then nothing was done). who names the
 * caller in the audit log. Errors name the key and the remedy. */
#ifndef KEYTURN_ENGINE_ENGINE_H
#define KEYTURN_ENGINE_ENGINE_H

#include "action/action.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "delivery/sinks.h"
#include "notify/notify.h"
#include "provider/provider.h"
#include "vault/vault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

struct engine_environment {
    char name[LIMIT_NAME_BYTES + 1];
    enum vault_class class;
};

struct engine_options {
    struct vault *vault;                  /* borrowed */
    const struct provider_set *providers; /* borrowed */
    const struct delivery_sinks *sinks;   /* borrowed; NULL: none */
    const struct engine_environment *environments;
    size_t environment_count;
    const struct clock *clock;
    const struct random *random;
    const char *ca_file;   /* or NULL */
    size_t workers;        /* threads for deliveries and programs; 0: 4 */
    size_t parallel;       /* effects in flight at once; 0: 256 */
    const struct notify_channel *const *channels; /* borrowed: how people are told */
    size_t channel_count;
    int64_t remind_ms;     /* a person is reminded this often; 0: 1 h */
    size_t open_rotations; /* so many may be open at once; 0: LIMIT_OPEN_ROTATIONS */
    int64_t reconcile_every_ms; /* stored keys are compared with what providers list this often; 0: 1 d, < 0: never */
    int64_t drain_ms;      /* at the end, what is under way gets so long to end and be recorded; 0: 10 s */
    int64_t programs_ms;   /* and then programs, before they are asked to end; 0: 50 s */
};

/* With the defaults, the engine ends within this after engine_stop: both times, and the grace of programs. Who
 * ends the agent waits longer (TimeoutStopSec of packaging/systemd). */
enum { ENGINE_END_MOST_MS = 62 * 1000 };

enum err_code engine_new(const struct engine_options *options, struct engine **ret_engine, struct err *err)
    ERR_MUST_CHECK;
/* Waits for programs that run, programs_ms at most, and ends them then. */
struct engine *engine_free(struct engine *engine);
OWN_DEFINE(struct engine, engine_free);
/* Run the loop until engine_stop. On return what was under way has ended or, after drain_ms, been
 * given up (it is uncertain at the next start), the log is anchored and the vault is locked. */
enum err_code engine_run(struct engine *engine, struct err *err) ERR_MUST_CHECK;
/* Thread- and signal-safe. */
void engine_stop(struct engine *engine);

struct vault *engine_vault(struct engine *engine);
const struct provider_set *engine_providers(struct engine *engine);
const struct delivery_sinks *engine_sinks(struct engine *engine);
const struct engine_environment *engine_environment_at(struct engine *engine, size_t index); /* NULL past the end */

/* --- The vault ----------------------------------------------------------- */
enum err_code engine_init(struct engine *engine, const char *who, enum vault_slot_kind kind,
                          const struct secret *key_material, bool low_cost, struct err *err) ERR_MUST_CHECK;
enum err_code engine_unlock(struct engine *engine, const char *who, const struct secret *root,
                            uint64_t accept_generation, struct err *err) ERR_MUST_CHECK;
enum err_code engine_lock(struct engine *engine, const char *who, struct err *err) ERR_MUST_CHECK;
enum err_code engine_slot_add(struct engine *engine, const char *who, enum vault_slot_kind kind,
                              const struct secret *key_material, bool low_cost, uint32_t *ret_number,
                              struct err *err) ERR_MUST_CHECK;
enum err_code engine_slot_remove(struct engine *engine, const char *who, uint32_t number, struct err *err)
    ERR_MUST_CHECK;

/* --- Keys ---------------------------------------------------------------- */

/* A policy's change: a field is taken where its bit is set. */
enum engine_field {
    ENGINE_TITLE = 1 << 0,
    ENGINE_OWNER = 1 << 1,
    ENGINE_EVERY = 1 << 2,
    ENGINE_GRACE = 1 << 3,
    ENGINE_PROBE_EVERY = 1 << 4,
    ENGINE_WIPE_DEAD = 1 << 5,
    ENGINE_CREDENTIAL = 1 << 6,
    ENGINE_LABELS = 1 << 7,
    ENGINE_JITTER = 1 << 16,
    ENGINE_WINDOWS = 1 << 17,
    ENGINE_ROTATE_DEAD = 1 << 18,
    ENGINE_EXPIRES = 1 << 19,
    ENGINE_NOT_WITH = 1 << 20,
    ENGINE_RECEIPTS = 1 << 21,
    ENGINE_WITHOUT_OVERLAP = 1 << 22
};
struct engine_key_draft {
    unsigned fields; /* enum engine_field bits that are given */
    const char *environment;
    const char *name;
    const char *provider;
    const char *title;
    const char *owner;
    const char *credential;
    const char *labels; /* "name=value" lines */
    int64_t every_ms;
    const char *windows;    /* base/window.h; "": rotations may open at any time */
    int64_t jitter_ms;      /* a rotation opens up to so much before its period ends; at most every */
    int64_t grace_ms;       /* default 24 h */
    int64_t probe_every_ms; /* default 24 h */
    const char *not_with;   /* a key that is not rotated on the same day, nor this on its; "": none */
    int64_t expires_at_ms;  /* of the current version; 0: not known */
    bool rotate_dead;       /* a current version that is found dead is replaced at once */
    bool wipe_dead;
    bool without_overlap; /* it may be rotated where issuing kills the old version */
    bool needs_receipts; /* the old version lives until everybody who read it has read the new one */
    bool trace;     /* keep in memory what is asked of its provider, without secrets, for engine_trace */
    bool unchecked; /* take a secret whose shape the provider does not know */
    const char *const *deliveries; /* JSON definitions, put in this order */
    size_t delivery_count;
};
/* Add a key with its first secret (borrowed), which becomes version 1, current; it is probed at
 * once (the proof appears in the key within moments). secret NULL: a key without a
 * version, for a provider that issues: a rotation is opened that makes the first one.
 * ERR_INVALID the secret is of another environment or an unknown shape, the
 * provider or environment is unknown, a delivery is of the other class; ERR_EXISTS the name is
 * taken, or the secret is held already (the message says where); ERR_LIMIT. */
enum err_code engine_key_add(struct engine *engine, const char *who, const struct engine_key_draft *draft,
                             const struct secret *secret, struct vault_key *ret_key, struct err *err) ERR_MUST_CHECK;
enum err_code engine_key_change(struct engine *engine, const char *who, const struct engine_key_draft *draft,
                                struct vault_key *ret_key, struct err *err) ERR_MUST_CHECK;
/* Probe the current version now; returns at once, the proof appears in the key. */
enum err_code engine_key_probe(struct engine *engine, const char *who, const char *environment,
                               const char *name, struct err *err) ERR_MUST_CHECK;
/* Remove a key whose versions are all dead (ERR_STATE names those that are not, or a label that is
 * still looked for). */
enum err_code engine_key_remove(struct engine *engine, const char *who, const char *environment,
                                const char *name, struct err *err) ERR_MUST_CHECK;
/* Deliveries of a key. Adding one puts the current version there at once. ERR_STATE while a
 * rotation is open. */
enum err_code engine_delivery_add(struct engine *engine, const char *who, const char *environment,
                                  const char *name, const char *definition, struct vault_delivery *ret_delivery,
                                  struct err *err) ERR_MUST_CHECK;
enum err_code engine_delivery_remove(struct engine *engine, const char *who, const char *environment,
                                     const char *name, uint32_t order, struct err *err) ERR_MUST_CHECK;

/* What was asked of the provider about a key that was added with trace, and what was answered, as
 * JSON appended to out. Of the last 8 such keys; forgotten when the agent ends. ERR_NOT_FOUND. */
enum err_code engine_trace(struct engine *engine, const char *environment, const char *name, struct buf *out,
                           struct err *err) ERR_MUST_CHECK;

/* --- Consumers ----------------------------------------------------------- */

/* A consumer read the key's current version: its receipt, durable when this returns. One that it has
 * already, and that is not old, is not written again, and then nothing waits for the engine. */
enum err_code engine_receipt(struct engine *engine, const struct vault_reading *reading, const char *consumer,
                             struct err *err) ERR_MUST_CHECK;
/* It is no consumer any more: nothing waits for it. ERR_NOT_FOUND. */
enum err_code engine_consumer_forget(struct engine *engine, const char *who, const struct vault_key *key,
                                     const char *consumer, struct err *err) ERR_MUST_CHECK;

/* --- Rotations ----------------------------------------------------------- */

/* Open a rotation (R01). ERR_STATE one is open already (named). */
enum err_code engine_rotate(struct engine *engine, const char *who, const char *environment,
                            const char *name, struct vault_rotation *ret_rotation, struct err *err) ERR_MUST_CHECK;
/* The person supplies the new secret (R03). The same refusals as adding. */
struct engine_supply {
    const struct secret *secret; /* borrowed */
    bool unchecked;              /* take one whose shape the provider does not know */
    int64_t expires_at_ms;       /* when the provider ends it; 0: not known */
};
enum err_code engine_stage(struct engine *engine, const char *who, const uint8_t rotation_id[VAULT_ID_BYTES],
                           const struct engine_supply *supply, struct vault_rotation *ret_rotation,
                           struct err *err) ERR_MUST_CHECK;
enum engine_move { ENGINE_CANCEL = 1, ENGINE_RETRY, ENGINE_ROLL_BACK, ENGINE_GO_ON };
enum err_code engine_move(struct engine *engine, const char *who, const uint8_t rotation_id[VAULT_ID_BYTES],
                          enum engine_move move, struct vault_rotation *ret_rotation, struct err *err) ERR_MUST_CHECK;

/* --- Revocations --------------------------------------------------------- */

/* Emergency: all in one incident and one transaction, so that every intent is durable when this
 * returns. A target is a version (number 0: every version of the key that is not dead; a key that
 * has none is passed over). A version that another incident was killing goes over to this one.
 *
 * replace: a target that is its key's current version is replaced first, and dies as soon as its
 * successor is proved, delivered and current: no grace, no receipts. A rotation that is open already and has
 * not promoted is that replacement. Whatever else is a target dies now.
 *
 * A key that its provider's actions use to revoke others of the incident dies after them.
 * ERR_NOT_FOUND names the key or version, ERR_STATE nothing is left to kill, or a key cannot be
 * replaced (its provider is not defined); then nothing was done. */
struct engine_target {
    const char *environment;
    const char *name;
    uint32_t number;
};
struct engine_emergency {
    const struct engine_target *targets;
    size_t count;
    bool replace;
    const char *reason; /* or NULL */
};
enum err_code engine_revoke(struct engine *engine, const char *who, const struct engine_emergency *emergency,
                            struct vault_incident *ret_incident, struct err *err) ERR_MUST_CHECK;
/* A person says it is done, or asks to look again: probe now. Proves nothing by itself. */
enum err_code engine_revocation_look(struct engine *engine, const char *who,
                                     const uint8_t revocation_id[VAULT_ID_BYTES], struct err *err) ERR_MUST_CHECK;

/* --- Labels that are looked for ------------------------------------------ */

/* A person says that no key lives under it: it is looked for no longer. ERR_STATE while its own
 * rotation looks for it; ERR_NOT_FOUND. */
enum err_code engine_label_forget(struct engine *engine, const char *who, const uint8_t label_id[VAULT_ID_BYTES],
                                  struct err *err) ERR_MUST_CHECK;
/* Look now. */
enum err_code engine_label_look(struct engine *engine, const char *who, const uint8_t label_id[VAULT_ID_BYTES],
                                struct err *err) ERR_MUST_CHECK;

/* What the check of the whole audit log after unlocking found, as a text for people; "": nothing, or it is not
 * done yet. Any thread. */
void engine_log_problem(struct engine *engine, size_t size, char *ret_problem);

/* Does the delivery's file belong to another, by another path? Then a text for people says whose. session is the
 * calling thread's. As it was when the delivery was last put, or after unlocking: nothing is looked at on a disk. */
bool engine_place_is_shared(struct engine *engine, struct vault_session *session,
                            const struct vault_delivery *delivery, size_t size, char *ret_text);

/* --- Reconciliation ------------------------------------------------------ */

/* What providers list, held against the store: a key of ours that nobody holds is condemned, one that
 * is held alive and not listed is told to people. It runs by itself every reconcile_every, and when asked. */
enum engine_reconciliation_state { ENGINE_RECONCILIATION_NONE = 0, ENGINE_RECONCILIATION_RUNNING, ENGINE_RECONCILIATION_DONE };
struct engine_reconciled {
    uint32_t keys;      /* of the store */
    uint32_t listed;
    uint32_t ours;      /* of those listed: held by the store, or under way */
    uint32_t condemned; /* of those listed: came late */
    uint32_t foreign;   /* of those listed: somebody else's */
    uint32_t missing;   /* held alive, and not listed */
};
/* One account, as one credential sees it. */
struct engine_reconciled_place {
    char provider[LIMIT_NAME_BYTES + 1];
    char environment[LIMIT_NAME_BYTES + 1];    /* as the provider names it */
    char credential[2 * LIMIT_NAME_BYTES + 2]; /* "": none */
    bool answered;
    bool whole; /* false: what came proves nothing, and detail says why */
    char detail[200];
    struct engine_reconciled figures;
};
enum engine_finding_kind {
    ENGINE_FOUND_LATE = 1, /* came after it was given up: condemned */
    ENGINE_FOUND_MISSING,  /* held alive, and not listed */
    ENGINE_FOUND_UNCLEAR,  /* listed under a label of ours, and it may be another's: a person must look */
    ENGINE_FINDING_END
};
struct engine_finding {
    enum engine_finding_kind kind;
    char key[2 * LIMIT_NAME_BYTES + 2];
    uint32_t version;
    char label[2 * LIMIT_NAME_BYTES + 32];
};
struct engine_reconciliation {
    uint32_t number; /* from 1 since the agent started */
    enum engine_reconciliation_state state;
    bool dry_run;
    char who[LIMIT_NAME_BYTES + 1];
    int64_t started_at_ms, ended_at_ms;
    struct engine_reconciled_place *places; /* owned */
    size_t place_count;
    struct engine_finding *findings; /* owned; at most 1,000 */
    size_t finding_count;
};
/* Begin one; it goes on by itself. provider: NULL for all that can list. dry_run: nothing is changed
 * nor told. ERR_STATE one runs already, or the provider cannot list; ERR_NOT_FOUND no such provider. */
enum err_code engine_reconcile(struct engine *engine, const char *who, const char *provider, bool dry_run,
                               struct err *err) ERR_MUST_CHECK;
/* The latest one. */
enum err_code engine_reconciliation(struct engine *engine, struct engine_reconciliation *ret_latest, struct err *err)
    ERR_MUST_CHECK;
void engine_reconciliation_release(struct engine_reconciliation *reconciliation);

/* Figures for /metrics and /v1/health; any thread. */
struct engine_figures {
    uint64_t turns, commits, commit_failures, effects_started, effects_ended, calls;
    uint64_t rotations_done, rotations_failed, revocations_done;
    uint64_t in_flight;
};
void engine_figures(struct engine *engine, struct engine_figures *ret_figures);

#endif
