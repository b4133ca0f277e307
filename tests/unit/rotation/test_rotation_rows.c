/* The rows of the rotation table that carry its promises, one by one, with the
 * edge of each guard. The facts are those of an ordinary rotation; each test
 * changes what it is about. */
#include "rotation/rotation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DO(effect) (1u << ROTATION_DO_##effect)
#define TELL(effect) (1u << ROTATION_TELL_##effect)

/* A provider with a key API, an old version, a new one alive three times of three. */
static struct rotation_facts ordinary(void)
{
    return (struct rotation_facts){
        .alive_in_row = 3,
        .settle = 3,
        .provider_can_issue = true,
        .provider_can_find = true,
        .supplied_fits = true,
        .new_exists = true,
        .has_old = true,
        .grace_passed = true,
        .receipts_in = true,
        .old_quiet = true,
    };
}

static void expect_moves(enum rotation_state state, enum rotation_event event,
                         struct rotation_facts facts, const char *row, enum rotation_state next,
                         uint32_t effects)
{
    struct rotation_decision decision = rotation_next(state, event, &facts);
    assert_non_null(decision.row);
    assert_string_equal(decision.row, row);
    assert_string_equal(rotation_state_name(decision.next), rotation_state_name(next));
    assert_int_equal(decision.effects, effects);
}

static void expect_refused(enum rotation_state state, enum rotation_event event,
                           struct rotation_facts facts, const char *reason)
{
    struct rotation_decision decision = rotation_next(state, event, &facts);
    assert_int_equal(decision.answer, ROTATION_REFUSED);
    assert_string_equal(decision.reason, reason);
    assert_int_equal(decision.next, state);
}

static void test_R01_issues_or_asks_the_operator(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_IDLE, ROTATION_ON_DUE, facts, "R01a", ROTATION_STAGING, DO(ISSUE));
    facts.provider_can_issue = false;
    expect_moves(ROTATION_IDLE, ROTATION_ON_ASKED, facts, "R01b", ROTATION_STAGING,
                 DO(ASK_OPERATOR));
    facts.other_open = true;
    expect_refused(ROTATION_IDLE, ROTATION_ON_ASKED, facts,
                   "a rotation of this key is open already");
}

static void test_R02_S3_an_issued_key_is_proved_only_once_it_is_sealed(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_STAGING, ROTATION_ON_ISSUED, facts, "R02", ROTATION_PROVING,
                 DO(PROBE_NEW));
    facts.new_exists = false;
    expect_refused(ROTATION_STAGING, ROTATION_ON_ISSUED, facts,
                   "issued: its secret is not sealed yet, or it is a stray");
}

static void test_R03_a_supplied_key_must_fit(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_STAGING, ROTATION_ON_SUPPLIED, facts, "R03", ROTATION_PROVING,
                 DO(PROBE_NEW));
    facts.supplied_fits = false;
    expect_refused(ROTATION_STAGING, ROTATION_ON_SUPPLIED, facts,
                   "supplied: the key does not fit, or is held already");
}

static void test_R04_S3_a_lost_answer_is_looked_for_by_its_label(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.attempt_uncertain = true;
    facts.new_exists = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_UNCERTAIN, facts, "R04a", ROTATION_STAGING,
                 DO(BACK_OFF) | DO(FIND));
    expect_moves(ROTATION_STAGING, ROTATION_ON_FOUND_BARE, facts, "R04b", ROTATION_STAGING,
                 DO(CONDEMN_FOUND) | DO(ISSUE));
    expect_moves(ROTATION_STAGING, ROTATION_ON_NOT_FOUND, facts, "R04c", ROTATION_STAGING,
                 DO(BACK_OFF) | DO(FIND));
    facts.propagation_passed = true;
    expect_moves(ROTATION_STAGING, ROTATION_ON_NOT_FOUND, facts, "R04d", ROTATION_STAGING,
                 DO(KEEP_LABEL) | DO(ISSUE));
}

static void test_R05_without_find_a_person_looks(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.attempt_uncertain = true;
    facts.provider_can_find = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_UNCERTAIN, facts, "R05", ROTATION_ATTENTION,
                 DO(KEEP_LABEL) | TELL(LABEL));
}

static void test_R06_refused_fails_and_old_stays(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.new_exists = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_REFUSED, facts, "R06", ROTATION_FAILED,
                 DO(SET_NEXT_DUE) | TELL(REFUSED));
}

