/* Keys, their provider, a person and an agent that may die at any step.
 *
 * What the agent decides is not written here: rotation_next() and revocation_next() are the
 * code's own, linked with the verifier (tables.h). The model is the world around them.
 *
 * A job's request is a flight: planned in the commit of the step that asks for it (answer 0), gone
 * out (the provider has done it or not, answer is the event that comes of it), recorded (the next
 * commit). A crash forgets each answer, and what was done at the provider stays done.
 *
 * Bounds and the provider's abilities come from the command line; see run.sh. */
#include "words.pml"

c_decl {
\#include "rotation/label.h"
\#include "rotation/revocation.h"
\#include "rotation/rotation.h"
}

#define COUNT (KEYS * VERSIONS)
#define NOBODY 31

/* At the provider. */
#define NOWHERE 0
#define COMING 1 /* a create that was cut off and may still land */
#define LIVE 2
#define DISABLED 3
#define REVOKED 4

/* In the store. */
#define UNHELD 0
#define STAGED 1
#define CURRENT 2
#define RETIRING 3
#define CONDEMNED 4
#define DEAD 5

/* Flights. */
#define REST 0
#define ISSUE 1
#define FIND 2
#define PROBE 3
#define DELIVER 4
#define UNDO 5
#define DISABLE 6
#define ENABLE 7
#define REVOKE 8

typedef Version {
    byte truth;
    byte held;
    bit lags;   /* the provider may answer as if its last change had not been */
    bit unfit;  /* it lives, and is of no use */
    bit kept;   /* its label stays to be looked for */
    bit leaked; /* an emergency was declared for it */
    bit wanted; /* its death was accepted, and not taken back */
    /* its revocation */
    bit open;
    byte state;
    byte resume;
    byte flight;
    byte answer; /* an event and 1 */
    byte hears;  /* an event and 1, of the same transaction */
    bit due;
    bit emergency;
    bit accepted;
    bit watched;
    bit propagated;
    byte dead_row;
    byte alive_row;
};

typedef Rotation {
    byte state;
    byte resume;
    byte old;
    byte new;
    byte attempt; /* the version that the latest issue attempt would make */
    byte flight;
    byte answer;
    byte hears;
    byte found; /* the version that what it hears is about */
    byte alive_row;
    bit due;
    bit uncertain;
    bit deadline;
    bit propagated;
    bit grace;
    bit receipts;
    bit quiet;
    bit emergency;
    bit old_condemned;
    bit old_dead;
    bit new_condemned;
    byte used;  /* versions that were ever numbered */
    byte begun; /* rotations */
    byte current;
    byte place; /* the version that its place holds */
    bit told;   /* a person was told that the old version may have been replaced, and by what is not known */
    bit beyond; /* it asked for more versions than the bounds have */
};

Version v[COUNT];
Rotation r[KEYS];
byte crashes = CRASHES; /* what may still go wrong */
byte noise = NOISE;
byte moves = MOVES;
byte meddling = MEDDLING;
bit meddled;  /* a person killed a key at the dashboard unasked */
bit credential = 1; /* of the account that all keys are of: is it taken? */
byte renewals = RENEWALS;
hidden byte pk, pe; /* what ask_rotation() and ask_revocation() are asked about */
byte pending = 1; /* not before the world is made; then: events that wait to be taken: nothing comes between */

#define KEY_OF(i) ((i) / VERSIONS)
#define ROTATION_IS_OPEN(k) (r[k].state != rotation_idle && r[k].state != rotation_done && r[k].state != rotation_failed)
#define DOES(effect) c_expr { (rotation_does(&rotation, ROTATION_##effect)) }
#define MUST(effect) c_expr { (revocation_does(&revocation, REVOCATION_##effect)) }
/* A promise that must hold here; a trail that is replayed says which did not. */
#define PROMISE(holds, text) if :: (holds) -> skip :: else -> printf(text); assert(false) fi

c_code {
\#include "tables.h"
}

/* One event for a rotation, or for a revocation; each is taken at one place. */
inline hear(who, event)
{
    who.hears = event + 1;
    pending++
}

/* --- Condemning --------------------------------------------------------------- */

/* Opens a revocation; one that is open becomes an emergency where asked. */
inline condemn(i, urgent)
{
    if
    :: v[i].held == DEAD -> skip
    :: v[i].held != DEAD && v[i].open && urgent && !v[i].emergency && v[i].hears == 0 ->
        hear(v[i], to_emergency)
    :: v[i].held != DEAD && v[i].open && !(urgent && !v[i].emergency && v[i].hears == 0) ->
        v[i].emergency = v[i].emergency || urgent
    :: v[i].held != DEAD && !v[i].open ->
        v[i].open = 1;
        v[i].wanted = 1;
        v[i].held = CONDEMNED;
        v[i].state = revocation_requested;
        v[i].resume = 0;
        v[i].flight = REST; v[i].answer = 0; v[i].due = 0;
        v[i].emergency = urgent;
        v[i].accepted = 0; v[i].watched = 0; v[i].propagated = 0;
        v[i].dead_row = 0; v[i].alive_row = 0;
        hear(v[i], to_start)
    fi
}

