/* What the vault holds, as plain data. Each record begins with its row; strings
 * are NUL-terminated and bounded by the limits of the design. Times are wall
 * milliseconds, 0 for "none"; durations are milliseconds. The encoding of each
 * is a table of fields in vault/codec.c (MessagePack map with small integer
 * keys, so a field can be added without a migration). */
#ifndef KEYTURN_VAULT_MODEL_H
#define KEYTURN_VAULT_MODEL_H

#include "base/limits.h"
#include "base/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { VAULT_ID_BYTES = 16, VAULT_DELIVERIES_PER_KEY = 32, VAULT_LABELS_BYTES = 24 * 1024, VAULT_RECEIPTS_BYTES = 16 * 1024,
       VAULT_DEFINITION_BYTES = 8 * 1024 };

static inline bool vault_id_is_zero(const uint8_t id[VAULT_ID_BYTES])
{
    static const uint8_t zeros[VAULT_ID_BYTES];
    return memcmp(id, zeros, VAULT_ID_BYTES) == 0;
}

struct vault_row {
    uint8_t id[VAULT_ID_BYTES];     /* random, set by vault_insert */
    uint8_t parent[VAULT_ID_BYTES]; /* the key's id; zeros for keys and incidents */
    uint64_t revision;              /* raised by each change */
    int64_t due_at_ms;              /* when the engine must look at it; 0: never */
    int64_t place;                  /* where a scan found it, for a scan that goes on; else 0 */
};

/* Text of any length, owned by the record (vault_record_release frees it). */
struct vault_text {
    char *data; /* NULL when empty; NUL-terminated */
    size_t length;
};

enum vault_class { VAULT_CLASS_LIVE = 1, VAULT_CLASS_TEST = 2 };

enum vault_verdict { VAULT_UNKNOWN = 0, VAULT_ALIVE, VAULT_UNFIT, VAULT_DEAD };

/* What a probe answered, last. */
struct vault_evidence {
    int32_t verdict; /* enum vault_verdict */
    int32_t status;  /* HTTP status, 0: none */
    int32_t times;   /* in a row */
    int64_t at_ms;   /* 0: never probed */
    int64_t elapsed_ms;
    char code[64];
    char request_id[96];
    char detail[200];
};

/* Answers in a row, of the provider or the network before it, that said neither yes nor no. */
struct vault_doubt {
    int32_t times;
    char detail[200]; /* the last: "503 INTERNAL" */
};

/* Why a rotation is planned. */
enum vault_cause {
    VAULT_CAUSE_PERIOD = 0, /* its period ends */
    VAULT_CAUSE_EXPIRY,     /* its current version expires at the provider */
    VAULT_CAUSE_DEAD,       /* its current version was found dead */
    VAULT_CAUSE_ASKED,      /* an incident asks for a replacement, or the one before gave it up */
    VAULT_CAUSE_COUNT
};

/* What holds a planned rotation up. */
enum vault_hold {
    VAULT_HOLD_NONE = 0,
    VAULT_HOLD_MISSED, /* its time passed while the agent was away: what was missed is spread out */
    VAULT_HOLD_WINDOW, /* it opens only inside of its windows */
    VAULT_HOLD_NOT_WITH, /* another key is rotated on that day */
    VAULT_HOLD_FULL,     /* as many rotations are open as there may be */
    VAULT_HOLD_COUNT
};

struct vault_key {
    struct vault_row row; /* due_at_ms: the sooner of rotate_at_ms and probe_at_ms */
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    char title[LIMIT_TITLE_BYTES + 1];
    char provider[LIMIT_NAME_BYTES + 1];
    char owner[LIMIT_NAME_BYTES + 1];
    char credential[2 * LIMIT_NAME_BYTES + 2]; /* the key that its provider's actions use, or "" */
    int32_t class;                             /* enum vault_class of the environment */
    int64_t created_at_ms;
    int64_t every_ms;        /* rotation period, 0: only when asked */
    int64_t grace_ms;        /* how long the old key stays alive after promotion */
    int64_t probe_every_ms;  /* 0: not probed on a schedule */
    int64_t jitter_ms;       /* it opens up to so much before its period ends */
    char windows[WINDOWS_BYTES + 1]; /* base/window.h; "": always */
    char not_with[2 * LIMIT_NAME_BYTES + 2]; /* a key that is not rotated on the same day, and says so of this; "" */
    int64_t opened_at_ms;    /* its last rotation opened then, 0: none has */
    bool rotate_dead;        /* one found dead in use is replaced without being asked */
    int64_t expires_at_ms;   /* of the current version; 0: not known */
    int32_t rotate_cause;    /* enum vault_cause of rotate_due_ms */
    int64_t rotate_due_ms;   /* next rotation is wished for then, 0: none */
    int64_t rotate_at_ms;    /* next rotation opens, 0: none planned */
    int32_t rotate_hold;     /* enum vault_hold: why it opens later than it is wished for */
    int64_t probe_at_ms;     /* next scheduled probe, 0: none */
    struct vault_doubt doubt; /* of its scheduled probes */
    bool wipe_dead;          /* wipe a version's secret once it is proved dead */
    bool needs_receipts;     /* receipts hold revocation back */
    bool without_overlap;    /* it is rotated although issuing kills the old version */
    uint32_t last_number;    /* the highest version number given out */
    struct vault_text labels; /* "name=value" lines, sorted by name */
    struct vault_text receipts; /* who read it last: vault/receipts.h */
    /* A summary, so that a list reads one row a key. */
    uint32_t current_number; /* 0: no current version */
    uint8_t current_id[VAULT_ID_BYTES];
    char current_mask[40];
    int64_t current_since_ms;
    struct vault_evidence proof; /* of the current version */
    int32_t rotation_state;      /* of the open rotation, 0: none (enum rotation_state + 1 is stored) */
    uint8_t rotation_id[VAULT_ID_BYTES];
    bool waits_for_person;
    bool alarm;                  /* current version found dead, or the like */
    bool missing;                /* a version that is held alive is not listed by the provider */
    uint32_t open_revocations;
    uint32_t replace_incident;   /* the next rotation is a replacement for this incident, 0: none asked */
};