static void test_R07_alive_n_times_delivers(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_PROVING, ROTATION_ON_ALIVE, facts, "R07", ROTATION_DELIVERING,
                 DO(DELIVER));
    facts.alive_in_row = 2;
    expect_moves(ROTATION_PROVING, ROTATION_ON_ALIVE, facts, "R32", ROTATION_PROVING,
                 DO(PROBE_NEW));
}

static void test_R08_R09_unknown_waits_until_the_deadline_then_asks(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_PROVING, ROTATION_ON_UNKNOWN, facts, "R08", ROTATION_PROVING,
                 DO(BACK_OFF) | DO(PROBE_NEW));
    facts.deadline_passed = true;
    expect_moves(ROTATION_PROVING, ROTATION_ON_UNKNOWN, facts, "R09", ROTATION_ATTENTION,
                 TELL(UNKNOWN));
}

static void test_R10_a_dead_answer_counts_only_after_propagation(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_PROVING, ROTATION_ON_DEAD, facts, "R33", ROTATION_PROVING,
                 DO(BACK_OFF) | DO(PROBE_NEW));
    facts.propagation_passed = true;
    expect_moves(ROTATION_PROVING, ROTATION_ON_UNFIT, facts, "R10", ROTATION_FAILED,
                 DO(CONDEMN_NEW) | DO(SET_NEXT_DUE) | TELL(UNFIT));
}

static void test_R11_delivered_settles_or_without_old_is_done(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_DELIVERING, ROTATION_ON_DELIVERED, facts, "R11a", ROTATION_SETTLING,
                 DO(PROMOTE) | DO(WAIT));
    facts.has_old = false;
    expect_moves(ROTATION_DELIVERING, ROTATION_ON_DELIVERED, facts, "R11b", ROTATION_DONE,
                 DO(PROMOTE) | DO(SET_NEXT_DUE) | TELL(DONE));
}

static void test_R12_a_failed_delivery_puts_old_back_unless_it_is_lost(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_DELIVERING, ROTATION_ON_DELIVERY_FAILED, facts, "R12", ROTATION_UNDOING,
                 DO(UNDO) | TELL(PLACES));
    facts.old_condemned = true;
    expect_moves(ROTATION_DELIVERING, ROTATION_ON_DELIVERY_FAILED, facts, "R35",
                 ROTATION_ATTENTION, TELL(PLACES));
    expect_refused(ROTATION_DELIVERING, ROTATION_ON_CANCEL, facts,
                   "cancel: the old version is condemned or dead; it cannot come back");
}

static void test_R13_R14_undoing_ends_in_failed_or_asks(void **unused)
{
    (void)unused;
    expect_moves(ROTATION_UNDOING, ROTATION_ON_PUT_BACK, ordinary(), "R13", ROTATION_FAILED,
                 DO(CONDEMN_NEW) | DO(RESTORE_OLD) | DO(SET_NEXT_DUE) | TELL(GIVEN_UP));
    expect_moves(ROTATION_UNDOING, ROTATION_ON_PUT_BACK_FAILED, ordinary(), "R14",
                 ROTATION_ATTENTION, TELL(PLACES));
}

static void test_R40_an_emergency_turns_an_undoing_round(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.old_condemned = facts.emergency = true;
    expect_moves(ROTATION_UNDOING, ROTATION_ON_PUT_BACK, facts, "R40", ROTATION_DELIVERING,
                 DO(DELIVER) | TELL(PLACES));
    facts.new_condemned = true;
    expect_moves(ROTATION_UNDOING, ROTATION_ON_PUT_BACK, facts, "R41", ROTATION_FAILED,
                 DO(CONDEMN_NEW) | DO(DUE_NOW) | TELL(NO_KEY) | TELL(GIVEN_UP));
}

static void test_R15_S1_old_is_condemned_when_all_is_there(void **unused)
{
    (void)unused;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, ordinary(), "R15", ROTATION_RETIRING,
                 DO(CONDEMN_OLD));
}

static void test_R15_S1_each_missing_fact_holds_old_alive(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.grace_passed = false;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R44", ROTATION_SETTLING, DO(WAIT));
    facts = ordinary();
    facts.receipts_in = false;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R44", ROTATION_SETTLING, DO(WAIT));
    facts = ordinary();
    facts.old_quiet = false;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R44", ROTATION_SETTLING, DO(WAIT));
    facts = ordinary();
    facts.alive_in_row = 2;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R43", ROTATION_SETTLING,
                 DO(PROBE_NEW));
}

