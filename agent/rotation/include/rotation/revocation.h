/* The revocation table: the killing of one condemned version, to its proof of death.
 *
 * revocation_next() is pure, as rotation_next() is: no I/O, no clock; it never
 * blocks and never fails. Once accepted, a revocation ends only in dead (S4), or
 * in restored while it was still reversible. The rows are those of section 5 of
 * the design (K01-K12) and additions from K13 on; see README.md. */
#ifndef KEYTURN_ROTATION_REVOCATION_H
#define KEYTURN_ROTATION_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are stored: never renumber, only append. */
enum revocation_state {
    REVOCATION_REQUESTED = 0,
    REVOCATION_DISABLING = 1, /* disable is asked for, then watched: still reversible */
    REVOCATION_ENABLING = 2,
    REVOCATION_REVOKING = 3,
    REVOCATION_BURYING = 4, /* revoked, death not yet proved */
    REVOCATION_WAITING = 5, /* for a person to revoke it */
    REVOCATION_RESTORED = 6,
    REVOCATION_DEAD = 7,
    REVOCATION_ATTENTION = 8, /* the provider refuses our credential */
    REVOCATION_STATE_COUNT
};

/* What happened. The numbers are stored in the audit log: only append. */
enum revocation_event {
    REVOCATION_ON_START = 0,
    REVOCATION_ON_DISABLED = 1,           /* the provider disabled it */
    REVOCATION_ON_TIME = 2,               /* its due time came, a restart included */
    REVOCATION_ON_ROLL_BACK = 3,          /* a person: it shall live */
    REVOCATION_ON_ACCEPTED = 4,           /* the provider accepted the enable or the revoke */
    REVOCATION_ON_ALREADY_GONE = 5,       /* the provider does not hold it any more */
    REVOCATION_ON_UNCERTAIN = 6,          /* a request went out; its effect is not known */
    REVOCATION_ON_ALIVE = 7,              /* verdict */
    REVOCATION_ON_UNFIT = 8,              /* verdict: recognised, so it is not dead */
    REVOCATION_ON_DEAD = 9,               /* verdict */
    REVOCATION_ON_UNKNOWN = 10,           /* a probe or an answer that proves nothing */
    REVOCATION_ON_REFUSED_CREDENTIAL = 11, /* the provider refuses the credential we act with */
    REVOCATION_ON_CREDENTIAL_CHANGED = 12, /* that credential changed, or a person says retry */
    REVOCATION_ON_SAID_DONE = 13,         /* a person says it is revoked: probe now, it proves
                                             nothing */
    REVOCATION_ON_EMERGENCY = 14,         /* kill it now: no watching, no way back */
    REVOCATION_ON_SLOT_NEEDED = 15,       /* its slot at the provider is needed for a new version */
    REVOCATION_EVENT_COUNT
};

/* What to do, as bits 1u << effect of revocation_decision.effects, in this
 * order. Each may be asked for twice and must then do no harm. Not stored. */
enum revocation_effect {
    /* Written in the transaction of the transition itself. */
    REVOCATION_DO_RECORD_DEATH = 0, /* the version is dead, with the evidence; the secret is wiped
                                       if the policy says so; its rotation gets old_dead */
    REVOCATION_DO_RESTORE,          /* the version is retiring again; its rotation gets
                                       old_restored */

    /* Started after the commit that holds their intent. */
    REVOCATION_DO_BACK_OFF, /* the effects below start after the backoff, or Retry-After */
    REVOCATION_DO_DISABLE,
    REVOCATION_DO_ENABLE,
    REVOCATION_DO_REVOKE,
    REVOCATION_DO_PROBE,
    REVOCATION_DO_WAIT, /* send time when the watch time has passed */

    /* Told to people; nothing waits for them. */
    REVOCATION_TELL_WHERE,      /* where and how a person revokes it */
    REVOCATION_TELL_REMIND,     /* the same, ever more loudly */
    REVOCATION_TELL_STUCK,      /* it does not end; told when a threshold of age is passed */
    REVOCATION_TELL_ALIVE,      /* revoked, and yet it lives: alarm */
    REVOCATION_TELL_CREDENTIAL, /* which credential is refused */
    REVOCATION_EFFECT_COUNT
};

/* The facts at the moment of the event, the event's own included. */
struct revocation_facts {
    enum revocation_state resume_state; /* in attention: the state it came from; else ignored */
    unsigned dead_in_row;  /* dead answers since the last alive or unfit one, and since this
                              revocation's last revoke was accepted; unknown neither counts nor
                              breaks the row */
    unsigned alive_in_row; /* the same for alive answers, since the enable was accepted */
    unsigned settle;       /* the provider's settle, at least 1 */

    bool can_disable;        /* the provider can disable and enable */
    bool can_revoke;         /* the provider can revoke; else a person must */
    bool emergency;          /* asked for as one, or made one since */
    bool step_accepted;      /* the request of the present state was accepted */
    bool watch_passed;       /* since the disable was accepted */
    bool may_roll_back;      /* its rotation is still retiring, so it has a place to return to */
    bool propagation_passed; /* since the present state's request was accepted */
};

enum revocation_answer {
    REVOCATION_MOVED,   /* a row holds: go to next (perhaps the same), do the effects */
    REVOCATION_REFUSED, /* change nothing; reason says why, for the caller's ERR_STATE */
};

struct revocation_decision {
    enum revocation_answer answer;
    const char *row;            /* "K09"; NULL if refused */
    const char *reason;         /* of a refusal; NULL if moved. Static text */
    enum revocation_state next; /* the present state unless moved. When it is attention and the
                                   present one is not, store the present one as resume_state */
    uint32_t effects;           /* bits 1u << enum revocation_effect, done in ascending order */
};

/* Any state, any event, any facts: always an answer. state and event must be of their enums. */
struct revocation_decision revocation_next(enum revocation_state state, enum revocation_event event,
                                           const struct revocation_facts *facts);

static inline bool revocation_does(const struct revocation_decision *decision,
                                   enum revocation_effect effect)
{
    return (decision->effects >> (unsigned)effect & 1u) != 0;
}

/* An open revocation is neither restored nor dead. */
bool revocation_state_is_open(enum revocation_state state);

/* Stable lower-case words, as rotation_state_name() has them. */
const char *revocation_state_name(enum revocation_state state);
const char *revocation_event_name(enum revocation_event event);
const char *revocation_effect_name(enum revocation_effect effect);
bool revocation_state_parse(const char *name, enum revocation_state *ret_state);
bool revocation_event_parse(const char *name, enum revocation_event *ret_event);

#endif
