/* The revocation table: complete and without two answers; every way it can go;
 * and the rows that carry S2 and S4, with the edge of each guard. */
#include "rotation/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DO(effect) (1u << REVOCATION_DO_##effect)
#define TELL(effect) (1u << REVOCATION_TELL_##effect)

enum { SETTLE = 2, FLAG_COUNT = 9 };

static struct revocation_facts facts_make(unsigned flags, enum revocation_state from)
{
    return (struct revocation_facts){
        .resume_state = from,
        .dead_in_row = flags & 1 ? SETTLE : SETTLE - 1,
        .alive_in_row = flags >> 1 & 1 ? SETTLE : SETTLE - 1,
        .settle = SETTLE,
        .can_disable = flags >> 2 & 1,
        .can_revoke = flags >> 3 & 1,
        .emergency = flags >> 4 & 1,
        .step_accepted = flags >> 5 & 1,
        .watch_passed = flags >> 6 & 1,
        .may_roll_back = flags >> 7 & 1,
        .propagation_passed = flags >> 8 & 1,
    };
}

/* Which rows were given at least once. */
struct seen {
    const char *rows[128];
    size_t count;
};

static void seen_add(struct seen *seen, const char *row)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->rows[i], row) == 0)
            return;
    assert_true(seen->count < sizeof seen->rows / sizeof seen->rows[0]);
    seen->rows[seen->count++] = row;
}

static void assert_one_answer(enum revocation_state state, enum revocation_event event,
                              const struct revocation_facts *facts, struct seen *seen)
{
    struct revocation_decision decision = revocation_next(state, event, facts);
    unsigned holding = revocation_rows_holding(state, event, facts);
    if (holding > 1)
        fail_msg("%s × %s: %u rows hold at once", revocation_state_name(state),
                 revocation_event_name(event), holding);
    if (decision.reason && strstr(decision.reason, "no row of the table"))
        fail_msg("%s × %s: a gap", revocation_state_name(state), revocation_event_name(event));
    assert_int_equal(decision.answer == REVOCATION_MOVED, decision.row != NULL);
    assert_int_equal(decision.answer == REVOCATION_REFUSED, decision.reason != NULL);
    if (decision.answer == REVOCATION_REFUSED) {
        assert_int_equal(decision.next, state);
        assert_int_equal(decision.effects, 0);
    } else {
        seen_add(seen, decision.row);
    }
}

static void try_all_facts(enum revocation_state state, enum revocation_event event,
                          struct seen *seen)
{
    for (unsigned from = 0; from < REVOCATION_STATE_COUNT; from++)
        for (unsigned flags = 0; flags < 1u << FLAG_COUNT; flags++) {
            struct revocation_facts facts = facts_make(flags, (enum revocation_state)from);
            assert_one_answer(state, event, &facts, seen);
        }
}

static void test_every_state_and_event_has_exactly_one_answer(void **unused)
{
    (void)unused;
    struct seen seen = { .count = 0 };
    for (unsigned state = 0; state < REVOCATION_STATE_COUNT; state++)
        for (unsigned event = 0; event < REVOCATION_EVENT_COUNT; event++)
            try_all_facts((enum revocation_state)state, (enum revocation_event)event, &seen);

    /* And no row is dead: each was the answer to something. */
    char line[TABLE_LINE_BYTES];
    assert_true(table_row_line(TABLE_REVOCATION, seen.count - 1, line));
    assert_false(table_row_line(TABLE_REVOCATION, seen.count, line));
}

/* The world of the walk. revoked and disabled are ghosts: what the provider really accepted. */
struct world {
    unsigned state : 4, from : 4, dead : 2, alive : 2;
    unsigned can_disable : 1, can_revoke : 1, may_roll_back : 1;
    unsigned emergency : 1, accepted : 1, watched : 1, revoked : 1, disabled : 1;
};
enum { WORLD_BITS = 20 };

struct step {
    struct world before, after;
    enum revocation_event event;
    struct revocation_facts facts;
    struct revocation_decision decision;
};

static uint32_t world_pack(struct world w)
{
    return (uint32_t)w.state | (uint32_t)w.from << 4 | (uint32_t)w.dead << 8 |
           (uint32_t)w.alive << 10 | (uint32_t)w.can_disable << 12 | (uint32_t)w.can_revoke << 13 |
           (uint32_t)w.may_roll_back << 14 | (uint32_t)w.emergency << 15 |
           (uint32_t)w.accepted << 16 | (uint32_t)w.watched << 17 | (uint32_t)w.revoked << 18 |
           (uint32_t)w.disabled << 19;
}

