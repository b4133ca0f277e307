/* Every way a rotation can go, with a world that does anything at any time.
 *
 * The world is a handful of bits: what is stored, and what really happened (the
 * ghosts delivered and promoted). From idle, every event is tried in every
 * world that can be reached, and the promises are asserted on every step. */
#include "rotation/rotation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SETTLE = 2 };

struct world {
    unsigned state : 4, from : 4, alive : 2;
    unsigned can_issue : 1, can_find : 1, has_old : 1; /* never change */
    unsigned uncertain : 1, new_exists : 1, new_condemned : 1;
    unsigned old_condemned : 1, emergency : 1, old_dead : 1;
    unsigned delivered : 1, promoted : 1; /* ghosts: new is everywhere; new is current */
    unsigned grace : 1, readers : 1;
    unsigned replaces : 1; /* never changes: issuing kills old */
};
enum { WORLD_BITS = 24 };

/* What is true only for the one event. */
struct moment {
    enum rotation_event event;
    bool propagation, deadline, fits, sealed, reversible;
};

struct step {
    struct world before, after;
    struct moment moment;
    struct rotation_facts facts;
    struct rotation_decision decision;
};

static uint32_t world_pack(struct world w)
{
    return (uint32_t)w.state | (uint32_t)w.from << 4 | (uint32_t)w.alive << 8 |
           (uint32_t)w.can_issue << 10 | (uint32_t)w.can_find << 11 | (uint32_t)w.has_old << 12 |
           (uint32_t)w.uncertain << 13 | (uint32_t)w.new_exists << 14 |
           (uint32_t)w.new_condemned << 15 | (uint32_t)w.old_condemned << 16 |
           (uint32_t)w.emergency << 17 | (uint32_t)w.old_dead << 18 | (uint32_t)w.delivered << 19 |
           (uint32_t)w.promoted << 20 | (uint32_t)w.grace << 21 | (uint32_t)w.readers << 22 |
           (uint32_t)w.replaces << 23;
}

static struct world world_unpack(uint32_t p)
{
    return (struct world){
        .state = p & 15, .from = p >> 4 & 15, .alive = p >> 8 & 3,
        .can_issue = p >> 10 & 1, .can_find = p >> 11 & 1, .has_old = p >> 12 & 1,
        .uncertain = p >> 13 & 1, .new_exists = p >> 14 & 1, .new_condemned = p >> 15 & 1,
        .old_condemned = p >> 16 & 1, .emergency = p >> 17 & 1, .old_dead = p >> 18 & 1,
        .delivered = p >> 19 & 1, .promoted = p >> 20 & 1, .grace = p >> 21 & 1,
        .readers = p >> 22 & 1, .replaces = p >> 23 & 1,
    };
}

static bool world_is_staging(struct world w)
{
    return w.state == ROTATION_STAGING ||
           (w.state == ROTATION_ATTENTION && w.from == ROTATION_STAGING);
}

static bool world_is_settling(struct world w)
{
    return w.state == ROTATION_SETTLING ||
           (w.state == ROTATION_ATTENTION && w.from == ROTATION_SETTLING);
}

static bool old_is_lost(struct world w)
{
    return w.has_old && (w.old_condemned || w.old_dead);
}

/* Can this event happen at all? Only what contradicts the world's own facts cannot. */
static bool moment_is_possible(struct world w, struct moment m)
{
    bool about_issue = m.event == ROTATION_ON_ISSUED || m.event == ROTATION_ON_UNCERTAIN ||
                       m.event == ROTATION_ON_REFUSED || m.event == ROTATION_ON_UNSENT;
    if (about_issue && world_is_staging(w) && !(w.can_issue && w.uncertain))
        return false;
    if (m.event == ROTATION_ON_OLD_DEAD)
        return w.has_old && !w.old_dead;
    if (m.event == ROTATION_ON_OLD_RESTORED)
        return w.old_condemned && !w.emergency && !w.old_dead;
    return !m.reversible || (w.old_condemned && !w.emergency && !w.old_dead);
}

