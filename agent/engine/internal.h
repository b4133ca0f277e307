/* The engine's own parts and how they fit:
 *
 *   engine.c    construction, the turn, the thread's life
 *   group.c     what a turn changes, and its commit
 *   calls.c     calls from other threads, done in the turn's group
 *   flights.c   effects in flight: queues, per-provider limits, start, end
 *   rotate.c    one event of one rotation: facts, table; rotate_effects.c: its effects
 *   revoke.c    one event of one revocation: the same
 *   labels.c    keys that were asked for and may still come: looked for until their end is known
 *   reconcile.c, compare.c  what providers list, held against the store
 *   notices.c   what people are told, and whether they were
 *   calendar.c  when a key's rotation opens by itself, and what holds it up
 *   schedule.c  what is due: keys, rotations, revocations; recovery at start
 *   outcomes.c  what an ended flight means: an event
 *   keys.c      use cases on keys and deliveries
 *   jobs.c      use cases on rotations, and on one revocation
 *   incident.c  emergencies: which versions die, which are replaced first
 *   credential.c  keys that revoke others: they die after them
 *   checks.c    the store's file and the audit log, looked at as a whole
 *   place_check.c  whether a delivery may be configured where it wants to be
 *   places.c    which delivery has which file, by whatever path
 *   follow_ups.c  events that a step causes in other jobs
 *   receipts.c  who reads a key, told to the rotation that waits for them
 *   slots.c     how many of the provider's keys this one's versions hold
 *   usage.c     when the old version was used last, asked of its provider
 *   traces.c    what actions sent and got, of keys that are traced
 *   subject.c   reading a key with its provider and place; backoff; evidence */
#ifndef KEYTURN_ENGINE_INTERNAL_H
#define KEYTURN_ENGINE_INTERNAL_H

#include "delivery/delivery.h"
#include "engine/engine.h"
#include "notify/notify.h"
#include "rotation/label.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* --- Flights: effects between their commit and their outcome -------------- */

enum flight_kind {
    FLIGHT_ISSUE,
    FLIGHT_FIND,
    FLIGHT_PROBE_NEW,
    FLIGHT_DELIVER,
    FLIGHT_UNDO,
    FLIGHT_DISABLE,
    FLIGHT_ENABLE,
    FLIGHT_REVOKE,
    FLIGHT_PROBE_CONDEMNED,
    FLIGHT_PROBE_KEY, /* the current version, on its schedule */
    FLIGHT_USAGE,     /* when the old version was used last */
    FLIGHT_PUT,       /* the current version, to a place that does not hold it */
    FLIGHT_NOTICE,    /* a notice, over its channel */
    FLIGHT_LOOK,      /* for a label that is kept */
    FLIGHT_LIST,      /* what a provider holds, for a reconciliation */
    FLIGHT_KIND_COUNT
};

/* What is needed to start it is in here; its secrets are read at the start. */
struct flight {
    struct flight *next;
    struct flight *next_of_job; /* in the table of flights by job */
    enum flight_kind kind;
    bool urgent;
    bool started;
    bool not_begun; /* started, and refused before anything of it was done (also by its worker, which has ended then) */
    bool first_try; /* of a put: no other one of this rotation was begun at its place */
    bool outlives_lock; /* a notice's program: it has no secret, and locking does not wait for it */
    bool dropped;       /* a notice that locking or stopping has ended */
    bool keep; /* its recording failed, and it holds a key that is nowhere else */
    uint8_t job_id[VAULT_ID_BYTES]; /* the rotation's, revocation's or key's */
    uint8_t key_id[VAULT_ID_BYTES];
    uint8_t version_id[VAULT_ID_BYTES]; /* whose secret is used; zeros: none */
    uint8_t delivery_id[VAULT_ID_BYTES];
    unsigned place_in_list; /* of the delivery among the key's, from 0 */
    int64_t planned_at_ms;  /* wall */
    int32_t attempt;        /* of the job when it was planned: an outcome of another attempt is stale */
    uint32_t number;
    const struct provider *provider; /* NULL for deliveries */
    const struct provider_environment *place;
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    char key[2 * LIMIT_NAME_BYTES + 2];
    char label[2 * LIMIT_NAME_BYTES + 32];
    char provider_id[256];
    char credential[2 * LIMIT_NAME_BYTES + 2];