static struct world world_unpack(uint32_t p)
{
    return (struct world){
        .state = p & 15, .from = p >> 4 & 15, .dead = p >> 8 & 3, .alive = p >> 10 & 3,
        .can_disable = p >> 12 & 1, .can_revoke = p >> 13 & 1, .may_roll_back = p >> 14 & 1,
        .emergency = p >> 15 & 1, .accepted = p >> 16 & 1, .watched = p >> 17 & 1,
        .revoked = p >> 18 & 1, .disabled = p >> 19 & 1,
    };
}

static void world_take_event(struct world *w, enum revocation_event event)
{
    bool accepted = event == REVOCATION_ON_DISABLED || event == REVOCATION_ON_ACCEPTED;
    if (accepted)
        w->accepted = 1;
    if (event == REVOCATION_ON_DEAD)
        w->alive = 0;
    if (event == REVOCATION_ON_DEAD && w->dead < SETTLE)
        w->dead++;
    if (event == REVOCATION_ON_ALIVE || event == REVOCATION_ON_UNFIT)
        w->dead = 0;
    if (event == REVOCATION_ON_ALIVE && w->alive < SETTLE)
        w->alive++;
    if (event == REVOCATION_ON_EMERGENCY)
        w->emergency = 1;
}

static void world_go(struct world *w, const struct revocation_decision *decision,
                     enum revocation_event event)
{
    enum revocation_state before = (enum revocation_state)w->state;
    if (event == REVOCATION_ON_DISABLED && before == REVOCATION_DISABLING)
        w->disabled = 1;
    if (before == REVOCATION_REVOKING && event == REVOCATION_ON_ACCEPTED)
        w->revoked = 1, w->dead = 0;
    if (event == REVOCATION_ON_ALREADY_GONE)
        w->revoked = 1;
    if (decision->next == before)
        return;
    if (decision->next == REVOCATION_ATTENTION)
        w->from = before;
    else if (before != REVOCATION_ATTENTION || decision->next != (enum revocation_state)w->from)
        w->accepted = w->watched = 0;
    if (decision->next != REVOCATION_ATTENTION)
        w->from = 0;
    w->state = (unsigned)decision->next & 15u;
}

static struct step step_take(struct world before, enum revocation_event event, bool propagation)
{
    struct world w = before;
    world_take_event(&w, event);
    struct revocation_facts facts = {
        .resume_state = (enum revocation_state)w.from,
        .dead_in_row = w.dead,
        .alive_in_row = w.alive,
        .settle = SETTLE,
        .can_disable = w.can_disable,
        .can_revoke = w.can_revoke,
        .emergency = w.emergency,
        .step_accepted = w.accepted,
        .watch_passed = w.watched,
        .may_roll_back = w.may_roll_back,
        .propagation_passed = propagation,
    };
    struct revocation_decision decision =
        revocation_next((enum revocation_state)before.state, event, &facts);
    if (decision.answer == REVOCATION_REFUSED)
        w = before;
    else
        world_go(&w, &decision, event);
    return (struct step){ before, w, event, facts, decision };
}

typedef void step_visit(const struct step *, void *context);

static void each_step(struct world w, step_visit *visit, void *context)
{
    for (unsigned event = 0; event < REVOCATION_EVENT_COUNT; event++)
        for (unsigned propagation = 0; propagation < 2; propagation++) {
            struct step step = step_take(w, (enum revocation_event)event, propagation != 0);
            visit(&step, context);
        }
}

