/* The rotation table: the replacement of one version of a key by the next.
 *
 * rotation_next() says what one event means for one rotation. It is pure: no
 * I/O, no clock, no allocation, no state of its own; it never blocks and never
 * fails. The caller reads the facts, asks, writes the next state and what the
 * effects record in one transaction, commits, and only then starts the effects
 * that reach outside. The rows are those of section 5 of the design (R01-R23)
 * and additions from R24 on; README.md of this room lists all of them. */
#ifndef KEYTURN_ROTATION_ROTATION_H
#define KEYTURN_ROTATION_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are stored: never renumber, only append. */
enum rotation_state {
    ROTATION_IDLE = 0, /* no rotation of the key is open */
    ROTATION_STAGING = 1,
    ROTATION_PROVING = 2,
    ROTATION_DELIVERING = 3,
    ROTATION_UNDOING = 4,
    ROTATION_SETTLING = 5,
    ROTATION_RETIRING = 6,
    ROTATION_ATTENTION = 7,
    ROTATION_DONE = 8,
    ROTATION_FAILED = 9,
    ROTATION_STATE_COUNT
};

/* What happened. The numbers are stored in the audit log: only append. */
enum rotation_event {
    ROTATION_ON_DUE = 0,              /* the key's next rotation is due */
    ROTATION_ON_ASKED = 1,            /* a person asked for a rotation */
    ROTATION_ON_ISSUED = 2,           /* the provider's new key came, with its secret */
    ROTATION_ON_SUPPLIED = 3,         /* a person handed in the new key */
    ROTATION_ON_UNCERTAIN = 4,        /* a request went out; its effect is not known (also: an
                                         open intent found at start) */
    ROTATION_ON_REFUSED = 5,          /* the provider surely will not issue */
    ROTATION_ON_UNSENT = 6,           /* the request surely had no effect: repeat it */
    ROTATION_ON_FOUND_BARE = 7,       /* the label was found, its secret is lost */
    ROTATION_ON_NOT_FOUND = 8,        /* the label is not there (yet) */
    ROTATION_ON_STRAY = 9,            /* a key turned up under the label of an attempt that is not
                                         the latest, or whose rotation no longer waits for it */
    ROTATION_ON_ALIVE = 10,           /* verdict on new: alive, in the right environment */
    ROTATION_ON_UNFIT = 11,           /* verdict on new: recognised, of no use here */
    ROTATION_ON_DEAD = 12,            /* verdict on new: dead */
    ROTATION_ON_UNKNOWN = 13,         /* a probe or a look that proves nothing */
    ROTATION_ON_DELIVERED = 14,       /* new is at every place, and every check holds */
    ROTATION_ON_DELIVERY_FAILED = 15, /* one place failed for good */
    ROTATION_ON_PUT_BACK = 16,        /* every place is as it was before */
    ROTATION_ON_PUT_BACK_FAILED = 17, /* one place cannot be put back */
    ROTATION_ON_TIME = 18,            /* the rotation's due time came, a restart included */
    ROTATION_ON_OLD_DEAD = 19,        /* old is proved dead: its revocation ended, or a
                                         scheduled probe found it so, settle times */
    ROTATION_ON_OLD_RESTORED = 20,    /* the revocation of old was rolled back (K06) */
    ROTATION_ON_CANCEL = 21,          /* a person: give it up */
    ROTATION_ON_RETRY = 22,           /* a person: try that again */
    ROTATION_ON_ROLL_BACK = 23,       /* a person: old shall be current again */
    ROTATION_ON_GO_ON = 24,           /* a person: retire old although readers are missing */
    ROTATION_ON_EMERGENCY = 25,       /* a person: old leaked, kill it now */
    ROTATION_ON_EMERGENCY_NEW = 26,   /* a person: new leaked, kill it now */
    ROTATION_EVENT_COUNT
};

/* What to do, as bits 1u << effect of rotation_decision.effects, in this order.
 * An effect whose object does not exist (condemn_new without a new version) is
 * left out of the decision. Each may be asked for twice and must then do no
 * harm: condemning what is condemned, promoting what is current, putting what
 * is there. The numbers are not stored. */
enum rotation_effect {
    /* Written in the transaction of the transition itself. */
    ROTATION_DO_KEEP_LABEL = 0, /* labels of attempts with no known end stay to be looked for */
    ROTATION_DO_CONDEMN_FOUND,  /* open a revocation of the key found under the event's label */
    ROTATION_DO_CONDEMN_NEW,    /* open a revocation of new; as an emergency for emergency_new */
    ROTATION_DO_CONDEMN_OLD,    /* open a revocation of old; as an emergency where facts or event
                                   say so, then also making an open one an emergency */
    ROTATION_DO_RESTORE_OLD,    /* old is current again, new is staged again */
    ROTATION_DO_PROMOTE,        /* new is current, old (if any) is retiring */
    ROTATION_DO_ASK_BACK,       /* send roll_back to the revocation of old */
    ROTATION_DO_SET_NEXT_DUE,   /* the key's next rotation: after done, its period from now; after
                                   failed, its pause after a failure */
    ROTATION_DO_DUE_NOW,        /* the key's next rotation: at once, it has no version of use */

    /* Started after the commit that holds their intent. */
    ROTATION_DO_BACK_OFF,     /* the effects below start after the backoff, or Retry-After */
    ROTATION_DO_FREE_SLOT,    /* revocations that watch a disabled version of this key revoke it now */
    ROTATION_DO_ISSUE,        /* ask the provider, under a label never used before; where its slots are known
                                 to be full, send time instead */
    ROTATION_DO_ASK_OPERATOR, /* a person must make the key: say where and how to name it */
    ROTATION_DO_FIND,         /* look for the label of the latest attempt */
    ROTATION_DO_PROBE_NEW,
    ROTATION_DO_DELIVER, /* put new to every place where it is not yet, and check */
    ROTATION_DO_UNDO,    /* where new was put: put old back, or without old take new away */
    ROTATION_DO_ASK_USAGE, /* ask the provider when old was used last; its answer, or none, comes as time */
    ROTATION_DO_WAIT,    /* send time when grace, deadline or a reader next changes the facts; at
                            once if nothing is left to wait for */