    /* While it runs. */
    struct engine *engine;
    struct secret *secret;
    struct secret *credential_secret;
    struct action_values *values;
    struct delivery *delivery;
    struct delivery_subject subject;

    /* When it has ended. */
    struct action_result result;
    struct delivery_result delivered;
    struct notify_result told;
};

struct flight_list {
    struct flight *first;
    struct flight **end; /* NULL while empty */
    size_t count;
};
void flight_list_add(struct flight_list *list, struct flight *flight);
struct flight *flight_list_take(struct flight_list *list);

/* One provider's load; the last of the array is that of deliveries. */
struct load {
    const struct provider *provider;
    struct flight_list urgent;
    struct flight_list begun;   /* of jobs that are under way: they end before others begin */
    struct flight_list waiting;
    unsigned running;
    int64_t next_start_us;  /* monotonic: the earliest next start, by the rate */
    int64_t pause_until_us; /* monotonic: it asked us to wait (Retry-After) */
};

/* A credential in the open while the flights that start together are started, and no longer. */
struct shared_credential {
    char name[2 * LIMIT_NAME_BYTES + 2];
    struct secret *secret; /* NULL: none */
};

enum { FLIGHT_TABLE = 1024 };

struct flights {
    struct load *loads;
    size_t load_count;
    struct flight_list planned; /* in the present group, not committed */
    struct flight_list ended;   /* outcomes not yet recorded */
    int64_t ended_since_ms;     /* monotonic: the first of them */
    bool pressing;              /* one of them holds a new key, or is an emergency's */
    struct flight_list kept;    /* outcomes with a new key in them whose recording failed: tried again */
    int64_t kept_until_ms;      /* monotonic: then they are tried again */
    struct flight *by_job[FLIGHT_TABLE];
    size_t in_flight; /* waiting or running */
    size_t running;
    size_t outliving; /* of those running: see outlives_lock */
    bool starting;                   /* some start together */
    struct shared_credential shared; /* meanwhile */
};

/* Plan a flight for after the commit (taken). */
void flight_plan(struct engine *engine, struct flight *flight);
/* A new flight for a key; NULL when out of memory. */
struct flight *flight_new(struct engine *engine, enum flight_kind kind, const struct vault_key *key);
void flight_free(struct flight *flight);
/* Marks: planned flights after the mark are dropped when a step fails. */
size_t flight_mark(const struct engine *engine);
void flight_drop_planned(struct engine *engine, size_t mark);
/* After the commit: queue what was planned; then start what the limits allow. Returns how many started. */
void flight_queue_planned(struct engine *engine);
size_t flight_start_allowed(struct engine *engine);
/* What is asked of the provider. */
enum provider_action flight_action(const struct flight *flight);
/* Is a flight of this job (and kind class) waiting or running? */
bool flight_of_job(const struct engine *engine, const uint8_t job_id[VAULT_ID_BYTES]);
/* When the rate next allows a start, monotonic ms; INT64_MAX: nothing waits for it. */
int64_t flight_next_start_ms(const struct engine *engine);
/* When what ended is to be recorded, monotonic ms; INT64_MAX: nothing has. */
int64_t flight_record_ms(const struct engine *engine);
/* The secret of the key that the flight uses as its credential, into it. */
enum err_code flight_read_credential(struct engine *engine, struct flight *flight, const char *credential,
                                     struct err *err) ERR_MUST_CHECK;
enum err_code flights_init(struct engine *engine, struct err *err) ERR_MUST_CHECK;
void flights_release(struct engine *engine);

/* --- Calls from other threads ------------------------------------------- */

typedef enum err_code call_function(struct engine *engine, void *argument, struct err *err);

struct call {
    struct call *next;
    call_function *function;
    void *argument;
    bool exclusive; /* runs outside the group: init, unlock, lock */
    enum err_code code;
    struct err *err;
    bool ended;
    pthread_cond_t answered;
};

struct calls {
    pthread_mutex_t mutex;
    struct call *first;
    struct call **end;
    bool closed;
};

void calls_init(struct calls *calls);
void calls_release(struct calls *calls);
/* Block until the loop has done it. */
enum err_code engine_call(struct engine *engine, call_function *function, void *argument,
                          bool exclusive, struct err *err) ERR_MUST_CHECK;
struct call *calls_take(struct calls *calls);
void calls_answer(struct calls *calls, struct call *list);
void calls_close(struct engine *engine);