/* What the event itself makes true. */
static void world_take_event(struct world *w, struct moment m)
{
    bool verdict_waited = w->new_exists;
    if (m.event == ROTATION_ON_ALIVE && verdict_waited && w->alive < SETTLE)
        w->alive++;
    if (m.event == ROTATION_ON_DEAD || m.event == ROTATION_ON_UNFIT)
        w->alive = 0;
    if ((m.event == ROTATION_ON_ISSUED || m.event == ROTATION_ON_SUPPLIED) && m.sealed &&
        world_is_staging(*w))
        w->new_exists = 1;
    if (m.event == ROTATION_ON_ISSUED || m.event == ROTATION_ON_REFUSED ||
        m.event == ROTATION_ON_UNSENT)
        w->uncertain = 0;
    bool replaced = w->replaces && (m.event == ROTATION_ON_ISSUED || m.event == ROTATION_ON_FOUND_BARE);
    if (m.event == ROTATION_ON_OLD_DEAD || (replaced && world_is_staging(*w)))
        w->old_dead = 1;
}

static struct rotation_facts world_facts(struct world w, struct moment m)
{
    return (struct rotation_facts){
        .resume_state = (enum rotation_state)w.from,
        .alive_in_row = w.alive,
        .settle = SETTLE,
        .provider_can_issue = w.can_issue && !(w.replaces && old_is_lost(w)),
        .provider_can_find = w.replaces ? !old_is_lost(w) : w.can_find,
        .replaces_old = w.replaces,
        .attempt_uncertain = w.uncertain,
        .supplied_fits = m.fits,
        .new_exists = w.new_exists,
        .new_condemned = w.new_condemned,
        .has_old = w.has_old,
        .old_condemned = w.old_condemned,
        .old_dead = w.old_dead,
        .old_reversible = m.reversible,
        .emergency = w.emergency,
        .propagation_passed = m.propagation,
        .deadline_passed = m.deadline,
        .grace_passed = w.grace,
        .receipts_in = w.readers,
        .old_quiet = w.readers,
    };
}

static void world_take_effects(struct world *w, struct moment m,
                               const struct rotation_decision *decision)
{
    if (m.event == ROTATION_ON_DELIVERED)
        w->delivered = 1;
    if (m.event == ROTATION_ON_OLD_RESTORED)
        w->old_condemned = 0;
    if (m.event == ROTATION_ON_EMERGENCY)
        w->emergency = 1;
    if (rotation_does(decision, ROTATION_DO_CONDEMN_OLD))
        w->old_condemned = 1;
    if (rotation_does(decision, ROTATION_DO_CONDEMN_NEW))
        w->new_condemned = 1;
    if (rotation_does(decision, ROTATION_DO_CONDEMN_FOUND))
        w->uncertain = 0;
    if (rotation_does(decision, ROTATION_DO_PROMOTE))
        w->promoted = 1;
    if (rotation_does(decision, ROTATION_DO_RESTORE_OLD))
        w->promoted = 0;
    if (rotation_does(decision, ROTATION_DO_UNDO))
        w->delivered = 0;
    if (rotation_does(decision, ROTATION_DO_ISSUE))
        w->uncertain = 1;
}

static void world_go(struct world *w, enum rotation_state next)
{
    if (next == ROTATION_ATTENTION && w->state != ROTATION_ATTENTION)
        w->from = w->state;
    w->state = (unsigned)next & 15u;
    if (next != ROTATION_ATTENTION)
        w->from = ROTATION_IDLE;
    if (!world_is_settling(*w))
        w->grace = w->readers = 0;
    /* In a closed rotation nothing but the state matters any more. */
    if (next == ROTATION_DONE || next == ROTATION_FAILED)
        w->alive = w->uncertain = 0;
}

static bool step_take(struct world before, struct moment moment, struct step *ret_step)
{
    if (!moment_is_possible(before, moment))
        return false;
    struct world w = before;
    world_take_event(&w, moment);
    struct rotation_facts facts = world_facts(w, moment);
    struct rotation_decision decision =
        rotation_next((enum rotation_state)before.state, moment.event, &facts);
    if (decision.answer == ROTATION_REFUSED)
        w = before;
    if (decision.answer == ROTATION_MOVED) {
        world_take_effects(&w, moment, &decision);
        world_go(&w, decision.next);
    }
    *ret_step = (struct step){ before, w, moment, facts, decision };
    return true;
}