struct search {
    unsigned char *seen;
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

static void visit_add(const struct step *step, void *context)
{
    search_add(context, step->after);
}

/* The watch time passes by itself once the key is disabled. */
static struct world world_later(struct world w)
{
    w.watched = w.accepted;
    return w;
}

static int search_all(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    assert_non_null(search);
    search->seen = calloc(1u << WORLD_BITS, 1);
    search->worlds = calloc(1u << WORLD_BITS, sizeof *search->worlds);
    assert_non_null(search->seen);
    assert_non_null(search->worlds);
    for (unsigned config = 0; config < 16; config++) {
        struct world start = { .state = REVOCATION_REQUESTED, .can_disable = config & 1,
                               .can_revoke = config >> 1 & 1, .may_roll_back = config >> 2 & 1,
                               .emergency = config >> 3 & 1 };
        search_add(search, start);
    }
    for (size_t i = 0; i < search->count; i++) {
        struct world w = world_unpack(search->worlds[i]);
        each_step(w, visit_add, search);
        search_add(search, world_later(w));
    }
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

static void check_everywhere(void **state, step_visit *check)
{
    const struct search *search = *state;
    for (size_t i = 0; i < search->count; i++)
        each_step(world_unpack(search->worlds[i]), check, NULL);
}

static void assert_ends_with_proof(const struct step *s, void *unused)
{
    (void)unused;
    if (!revocation_state_is_open((enum revocation_state)s->before.state))
        assert_int_equal(s->decision.answer, REVOCATION_REFUSED);
    else if (s->decision.next == REVOCATION_DEAD) {
        assert_int_equal(s->event, REVOCATION_ON_DEAD);
        assert_int_equal(s->after.dead, SETTLE);
        assert_true(!s->before.disabled || s->before.revoked);
        assert_true(revocation_does(&s->decision, REVOCATION_DO_RECORD_DEATH));
    } else if (s->decision.next == REVOCATION_RESTORED) {
        assert_true(s->before.may_roll_back && !s->before.emergency && !s->before.revoked);
        assert_true(!s->before.disabled || s->after.alive == SETTLE);
    }
}

static void test_S4_ends_only_with_proof_of_death_or_restored(void **state)
{
    check_everywhere(state, assert_ends_with_proof);
}

static void assert_unknown_moves_nothing(const struct step *s, void *unused)
{
    (void)unused;
    if (s->event == REVOCATION_ON_UNKNOWN || s->event == REVOCATION_ON_UNCERTAIN)
        assert_int_equal(s->after.state, s->before.state);
}

static void test_K08_S2_unknown_moves_neither_forward_nor_back(void **state)
{
    check_everywhere(state, assert_unknown_moves_nothing);
}

static void assert_revoked_is_never_enabled(const struct step *s, void *unused)
{
    (void)unused;
    if (!revocation_does(&s->decision, REVOCATION_DO_ENABLE))
        return;
    assert_false(s->before.revoked);
    assert_false(s->after.emergency);
    assert_true(s->before.may_roll_back);
}

static void test_S4_a_revoke_or_an_emergency_is_never_rolled_back(void **state)
{
    check_everywhere(state, assert_revoked_is_never_enabled);
}

static void assert_emergency_goes_on(const struct step *s, void *unused)
{
    (void)unused;
    bool open = revocation_state_is_open((enum revocation_state)s->before.state);
    if (s->event == REVOCATION_ON_EMERGENCY && open)
        assert_int_equal(s->decision.answer, REVOCATION_MOVED);
    if (s->after.emergency && open)
        assert_false(revocation_does(&s->decision, REVOCATION_DO_DISABLE));
}

static void test_an_emergency_is_never_held_up_by_watching(void **state)
{
    check_everywhere(state, assert_emergency_goes_on);
}

static void test_every_state_is_reached(void **state)
{
    const struct search *search = *state;
    unsigned reached = 0;
    for (size_t i = 0; i < search->count; i++)
        reached |= 1u << world_unpack(search->worlds[i]).state;
    assert_int_equal(reached, (1u << REVOCATION_STATE_COUNT) - 1);
}

struct way_out {
    const unsigned char *ends;
    bool found;
};

static void visit_way_out(const struct step *step, void *context)
{
    struct way_out *way = context;
    if (step->event != REVOCATION_ON_EMERGENCY && way->ends[world_pack(step->after)])
        way->found = true;
}

static bool world_has_way_out(struct world w, const unsigned char *ends)
{
    struct way_out way = { .ends = ends, .found = ends[world_pack(world_later(w))] != 0 };
    each_step(w, visit_way_out, &way);
    return way.found;
}

static void test_S4_from_every_open_state_death_or_return_can_be_reached(void **state)
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
                *end = !revocation_state_is_open((enum revocation_state)w.state) ||
                       world_has_way_out(w, ends);
            open += !*end;
        }
    } while (open != before);
    free(ends);
    assert_int_equal(open, 0);
}

/* Single rows. The facts are those of a provider that can disable and revoke. */
static struct revocation_facts ordinary(void)
{
    return (struct revocation_facts){
        .settle = SETTLE,
        .can_disable = true,
        .can_revoke = true,
        .may_roll_back = true,
    };
}

static void expect_moves(enum revocation_state state, enum revocation_event event,
                         struct revocation_facts facts, const char *row,
                         enum revocation_state next, uint32_t effects)
{
    struct revocation_decision decision = revocation_next(state, event, &facts);
    assert_non_null(decision.row);
    assert_string_equal(decision.row, row);
    assert_string_equal(revocation_state_name(decision.next), revocation_state_name(next));
    assert_int_equal(decision.effects, effects);
}

static void expect_refused(enum revocation_state state, enum revocation_event event,
                           struct revocation_facts facts, const char *reason)
{
    struct revocation_decision decision = revocation_next(state, event, &facts);
    assert_int_equal(decision.answer, REVOCATION_REFUSED);
    assert_string_equal(decision.reason, reason);
}

