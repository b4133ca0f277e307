/* The old version's last use as a guard of R15, with a provider that tells it. */
#include "engine_fixture.h"

#include "base/text.h"

/* The provider "told": fs, and usage, whose answers stand in usage.answer. */
static void start_told(struct fixture *fixture, const char *lag)
{
    char text[4000];
    snprintf(text, sizeof text,
             "name: told\n"
             "environments:\n"
             "  - {name: live, class: live, base_url: 'http://127.0.0.1:1', key_pattern: '^fs_live_.+$'}\n"
             "limits: {settle: 2, settle_interval: 10ms, propagation: 50ms, usage_lag: %s}\n"
             "actions:\n"
             "  issue: {program: {command: ['%s/provider.sh', issue, '%s']}}\n"
             "  probe: {program: {command: ['%s/provider.sh', probe, '%s']}}\n"
             "  revoke: {program: {command: ['%s/provider.sh', revoke, '%s']}}\n"
             "  usage: {program: {command: ['%s/provider.sh', usage, '%s']}}\n",
             lag, fixture->folder, fixture->folder, fixture->folder, fixture->folder, fixture->folder, fixture->folder,
             fixture->folder, fixture->folder);
    fixture_stop(fixture);
    fixture_write(fixture, "providers/told.yaml", text, 0600);
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static void start_again(struct fixture *fixture, int64_t ahead_ms)
{
    fixture_stop(fixture);
    fixture_ahead_ms += ahead_ms;
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static struct vault_rotation begin(struct fixture *fixture, const char *name, const char *secret, int64_t grace_ms)
{
    struct vault_rotation rotation;
    struct engine_key_draft draft = {.fields = ENGINE_GRACE, .environment = "live", .name = name, .provider = "told",
                                     .grace_ms = grace_ms};
    struct secret *value = secret ? fixture_secret(secret) : NULL;
    GOOD(engine_key_add(fixture->engine, "test", &draft, value, NULL, &good_err));
    secret_free(value);
    WAIT_FOR(fixture, name, key.current_number == 1 && !key.rotation_state);
    GOOD(engine_rotate(fixture->engine, "test", "live", name, &rotation, &good_err));
    return rotation;
}

static void used(struct fixture *fixture, int64_t at_ms)
{
    char time[TEXT_TIME_BYTES], answer[200];
    snprintf(answer, sizeof answer, "{\"verdict\":\"found\",\"last_used_at\":\"%s\",\"last_used_by\":\"s3\"}",
             text_format_time(at_ms, time));
    fixture_write(fixture, "usage.answer", answer, 0600);
}

/* Wait until the rotation's words hold that text. */
static void wait_for_words(struct fixture *fixture, const struct vault_rotation *rotation, const char *text)
{
    int left = 12000;
    while (--left > 0 && !strstr(fixture_rotation(fixture, rotation->row.id).detail, text))
        fixture_sleep();
    if (!left)
        fail_msg("\"%s\" was never said: %s", text, fixture_rotation(fixture, rotation->row.id).detail);
}

static void test_R15_what_was_never_used_is_retired_at_once(void **state)
{
    struct fixture *fixture = *state;
    start_told(fixture, "0s");
    fixture_write(fixture, "usage.answer", "{\"verdict\":\"not_found\"}", 0600);
    struct vault_rotation rotation = begin(fixture, "never", NULL, 0);
    WAIT_FOR(fixture, "never", key.current_number == 2 && !key.rotation_state);
    assert_true(fixture_logged(fixture, "usage never-1") >= 0);
    assert_true(fixture_logged(fixture, "usage never-1") < fixture_logged(fixture, "revoke never-1"));
    rotation = fixture_rotation(fixture, rotation.row.id);
    assert_true(rotation.usage_told_at_ms > 0);
    assert_int_equal(rotation.last_used_at_ms, 0);
}

static void test_R15_R73_old_lives_while_it_is_used_and_for_a_grace_after(void **state)
{
    struct fixture *fixture = *state;
    start_told(fixture, "0s");
    used(fixture, fixture_wall_ms(NULL) + 30 * 60 * 1000);
    struct vault_rotation rotation = begin(fixture, "busy", NULL, 0);
    wait_for_words(fixture, &rotation, "waits until version 1 is used no more: version 1 was used last 2");
    wait_for_words(fixture, &rotation, " by s3");
    assert_int_equal(fixture_rotation(fixture, rotation.row.id).state, ROTATION_SETTLING);
    assert_true(fixture_logged(fixture, "revoke busy-1") < 0);
    /* An hour later its last use is half an hour ago. */
    start_again(fixture, 60 * 60 * 1000);
    WAIT_FOR(fixture, "busy", key.current_number == 2 && !key.rotation_state);
    assert_int_equal(fixture_version(fixture, "busy", 1).state, VAULT_DEAD_VERSION);
}

static void test_R15_figures_that_come_late_are_waited_for(void **state)
{
    struct fixture *fixture = *state;
    start_told(fixture, "1h");
    fixture_write(fixture, "usage.answer", "{\"verdict\":\"not_found\"}", 0600);
    struct vault_rotation rotation = begin(fixture, "late", NULL, 0);
    wait_for_words(fixture, &rotation, "its provider has not said yet when version 1 was used last");
    assert_true(fixture_logged(fixture, "usage late-1") < 0);
    int64_t due = fixture_rotation(fixture, rotation.row.id).usage_due_at_ms;
    assert_true(due >= fixture_rotation(fixture, rotation.row.id).promoted_at_ms + 60 * 60 * 1000);
    start_again(fixture, 61 * 60 * 1000);
    WAIT_FOR(fixture, "late", key.current_number == 2 && !key.rotation_state);
}

static void test_S2_R16_no_answer_is_not_quiet_and_a_person_goes_on(void **state)
{
    struct fixture *fixture = *state;
    static const char *const odd[] = {"<html>log in</html>", "{\"verdict\":\"found\"}",
                                      "{\"verdict\":\"found\",\"last_used_at\":\"yesterday\"}"};
    start_told(fixture, "0s");
    fixture_write(fixture, "usage.answer", odd[0], 0600);
    struct vault_rotation rotation = begin(fixture, "mute", NULL, 0);
    wait_for_words(fixture, &rotation, "it did not say");
    for (size_t i = 1; i < sizeof odd / sizeof odd[0]; i++) {
        int32_t failures = fixture_rotation(fixture, rotation.row.id).usage_failures;
        fixture_write(fixture, "usage.answer", odd[i], 0600);
        for (int left = 12000; --left > 0 && fixture_rotation(fixture, rotation.row.id).usage_failures < failures + 2;)
            fixture_sleep();
        assert_int_equal(fixture_rotation(fixture, rotation.row.id).state, ROTATION_SETTLING);
        assert_int_equal(fixture_rotation(fixture, rotation.row.id).usage_told_at_ms, 0);
    }
    start_again(fixture, INT64_C(8) * 24 * 60 * 60 * 1000);
    WAIT_FOR(fixture, "mute", key.rotation_state == ROTATION_ATTENTION + 1 && key.waits_for_person);
    wait_for_words(fixture, &rotation, "version 1 is not known to be out of use: its provider has not said yet");
    assert_int_equal(fixture_version(fixture, "mute", 1).state, VAULT_RETIRING);
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_GO_ON, NULL, &good_err));
    WAIT_FOR(fixture, "mute", key.current_number == 2 && !key.rotation_state);
}

