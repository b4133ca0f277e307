/* A provider that kills the old key in the act of making the new one. Its script is asked with the old
 * key's secret: what that owns is replaced. */
#include "engine_fixture.h"

static const char script[] =
    "#!/bin/sh\n"
    "# swap.sh ACTION FOLDER: the one key that lives stands in <folder>/only\n"
    "input=$(cat)\n"
    "secret=$(printf %s \"$input\" | sed -nE 's/.*\"secret\":\"([^\"]*)\".*/\\1/p')\n"
    "label=$(printf %s \"$input\" | sed -nE 's/.*\"label\":\"([^\"]*)\".*/\\1/p')\n"
    "echo \"$1 $secret\" >>\"$2/log\"\n"
    "if [ -e \"$2/$1.answer\" ]; then cat \"$2/$1.answer\"; exit 0; fi\n"
    "lives() { [ \"$secret\" = \"$(cat \"$2/only\")\" ]; }\n"
    "case $1 in\n"
    "issue)\n"
    "  [ ! -e \"$2/issue.before\" ] || { rm \"$2/issue.before\"; exit 1; }\n"
    "  if ! lives \"$@\"; then echo killed >\"$2/only\"; printf '{\"verdict\":\"refused\"}'; exit 0; fi\n"
    "  echo \"fs_live_$label-0123456789abcdef\" >\"$2/only\"\n"
    "  [ ! -e \"$2/issue.lost\" ] || exit 1\n"
    "  printf '{\"verdict\":\"done\",\"secret\":\"%s\",\"id\":\"%s\"}' \"$(cat \"$2/only\")\" \"$label\" ;;\n"
    "probe)\n"
    "  if lives \"$@\"; then printf '{\"verdict\":\"alive\"}'; else printf '{\"verdict\":\"dead\"}'; fi ;;\n"
    "revoke)\n"
    "  if lives \"$@\"; then echo >\"$2/only\"; printf '{\"verdict\":\"done\"}'; else printf '{\"verdict\":\"gone\"}'; fi ;;\n"
    "esac\n";

static const char first[] = "fs_live_swap-one-0123456789";

static void start_swap(struct fixture *fixture, const char *propagation)
{
    char text[4000];
    snprintf(text, sizeof text,
             "name: swap\n"
             "overlap: none\n"
             "environments:\n"
             "  - {name: live, class: live, base_url: 'http://127.0.0.1:1', key_pattern: '^fs_live_.+$'}\n"
             "limits: {settle: 2, settle_interval: 10ms, propagation: %s, proving_deadline: 5m}\n"
             "actions:\n"
             "  issue: {program: {command: ['%s/swap.sh', issue, '%s']}}\n"
             "  probe: {program: {command: ['%s/swap.sh', probe, '%s']}}\n"
             "  revoke: {program: {command: ['%s/swap.sh', revoke, '%s']}}\n",
             propagation, fixture->folder, fixture->folder, fixture->folder, fixture->folder, fixture->folder,
             fixture->folder);
    fixture_stop(fixture);
    fixture_write(fixture, "providers/swap.yaml", text, 0600);
    fixture_write(fixture, "swap.sh", script, 0700);
    fixture_write(fixture, "only", first, 0600);
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static void add(struct fixture *fixture, bool accepted, const char *delivery)
{
    const char *deliveries[] = {delivery};
    struct secret *secret = fixture_secret(first);
    const struct engine_key_draft draft = {.fields = ENGINE_GRACE | ENGINE_WITHOUT_OVERLAP,
                                           .environment = "live",
                                           .name = "swap",
                                           .provider = "swap",
                                           .grace_ms = 3600 * 1000,
                                           .without_overlap = accepted,
                                           .deliveries = deliveries,
                                           .delivery_count = delivery ? 1 : 0};
    GOOD(engine_key_add(fixture->engine, "test", &draft, secret, NULL, &good_err));
    secret_free(secret);
    WAIT_FOR(fixture, "swap", key.proof.verdict == VAULT_ALIVE);
}

static struct vault_rotation rotate(struct fixture *fixture)
{
    struct vault_rotation rotation;
    GOOD(engine_rotate(fixture->engine, "test", "live", "swap", &rotation, &good_err));
    return rotation;
}

static void test_R75_what_replaces_old_is_delivered_before_it_is_proved(void **state)
{
    struct fixture *fixture = *state;
    char definition[600], content[200];
    start_swap(fixture, "1h");
    snprintf(definition, sizeof definition,
             "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/out\",\"format\":\"raw\"}", fixture->folder);
    add(fixture, true, definition);
    /* The new key answers to nobody yet: it is in its place all the same. */
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"unknown\"}", 0600);
    rotate(fixture);
    WAIT_FOR(fixture, "swap", key.current_number == 2 && key.rotation_state == ROTATION_SETTLING + 1);
    fixture_read(fixture, "out", content, sizeof content);
    assert_non_null(strstr(content, "fs_live_swap-2-"));
    assert_int_equal(fixture_version(fixture, "swap", 1).state, VAULT_RETIRING);
    /* A new key that is not seen everywhere yet is not given up. */
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"dead\"}", 0600);
    size_t probes = fixture_times_logged(fixture, "probe fs_live_swap-2");
    for (int left = 12000; fixture_times_logged(fixture, "probe fs_live_swap-2") < probes + 3 && left > 0; left--)
        fixture_sleep();
    assert_int_equal(fixture_key(fixture, "swap").rotation_state, ROTATION_SETTLING + 1);
    fixture_remove(fixture, "probe.answer");
    /* An hour's grace is none of a key that is dead. */
    WAIT_FOR(fixture, "swap", !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "swap", 1).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_key(fixture, "swap").current_number, 2);
    assert_int_equal(fixture_times_logged(fixture, "issue "), 1);
}