/* --- One event of a rotation ------------------------------------------------------ */

inline fly(kind)
{
    if
    :: DOES(DO_BACK_OFF) -> r[k].flight = REST; r[k].due = 1
    :: else -> r[k].flight = kind; r[k].due = 0
    fi;
    r[k].answer = 0
}

inline issue()
{
    if
    :: DOES(DO_BACK_OFF) -> r[k].flight = REST; r[k].due = 1
    :: else ->
        if
        :: r[k].used == VERSIONS -> r[k].beyond = 1; r[k].flight = REST; r[k].due = 0
        :: else ->
            r[k].attempt = k * VERSIONS + r[k].used;
            r[k].used++;
            r[k].uncertain = 1;
            r[k].propagated = 0;
            r[k].flight = ISSUE;
            r[k].due = 0
        fi
    fi;
    r[k].answer = 0
}

/* What the event brings, as the engine writes it down before it asks. */
inline note(e)
{
    if
    :: (e == on_issued || e == on_supplied) && (r[k].state == rotation_staging || r[k].state == rotation_attention) ->
        r[k].new = r[k].found;
        v[r[k].new].held = STAGED;
        r[k].new_condemned = 0;
        if
        :: e == on_issued -> r[k].uncertain = 0; r[k].old_dead = r[k].old_dead || REPLACES
        :: else -> skip /* a person brings another: what became of the attempt is as unknown as before */
        fi;
        r[k].propagated = 0;
        r[k].alive_row = 0
    :: e == on_alive -> r[k].alive_row = (r[k].alive_row < SETTLE -> r[k].alive_row + 1 : SETTLE)
    :: e == on_dead || e == on_unfit -> r[k].alive_row = 0
    :: e == on_refused || e == on_unsent -> r[k].uncertain = 0
    :: e == on_old_dead -> r[k].old_dead = 1
    :: e == on_found_bare && REPLACES -> r[k].old_dead = 1
    :: e == on_old_restored -> r[k].old_condemned = 0
    :: else -> skip
    fi
}

/* S2: what proves nothing moves nothing, but to a person. An undoing whose old version was lost
 * turns round at any answer, for what moves it is the loss. */
#define UNDOING_WITHOUT_OLD (r[k].state == rotation_undoing && (r[k].old_condemned || r[k].old_dead))
#define PROVES_NOTHING(e) (e == on_unknown || e == on_uncertain)

/* S1: outside an emergency, old is condemned when all of it is there; a person may answer for the
 * readers. What the place holds is the world's word, not the rotation's. */
#define NEW_IS_PROVED (r[k].new != NOBODY && r[k].alive_row >= SETTLE && !v[r[k].new].unfit)
#define READERS_MOVED(e) ((r[k].receipts && r[k].quiet) || e == on_go_on)
#define MAY_CONDEMN_OLD(e) (r[k].emergency || e == on_emergency || v[r[k].old].open || v[r[k].old].held == DEAD || \
    meddled || (NEW_IS_PROVED && r[k].place == r[k].new && ((r[k].grace && READERS_MOVED(e)) || r[k].old_dead)))

inline enter(e)
{
    if
    :: c_expr { (rotation.next != now.r[pk].state) } ->
        if
        :: c_expr { (rotation.next == ROTATION_ATTENTION) } ->
            r[k].told = r[k].told || (REPLACES && r[k].state == rotation_staging);
            r[k].resume = r[k].state
        :: else -> r[k].resume = 0
        fi;
        c_code { now.r[pk].state = (uchar)rotation.next; };
        r[k].deadline = 0;
        if
        :: !ROTATION_IS_OPEN(k) ->
            r[k].alive_row = 0; r[k].propagated = 0; r[k].grace = 0; r[k].receipts = 0; r[k].quiet = 0
        :: else -> skip
        fi;
        r[k].flight = REST; r[k].answer = 0; r[k].due = 0
    :: else ->
        if
        :: e == on_emergency || e == on_emergency_new || e == on_stray || e == on_old_dead -> skip
        :: else -> r[k].flight = REST; r[k].answer = 0; r[k].due = 0
        fi
    fi
}