/* The promises, each on one step. */

static void assert_S1(const struct step *s)
{
    if (!rotation_does(&s->decision, ROTATION_DO_CONDEMN_OLD) || s->facts.old_condemned ||
        s->moment.event == ROTATION_ON_EMERGENCY)
        return;
    assert_true(s->before.delivered);
    assert_true(s->before.promoted);
    assert_true(s->before.grace || s->facts.old_dead);
    assert_true(s->before.alive == SETTLE);
    assert_true(s->before.readers || s->facts.old_dead || s->moment.event == ROTATION_ON_GO_ON);
    assert_false(s->before.new_condemned);
}

static void assert_S2(const struct step *s)
{
    bool undecided = s->moment.event == ROTATION_ON_UNKNOWN ||
                     s->moment.event == ROTATION_ON_UNCERTAIN ||
                     s->moment.event == ROTATION_ON_UNSENT;
    bool turned_round = s->before.state == ROTATION_UNDOING && old_is_lost(s->before);
    if (!undecided || turned_round)
        return;
    assert_true(s->after.state == s->before.state || s->after.state == ROTATION_ATTENTION);
    assert_int_equal(s->decision.effects & (1u << ROTATION_DO_CONDEMN_FOUND |
                                            1u << ROTATION_DO_CONDEMN_NEW |
                                            1u << ROTATION_DO_CONDEMN_OLD |
                                            1u << ROTATION_DO_RESTORE_OLD |
                                            1u << ROTATION_DO_PROMOTE),
                     0);
}

static void assert_S3_nothing_is_issued_blindly(const struct step *s)
{
    if (!rotation_does(&s->decision, ROTATION_DO_ISSUE) || !s->facts.attempt_uncertain)
        return;
    if (rotation_does(&s->decision, ROTATION_DO_CONDEMN_FOUND))
        return;
    /* Old lives: it was not replaced, and the attempt has an end. */
    if (s->facts.replaces_old && s->moment.event == ROTATION_ON_NOT_FOUND && s->moment.propagation)
        return;
    assert_true(rotation_does(&s->decision, ROTATION_DO_KEEP_LABEL));
    assert_true(s->moment.event == ROTATION_ON_RETRY ||
                (s->moment.event == ROTATION_ON_NOT_FOUND && s->moment.propagation));
}

static void assert_S3_no_key_is_left_behind(const struct step *s)
{
    if (s->decision.answer != ROTATION_MOVED)
        return;
    bool left_staging = world_is_staging(s->before) && !world_is_staging(s->after);
    if (left_staging && s->facts.attempt_uncertain)
        assert_true(rotation_does(&s->decision, ROTATION_DO_KEEP_LABEL));
    if (s->after.state == ROTATION_FAILED && s->after.new_exists)
        assert_true(s->after.new_condemned);
    if (s->after.state == ROTATION_DONE) {
        assert_true(s->after.promoted && !s->after.new_condemned);
        assert_true(!s->after.has_old || (s->after.old_condemned && s->after.old_dead));
    }
}

static void assert_no_condemned_key_is_put_anywhere(const struct step *s)
{
    if (rotation_does(&s->decision, ROTATION_DO_UNDO) ||
        rotation_does(&s->decision, ROTATION_DO_RESTORE_OLD))
        assert_false(old_is_lost(s->before));
    if (rotation_does(&s->decision, ROTATION_DO_DELIVER) ||
        rotation_does(&s->decision, ROTATION_DO_PROMOTE))
        assert_false(s->before.new_condemned);
}

static void assert_what_failed_leaves_old_current(const struct step *s)
{
    if (s->after.state == ROTATION_FAILED && s->before.state != ROTATION_FAILED &&
        s->after.has_old && !old_is_lost(s->after))
        assert_false(s->after.promoted);
}

