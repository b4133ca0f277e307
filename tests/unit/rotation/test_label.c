/* What comes of a look for a label, and when the next one is. */
#include "rotation/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FACTS = 1 << 5 };

/* Every combination of the facts. */
static struct label_facts facts_of(unsigned bits)
{
    return (struct label_facts){.awaited = bits & 1,
                                .held = bits & 2,
                                .held_unproved = bits & 4,
                                .perhaps_held = bits & 8,
                                .horizon_passed = bits & 16};
}

static void test_S3_what_is_found_and_not_held_is_condemned(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < FACTS; bits++) {
        struct label_facts facts = facts_of(bits);
        if (!facts.awaited && !facts.held && !facts.perhaps_held)
            assert_int_equal(label_next(LABEL_FOUND, &facts), LABEL_CONDEMN);
    }
}

static void test_S3_one_that_was_called_dead_unseen_and_is_there_is_condemned_again(void **state)
{
    (void)state;
    struct label_facts facts = {.held = true, .held_unproved = true};
    assert_int_equal(label_next(LABEL_FOUND, &facts), LABEL_CONDEMN);
}

static void test_S1_what_is_held_or_may_be_is_never_condemned(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < FACTS; bits++) {
        struct label_facts facts = facts_of(bits);
        bool lives = (facts.held && !facts.held_unproved) || (!facts.held && facts.perhaps_held);
        if (lives || facts.awaited)
            assert_int_not_equal(label_next(LABEL_FOUND, &facts), LABEL_CONDEMN);
    }
}

static void test_S2_only_a_proof_ends_a_label_and_only_finding_condemns(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < FACTS; bits++) {
        struct label_facts facts = facts_of(bits);
        enum label_move unknown = label_next(LABEL_UNKNOWN, &facts);
        enum label_move absent = label_next(LABEL_NOT_FOUND, &facts);
        assert_true(unknown == LABEL_LOOK_AGAIN || unknown == LABEL_LEAVE);
        assert_int_not_equal(absent, LABEL_CONDEMN);
        assert_int_equal(absent == LABEL_CLOSE_ABSENT, facts.horizon_passed && !facts.awaited);
    }
}

static void test_a_label_that_a_rotation_waits_for_is_left_to_it(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < FACTS; bits++) {
        struct label_facts facts = facts_of(bits);
        for (int answer = LABEL_UNKNOWN; answer <= LABEL_FOUND; answer++)
            assert_int_equal(label_next((enum label_answer)answer, &facts) == LABEL_LEAVE, facts.awaited);
    }
}

static void test_looks_come_at_growing_distances_up_to_a_day_and_at_the_horizon(void **state)
{
    (void)state;
    const int64_t minute = 60000, day = 24 * 60 * minute, horizon = 7 * day;
    int64_t age = 0, before = 0;
    unsigned looks = 0;
    while (age < horizon) {
        int64_t after = label_look_after_ms(age, minute, horizon);
        assert_true(after >= 1000 && after <= day);
        assert_true(after >= before || age + after == horizon);
        before = after;
        age += after;
        assert_true(++looks < 30);
    }
    assert_int_equal(age, horizon);
    assert_true(looks > 10);
    /* Past it, where the answers proved nothing so far, once a day. */
    assert_int_equal(label_look_after_ms(horizon + 1, minute, horizon), day);
    /* A clock that was put back. */
    assert_int_equal(label_look_after_ms(-day, minute, horizon), minute);
    /* No propagation time is given as 0. */
    assert_int_equal(label_look_after_ms(0, 0, horizon), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S3_what_is_found_and_not_held_is_condemned),
        cmocka_unit_test(test_S3_one_that_was_called_dead_unseen_and_is_there_is_condemned_again),
        cmocka_unit_test(test_S1_what_is_held_or_may_be_is_never_condemned),
        cmocka_unit_test(test_S2_only_a_proof_ends_a_label_and_only_finding_condemns),
        cmocka_unit_test(test_a_label_that_a_rotation_waits_for_is_left_to_it),
        cmocka_unit_test(test_looks_come_at_growing_distances_up_to_a_day_and_at_the_horizon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