inline take(e)
{
    pk = k; pe = e;
    note(e);
    c_code { ask_rotation(pk, pe); };
    if
    :: c_expr { (rotation.answer == ROTATION_REFUSED) } -> skip
    :: else ->
        PROMISE(!PROVES_NOTHING(e) || UNDOING_WITHOUT_OLD || c_expr { (rotation_stays(now.r[pk].state)) },
                "S2: an answer without proof moved a rotation\n");
        if
        :: DOES(DO_KEEP_LABEL) -> v[r[k].attempt].kept = 1
        :: else -> skip
        fi;
        if
        :: c_expr { (rotation.answer == ROTATION_MOVED) } -> enter(e)
        :: else -> skip
        fi;
        if
        :: DOES(DO_CONDEMN_FOUND) -> v[r[k].found].held = STAGED; condemn(r[k].found, r[k].emergency)
        :: else -> skip
        fi;
        if
        :: DOES(DO_CONDEMN_NEW) -> r[k].new_condemned = 1; condemn(r[k].new, (e == on_emergency_new))
        :: else -> skip
        fi;
        if
        :: DOES(DO_CONDEMN_OLD) ->
            PROMISE(MAY_CONDEMN_OLD(e), "S1: the old version was condemned too early\n");
            r[k].emergency = r[k].emergency || e == on_emergency;
            r[k].old_condemned = 1;
            condemn(r[k].old, r[k].emergency)
        :: else -> skip
        fi;
        if
        :: DOES(DO_RESTORE_OLD) && r[k].current != r[k].old -> v[r[k].old].held = CURRENT; r[k].current = r[k].old
        :: else -> skip
        fi;
        if
        :: DOES(DO_PROMOTE) ->
            PROMISE(r[k].place == r[k].new, "S1: what was promoted is not in its place\n");
            if
            :: r[k].old != NOBODY && !r[k].old_condemned && v[r[k].old].held == CURRENT -> v[r[k].old].held = RETIRING
            :: else -> skip
            fi;
            v[r[k].new].held = CURRENT;
            r[k].current = r[k].new;
            r[k].alive_row = 0; /* what was proved before the grace may die in it */
            r[k].grace = 0; r[k].receipts = 0; r[k].quiet = 0
        :: else -> skip
        fi;
        if
        :: DOES(DO_ASK_BACK) && v[r[k].old].open -> hear(v[r[k].old], to_roll_back)
        :: else -> skip
        fi;
        if
        :: DOES(DO_ISSUE) -> issue()
        :: DOES(DO_ASK_OPERATOR) ->
            if
            :: r[k].attempt == NOBODY && r[k].used == VERSIONS -> r[k].beyond = 1
            :: r[k].attempt == NOBODY && r[k].used < VERSIONS ->
                r[k].attempt = k * VERSIONS + r[k].used;
                r[k].used++
            :: else -> skip
            fi
        :: DOES(DO_FIND) -> fly(FIND)
        :: DOES(DO_PROBE_NEW) -> fly(PROBE)
        :: DOES(DO_DELIVER) -> fly(DELIVER)
        :: DOES(DO_UNDO) -> fly(UNDO)
        :: DOES(DO_WAIT) && r[k].flight == REST -> r[k].due = 1
        :: else -> skip
        fi
    fi
}

/* --- The rotations --------------------------------------------------------------- */

inline begin()
{
    r[k].begun++;
    r[k].state = rotation_idle; r[k].resume = 0;
    r[k].old = r[k].current; r[k].new = NOBODY; r[k].attempt = NOBODY;
    r[k].flight = REST; r[k].answer = 0; r[k].due = 0; r[k].alive_row = 0;
    r[k].uncertain = 0; r[k].deadline = 0; r[k].propagated = 0;
    r[k].grace = 0; r[k].receipts = 0; r[k].quiet = 0;
    r[k].emergency = 0; r[k].old_condemned = 0; r[k].old_dead = 0; r[k].new_condemned = 0;
    if
    :: r[k].old != NOBODY && v[r[k].old].held == CONDEMNED -> r[k].old_condemned = 1
    :: r[k].old != NOBODY && v[r[k].old].held == DEAD -> r[k].old = NOBODY
    :: else -> skip
    fi
}

/* The provider makes a key: how soon it is seen, and whether it is of use, is its own affair. */
inline make(i)
{
    v[i].truth = LIVE;
    if :: v[i].lags = 1 :: v[i].lags = 0 fi;
    if :: noise > 0 -> noise--; v[i].unfit = 1 :: v[i].unfit = 0 fi
}

inline answered(e) { r[k].answer = e + 1 }

inline go_make()
{
    if
    :: credential -> make(r[k].attempt); answered(on_issued)
    :: !credential -> answered(on_refused)
    :: noise > 0 -> noise--; make(r[k].attempt); answered(on_uncertain)
    :: noise > 0 -> noise--; v[r[k].attempt].truth = COMING; answered(on_uncertain)
    :: noise > 0 -> noise--; answered(on_uncertain)
    :: noise > 0 -> noise--; answered(on_refused)
    :: noise > 0 -> noise--; answered(on_unsent)
    fi
}