static void assert_emergencies_are_never_held_up(const struct step *s)
{
    if (!rotation_state_is_open((enum rotation_state)s->before.state))
        return;
    if (s->moment.event == ROTATION_ON_EMERGENCY && s->before.has_old)
        assert_true(rotation_does(&s->decision, ROTATION_DO_CONDEMN_OLD));
    if (s->moment.event == ROTATION_ON_EMERGENCY_NEW && s->before.new_exists)
        assert_true(rotation_does(&s->decision, ROTATION_DO_CONDEMN_NEW));
}

/* An effect that goes out needs a commit of its own state first; none is ever lost in attention. */
static void assert_attention_remembers_where_from(const struct step *s)
{
    if (s->after.state == ROTATION_ATTENTION)
        assert_true(s->after.from == ROTATION_STAGING || s->after.from == ROTATION_PROVING ||
                    s->after.from == ROTATION_DELIVERING || s->after.from == ROTATION_UNDOING ||
                    s->after.from == ROTATION_SETTLING);
}

typedef void step_check(const struct step *);

/* The search: worlds reached, in the order they were. */
struct search {
    unsigned char *seen; /* by packed world */
    uint32_t *worlds;
    size_t count;
};

static void search_add(struct search *search, struct world w)
{
    uint32_t packed = world_pack(w);
    if (search->seen[packed])
        return;
    search->seen[packed] = 1;
    search->worlds[search->count++] = packed;
}

typedef void step_visit(const struct step *, void *context);

static void each_moment(struct world w, enum rotation_event event, step_visit *visit, void *context)
{
    for (unsigned bits = 0; bits < 32; bits++) {
        struct moment moment = { event, bits & 1, bits & 2, bits & 4, bits & 8, bits & 16 };
        bool supply = event == ROTATION_ON_SUPPLIED;
        /* Each flag is tried only with the events that it can make a difference to. */
        if ((moment.fits && !supply) || (moment.sealed && !supply && event != ROTATION_ON_ISSUED) ||
            (moment.reversible && event != ROTATION_ON_ROLL_BACK))
            continue;
        struct step step;
        if (step_take(w, moment, &step))
            visit(&step, context);
    }
}

static void each_step(struct world w, step_visit *visit, void *context)
{
    for (unsigned event = 0; event < ROTATION_EVENT_COUNT; event++)
        each_moment(w, (enum rotation_event)event, visit, context);
}

static void visit_add(const struct step *step, void *context)
{
    search_add(context, step->after);
}

/* Time and readers move by themselves while a rotation settles. */
static void search_add_neighbours(struct search *search, struct world w)
{
    each_step(w, visit_add, search);
    if (!world_is_settling(w))
        return;
    struct world later = w, moved = w, back = w;
    later.grace = 1;
    moved.readers = 1;
    back.readers = 0; /* old is used again */
    search_add(search, later);
    search_add(search, moved);
    search_add(search, back);
}

static int search_all(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    assert_non_null(search);
    search->seen = calloc(1u << WORLD_BITS, 1);
    search->worlds = calloc(1u << WORLD_BITS, sizeof *search->worlds);
    assert_non_null(search->seen);
    assert_non_null(search->worlds);
    for (unsigned config = 0; config < 8; config++) {
        struct world start = { .state = ROTATION_IDLE, .can_issue = config & 1,
                               .can_find = config >> 1 & 1, .has_old = config >> 2 & 1 };
        search_add(search, start);
    }
    const struct world replaces = { .state = ROTATION_IDLE, .can_issue = 1, .has_old = 1, .replaces = 1 };
    search_add(search, replaces);
    for (size_t i = 0; i < search->count; i++)
        search_add_neighbours(search, world_unpack(search->worlds[i]));
    *state = search;
    return 0;
}

static int search_free(void **state)
{
    struct search *search = *state;
    free(search->seen);
    free(search->worlds);
    free(search);
    return 0;
}

static void visit_check(const struct step *step, void *context)
{
    step_check **check = context;
    (*check)(step);
}