static void test_R73_R74_what_only_use_holds_up_is_asked_about(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.old_quiet = false;
    facts.usage_due = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R73", ROTATION_SETTLING, DO(ASK_USAGE));
    facts.receipts_in = false;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R44", ROTATION_SETTLING, DO(WAIT));
    facts.receipts_in = true;
    facts.deadline_passed = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R16", ROTATION_ATTENTION, TELL(READERS));
    facts.resume_state = ROTATION_SETTLING;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_TIME, facts, "R74", ROTATION_ATTENTION, DO(ASK_USAGE));
    facts.resume_state = ROTATION_PROVING;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_TIME, facts, "R67", ROTATION_ATTENTION, TELL(REMIND));
    facts.emergency = facts.old_condemned = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R15", ROTATION_RETIRING, DO(CONDEMN_OLD));
}

static void test_R75_S3_what_replaces_old_is_delivered_first_and_never_repeated_blindly(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.replaces_old = facts.old_dead = true;
    facts.alive_in_row = 0;
    expect_moves(ROTATION_STAGING, ROTATION_ON_ISSUED, facts, "R75", ROTATION_DELIVERING, DO(DELIVER));
    facts.grace_passed = facts.receipts_in = facts.old_quiet = false;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R43", ROTATION_SETTLING, DO(PROBE_NEW));
    expect_moves(ROTATION_SETTLING, ROTATION_ON_DEAD, facts, "R78", ROTATION_SETTLING, DO(BACK_OFF) | DO(PROBE_NEW));
    facts.propagation_passed = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_DEAD, facts, "R50", ROTATION_ATTENTION, TELL(NEW_DEAD));
    facts.alive_in_row = facts.settle;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R15", ROTATION_RETIRING, DO(CONDEMN_OLD));

    facts = ordinary();
    facts.replaces_old = facts.attempt_uncertain = true;
    facts.new_exists = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_UNCERTAIN, facts, "R04a", ROTATION_STAGING, DO(BACK_OFF) | DO(FIND));
    expect_refused(ROTATION_STAGING, ROTATION_ON_CANCEL, facts,
                   "cancel: the old version may be replaced already; it is being looked at");
    expect_moves(ROTATION_STAGING, ROTATION_ON_NOT_FOUND, facts, "R04c", ROTATION_STAGING, DO(BACK_OFF) | DO(FIND));
    facts.propagation_passed = true;
    expect_moves(ROTATION_STAGING, ROTATION_ON_NOT_FOUND, facts, "R79", ROTATION_STAGING, DO(ISSUE));
    facts.old_dead = true;
    facts.provider_can_find = facts.provider_can_issue = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_FOUND_BARE, facts, "R77", ROTATION_ATTENTION,
                 DO(KEEP_LABEL) | TELL(LABEL));
    facts.resume_state = ROTATION_STAGING;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_RETRY, facts, "R20c", ROTATION_STAGING, DO(ASK_OPERATOR));
}

static void test_R80_R81_without_a_slot_nothing_is_issued(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.new_exists = false;
    facts.slots_full = facts.slot_coming = true;
    expect_moves(ROTATION_STAGING, ROTATION_ON_TIME, facts, "R80", ROTATION_STAGING,
                 DO(BACK_OFF) | DO(FREE_SLOT) | DO(ISSUE));
    facts.deadline_passed = true;
    expect_moves(ROTATION_STAGING, ROTATION_ON_TIME, facts, "R81", ROTATION_ATTENTION, TELL(SLOTS));
    facts.deadline_passed = facts.slot_coming = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_TIME, facts, "R81", ROTATION_ATTENTION, TELL(SLOTS));
    facts.slots_full = false;
    expect_moves(ROTATION_STAGING, ROTATION_ON_TIME, facts, "R30", ROTATION_STAGING, DO(ISSUE));
}

static void test_R16_at_the_deadline_missing_readers_are_named(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.receipts_in = false;
    facts.deadline_passed = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R16", ROTATION_ATTENTION,
                 TELL(READERS));
    facts.alive_in_row = facts.settle - 1;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R72", ROTATION_SETTLING, DO(PROBE_NEW));
}

static void test_R17_roll_back_only_while_old_lives(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_SETTLING, ROTATION_ON_ROLL_BACK, facts, "R17", ROTATION_UNDOING,
                 DO(UNDO));
    facts.old_dead = true;
    expect_refused(ROTATION_SETTLING, ROTATION_ON_ROLL_BACK, facts,
                   "roll back: the old version is condemned or dead; it cannot come back");
}