/* Issuing that is asked with the old key and kills it. What was cut off does not land later: the propagation time is
 * waited for before it is asked again. */
inline replace()
{
    v[r[k].old].truth = REVOKED;
    if :: v[r[k].old].lags = 1 :: v[r[k].old].lags = 0 fi;
    make(r[k].attempt)
}

inline go_issue()
{
    if
    :: REPLACES && v[r[k].old].truth != LIVE -> answered(on_refused)
    :: REPLACES && v[r[k].old].truth == LIVE -> replace(); answered(on_issued)
    :: REPLACES && v[r[k].old].truth == LIVE && noise > 0 -> noise--; replace(); answered(on_uncertain)
    :: REPLACES && noise > 0 -> noise--; answered(on_uncertain)
    :: REPLACES && noise > 0 -> noise--; answered(on_unsent)
    :: !REPLACES -> go_make()
    fi
}

inline go_look()
{
    if
    :: (v[r[k].old].truth == LIVE || v[r[k].old].lags) && r[k].propagated -> answered(on_not_found)
    :: (v[r[k].old].truth == LIVE || v[r[k].old].lags) && !r[k].propagated -> answered(on_unknown) /* too early to say */
    :: v[r[k].old].truth != LIVE -> answered(on_found_bare)
    :: noise > 0 -> noise--; answered(on_unknown)
    fi
}

inline go_search()
{
    if
    :: v[r[k].attempt].truth >= LIVE && v[r[k].attempt].truth != REVOKED && credential -> answered(on_found_bare)
    :: v[r[k].attempt].truth < LIVE || v[r[k].attempt].truth == REVOKED || v[r[k].attempt].lags -> answered(on_not_found)
    :: noise > 0 -> noise--; answered(on_unknown)
    :: !credential -> answered(on_unknown)
    fi
}

inline go_find()
{
    if
    :: REPLACES -> go_look()
    :: !REPLACES -> go_search()
    fi
}

inline go_probe()
{
    if
    :: v[r[k].new].truth == LIVE && v[r[k].new].unfit -> answered(on_unfit)
    :: v[r[k].new].truth == LIVE && !v[r[k].new].unfit -> answered(on_alive)
    :: v[r[k].new].truth != LIVE || v[r[k].new].lags -> answered(on_dead)
    :: v[r[k].new].truth != LIVE && v[r[k].new].lags -> answered(on_alive)
    :: noise > 0 -> noise--; answered(on_unknown)
    fi
}

inline go_deliver()
{
    if
    :: r[k].place = r[k].new; answered(on_delivered)
    :: noise > 0 -> noise--; r[k].place = r[k].new; answered(on_uncertain)
    :: noise > 0 -> noise--; answered(on_uncertain)
    :: noise > 0 -> noise--; r[k].place = r[k].new; answered(on_delivery_failed)
    :: noise > 0 -> noise--; answered(on_delivery_failed)
    fi
}

inline go_undo()
{
    if
    :: r[k].place = r[k].old; answered(on_put_back)
    :: noise > 0 -> noise--; r[k].place = r[k].old; answered(on_uncertain)
    :: noise > 0 -> noise--; answered(on_uncertain)
    :: noise > 0 -> noise--; answered(on_put_back_failed)
    fi
}

active [KEYS] proctype rotations()
{
    byte k = _pid;
    byte e;
end:
    do
    :: d_step { r[k].hears != 0 ->
        e = r[k].hears - 1; r[k].hears = 0; pending--;
        take(e); e = 0; r[k].found = 0 }
    :: d_step { pending == 0 && r[k].begun < ROTATIONS && !ROTATION_IS_OPEN(k) && !r[k].beyond && credential ->
        begin(); hear(r[k], on_asked) }
    :: atomic { pending == 0 && r[k].flight != REST && r[k].answer == 0 ->
        if
        :: r[k].flight == ISSUE -> go_issue()
        :: r[k].flight == FIND -> go_find()
        :: r[k].flight == PROBE -> go_probe()
        :: r[k].flight == DELIVER -> go_deliver()
        :: r[k].flight == UNDO -> go_undo()
        fi }
    :: d_step { pending == 0 && r[k].answer != 0 ->
        r[k].found = r[k].attempt;
        hear(r[k], r[k].answer - 1);
        r[k].flight = REST; r[k].answer = 0 }
    :: d_step { pending == 0 && r[k].due && r[k].flight == REST && c_expr { (rotation_takes_time(Protations->k)) } ->
        hear(r[k], on_time) }
    :: d_step { pending == 0 && r[k].state == rotation_attention && c_expr { (rotation_moves(Protations->k, ROTATION_ON_TIME)) } ->
        hear(r[k], on_time) }
    od
}

/* --- One event of a revocation ------------------------------------------------------ */