enum vault_version_state { VAULT_STAGED = 1, VAULT_CURRENT, VAULT_RETIRING, VAULT_CONDEMNED, VAULT_DEAD_VERSION };
const char *vault_version_state_name(enum vault_version_state state);

struct vault_version {
    struct vault_row row;
    uint32_t number;
    int32_t state; /* enum vault_version_state */
    char mask[40];
    char label[2 * LIMIT_NAME_BYTES + 32]; /* its name at the provider */
    char provider_id[256];                 /* its id at the provider, "" when it has none */
    int64_t created_at_ms;
    int64_t since_ms; /* in its state since */
    int64_t expires_at_ms; /* then the provider ends it; 0: not known */
    bool wiped;       /* its secret is gone */
    bool unchecked;   /* stored although its shape is unknown */
    uint8_t revocation_id[VAULT_ID_BYTES]; /* its latest; zeros: none, or it was condemned before this was kept */
    struct vault_evidence proof;
};

struct vault_delivery {
    struct vault_row row;
    uint32_t order; /* from 1; put in this order, undone in reverse; never used twice */
    int64_t created_at_ms;
    uint32_t holds_version; /* the version that is put there now, 0: none */
    int64_t put_at_ms;
    int64_t reminded_at_ms; /* people were told last that it fails; 0: it does not */
    int32_t failures;        /* puts beside a rotation that failed in a row */
    char detail[200]; /* what the last operation said */
    char target[256]; /* its place, as its definition had it when it was configured */
    struct vault_text definition; /* JSON, see delivery/delivery.h */
};

struct vault_rotation {
    struct vault_row row; /* due_at_ms 0 when it has ended, and only then: who is waited for is reminded */
    uint32_t number;      /* the version number it makes; in messages: "rotation 8" */
    int32_t state;        /* enum rotation_state */
    int32_t resume_state; /* in attention: where it came from */
    uint32_t old_number;  /* 0: none */
    uint8_t old_id[VAULT_ID_BYTES];
    uint32_t new_number; /* 0: none yet */
    uint8_t new_id[VAULT_ID_BYTES];
    int64_t opened_at_ms;
    int64_t since_ms;    /* in its state since */
    int64_t ended_at_ms; /* 0: open */
    int64_t deadline_at_ms;
    int32_t attempt; /* effects started in this state */
    int32_t alive_in_row;
    int32_t looks;    /* finds that found nothing */
    int32_t old_dead_in_row; /* where a look is a probe of old: dead answers in a row */
    int32_t failures; /* unknowns and transient failures in a row in this state: for the backoff */
    struct vault_doubt doubt; /* of its requests in this state */
    int64_t made_at_ms;     /* new was issued or supplied then (propagation counts from it) */
    int64_t promoted_at_ms; /* grace counts from it */
    bool intent;            /* an effect was started whose outcome is not recorded */
    bool attempt_uncertain; /* the latest issue has no known end; its label stays to be looked for */
    bool new_condemned;
    bool emergency;   /* R22 */
    bool old_dead;    /* remembered: old was found dead */
    bool old_condemned;
    bool asks_usage;          /* old's provider is asked when it was used last, before it is retired */
    int64_t usage_due_at_ms;  /* it is asked then */
    int64_t usage_asked_at_ms;
    int64_t usage_told_at_ms; /* its last answer that said so was asked for then; 0: none did */
    int64_t last_used_at_ms;  /* what that answer said; 0: never */
    int32_t usage_failures;   /* answers in a row that did not say so: for the backoff */
    char last_used_by[64];    /* "": it does not say by what */
    bool replace;     /* asked for by an emergency with replacement: no grace, no receipts */
    uint32_t incident; /* that emergency's, 0: none */
    bool waits_for_person;
    int64_t reminded_at_ms; /* people were told of it last; 0: not, or it waits for nobody */
    uint32_t put_mask;    /* bit n: the n-th delivery of the key (by order, from 0) holds new, checked */
    uint32_t tried_mask;  /* bit n: a put was begun, so it may hold new */
    uint32_t undone_mask; /* bit n: it was put back */
    uint32_t undo_failed_mask; /* bit n: it cannot be put back; the others are all the same */
    char label[2 * LIMIT_NAME_BYTES + 32]; /* of this attempt at the provider */
    char asked_by[LIMIT_NAME_BYTES + 1];   /* "schedule" when it opened by itself */
    char detail[384];                      /* for people: what happened or is waited for */
    struct vault_evidence evidence;
};