/* --- group.c -------------------------------------------------------------- */

/* Outcomes, these calls (answered in any case) and what is due, in one commit. */
void group_run(struct engine *engine, struct call *calls);
/* Outcomes that could not be recorded are tried again when it is time. */
void group_retry_kept(struct engine *engine);

/* --- The engine ---------------------------------------------------------- */

/* Events that a step causes in other jobs, first come, first done (follow_ups.c). */
struct follow_up {
    bool revocation;
    uint8_t id[VAULT_ID_BYTES];
    int event;
    char who[LIMIT_NAME_BYTES + 1];
    uint32_t incident;
};
struct follow_ups {
    struct follow_up *items; /* owned; the first to be done is at first */
    size_t first, end, room;
    bool lost; /* for want of memory: the step is taken back */
};
void follow_ups_clear(struct follow_ups *follow_ups);
void follow_ups_release(struct follow_ups *follow_ups);

/* Of the store's file and of the audit log, on a worker, after each unlocking (checks.c). */
struct checks {
    int64_t due_ms; /* monotonic; 0: nothing is to be looked at */
    bool running;
    enum err_code store_code, log_code;
    struct err store_err, log_err;
    bool untold; /* people are to be told of the problem */
    pthread_mutex_t mutex; /* over what follows: the api asks */
    char problem[ERR_MESSAGE_BYTES]; /* with the log; "": none is known */
};

/* Which delivery has which file (places.c): a table of 24 bytes for each, open addressing. */
struct place_claim {
    uint64_t spot; /* 0: free */
    uint8_t delivery_id[VAULT_ID_BYTES];
};
struct place_shared {
    uint8_t delivery_id[VAULT_ID_BYTES], holder_id[VAULT_ID_BYTES];
};
enum { PLACES_SHARED = 64 }; /* so many are shown; more are in the log */
struct places {
    pthread_mutex_t mutex; /* over all of it: workers claim, the api asks */
    struct place_claim *claims;
    size_t room, count; /* room is a power of two, or 0 */
    struct place_shared shared[PLACES_SHARED];
    size_t shared_count;
    bool looking; /* the loop's: a worker looks at all of them */
};

struct reconciliation;
struct trace;
enum { TRACES = 8 }; /* keys traced at once */

struct engine {
    struct engine_options options;
    struct vault *vault;
    struct vault_session *session;
    bool credential_refused; /* a revocation may wait until its credential changes */
    struct secret_arena *arena;
    struct http_client *http;
    struct work_pool *work;
    struct work_pool *notify_work; /* a thread for programs of channels alone; NULL without one */
    int stop_fd;                   /* readable when programs have had their time at the engine's end */
    int notify_stop_fd;            /* readable when the engine stops: its programs end; 0: there are none */
    size_t notices_in_flight;      /* planned and not ended */
    size_t open_rotations;         /* counted at unlocking, then kept */
    struct action_runner runner;
    struct action_runner traced_runner; /* the same, for keys that are traced */
    struct trace *traces[TRACES];
    struct calls calls;
    struct flights flights;
    struct follow_ups follow_ups; /* of the step under way */
    struct reconciliation *reconciliation;
    struct call *lock_call; /* waits until nothing is in flight */
    struct checks checks;
    struct places places;
    int64_t next_due_ms;    /* wall; 0: nothing */
    int64_t anchor_at_ms;   /* monotonic */
    uint64_t anchored_commits; /* so many, when it was last anchored */
    bool rested;            /* since then nothing was committed, and memory was given back */
    int64_t commit_retry_ms; /* monotonic; 0: the last commit was well */
    unsigned commit_failures_in_row;
    atomic_bool stop;
    struct {
        atomic_uint_fast64_t turns, commits, commit_failures, effects_started, effects_ended, calls,
            rotations_done, rotations_failed, revocations_done;
    } figures;
};

/* May one more rotation be open? */
static inline bool engine_has_room(const struct engine *engine)
{
    return engine->open_rotations < engine->options.open_rotations;
}

static inline bool engine_is_unlocked(const struct engine *engine)
{
    return vault_state(engine->vault) == VAULT_UNLOCKED;
}

static inline int64_t engine_now(const struct engine *engine)
{
    return clock_wall_ms(engine->options.clock);
}

/* When a job in flight is looked at again at the latest: in an hour or a little more. In steps, so that one
 * that goes from effect to effect keeps its due time, and the store its index of them. */