inline note_of(e)
{
    if
    :: e == to_dead -> v[i].dead_row = (v[i].dead_row < SETTLE -> v[i].dead_row + 1 : SETTLE); v[i].alive_row = 0
    :: e == to_alive || e == to_unfit ->
        v[i].alive_row = (v[i].alive_row < SETTLE -> v[i].alive_row + 1 : SETTLE); v[i].dead_row = 0
    :: e == to_accepted || e == to_already_gone || e == to_disabled ->
        v[i].accepted = 1; v[i].watched = 0; v[i].propagated = 0; v[i].alive_row = 0; v[i].dead_row = 0
    :: e == to_emergency -> v[i].emergency = 1
    :: else -> skip
    fi
}

inline fly_of(kind)
{
    if
    :: MUST(DO_BACK_OFF) -> v[i].flight = REST; v[i].due = 1
    :: else -> v[i].flight = kind; v[i].due = 0
    fi;
    v[i].answer = 0
}

inline tell_rotation(e)
{
    if
    :: r[k].old == i && ROTATION_IS_OPEN(k) -> assert(r[k].hears == 0); hear(r[k], e)
    :: else -> skip
    fi
}

inline take_of(e)
{
    pk = i; pe = e;
    note_of(e);
    c_code { ask_revocation(pk, pe); };
    if
    :: c_expr { (revocation.answer == REVOCATION_REFUSED) } -> skip
    :: else ->
        PROMISE(!(e == to_unknown || e == to_uncertain) || c_expr { (revocation_stays(now.v[pk].state)) },
                "S2: an answer without proof ended a revocation\n");
        if
        :: c_expr { (revocation.next != now.v[pk].state) } ->
            if
            :: c_expr { (revocation.next == REVOCATION_ATTENTION) } -> v[i].resume = v[i].state
            :: else ->
                if
                :: v[i].state != revocation_attention && c_expr { (revocation.next == REVOCATION_ENABLING || revocation.next == REVOCATION_REVOKING) } ->
                    v[i].accepted = 0
                :: else -> skip
                fi;
                v[i].resume = 0
            fi;
            c_code { now.v[pk].state = (uchar)revocation.next; };
            v[i].watched = 0
        :: else -> skip
        fi;
        v[i].flight = REST; v[i].answer = 0; v[i].due = 0;
        if
        :: MUST(DO_RECORD_DEATH) ->
            PROMISE(v[i].truth == REVOKED || v[i].truth == NOWHERE, "S4: a version was called dead and is not\n");
            v[i].open = 0; v[i].wanted = 0; v[i].held = DEAD;
            v[i].emergency = 0; v[i].accepted = 0; v[i].propagated = 0; v[i].dead_row = 0; v[i].alive_row = 0;
            if :: r[k].current == i -> r[k].current = NOBODY :: else -> skip fi;
            tell_rotation(on_old_dead)
        :: MUST(DO_RESTORE) ->
            v[i].open = 0; v[i].wanted = 0; v[i].held = RETIRING;
            tell_rotation(on_old_restored)
        :: else -> skip
        fi;
        if
        :: MUST(DO_DISABLE) -> fly_of(DISABLE)
        :: MUST(DO_ENABLE) -> fly_of(ENABLE)
        :: MUST(DO_REVOKE) -> fly_of(REVOKE)
        :: MUST(DO_PROBE) -> fly_of(PROBE)
        :: MUST(DO_WAIT) -> v[i].due = 1
        :: MUST(DO_BACK_OFF) -> v[i].due = 1
        :: else -> skip
        fi
    fi
}

/* --- The revocations ---------------------------------------------------------------- */

inline answered_of(e) { v[i].answer = e + 1 }

/* S1 at the provider: nothing dies there while its place still holds it, but in an emergency. */
#define CHECK_IN_USE PROMISE(r[k].place != i || v[i].leaked || meddled, "S1: a version died while its place held it\n")

inline lag_of()
{
    if :: v[i].lags = 1 :: v[i].lags = 0 fi
}

inline kill_of(kind, to, said)
{
    if
    :: !credential -> answered_of(to_refused_credential)
    :: credential && (v[i].truth == LIVE || v[i].truth == DISABLED) && v[i].truth != to ->
        if :: to != LIVE -> CHECK_IN_USE :: else -> skip fi;
        v[i].truth = to;
        lag_of();
        if
        :: answered_of(said)
        :: noise > 0 -> noise--; answered_of(to_uncertain)
        fi
    :: credential && v[i].truth == to && to != REVOKED -> answered_of(said)
    :: credential && (v[i].truth == REVOKED || v[i].truth == NOWHERE) -> answered_of(to_already_gone)
    :: noise > 0 -> noise--; answered_of(to_uncertain)
    :: noise > 0 -> noise--; answered_of(to_unknown)
    fi
}

