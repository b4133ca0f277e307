/* The model's facts, put to the code's tables. Included by the verifier, which owns `now`.
 *
 * The answers are kept outside the model's state: each is used up within the indivisible step
 * that asked. Which rows were ever taken is noted, and printed when the search ends. */
#ifndef KEYTURN_MODEL_TABLES_H
#define KEYTURN_MODEL_TABLES_H

#include <stdio.h>
#include <stdlib.h>

static struct rotation_decision rotation;
static struct revocation_decision revocation;

enum { ROWS = 256, NO_VERSION = 31, COMING_TRUTH = 1 };
static const char *rows_taken[ROWS];

static void print_rows(void)
{
    printf("rows:");
    for (int i = 0; i < ROWS && rows_taken[i]; i++)
        printf(" %s", rows_taken[i]);
    printf("\n");
}

static void note_row(const char *row)
{
    if (!rows_taken[0])
        atexit(print_rows);
    int i = 0;
    while (row && i < ROWS && rows_taken[i] && rows_taken[i] != row)
        i++;
    if (row && i < ROWS)
        rows_taken[i] = row;
}

/* Where issuing kills the old version it is asked with that one, and a look is a probe of it. */
static bool old_lives(int k)
{
    return now.r[k].old != NO_VERSION && !now.r[k].old_condemned && !now.r[k].old_dead;
}

static struct rotation_decision rotation_asked(int k, int event)
{
    struct rotation_facts facts = {
        .resume_state = (enum rotation_state)now.r[k].resume,
        .alive_in_row = now.r[k].alive_row,
        .settle = SETTLE,
        .provider_can_issue = ISSUES && (!REPLACES || old_lives(k)),
        .provider_can_find = REPLACES ? old_lives(k) : FINDS,
        .replaces_old = REPLACES && now.r[k].old != NO_VERSION,
        .attempt_uncertain = now.r[k].uncertain,
        .supplied_fits = true,
        .new_exists = now.r[k].new != NO_VERSION,
        .new_condemned = now.r[k].new_condemned,
        .has_old = now.r[k].old != NO_VERSION,
        .old_condemned = now.r[k].old_condemned,
        .old_dead = now.r[k].old_dead,
        .old_reversible = now.r[k].old_condemned && !now.r[k].emergency && !now.r[k].old_dead && DISABLES,
        .emergency = now.r[k].emergency,
        .propagation_passed = now.r[k].propagated,
        .deadline_passed = now.r[k].deadline,
        .grace_passed = now.r[k].grace,
        .receipts_in = now.r[k].receipts,
        .old_quiet = now.r[k].quiet,
    };
    return rotation_next((enum rotation_state)now.r[k].state, (enum rotation_event)event, &facts);
}

static void ask_rotation(int k, int event)
{
    rotation = rotation_asked(k, event);
    note_row(rotation.row);
}

/* Unknown and uncertain may leave the state, or bring it to a person; they condemn, promote and restore nothing. */
static bool rotation_stays(int state)
{
    uint32_t moving = 1u << ROTATION_DO_CONDEMN_FOUND | 1u << ROTATION_DO_CONDEMN_NEW |
                      1u << ROTATION_DO_CONDEMN_OLD | 1u << ROTATION_DO_RESTORE_OLD | 1u << ROTATION_DO_PROMOTE;
    bool stays = (int)rotation.next == state || rotation.next == ROTATION_ATTENTION;
    return stays && !(rotation.effects & moving);
}

/* Would the event lead to another state? */
static bool rotation_moves(int k, int event)
{
    struct rotation_decision would = rotation_asked(k, event);
    return would.answer == ROTATION_MOVED && (int)would.next != now.r[k].state;
}

/* Would it be taken at all? What a person may ask is refused by name otherwise. */
static bool rotation_takes(int k, int event)
{
    return rotation_asked(k, event).answer == ROTATION_MOVED;
}

/* Time that only says "wait on" changes nothing. */
static bool rotation_takes_time(int k)
{
    struct rotation_decision would = rotation_asked(k, ROTATION_ON_TIME);
    uint32_t idle = 1u << ROTATION_DO_WAIT | 1u << ROTATION_TELL_REMIND;
    return would.answer == ROTATION_MOVED && ((int)would.next != now.r[k].state || (would.effects & ~idle));
}

/* The facts of a label that is kept: nothing that is looked for is held. */
static enum label_move label_asked(int i, enum label_answer answer, bool horizon_passed)
{
    int k = i / VERSIONS;
    int state = now.r[k].state == ROTATION_ATTENTION ? now.r[k].resume : now.r[k].state;
    struct label_facts facts = {
        .awaited = now.r[k].attempt == i && state == ROTATION_STAGING,
        .horizon_passed = horizon_passed,
    };
    return label_next(answer, &facts);
}

static bool label_is_condemned(int i)
{
    return label_asked(i, LABEL_FOUND, false) == LABEL_CONDEMN;
}

/* The horizon is past when nothing can land any more. */
static bool label_is_closed(int i)
{
    bool may_land = now.v[i].truth == COMING_TRUTH;
    return label_asked(i, LABEL_NOT_FOUND, !may_land) == LABEL_CLOSE_ABSENT;
}

static struct revocation_decision revocation_asked(int i, int event)
{
    int k = i / VERSIONS;
    struct revocation_facts facts = {
        .resume_state = (enum revocation_state)now.v[i].resume,
        .dead_in_row = now.v[i].dead_row,
        .alive_in_row = now.v[i].alive_row,
        .settle = SETTLE,
        .can_disable = DISABLES,
        .can_revoke = REVOKES,
        .emergency = now.v[i].emergency,
        .step_accepted = now.v[i].accepted,
        .watch_passed = now.v[i].watched,
        .may_roll_back = now.r[k].state == ROTATION_RETIRING && now.r[k].old == i,
        .propagation_passed = now.v[i].propagated,
    };
    return revocation_next((enum revocation_state)now.v[i].state, (enum revocation_event)event, &facts);
}

static void ask_revocation(int i, int event)
{
    revocation = revocation_asked(i, event);
    note_row(revocation.row);
}

static bool revocation_stays(int state)
{
    uint32_t moving = 1u << REVOCATION_DO_RECORD_DEATH | 1u << REVOCATION_DO_RESTORE;
    bool stays = (int)revocation.next == state || revocation.next == REVOCATION_ATTENTION;
    return stays && !(revocation.effects & moving);
}

static bool revocation_takes(int i, int event)
{
    return revocation_asked(i, event).answer == REVOCATION_MOVED;
}

static bool revocation_takes_time(int i)
{
    struct revocation_decision would = revocation_asked(i, REVOCATION_ON_TIME);
    uint32_t idle = 1u << REVOCATION_DO_WAIT | 1u << REVOCATION_TELL_REMIND;
    return would.answer == REVOCATION_MOVED && ((int)would.next != now.v[i].state || (would.effects & ~idle));
}

#endif