static inline int64_t engine_guard_ms(const struct engine *engine)
{
    const int64_t hour_ms = 60 * 60 * 1000, step_ms = 10 * 60 * 1000;
    return (engine_now(engine) / step_ms + 1) * step_ms + hour_ms;
}

/* --- subject.c: a key with what is needed to act on it -------------------- */

struct subject {
    struct vault_key key;
    const struct provider *provider;           /* NULL: not defined (any more) */
    const struct provider_environment *place;  /* NULL: the provider has none of the class */
    const struct provider_limits *limits;      /* of the provider, or a safe default */
};
enum err_code subject_load(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                           struct subject *ret_subject, struct err *err) ERR_MUST_CHECK;
void subject_release(struct subject *subject);
#define OWN_SUBJECT __attribute__((cleanup(subject_release)))

/* Does its provider make the key's new versions, in a way that the key's policy accepts? Else a person does. */
bool key_is_issued(const struct provider *provider, const struct vault_key *key);
/* Does issuing kill the old version of this rotation in the act? */
bool subject_replaces(const struct subject *subject, const struct vault_rotation *rotation);

/* Take in a key record (moved). */
void subject_of_key(struct engine *engine, struct vault_key *key, struct subject *ret_subject);
/* Write the key; its due time is the soonest of its schedules. */
enum err_code subject_save(struct engine *engine, struct subject *subject, struct err *err) ERR_MUST_CHECK;
/* After a change of who waits for whom: recompute the key's flags from its jobs. */
enum err_code subject_summarise(struct engine *engine, struct subject *subject, struct err *err) ERR_MUST_CHECK;
/* Make a version the key's current one in its summary, or none (NULL). */
void subject_set_current(struct subject *subject, const struct vault_version *version);

/* Refuse a secret that is of another environment, of no known shape, or held already (S5). */
enum err_code subject_check_secret(struct engine *engine, const struct subject *subject,
                                   const struct secret *secret, bool unchecked, struct err *err) ERR_MUST_CHECK;
/* A fresh version of the key with this secret (NULL: not known to us). */
enum err_code subject_add_version(struct engine *engine, const struct subject *subject,
                                  enum vault_version_state state, uint32_t number, const char *label,
                                  const char *provider_id, const struct secret *secret, bool unchecked,
                                  struct vault_version *ret_version, struct err *err) ERR_MUST_CHECK;
enum err_code version_set_state(struct engine *engine, const uint8_t version_id[VAULT_ID_BYTES],
                                enum vault_version_state state, struct vault_version *ret_version,
                                struct err *err) ERR_MUST_CHECK;

/* Exponential backoff with full jitter: between half and all of base * 2^(failures-1), capped. */
int64_t backoff_ms(struct engine *engine, int32_t failures, int64_t base_ms, int64_t most_ms);
/* What an answer proves, as evidence of now. times follows the evidence before. */
void evidence_of_result(struct engine *engine, const struct action_result *result,
                        const struct vault_evidence *before, struct vault_evidence *ret_evidence);
/* Add an audit entry about a key; entry holds the rest. */
enum err_code engine_audit(struct engine *engine, const struct vault_key *key, struct audit_entry entry,
                           struct err *err) ERR_MUST_CHECK;
/* The n-th delivery (from 0) of a key, released by the caller; *ret_found false past the last. */
enum err_code delivery_at(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES], unsigned place,
                          struct vault_delivery *ret_delivery, bool *ret_found, struct err *err) ERR_MUST_CHECK;

bool id_equal(const uint8_t a[VAULT_ID_BYTES], const uint8_t b[VAULT_ID_BYTES]);
void copy_text(char *out, size_t size, const char *text);
#define COPY_TEXT(out, text) copy_text((out), sizeof(out), (text))

/* --- rotate.c ------------------------------------------------------------- */

struct rotation_input {
    enum rotation_event event;
    const char *who;
    uint32_t incident;
    const struct secret *secret;     /* issued, supplied, stray */
    bool unchecked;                  /* supplied */
    const char *provider_id;         /* issued, found, stray; or NULL */
    int64_t expires_at_ms;           /* issued, supplied; 0: not known */
    const struct vault_evidence *evidence; /* verdicts; or NULL */
    const char *detail;              /* for people, or NULL */
    const char *stray_label;         /* stray: the label it stands under */
    uint32_t stray_number;           /* stray: the number of that attempt */
    bool last;                       /* emergency: what it condemns is a credential of others */
    int64_t retry_after_ms;          /* -1: none */
};
enum err_code rotation_open(struct engine *engine, struct subject *subject, const char *who,
                            enum rotation_event event, struct vault_rotation *ret_rotation,
                            struct err *err) ERR_MUST_CHECK;