inline probe_of()
{
    if
    :: v[i].truth == LIVE && !v[i].unfit -> answered_of(to_alive)
    :: v[i].truth == LIVE && v[i].unfit -> answered_of(to_unfit)
    :: v[i].truth != LIVE || (v[i].lags && v[i].state == revocation_enabling) -> answered_of(to_dead)
    :: v[i].truth != LIVE && v[i].lags && !v[i].unfit -> answered_of(to_alive)
    :: v[i].truth != LIVE && v[i].lags && v[i].unfit -> answered_of(to_unfit)
    :: noise > 0 -> noise--; answered_of(to_unknown)
    fi
}

active [COUNT] proctype revocations()
{
    byte i = _pid - KEYS;
    byte k = (_pid - KEYS) / VERSIONS;
    byte e;
end:
    do
    :: d_step { v[i].hears != 0 ->
        e = v[i].hears - 1; v[i].hears = 0; pending--;
        take_of(e); e = 0 }
    :: atomic { pending == 0 && v[i].open && v[i].flight != REST && v[i].answer == 0 ->
        if
        :: v[i].flight == DISABLE -> kill_of(DISABLE, DISABLED, to_disabled)
        :: v[i].flight == ENABLE -> kill_of(ENABLE, LIVE, to_accepted)
        :: v[i].flight == REVOKE -> kill_of(REVOKE, REVOKED, to_accepted)
        :: v[i].flight == PROBE -> probe_of()
        fi }
    :: d_step { pending == 0 && v[i].open && v[i].answer != 0 ->
        hear(v[i], v[i].answer - 1);
        v[i].flight = REST; v[i].answer = 0 }
    :: d_step { pending == 0 && v[i].open && v[i].due && v[i].flight == REST && c_expr { (revocation_takes_time(Prevocations->i)) } ->
        hear(v[i], to_time) }
    :: d_step { pending == 0 && v[i].open && v[i].state == revocation_attention && v[i].flight == REST && v[i].truth != LIVE &&
                c_expr { (revocation_takes_time(Prevocations->i)) } ->
        hear(v[i], to_time) }
    od
}

/* --- A person ------------------------------------------------------------------------ */

/* What a person is asked for, in their own time; and up to MOVES things that nobody asked for. */
active [KEYS] proctype person()
{
    byte k = _pid - KEYS - COUNT;
    byte i;
end:
    do
    :: atomic { pending == 0 && !ISSUES && r[k].attempt != NOBODY && r[k].new == NOBODY && r[k].flight == REST &&
                (r[k].state == rotation_staging || (r[k].state == rotation_attention && r[k].resume == rotation_staging)) ->
        i = r[k].attempt; make(i); i = 0;
        r[k].found = r[k].attempt; hear(r[k], on_supplied) }
    :: atomic { pending == 0 && REPLACES && (r[k].old == NOBODY || r[k].old_dead || r[k].old_condemned) && r[k].new == NOBODY && r[k].flight == REST && r[k].state == rotation_staging ->
        if
        :: r[k].used == VERSIONS -> r[k].beyond = 1
        :: r[k].used < VERSIONS ->
            i = k * VERSIONS + r[k].used; r[k].used++; make(i);
            r[k].found = i; i = 0; hear(r[k], on_supplied)
        fi }
    :: atomic { pending == 0 && moves > 0 && ISSUES && r[k].new == NOBODY && r[k].flight == REST && r[k].used < VERSIONS &&
                (r[k].state == rotation_staging || (r[k].state == rotation_attention && r[k].resume == rotation_staging)) ->
        moves--;
        i = k * VERSIONS + r[k].used; r[k].used++; make(i);
        r[k].found = i; i = 0; hear(r[k], on_supplied) }
    :: d_step { pending == 0 && moves > 0 && r[k].flight != DELIVER && r[k].flight != UNDO && r[k].answer == 0 &&
                c_expr { (rotation_takes(Pperson->k, ROTATION_ON_CANCEL)) } ->
        moves--; hear(r[k], on_cancel) }
    :: d_step { pending == 0 && moves > 0 && r[k].flight == REST && c_expr { (rotation_takes(Pperson->k, ROTATION_ON_ROLL_BACK)) } ->
        moves--; hear(r[k], on_roll_back) }
    :: d_step { pending == 0 && moves > 0 && r[k].flight == REST && c_expr { (rotation_takes(Pperson->k, ROTATION_ON_GO_ON)) } ->
        moves--; hear(r[k], on_go_on) }
    :: d_step { pending == 0 && moves > 0 && r[k].flight == REST && c_expr { (rotation_takes(Pperson->k, ROTATION_ON_RETRY)) } ->
        moves--; hear(r[k], on_retry) }
    :: d_step { pending == 0 && moves > 0 && ROTATION_IS_OPEN(k) && r[k].old != NOBODY &&
                r[k].flight != DELIVER && r[k].flight != UNDO && c_expr { (rotation_takes(Pperson->k, ROTATION_ON_EMERGENCY)) } ->
        moves--; v[r[k].old].leaked = 1; hear(r[k], on_emergency) }
    :: d_step { pending == 0 && moves > 0 && ROTATION_IS_OPEN(k) && r[k].new != NOBODY &&
                r[k].flight != DELIVER && r[k].flight != UNDO && c_expr { (rotation_takes(Pperson->k, ROTATION_ON_EMERGENCY_NEW)) } ->
        moves--; v[r[k].new].leaked = 1; hear(r[k], on_emergency_new) }
    :: d_step { pending == 0 && moves > 0 && !ROTATION_IS_OPEN(k) && r[k].current != NOBODY && v[r[k].current].held == CURRENT ->
        moves--; i = r[k].current; v[i].leaked = 1; condemn(i, 1); i = 0 }
    od
}