static void test_R18_the_death_of_old_ends_it(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.old_condemned = facts.old_dead = true;
    expect_moves(ROTATION_RETIRING, ROTATION_ON_OLD_DEAD, facts, "R18", ROTATION_DONE,
                 DO(SET_NEXT_DUE) | TELL(DONE));
}

static void test_R19_cancel_condemns_new_only_if_there_is_one(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_PROVING, ROTATION_ON_CANCEL, facts, "R19", ROTATION_FAILED,
                 DO(CONDEMN_NEW) | DO(SET_NEXT_DUE) | TELL(GIVEN_UP));
    facts.new_exists = false;
    facts.attempt_uncertain = true;
    expect_moves(ROTATION_STAGING, ROTATION_ON_CANCEL, facts, "R19", ROTATION_FAILED,
                 DO(KEEP_LABEL) | DO(SET_NEXT_DUE) | TELL(GIVEN_UP));
}

static void test_R20_retry_goes_back_with_that_states_effect(void **unused)
{
    (void)unused;
    static const struct {
        enum rotation_state from;
        const char *row;
        uint32_t effects;
    } cases[] = {
        { ROTATION_STAGING, "R20b", DO(ISSUE) },
        { ROTATION_PROVING, "R20d", DO(PROBE_NEW) },
        { ROTATION_DELIVERING, "R20e", DO(DELIVER) },
        { ROTATION_UNDOING, "R20f", DO(UNDO) },
        { ROTATION_SETTLING, "R20g", DO(WAIT) },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rotation_facts facts = ordinary();
        facts.resume_state = cases[i].from;
        expect_moves(ROTATION_ATTENTION, ROTATION_ON_RETRY, facts, cases[i].row, cases[i].from,
                     cases[i].effects);
    }
}

static void test_R21_go_on_needs_grace_and_proof_but_no_readers(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.resume_state = ROTATION_SETTLING;
    facts.receipts_in = facts.old_quiet = false;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_GO_ON, facts, "R21d", ROTATION_RETIRING,
                 DO(CONDEMN_OLD));
    facts.grace_passed = false;
    expect_refused(ROTATION_ATTENTION, ROTATION_ON_GO_ON, facts,
                   "go on: the grace has not passed, or the new version is not proved alive");
    facts.resume_state = ROTATION_PROVING;
    expect_refused(ROTATION_ATTENTION, ROTATION_ON_GO_ON, facts,
                   "go on: only a rotation that settles can be told to");
}

static void test_R22_an_emergency_condemns_old_and_waits_for_nobody(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.grace_passed = facts.receipts_in = facts.old_quiet = false;
    expect_moves(ROTATION_DELIVERING, ROTATION_ON_EMERGENCY, facts, "R22a", ROTATION_DELIVERING,
                 DO(CONDEMN_OLD));
    expect_moves(ROTATION_SETTLING, ROTATION_ON_EMERGENCY, facts, "R22b", ROTATION_SETTLING,
                 DO(CONDEMN_OLD) | DO(WAIT));
    facts.old_condemned = facts.emergency = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R15", ROTATION_RETIRING,
                 DO(CONDEMN_OLD));
    facts.old_dead = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_TIME, facts, "R42", ROTATION_DONE,
                 DO(SET_NEXT_DUE) | TELL(DONE));
}

static void test_R23_a_restored_old_settles_again(void **unused)
{
    (void)unused;
    expect_moves(ROTATION_RETIRING, ROTATION_ON_OLD_RESTORED, ordinary(), "R23", ROTATION_SETTLING,
                 DO(WAIT));
}

static void test_R50_S1_new_found_dead_while_settling_keeps_old_alive(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.alive_in_row = 0;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_DEAD, facts, "R50", ROTATION_ATTENTION,
                 TELL(NEW_DEAD));
}

static void test_R56_R57_a_leaked_new_dies_and_old_comes_back_if_it_can(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    expect_moves(ROTATION_SETTLING, ROTATION_ON_EMERGENCY_NEW, facts, "R56", ROTATION_UNDOING,
                 DO(CONDEMN_NEW) | DO(UNDO) | TELL(PLACES));
    facts.old_condemned = true;
    expect_moves(ROTATION_SETTLING, ROTATION_ON_EMERGENCY_NEW, facts, "R57", ROTATION_FAILED,
                 DO(CONDEMN_NEW) | DO(DUE_NOW) | TELL(NO_KEY) | TELL(GIVEN_UP));
}