    /* Told to people; nothing waits for them. */
    ROTATION_TELL_LABEL,    /* the label to look for at the provider, and what to do then */
    ROTATION_TELL_REFUSED,  /* what the provider refused; old stays current */
    ROTATION_TELL_UNKNOWN,  /* what the API answered */
    ROTATION_TELL_UNFIT,    /* new is of no use, with the evidence */
    ROTATION_TELL_PLACES,   /* where old is, where new is, and what failed */
    ROTATION_TELL_SLOTS,    /* which versions hold the provider's slots */
    ROTATION_TELL_READERS,  /* who still reads old, or has not read new */
    ROTATION_TELL_OLD_DEAD, /* old died outside the plan: alarm */
    ROTATION_TELL_NEW_DEAD, /* new died or became unfit after it was proved: alarm */
    ROTATION_TELL_NO_KEY,   /* the key has no version that is alive and meant to live: alarm */
    ROTATION_TELL_GIVEN_UP, /* the rotation ended, old stays */
    ROTATION_TELL_DONE,
    ROTATION_TELL_REMIND, /* say again what waits for whom, ever more loudly */
    ROTATION_EFFECT_COUNT
};

/* The facts at the moment of the event, the event's own included: the third
 * alive answer in a row comes with alive_in_row 3, issued, refused and unsent
 * with attempt_uncertain false, uncertain with it true. found_bare and
 * not_found come while it is still true, for they answer a look. Where issuing
 * replaces old, issued and found_bare come with old_dead true. */
struct rotation_facts {
    enum rotation_state resume_state; /* in attention: the state it came from; else ignored */
    unsigned alive_in_row; /* alive answers for new since the last dead or unfit one; unknown
                              neither counts nor breaks the row */
    unsigned settle;       /* the provider's settle, at least 1 */

    bool other_open; /* in idle: another rotation of this key is open */
    bool provider_can_issue;
    bool provider_can_find;
    bool replaces_old;       /* issuing kills old in the act, and its policy accepts that; the provider can
                                issue and find only while old lives, and a look is a probe of old:
                                not_found, it lives; found_bare, it is dead */
    bool slots_full;         /* this key's versions hold as many keys as the provider lets live */
    bool slot_coming;        /* one of them is being revoked without a person */
    bool attempt_uncertain;  /* the latest issue attempt has no known end, be it out just now or
                                cut off; only where the provider can issue */
    bool supplied_fits;      /* supplied: pattern, environment, and held nowhere else */
    bool new_exists;         /* new is sealed in the store, in this transaction at the latest */
    bool new_condemned;      /* a revocation of new is open or ended */
    bool has_old;            /* a version was current when the rotation began */
    bool old_condemned;      /* a revocation of old is open or ended, and was not rolled back */
    bool old_dead;           /* old_dead came, now or earlier */
    bool old_reversible;     /* its revocation is requested or disabling, and no emergency */
    bool emergency;          /* old was condemned by an emergency; implies old_condemned */
    bool propagation_passed; /* since the latest issue attempt, or the supply of new */
    bool deadline_passed;    /* of the present state, since it was entered or last retried */
    bool grace_passed;       /* since the promotion */
    bool receipts_in;        /* every reader that must has read new, or none must */
    bool old_quiet;          /* old fell out of use, or nobody can tell */
    bool usage_due;          /* whether it did may be asked now */
};

enum rotation_answer {
    ROTATION_MOVED,      /* a row holds: go to next (perhaps the same), do the effects */
    ROTATION_REMEMBERED, /* keep the event as a fact and do the effects; the state stays */
    ROTATION_REFUSED,    /* change nothing; reason says why, for the caller's ERR_STATE */
};

struct rotation_decision {
    enum rotation_answer answer;
    const char *row;          /* "R07"; a design row of several parts: "R04b"; NULL if no row */
    const char *reason;       /* of a refusal or a remembering; NULL if moved. Static text:
                                 "cancel: the old version is condemned or dead; it cannot come
                                 back" */
    enum rotation_state next; /* the present state unless moved. When it is attention and the
                                 present one is not, store the present one as resume_state */
    uint32_t effects;         /* bits 1u << enum rotation_effect, done in ascending order */
};

/* Any state, any event, any facts: always an answer. state and event must be of their enums. */
struct rotation_decision rotation_next(enum rotation_state state, enum rotation_event event,
                                       const struct rotation_facts *facts);

static inline bool rotation_does(const struct rotation_decision *decision,
                                 enum rotation_effect effect)
{
    return (decision->effects >> (unsigned)effect & 1u) != 0;
}

/* An open rotation is neither idle, done nor failed. */
bool rotation_state_is_open(enum rotation_state state);

/* Stable lower-case words for the API, the store and the log ("settling",
 * "roll_back", "probe_new"); never NULL, "?" outside the enum. Parsing takes
 * exactly these words; false leaves *ret untouched. */
const char *rotation_state_name(enum rotation_state state);
const char *rotation_event_name(enum rotation_event event);
const char *rotation_effect_name(enum rotation_effect effect);
bool rotation_state_parse(const char *name, enum rotation_state *ret_state);
bool rotation_event_parse(const char *name, enum rotation_event *ret_event);

#endif