/* The same of a version. */
active [COUNT] proctype person_of()
{
    byte i = _pid - 2 * KEYS - COUNT;
    byte k = (_pid - 2 * KEYS - COUNT) / VERSIONS;
end:
    do
    :: atomic { pending == 0 && v[i].open && v[i].state == revocation_waiting && v[i].truth != REVOKED ->
        CHECK_IN_USE; v[i].truth = REVOKED; lag_of() }
    :: d_step { pending == 0 && v[i].open && v[i].state == revocation_attention && credential && v[i].flight == REST &&
                c_expr { (revocation_takes(Pperson_of->i, REVOCATION_ON_CREDENTIAL_CHANGED)) } ->
        hear(v[i], to_credential_changed) }
    :: d_step { pending == 0 && moves > 0 && v[i].open && v[i].flight == REST && c_expr { (revocation_takes(Pperson_of->i, REVOCATION_ON_SAID_DONE)) } ->
        moves--; hear(v[i], to_said_done) }
    :: d_step { pending == 0 && meddling > 0 && (v[i].truth == LIVE || v[i].truth == DISABLED) &&
                (v[i].held == CURRENT || v[i].held == RETIRING || v[i].held == CONDEMNED) ->
        meddling--; meddled = 1; v[i].truth = REVOKED }
    od
}

/* --- Time, and what goes wrong --------------------------------------------------------- */

#define DEADLINE_MATTERS (r[k].state == rotation_staging || r[k].state == rotation_proving || r[k].state == rotation_settling)

active [KEYS] proctype time()
{
    byte k = _pid - 2 * KEYS - 2 * COUNT;
end:
    do
    :: atomic { pending == 0 && DEADLINE_MATTERS && !r[k].deadline -> r[k].deadline = 1 }
    :: atomic { pending == 0 && (r[k].state == rotation_staging || r[k].state == rotation_proving || (REPLACES && r[k].state == rotation_settling)) &&
                !r[k].propagated && r[k].attempt != NOBODY && r[k].flight != ISSUE && !v[r[k].attempt].lags &&
                (!REPLACES || r[k].old == NOBODY || !v[r[k].old].lags) -> r[k].propagated = 1 }
    :: atomic { pending == 0 && r[k].state == rotation_settling && !r[k].grace -> r[k].grace = 1 }
    :: atomic { pending == 0 && (r[k].state == rotation_settling || r[k].state == rotation_attention) && !r[k].receipts -> r[k].receipts = 1 }
    :: atomic { pending == 0 && (r[k].state == rotation_settling || r[k].state == rotation_attention) && !r[k].quiet -> r[k].quiet = 1 }
    od
}

active [COUNT] proctype time_of()
{
    byte i = _pid - 3 * KEYS - 2 * COUNT;
end:
    do
    :: atomic { pending == 0 && v[i].lags -> v[i].lags = 0 }
    :: atomic { pending == 0 && v[i].truth == COMING -> if :: v[i].truth = LIVE :: v[i].truth = NOWHERE fi }
    :: atomic { pending == 0 && v[i].open && v[i].accepted && !v[i].watched && v[i].state == revocation_disabling -> v[i].watched = 1 }
    :: atomic { pending == 0 && v[i].open && v[i].accepted && !v[i].propagated && !v[i].lags -> v[i].propagated = 1 }
    od
}

/* What was asked of the provider may have been done or not: nobody knows. */
inline forget()
{
    for (n : 0 .. KEYS - 1) {
        if
        :: r[n].flight == REST -> skip
        :: r[n].flight == PROBE || r[n].flight == FIND -> r[n].answer = on_unknown + 1
        :: else -> r[n].answer = on_uncertain + 1
        fi
    }
    for (n : 0 .. COUNT - 1) {
        if
        :: v[n].flight == REST -> skip
        :: v[n].flight == PROBE -> v[n].answer = to_unknown + 1
        :: else -> v[n].answer = to_uncertain + 1
        fi
    }
    n = 0
}