static void test_R66_readers_that_come_late_end_the_attention(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.resume_state = ROTATION_SETTLING;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_TIME, facts, "R66", ROTATION_SETTLING, DO(WAIT));
    facts.old_quiet = false;
    expect_moves(ROTATION_ATTENTION, ROTATION_ON_TIME, facts, "R67", ROTATION_ATTENTION,
                 TELL(REMIND));
}

static void test_R71_S3_a_stray_is_condemned_whatever_the_rotation_does(void **unused)
{
    (void)unused;
    expect_moves(ROTATION_DONE, ROTATION_ON_STRAY, ordinary(), "R71", ROTATION_DONE,
                 DO(CONDEMN_FOUND));
    expect_moves(ROTATION_PROVING, ROTATION_ON_STRAY, ordinary(), "R71", ROTATION_PROVING,
                 DO(CONDEMN_FOUND));
    expect_moves(ROTATION_FAILED, ROTATION_ON_ISSUED, ordinary(), "R59", ROTATION_FAILED,
                 DO(CONDEMN_FOUND));
}

static void test_old_dead_early_is_remembered_and_alarms_unless_it_was_meant(void **unused)
{
    (void)unused;
    struct rotation_facts facts = ordinary();
    facts.old_dead = true;
    struct rotation_decision decision =
        rotation_next(ROTATION_PROVING, ROTATION_ON_OLD_DEAD, &facts);
    assert_int_equal(decision.answer, ROTATION_REMEMBERED);
    assert_int_equal(decision.next, ROTATION_PROVING);
    assert_int_equal(decision.effects, TELL(OLD_DEAD));
    facts.old_condemned = true;
    decision = rotation_next(ROTATION_PROVING, ROTATION_ON_OLD_DEAD, &facts);
    assert_int_equal(decision.effects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_R01_issues_or_asks_the_operator),
        cmocka_unit_test(test_R02_S3_an_issued_key_is_proved_only_once_it_is_sealed),
        cmocka_unit_test(test_R03_a_supplied_key_must_fit),
        cmocka_unit_test(test_R04_S3_a_lost_answer_is_looked_for_by_its_label),
        cmocka_unit_test(test_R05_without_find_a_person_looks),
        cmocka_unit_test(test_R06_refused_fails_and_old_stays),
        cmocka_unit_test(test_R07_alive_n_times_delivers),
        cmocka_unit_test(test_R08_R09_unknown_waits_until_the_deadline_then_asks),
        cmocka_unit_test(test_R10_a_dead_answer_counts_only_after_propagation),
        cmocka_unit_test(test_R11_delivered_settles_or_without_old_is_done),
        cmocka_unit_test(test_R12_a_failed_delivery_puts_old_back_unless_it_is_lost),
        cmocka_unit_test(test_R13_R14_undoing_ends_in_failed_or_asks),
        cmocka_unit_test(test_R40_an_emergency_turns_an_undoing_round),
        cmocka_unit_test(test_R15_S1_old_is_condemned_when_all_is_there),
        cmocka_unit_test(test_R15_S1_each_missing_fact_holds_old_alive),
        cmocka_unit_test(test_R73_R74_what_only_use_holds_up_is_asked_about),
        cmocka_unit_test(test_R75_S3_what_replaces_old_is_delivered_first_and_never_repeated_blindly),
        cmocka_unit_test(test_R80_R81_without_a_slot_nothing_is_issued),
        cmocka_unit_test(test_R16_at_the_deadline_missing_readers_are_named),
        cmocka_unit_test(test_R17_roll_back_only_while_old_lives),
        cmocka_unit_test(test_R18_the_death_of_old_ends_it),
        cmocka_unit_test(test_R19_cancel_condemns_new_only_if_there_is_one),
        cmocka_unit_test(test_R20_retry_goes_back_with_that_states_effect),
        cmocka_unit_test(test_R21_go_on_needs_grace_and_proof_but_no_readers),
        cmocka_unit_test(test_R22_an_emergency_condemns_old_and_waits_for_nobody),
        cmocka_unit_test(test_R23_a_restored_old_settles_again),
        cmocka_unit_test(test_R50_S1_new_found_dead_while_settling_keeps_old_alive),
        cmocka_unit_test(test_R56_R57_a_leaked_new_dies_and_old_comes_back_if_it_can),
        cmocka_unit_test(test_R66_readers_that_come_late_end_the_attention),
        cmocka_unit_test(test_R71_S3_a_stray_is_condemned_whatever_the_rotation_does),
        cmocka_unit_test(test_old_dead_early_is_remembered_and_alarms_unless_it_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