static void test_K01_K02_K03_start_by_what_the_provider_can(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    expect_moves(REVOCATION_REQUESTED, REVOCATION_ON_START, facts, "K01", REVOCATION_DISABLING,
                 DO(DISABLE));
    facts.emergency = true;
    expect_moves(REVOCATION_REQUESTED, REVOCATION_ON_START, facts, "K02", REVOCATION_REVOKING,
                 DO(REVOKE));
    facts.can_revoke = false;
    expect_moves(REVOCATION_REQUESTED, REVOCATION_ON_START, facts, "K03", REVOCATION_WAITING,
                 DO(PROBE) | TELL(WHERE));
}

static void test_K04_K05_a_disabled_key_is_watched_and_can_come_back(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    facts.step_accepted = true;
    expect_moves(REVOCATION_DISABLING, REVOCATION_ON_DISABLED, facts, "K15", REVOCATION_DISABLING,
                 DO(WAIT));
    expect_moves(REVOCATION_DISABLING, REVOCATION_ON_ROLL_BACK, facts, "K05", REVOCATION_ENABLING,
                 DO(ENABLE));
    facts.watch_passed = true;
    expect_moves(REVOCATION_DISABLING, REVOCATION_ON_TIME, facts, "K04", REVOCATION_REVOKING,
                 DO(REVOKE));
    facts.may_roll_back = false;
    expect_refused(REVOCATION_DISABLING, REVOCATION_ON_ROLL_BACK, facts,
                   "roll back: it is an emergency, or its rotation is over");
}

static void test_K06_restored_only_when_alive_n_times(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    facts.step_accepted = true;
    facts.alive_in_row = SETTLE;
    expect_moves(REVOCATION_ENABLING, REVOCATION_ON_ALIVE, facts, "K06", REVOCATION_RESTORED,
                 DO(RESTORE));
    facts.alive_in_row = SETTLE - 1;
    expect_moves(REVOCATION_ENABLING, REVOCATION_ON_ALIVE, facts, "K21", REVOCATION_ENABLING,
                 DO(PROBE));
}

static void test_K07_already_gone_is_not_yet_proof(void **unused)
{
    (void)unused;
    expect_moves(REVOCATION_REVOKING, REVOCATION_ON_ALREADY_GONE, ordinary(), "K07",
                 REVOCATION_BURYING, DO(PROBE));
}

static void test_K09_dead_n_times_is_proof(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    facts.dead_in_row = SETTLE;
    expect_moves(REVOCATION_BURYING, REVOCATION_ON_DEAD, facts, "K09", REVOCATION_DEAD,
                 DO(RECORD_DEATH));
    expect_moves(REVOCATION_WAITING, REVOCATION_ON_DEAD, facts, "K09", REVOCATION_DEAD,
                 DO(RECORD_DEATH));
    facts.dead_in_row = SETTLE - 1;
    expect_moves(REVOCATION_BURYING, REVOCATION_ON_DEAD, facts, "K32", REVOCATION_BURYING,
                 DO(PROBE));
}

static void test_K10_alive_after_propagation_is_revoked_again(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    expect_moves(REVOCATION_BURYING, REVOCATION_ON_ALIVE, facts, "K33", REVOCATION_BURYING,
                 DO(BACK_OFF) | DO(PROBE));
    facts.propagation_passed = true;
    expect_moves(REVOCATION_BURYING, REVOCATION_ON_ALIVE, facts, "K10", REVOCATION_REVOKING,
                 DO(REVOKE) | TELL(ALIVE));
    expect_moves(REVOCATION_BURYING, REVOCATION_ON_UNFIT, facts, "K34", REVOCATION_REVOKING,
                 DO(REVOKE) | TELL(ALIVE));
}

static void test_K11_K35_alive_and_unfit_keep_reminding(void **unused)
{
    (void)unused;
    uint32_t effects = DO(BACK_OFF) | DO(PROBE) | TELL(REMIND);
    expect_moves(REVOCATION_WAITING, REVOCATION_ON_ALIVE, ordinary(), "K11", REVOCATION_WAITING,
                 effects);
    expect_moves(REVOCATION_WAITING, REVOCATION_ON_UNFIT, ordinary(), "K35", REVOCATION_WAITING,
                 effects);
}