active proctype crash()
{
    byte n;
end:
    do
    :: d_step { pending == 0 && crashes > 0 -> crashes--; forget() }
    :: d_step { pending == 0 && renewals > 0 && credential -> renewals--; credential = 0 }
    :: d_step { pending == 0 && !credential -> credential = 1 }
    od
}

/* S3, at each moment: a key that lives and that the store does not hold can be found, for its
 * label is the attempt's that is not known to have ended, or one that stays. */
#define S3_HOLDS(i) (v[i].truth != LIVE || v[i].held != UNHELD || v[i].kept || \
    (r[KEY_OF(i)].attempt == i && (!ISSUES || r[KEY_OF(i)].uncertain || r[KEY_OF(i)].flight == ISSUE)))

/* S4: what is wanted dead has its revocation, and that has a next step. */
#define S4_HOLDS(i) (!v[i].wanted || (v[i].open && (pending > 0 || v[i].flight != REST || v[i].due || v[i].state == revocation_attention)))

/* Its label is told to a person, who decides. */
#define TOLD(i) (r[KEY_OF(i)].state == rotation_attention && r[KEY_OF(i)].attempt == i && r[KEY_OF(i)].uncertain)

/* When nothing can happen any more: nothing lives that is not meant to, and nothing is forgotten. */
inline check_rest()
{
    for (n : 0 .. COUNT - 1) {
        if
        :: r[KEY_OF(n)].beyond -> skip
        :: else ->
            PROMISE(!v[n].wanted, "S4: a revocation rests before its end\n");
            PROMISE(v[n].truth != LIVE || v[n].held != UNHELD || TOLD(n), "S3: a key lives that nobody knows\n");
            PROMISE(v[n].truth != LIVE || v[n].held != DEAD, "S4: a key lives that is held for dead\n");
            PROMISE(v[n].truth == LIVE || v[n].held != CURRENT || meddled || r[KEY_OF(n)].told || (REPLACES && r[KEY_OF(n)].old_dead), "S1: the current key is dead\n")
        fi
    }
    for (n : 0 .. KEYS - 1) {
        PROMISE(r[n].beyond || !ROTATION_IS_OPEN(n) || r[n].state == rotation_attention, "S10: a rotation rests before its end\n")
    }
}

/* --- The world before, and what holds at every end -------------------------------------- */

active proctype world()
{
    byte n;
    d_step {
        for (n : 0 .. KEYS - 1) {
            r[n].new = NOBODY; r[n].attempt = NOBODY; r[n].old = NOBODY;
            r[n].current = NOBODY; r[n].place = NOBODY;
            if
            :: HAS_OLD ->
                v[n * VERSIONS].truth = LIVE; v[n * VERSIONS].held = CURRENT;
                r[n].current = n * VERSIONS; r[n].place = n * VERSIONS; r[n].used = 1
            :: else -> skip
            fi
        }
        n = 0;
        pending = 0
    }
end:
    d_step { timeout -> check_rest(); n = 0 }
}

/* Holds at every moment between two steps. */
active [COUNT] proctype always()
{
    byte i = _pid - 3 * KEYS - 3 * COUNT - 2;
end:
    do
    :: d_step { pending == 0 && !S3_HOLDS(i) -> PROMISE(false, "S3: a key lives whose label nobody keeps\n") }
    :: d_step { pending == 0 && !S4_HOLDS(i) -> PROMISE(false, "S4: a revocation has no next step\n") }
    od
}

/* --- Reconciliation ---------------------------------------------------------------- */

/* Looks for the labels that are kept, at any time after they were: what the provider answers becomes of
 * label_next(). Where it cannot be asked, a person looks, kills what is there, and says so. */
active [COUNT] proctype reconciliation()
{
    byte i = _pid - 3 * KEYS - 4 * COUNT - 2;
    byte k = (_pid - 3 * KEYS - 4 * COUNT - 2) / VERSIONS;
end:
    do
    :: d_step { pending == 0 && v[i].kept && FINDS && v[i].truth == LIVE && v[i].held == UNHELD && !v[i].lags &&
                c_expr { (label_is_condemned(Preconciliation->i)) } ->
        v[i].kept = 0; r[k].found = i; hear(r[k], on_stray) }
    :: d_step { pending == 0 && v[i].kept && FINDS && v[i].truth != LIVE &&
                c_expr { (label_is_closed(Preconciliation->i)) } ->
        v[i].kept = 0 }
    :: d_step { pending == 0 && v[i].kept && !FINDS && v[i].truth == LIVE && v[i].held == UNHELD &&
                c_expr { (label_is_condemned(Preconciliation->i)) } ->
        v[i].truth = REVOKED; v[i].kept = 0 }
    od
}
