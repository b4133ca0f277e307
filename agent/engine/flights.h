/* Flights: effects between their commit and their outcome. */
#ifndef KEYTURN_ENGINE_FLIGHTS_H
#define KEYTURN_ENGINE_FLIGHTS_H

#include "delivery/delivery.h"
#include "engine/engine.h"
#include "notify/notify.h"
#include "provider/provider.h"

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
    bool urgent; /* an emergency's */
    bool asked;  /* a person waits for it */
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
    struct flight_list asked;
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
/* After the commit: queue what was planned. */
void flight_queue_planned(struct engine *engine);
/* Its answer is in it: it waits to be recorded. */
void flight_end(struct flight *flight);
/* Does it hold a new key that is sealed nowhere yet? */
bool flight_holds_key(const struct flight *flight);
struct load *flight_load(struct engine *engine, const struct flight *flight);
/* What is asked of the provider. */
enum provider_action flight_action(const struct flight *flight);
/* Is a flight of this job (and kind class) waiting or running? */
bool flight_of_job(const struct engine *engine, const uint8_t job_id[VAULT_ID_BYTES]);
/* When what ended is to be recorded, monotonic ms; INT64_MAX: nothing has. */
int64_t flight_record_ms(const struct engine *engine);
enum err_code flights_init(struct engine *engine, struct err *err) ERR_MUST_CHECK;
void flights_release(struct engine *engine);

#endif