struct vault_revocation {
    struct vault_row row; /* due_at_ms as of a rotation */
    uint32_t version_number;
    uint8_t version_id[VAULT_ID_BYTES];
    uint8_t rotation_id[VAULT_ID_BYTES]; /* zeros: none */
    uint32_t incident;                   /* number, 0: none */
    int32_t state;                       /* enum revocation_state */
    int32_t resume_state;
    bool emergency;
    bool last;        /* its key is a credential: it dies after those that it revokes */
    bool intent;
    bool waits_for_person;
    int64_t reminded_at_ms; /* as of a rotation */
    bool step_accepted; /* the present state's request was accepted */
    int32_t attempt;
    int32_t failures; /* unknowns in a row in this state: for the backoff */
    struct vault_doubt doubt; /* of its requests in this state */
    int32_t dead_in_row;
    int32_t alive_in_row;
    int64_t accepted_at_ms; /* the present state's request was accepted then */
    int64_t opened_at_ms;
    int64_t since_ms;
    int64_t ended_at_ms;
    char asked_by[LIMIT_NAME_BYTES + 1];
    char detail[384];
    struct vault_evidence evidence;
};

struct vault_incident {
    struct vault_row row;
    uint32_t number; /* from 1 */
    uint32_t revocations; /* how many versions are to die */
    uint32_t dead;        /* how many of them are proved dead */
    uint32_t replacing;   /* how many keys were to be replaced first */
    int64_t opened_at_ms;
    int64_t ended_at_ms; /* every one proved dead */
    char asked_by[LIMIT_NAME_BYTES + 1];
    char reason[LIMIT_TITLE_BYTES + 1];
};

/* What a notice is about. Stored, so a number never changes. */
enum vault_about {
    VAULT_ABOUT_WAITS = 1, /* a person has something to do */
    VAULT_ABOUT_ALARM,     /* the version in use is dead or unfit */
    VAULT_ABOUT_INCIDENT,  /* an emergency was declared */
    VAULT_ABOUT_DELIVERY,  /* a place could not be given the version in use */
    VAULT_ABOUT_FAILED,    /* a rotation failed */
    VAULT_ABOUT_END
};

enum { VAULT_NOTICE_TEXT_BYTES = 4 * 1024 };

/* What is still to be told to people over one channel. It never holds a secret. */
struct vault_notice {
    struct vault_row row; /* due_at_ms: sent, or tried again; never 0 */
    int32_t about;        /* enum vault_about */
    char channel[LIMIT_NAME_BYTES + 1];
    uint8_t subject_id[VAULT_ID_BYTES];   /* the key's, rotation's, revocation's or incident's */
    char key[2 * LIMIT_NAME_BYTES + 2];   /* "live/reporting", "" of an incident */
    uint32_t version;
    uint32_t incident;
    int64_t made_at_ms;
    int32_t failures;    /* in a row */
    char summary[384];   /* what happened, one line */
    struct vault_text instructions; /* what to do; may be empty */
    char link[512];
    char detail[200];    /* why it was not sent, last */
};

/* The label of a key that was asked for, and of whose making nobody knows whether it worked (S3). It
 * is here until that is known: its key may come late, also when its rotation has ended. */
struct vault_label {
    struct vault_row row; /* due_at_ms: the provider is asked again, or a person reminded; never 0 */
    char label[2 * LIMIT_NAME_BYTES + 32];
    uint32_t number;      /* the version number that it was asked for with */
    int64_t made_at_ms;   /* it was asked for then */
    int64_t looked_at_ms; /* the provider was asked last; 0: not yet */
    int32_t looks;        /* answers that proved something */
    int32_t failures;     /* answers in a row that proved nothing: for the backoff */
    int32_t attempt;      /* counts the requests: an answer to another one is stale */
    bool waits_for_person; /* the agent cannot find out */
    int64_t reminded_at_ms; /* as of a rotation */
    char detail[200];     /* for people: what is known */
};

/* Which record a row is of. */
enum vault_kind {
    VAULT_KEY = 1,
    VAULT_VERSION,
    VAULT_DELIVERY,
    VAULT_ROTATION,
    VAULT_REVOCATION,
    VAULT_INCIDENT,
    VAULT_NOTICE,
    VAULT_LABEL
};

/* Free what a record owns (labels, definition) and zero it. Fine on a zeroed record. */
void vault_record_release(enum vault_kind kind, struct vault_row *record);

#endif