enum err_code rotation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                            const struct rotation_input *input, struct vault_rotation *ret_rotation,
                            struct err *err) ERR_MUST_CHECK;
/* A delivery of this rotation ended. */
enum err_code rotation_delivered(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

/* --- slots.c -------------------------------------------------------------- */

/* The keys that the provider lets live are counted as this key's versions that are not proved dead, so that
 * what is full is full for certain; others of the account are not looked at. */
struct slots {
    unsigned held;
    bool full;
    bool coming; /* a version that holds one is being revoked without a person */
    char names[160]; /* "1 (current), 3 (condemned)" */
};
enum err_code slots_read(struct engine *engine, const struct subject *subject, struct slots *ret_slots, struct err *err)
    ERR_MUST_CHECK;
/* Tell the revocations of this key that watch a disabled version to revoke it now. */
enum err_code slots_free(struct engine *engine, const struct subject *subject, const char *who, struct err *err)
    ERR_MUST_CHECK;

/* --- usage.c -------------------------------------------------------------- */

/* Old begins to retire: from when is its provider asked, if it can tell of this version at all? */
void usage_begin(const struct subject *subject, const struct vault_version *old, struct vault_rotation *rotation);
/* Did old fall out of use, or can nobody tell? */
bool usage_is_quiet(const struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation);
bool usage_is_due(const struct engine *engine, const struct vault_rotation *rotation);
/* What is known of it, for people: "version 1 was used last 2026-...". */
void usage_say(const struct vault_rotation *rotation, char *ret_text, size_t size);
enum err_code usage_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

/* --- revoke.c ------------------------------------------------------------- */

struct revocation_input {
    enum revocation_event event;
    const char *who;
    uint32_t incident;
    const struct vault_evidence *evidence;
    const char *detail;
    int64_t retry_after_ms;
};
/* Condemn a version of the subject's key: its revocation is made (or, open already, becomes an
 * emergency where asked) and starts in this step. The subject's summary is changed, not saved. */
struct revocation_order {
    const uint8_t *version_id;
    const uint8_t *rotation_id; /* or NULL */
    bool emergency;
    bool last; /* its key is a credential: it starts when those that it revokes are dead */
    uint32_t incident;
    const char *who;
};
enum err_code revocation_open(struct engine *engine, struct subject *subject,
                              const struct revocation_order *order, struct err *err) ERR_MUST_CHECK;
enum err_code revocation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                              const struct revocation_input *input, struct err *err) ERR_MUST_CHECK;
/* The open revocation of a version; false: none. */
enum err_code revocation_of_version(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                                    const uint8_t version_id[VAULT_ID_BYTES],
                                    struct vault_revocation *ret_revocation, bool *ret_found,
                                    struct err *err) ERR_MUST_CHECK;

/* --- incident.c, credential.c --------------------------------------------- */

/* The incident has one version fewer: another one has it, or nobody. */
enum err_code incident_leave(struct engine *engine, uint32_t number, bool replacing, struct err *err) ERR_MUST_CHECK;

/* The names of keys that revoke others. */
struct credential_names {
    char (*names)[2 * LIMIT_NAME_BYTES + 2];
    size_t count;
};
enum err_code credentials_read(struct engine *engine, struct credential_names *ret_names, struct err *err)
    ERR_MUST_CHECK;
void credentials_release(struct credential_names *names);
/* The key has a new current version: revocations that wait because theirs was refused go on with it (K12). */
enum err_code credential_changed(struct engine *engine, const struct vault_key *key, const char *who, struct err *err)
    ERR_MUST_CHECK;
bool credentials_have(const struct credential_names *names, const struct vault_key *key);
/* Do others of its incident still have to be revoked by this one's key? */
enum err_code credential_is_needed(struct engine *engine, const struct vault_revocation *revocation,
                                   bool *ret_needed, struct err *err) ERR_MUST_CHECK;
/* The newest version of a key that is condemned and not dead: one that is to die last still
 * serves the revoking of the others. ERR_STATE there is none. */