static void test_a_policy_that_does_not_accept_it_asks_a_person(void **state)
{
    struct fixture *fixture = *state;
    start_swap(fixture, "300ms");
    add(fixture, false, NULL);
    struct vault_rotation rotation = rotate(fixture);
    assert_int_equal(rotation.state, ROTATION_STAGING);
    assert_true(rotation.waits_for_person);
    assert_non_null(strstr(rotation.detail, "--without-overlap yes"));
    assert_int_equal(fixture_times_logged(fixture, "issue "), 0);
    /* Accepted meanwhile, it goes on by itself when it is looked at again. */
    const struct engine_key_draft draft = {
        .fields = ENGINE_WITHOUT_OVERLAP, .environment = "live", .name = "swap", .without_overlap = true};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    WAIT_FOR(fixture, "swap", key.current_number > 1 && !key.rotation_state && !key.open_revocations);
}

/* Trap: a rotate repeated with the old key kills the new one. */
static void test_S3_a_lost_answer_is_looked_for_with_the_old_key_and_then_a_person_is_asked(void **state)
{
    struct fixture *fixture = *state;
    start_swap(fixture, "300ms");
    add(fixture, true, NULL);
    fixture_write(fixture, "issue.lost", "", 0600);
    struct vault_rotation rotation = rotate(fixture);
    WAIT_FOR(fixture, "swap", key.rotation_state == ROTATION_ATTENTION + 1 && key.waits_for_person);
    rotation = fixture_rotation(fixture, rotation.row.id);
    assert_non_null(strstr(rotation.detail, "the answer with the new one was lost"));
    assert_true(rotation.old_dead);
    assert_int_equal(fixture_times_logged(fixture, "issue "), 1);
    assert_true(fixture_times_logged(fixture, "probe fs_live_swap-one") >= 2);
    /* Not even when it is told to try again: then a person makes it. */
    fixture_remove(fixture, "issue.lost");
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_RETRY, NULL, &good_err));
    WAIT_FOR(fixture, "swap", key.rotation_state == ROTATION_STAGING + 1);
    fixture_write(fixture, "only", "fs_live_by-hand-0123456789", 0600);
    struct secret *secret = fixture_secret("fs_live_by-hand-0123456789");
    const struct engine_supply supply = {.secret = secret};
    GOOD(engine_stage(fixture->engine, "test", rotation.row.id, &supply, NULL, &good_err));
    secret_free(secret);
    WAIT_FOR(fixture, "swap", key.current_number > 1 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_times_logged(fixture, "issue "), 1);
}

static void test_S3_what_was_not_done_is_done_again_after_the_propagation_time(void **state)
{
    struct fixture *fixture = *state;
    start_swap(fixture, "300ms");
    add(fixture, true, NULL);
    fixture_write(fixture, "issue.before", "", 0600);
    fixture_freeze(true); /* so that the propagation time does not pass meanwhile */
    struct vault_rotation rotation = rotate(fixture);
    for (int left = 12000; fixture_exists(fixture, "issue.before") && left > 0; left--)
        fixture_sleep();
    REFUSED(ERR_STATE, "may be replaced already", engine_move(fixture->engine, "test", rotation.row.id,
                                                         ENGINE_CANCEL, NULL, &good_err));
    fixture_freeze(false);
    WAIT_FOR(fixture, "swap", key.current_number > 1 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_times_logged(fixture, "issue "), 2);
    assert_int_equal(fixture_version(fixture, "swap", 1).state, VAULT_DEAD_VERSION);
}

static void test_S3_a_restart_in_the_middle_of_it_repeats_nothing(void **state)
{
    struct fixture *fixture = *state;
    start_swap(fixture, "300ms");
    add(fixture, true, NULL);
    fixture_write(fixture, "issue.lost", "", 0600);
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"unknown\"}", 0600);
    rotate(fixture);
    fixture_wait_logged(fixture, "issue ");
    fixture_stop(fixture);
    fixture_remove(fixture, "issue.lost");
    fixture_remove(fixture, "probe.answer");
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_FOR(fixture, "swap", key.rotation_state == ROTATION_ATTENTION + 1 && key.waits_for_person);
    assert_int_equal(fixture_times_logged(fixture, "issue "), 1);
}

#define ENGINE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_R75_what_replaces_old_is_delivered_before_it_is_proved),
        ENGINE_TEST(test_a_policy_that_does_not_accept_it_asks_a_person),
        ENGINE_TEST(test_S3_a_lost_answer_is_looked_for_with_the_old_key_and_then_a_person_is_asked),
        ENGINE_TEST(test_S3_what_was_not_done_is_done_again_after_the_propagation_time),
        ENGINE_TEST(test_S3_a_restart_in_the_middle_of_it_repeats_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