static void test_R74_R66_an_answer_ends_the_attention(void **state)
{
    struct fixture *fixture = *state;
    start_told(fixture, "0s");
    fixture_write(fixture, "usage.answer", "no", 0600);
    struct vault_rotation rotation = begin(fixture, "ends", NULL, 0);
    wait_for_words(fixture, &rotation, "it did not say");
    start_again(fixture, INT64_C(8) * 24 * 60 * 60 * 1000);
    WAIT_FOR(fixture, "ends", key.rotation_state == ROTATION_ATTENTION + 1);
    fixture_write(fixture, "usage.answer", "{\"verdict\":\"not_found\"}", 0600);
    start_again(fixture, INT64_C(30) * 24 * 60 * 60 * 1000);
    WAIT_FOR(fixture, "ends", key.current_number == 2 && !key.rotation_state);
}

static void test_R22_an_emergency_does_not_ask_when_old_was_used(void **state)
{
    struct fixture *fixture = *state;
    struct engine_target target = {.environment = "live", .name = "leak", .number = 1};
    struct vault_incident incident;
    start_told(fixture, "0s");
    used(fixture, fixture_wall_ms(NULL) + 60 * 60 * 1000);
    struct vault_rotation rotation = begin(fixture, "leak", NULL, 0);
    wait_for_words(fixture, &rotation, "waits until version 1 is used no more");
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .reason = "leaked"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    WAIT_FOR(fixture, "leak", key.current_number == 2 && !key.rotation_state && !key.open_revocations);
}

/* A person's version has no id at its provider, by which alone it could be asked about. */
static void test_what_cannot_be_asked_about_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    start_told(fixture, "0s");
    fixture_write(fixture, "keys/hand-1", "fs_live_hand-one-0123456789\n", 0600);
    used(fixture, fixture_wall_ms(NULL) + 60 * 60 * 1000);
    begin(fixture, "hand", "fs_live_hand-one-0123456789", 0);
    WAIT_FOR(fixture, "hand", key.current_number == 2 && !key.rotation_state);
    assert_true(fixture_logged(fixture, "usage") < 0);
}

#define ENGINE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_R15_what_was_never_used_is_retired_at_once),
        ENGINE_TEST(test_R15_R73_old_lives_while_it_is_used_and_for_a_grace_after),
        ENGINE_TEST(test_R15_figures_that_come_late_are_waited_for),
        ENGINE_TEST(test_S2_R16_no_answer_is_not_quiet_and_a_person_goes_on),
        ENGINE_TEST(test_R74_R66_an_answer_ends_the_attention),
        ENGINE_TEST(test_R22_an_emergency_does_not_ask_when_old_was_used),
        ENGINE_TEST(test_what_cannot_be_asked_about_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