enum err_code credential_condemned(struct engine *engine, const struct vault_key *key,
                                   uint8_t ret_version_id[VAULT_ID_BYTES], struct err *err) ERR_MUST_CHECK;

/* --- checks.c --------------------------------------------------------------- */

void checks_init(struct checks *checks);
void checks_release(struct checks *checks);
/* After unlocking, which does not wait for them. */
void checks_plan(struct engine *engine);
/* Until checks_run_due has something to do; INT64_MAX: nothing is planned, or the last ones run. */
int64_t checks_wait_ms(struct engine *engine);
void checks_run_due(struct engine *engine);
/* In a group: notices of what was found. True: they are in it. */
bool checks_tell(struct engine *engine);

/* --- place_check.c ------------------------------------------------------------ */

/* On the loop: is the definition good for the key, and its place, by its words, no other delivery's? Sets the
 * record's target. ERR_INVALID. */
enum err_code place_check(struct engine *engine, const struct vault_key *key, const char *definition,
                          struct vault_delivery *record, struct err *err) ERR_MUST_CHECK;
/* Before that, on the caller's thread, for it may block: is its file another's by another path? ERR_INVALID. */
enum err_code place_look(struct engine *engine, const char *definition, struct err *err) ERR_MUST_CHECK;

/* --- places.c ----------------------------------------------------------------- */

void places_init(struct places *places);
void places_release(struct places *places);
/* Of a delivery's flight, on its worker, for it may block: claims the file for it. ERR_EXISTS another has it, and
 * still leads there; then the message says whose it is, and nothing of the flight was begun. */
enum err_code places_may_touch(void *flight, uint64_t spot, struct err *err) ERR_MUST_CHECK;
/* Begins, on a worker of its own: claims what each delivery of the vault leads to, and says in the log which lead to
 * one file. One that still looks is left to it. */
void places_look(struct engine *engine);

/* --- follow_ups.c ----------------------------------------------------------- */

/* Done before the outer step ends, and if one fails the whole step is taken back. */
void follow_up_add(struct engine *engine, bool revocation, const uint8_t id[VAULT_ID_BYTES], int event,
                   const char *who, uint32_t incident);
enum err_code follow_up_run(struct engine *engine, struct err *err) ERR_MUST_CHECK;

/* --- labels.c ------------------------------------------------------------- */

/* The label of the rotation's latest attempt, whose end is not known, is looked for from now on,
 * whatever becomes of the rotation. One that is kept already is left as it is. */
enum err_code label_keep(struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation,
                         const char *who, struct err *err) ERR_MUST_CHECK;
/* The end of the attempt of that label is known after all; fine where it is not kept. */
enum err_code label_settle(struct engine *engine, const struct vault_key *key, const char *label, const char *text,
                           struct err *err) ERR_MUST_CHECK;

/* A key under a label, as the provider tells of it. */
struct label_finding {
    const char *id;              /* or NULL */
    const struct secret *secret; /* or NULL */
};
/* The facts of a finding but whether the horizon has passed. */
enum err_code label_facts_of(struct engine *engine, const struct vault_key *key, const char *label,
                             const struct label_finding *finding, struct label_facts *ret_facts, struct err *err)
    ERR_MUST_CHECK;
/* Seal a finding as a version of the subject's key, and condemn it; the label is closed. The
 * subject is not to be saved after it. */
enum err_code label_condemn(struct engine *engine, struct subject *subject, const char *label, uint32_t number,
                            const struct label_finding *finding, struct err *err) ERR_MUST_CHECK;
/* *number, or where a version of the key has it already, a new one. */
enum err_code version_free_number(struct engine *engine, struct subject *subject, uint32_t *number, struct err *err)
    ERR_MUST_CHECK;