static void test_K12_a_refused_credential_waits_for_its_change(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    expect_moves(REVOCATION_REVOKING, REVOCATION_ON_REFUSED_CREDENTIAL, facts, "K12",
                 REVOCATION_ATTENTION, TELL(CREDENTIAL));
    facts.resume_state = REVOCATION_REVOKING;
    expect_moves(REVOCATION_ATTENTION, REVOCATION_ON_CREDENTIAL_CHANGED, facts, "K44",
                 REVOCATION_REVOKING, DO(REVOKE));
    facts.resume_state = REVOCATION_DISABLING;
    facts.emergency = true;
    expect_moves(REVOCATION_ATTENTION, REVOCATION_ON_CREDENTIAL_CHANGED, facts, "K43",
                 REVOCATION_REVOKING, DO(REVOKE));
}

static void test_K36_a_persons_word_proves_nothing_and_probes_now(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    facts.dead_in_row = SETTLE;
    expect_moves(REVOCATION_WAITING, REVOCATION_ON_SAID_DONE, facts, "K36", REVOCATION_WAITING,
                 DO(PROBE));
}

static void test_S2_a_disabled_key_that_answers_dead_is_not_taken_for_dead(void **unused)
{
    (void)unused;
    struct revocation_facts facts = ordinary();
    facts.dead_in_row = SETTLE;
    expect_refused(REVOCATION_REVOKING, REVOCATION_ON_DEAD, facts,
                   "dead: the key may only be disabled; its revoke was not accepted yet");
    facts.can_disable = false;
    expect_moves(REVOCATION_REVOKING, REVOCATION_ON_DEAD, facts, "K29", REVOCATION_DEAD,
                 DO(RECORD_DEATH));
}

static void test_names_are_stable_and_parse_back(void **unused)
{
    (void)unused;
    static const char *const states[] = { "requested", "disabling", "enabling", "revoking", "burying",
                                          "waiting",   "restored",  "dead",     "attention" };
    assert_int_equal(sizeof states / sizeof states[0], REVOCATION_STATE_COUNT);
    for (unsigned i = 0; i < REVOCATION_STATE_COUNT; i++) {
        enum revocation_state state = REVOCATION_STATE_COUNT;
        assert_string_equal(revocation_state_name((enum revocation_state)i), states[i]);
        assert_true(revocation_state_parse(states[i], &state));
        assert_int_equal(state, i);
    }
    for (unsigned i = 0; i < REVOCATION_EVENT_COUNT; i++) {
        enum revocation_event event = REVOCATION_EVENT_COUNT;
        assert_true(revocation_event_parse(revocation_event_name((enum revocation_event)i), &event));
        assert_int_equal(event, i);
    }
    for (unsigned i = 0; i < REVOCATION_EFFECT_COUNT; i++)
        assert_string_not_equal(revocation_effect_name((enum revocation_effect)i), "?");
    enum revocation_state state = REVOCATION_DEAD;
    assert_false(revocation_state_parse("alive", &state));
    assert_int_equal(state, REVOCATION_DEAD);
}

int main(void)
{
    const struct CMUnitTest walks[] = {
        cmocka_unit_test(test_S4_ends_only_with_proof_of_death_or_restored),
        cmocka_unit_test(test_K08_S2_unknown_moves_neither_forward_nor_back),
        cmocka_unit_test(test_S4_a_revoke_or_an_emergency_is_never_rolled_back),
        cmocka_unit_test(test_an_emergency_is_never_held_up_by_watching),
        cmocka_unit_test(test_every_state_is_reached),
        cmocka_unit_test(test_S4_from_every_open_state_death_or_return_can_be_reached),
    };
    const struct CMUnitTest rows[] = {
        cmocka_unit_test(test_every_state_and_event_has_exactly_one_answer),
        cmocka_unit_test(test_K01_K02_K03_start_by_what_the_provider_can),
        cmocka_unit_test(test_K04_K05_a_disabled_key_is_watched_and_can_come_back),
        cmocka_unit_test(test_K06_restored_only_when_alive_n_times),
        cmocka_unit_test(test_K07_already_gone_is_not_yet_proof),
        cmocka_unit_test(test_K09_dead_n_times_is_proof),
        cmocka_unit_test(test_K10_alive_after_propagation_is_revoked_again),
        cmocka_unit_test(test_K11_K35_alive_and_unfit_keep_reminding),
        cmocka_unit_test(test_K12_a_refused_credential_waits_for_its_change),
        cmocka_unit_test(test_K36_a_persons_word_proves_nothing_and_probes_now),
        cmocka_unit_test(test_S2_a_disabled_key_that_answers_dead_is_not_taken_for_dead),
        cmocka_unit_test(test_names_are_stable_and_parse_back),
    };
    int failed = cmocka_run_group_tests(walks, search_all, search_free);
    return failed + cmocka_run_group_tests(rows, NULL, NULL);
}