static void check_everywhere(void **state, step_check *check)
{
    const struct search *search = *state;
    for (size_t i = 0; i < search->count; i++)
        each_step(world_unpack(search->worlds[i]), visit_check, &check);
}

static void test_S1_old_is_condemned_only_after_proof_delivery_receipts_and_grace(void **state)
{
    check_everywhere(state, assert_S1);
}

static void test_S2_unknown_moves_neither_forward_nor_back(void **state)
{
    check_everywhere(state, assert_S2);
}

static void test_S3_nothing_is_issued_again_blindly(void **state)
{
    check_everywhere(state, assert_S3_nothing_is_issued_blindly);
}

static void test_S3_no_key_is_left_behind(void **state)
{
    check_everywhere(state, assert_S3_no_key_is_left_behind);
}

static void test_no_condemned_key_is_put_anywhere(void **state)
{
    check_everywhere(state, assert_no_condemned_key_is_put_anywhere);
}

static void test_what_failed_leaves_old_current(void **state)
{
    check_everywhere(state, assert_what_failed_leaves_old_current);
}

static void test_R22_emergencies_are_never_held_up(void **state)
{
    check_everywhere(state, assert_emergencies_are_never_held_up);
}

static void test_attention_remembers_where_it_came_from(void **state)
{
    check_everywhere(state, assert_attention_remembers_where_from);
}

/* The search must have been everywhere, or the promises above were asserted of nothing. */
static void test_every_state_is_reached(void **state)
{
    const struct search *search = *state;
    unsigned reached = 0;
    for (size_t i = 0; i < search->count; i++)
        reached |= 1u << world_unpack(search->worlds[i]).state;
    assert_int_equal(reached, (1u << ROTATION_STATE_COUNT) - 1);
}

struct way_out {
    const unsigned char *ends; /* worlds from which an end is known to be reachable */
    bool found;
};

static void visit_way_out(const struct step *step, void *context)
{
    struct way_out *way = context;
    bool emergency = step->moment.event == ROTATION_ON_EMERGENCY ||
                     step->moment.event == ROTATION_ON_EMERGENCY_NEW;
    if (!emergency && way->ends[world_pack(step->after)])
        way->found = true;
}

static bool world_has_way_out(struct world w, const unsigned char *ends)
{
    struct world later = w, moved = w;
    later.grace = 1;
    moved.readers = 1;
    if (world_is_settling(w) && (ends[world_pack(later)] || ends[world_pack(moved)]))
        return true;
    struct way_out way = { .ends = ends };
    each_step(w, visit_way_out, &way);
    return way.found;
}

static void test_every_open_state_has_a_way_out_without_an_emergency(void **state)
{
    const struct search *search = *state;
    unsigned char *ends = calloc(1u << WORLD_BITS, 1);
    assert_non_null(ends);
    size_t open = search->count, before;
    do {
        before = open;
        open = 0;
        for (size_t i = search->count; i-- > 0;) {
            struct world w = world_unpack(search->worlds[i]);
            unsigned char *end = &ends[search->worlds[i]];
            if (!*end)
                *end = w.state == ROTATION_DONE || w.state == ROTATION_FAILED ||
                       world_has_way_out(w, ends);
            open += !*end;
        }
    } while (open != before);
    free(ends);
    assert_int_equal(open, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S1_old_is_condemned_only_after_proof_delivery_receipts_and_grace),
        cmocka_unit_test(test_S2_unknown_moves_neither_forward_nor_back),
        cmocka_unit_test(test_S3_nothing_is_issued_again_blindly),
        cmocka_unit_test(test_S3_no_key_is_left_behind),
        cmocka_unit_test(test_no_condemned_key_is_put_anywhere),
        cmocka_unit_test(test_what_failed_leaves_old_current),
        cmocka_unit_test(test_R22_emergencies_are_never_held_up),
        cmocka_unit_test(test_attention_remembers_where_it_came_from),
        cmocka_unit_test(test_every_state_is_reached),
        cmocka_unit_test(test_every_open_state_has_a_way_out_without_an_emergency),
    };
    return cmocka_run_group_tests(tests, search_all, search_free);
}