/* One is due; argument: its id. */
enum err_code label_step(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;
enum err_code label_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

/* --- reconcile.c ----------------------------------------------------------- */

enum err_code reconciliation_new(struct engine *engine, struct err *err) ERR_MUST_CHECK;
void reconciliation_free(struct reconciliation *run);
/* A part of the work, if one is due, in the present group. */
void reconciliation_turn(struct engine *engine);
/* How long until there is, in ms; INT64_MAX: an answer brings it. */
int64_t reconciliation_wait_ms(const struct engine *engine);
/* The group was taken back, or the vault is locked: what was done in it is done again, or given up. */
void reconciliation_restart(struct engine *engine);
void reconciliation_stop(struct engine *engine);
enum err_code reconciliation_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

/* --- notices.c ------------------------------------------------------------ */

struct notice {
    enum vault_about about;
    const uint8_t *subject_id;
    const char *key;     /* or NULL */
    uint32_t version;
    uint32_t incident;
    bool again;          /* it comes back: not while the one before is still to be sent */
    const char *summary;
    const char *instructions; /* or NULL */
    const char *link;         /* or NULL */
};
/* One for each channel that wants it, in the present step. */
enum err_code notice_add(struct engine *engine, const struct notice *notice, struct err *err) ERR_MUST_CHECK;
enum err_code notice_add_of_key(struct engine *engine, const struct vault_key *key, struct notice notice,
                                struct err *err) ERR_MUST_CHECK;
/* With what the provider's definition tells a person to do for an action, if a person does it. */
enum err_code notice_add_manual(struct engine *engine, const struct subject *subject, enum provider_action action,
                                const char *label, const char *provider_id, struct notice notice, struct err *err)
    ERR_MUST_CHECK;
/* One is due; argument: its id. */
enum err_code notice_step(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;
enum err_code notice_start(struct engine *engine, struct flight *flight, notify_done *done, struct err *err)
    ERR_MUST_CHECK;
enum err_code notice_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* The vault is about to be locked: what is on its way with a credential is ended, and due again. */
void notice_drop_all(struct engine *engine);
/* The same where the agent ends: programs get no more than a moment. */
void notice_stop_all(struct engine *engine);
/* Is it time to tell again of what waits for a person since? *reminded_at_ms is kept in its job. */
bool notice_is_due(const struct engine *engine, bool waits, int64_t *reminded_at_ms, bool *ret_again);

/* --- traces.c -------------------------------------------------------------- */

/* From now on what is asked about the key is kept. */
enum err_code trace_begin_key(struct engine *engine, const struct subject *subject, struct err *err) ERR_MUST_CHECK;
const struct action_runner *trace_runner(struct engine *engine, const struct flight *flight);
void trace_take(void *context, int rule, unsigned request, const char *json, size_t length);
void traces_release(struct engine *engine);

/* --- calendar.c ----------------------------------------------------------- */

/* Plan the key's next rotation: its period counted from from_ms, or before its current version
 * expires, whichever is first; none without either. */
enum err_code calendar_plan(struct engine *engine, struct vault_key *key, int64_t from_ms, struct err *err)
    ERR_MUST_CHECK;
/* The same from when its current version came into use; none while a rotation is open. */
enum err_code calendar_plan_current(struct engine *engine, struct vault_key *key, struct err *err) ERR_MUST_CHECK;
/* At once. */
void calendar_plan_now(struct engine *engine, struct vault_key *key, enum vault_cause cause);
void calendar_clear(struct vault_key *key);
/* Its planned time has come: does the rotation open? Else it is planned anew. */
enum err_code calendar_opens(struct engine *engine, struct vault_key *key, bool *ret_opens, struct err *err)
    ERR_MUST_CHECK;
/* The same of its scheduled probe. */
bool calendar_probes(struct engine *engine, struct vault_key *key);

/* --- outcomes.c, schedule.c ----------------------------------------------- */

enum err_code outcome_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* Does it hold a new key that is sealed nowhere yet? */
bool outcome_holds_key(const struct flight *flight);
/* A new key that its rotation will not have: sealed and condemned. */
enum err_code outcome_record_stray(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* Do what is due, each in a step of its own; the number of steps. */
size_t schedule_run(struct engine *engine);
/* After unlocking: what was in flight when the agent ended is uncertain. */
enum err_code schedule_recover(struct engine *engine, struct err *err) ERR_MUST_CHECK;
/* Probe the current version of a key now. */
enum err_code schedule_probe(struct engine *engine, struct subject *subject, bool urgent, struct err *err) ERR_MUST_CHECK;
/* When the key is probed next on its schedule; 0: never. */
int64_t schedule_next_probe(struct engine *engine, const struct vault_key *key);

/* Run a function as one step of the group: taken back whole when it fails, with its flights and
 * follow-ups. */
enum err_code engine_step(struct engine *engine, call_function *function, void *argument, struct err *err)
    ERR_MUST_CHECK;

#endif
