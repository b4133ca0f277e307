/* A provider that lets only so many keys live. */
#include "engine_fixture.h"

/* The provider "few": fs that lets so many keys live, and can disable them, watched for an hour. */
static void start_few(struct fixture *fixture, unsigned keys)
{
    static const char *const actions[] = {"issue", "probe", "revoke", "disable", "enable"};
    char text[4000];
    size_t length = (size_t)snprintf(
        text, sizeof text,
        "name: few\n"
        "environments:\n"
        "  - {name: live, class: live, base_url: 'http://127.0.0.1:1', key_pattern: '^fs_live_.+$'}\n"
        "limits: {settle: 2, settle_interval: 10ms, propagation: 50ms, watch: 1h, keys: %u}\n"
        "actions:\n",
        keys);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "  %s: {program: {command: ['%s/provider.sh', %s, '%s']}}\n", actions[i],
                                   fixture->folder, actions[i], fixture->folder);
    fixture_stop(fixture);
    fixture_write(fixture, "providers/few.yaml", text, 0600);
    fixture_write(fixture, "disable.answer", "{\"verdict\":\"done\"}", 0600);
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static void add(struct fixture *fixture, const char *name)
{
    const struct engine_key_draft draft = {
        .fields = ENGINE_GRACE, .environment = "live", .name = name, .provider = "few", .grace_ms = 0};
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, name, key.current_number == 1 && !key.rotation_state);
}

/* A rotation whose new key is of no use: it is condemned, disabled, and watched. */
static void fail_once(struct fixture *fixture, const char *name)
{
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"unfit\"}", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", name, NULL, &good_err));
    WAIT_FOR(fixture, name, !key.rotation_state && key.open_revocations == 1);
    fixture_remove(fixture, "probe.answer");
    fixture_wait_logged(fixture, "disable");
    assert_int_equal(fixture_version(fixture, name, 2).state, VAULT_CONDEMNED);
}

static void test_R80_K55_a_watched_version_gives_its_slot(void **state)
{
    struct fixture *fixture = *state;
    start_few(fixture, 2);
    add(fixture, "two");
    fail_once(fixture, "two");
    assert_true(fixture_logged(fixture, "revoke two-2") < 0);
    GOOD(engine_rotate(fixture->engine, "test", "live", "two", NULL, &good_err));
    WAIT_FOR(fixture, "two", key.current_number == 3);
    assert_int_equal(fixture_version(fixture, "two", 2).state, VAULT_DEAD_VERSION);
    assert_true(fixture_logged(fixture, "revoke two-2") < fixture_logged(fixture, "issue two-3"));
    /* What its own rotation watches is not hurried. */
    WAIT_FOR(fixture, "two", key.rotation_state == ROTATION_RETIRING + 1);
    assert_true(fixture_logged(fixture, "revoke two-1") < 0);
}

static void test_R81_without_a_slot_nothing_is_asked_for_and_a_person_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    start_few(fixture, 1);
    add(fixture, "one");
    GOOD(engine_rotate(fixture->engine, "test", "live", "one", &rotation, &good_err));
    WAIT_FOR(fixture, "one", key.rotation_state == ROTATION_ATTENTION + 1 && key.waits_for_person);
    rotation = fixture_rotation(fixture, rotation.row.id);
    assert_non_null(strstr(rotation.detail, "lets 1 keys live, and the versions 1 (current) hold them"));
    assert_true(fixture_logged(fixture, "issue one-2") < 0);
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_RETRY, NULL, &good_err));
    WAIT_FOR(fixture, "one", key.rotation_state == ROTATION_ATTENTION + 1);
    assert_true(fixture_logged(fixture, "issue one-2") < 0);
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_CANCEL, NULL, &good_err));
    assert_int_equal(fixture_key(fixture, "one").current_number, 1);
}

static void test_R06_a_refusal_names_the_versions_that_hold_slots(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    start_few(fixture, 3);
    add(fixture, "full");
    fail_once(fixture, "full");
    fixture_write(fixture, "issue.answer", "{\"verdict\":\"refused\",\"because\":\"the account is full\"}", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "full", &rotation, &good_err));
    WAIT_FOR(fixture, "full", !key.rotation_state);
    rotation = fixture_rotation(fixture, rotation.row.id);
    assert_non_null(strstr(rotation.detail, "2 (condemned), 1 (current)"));
    assert_non_null(strstr(rotation.detail, "the account is full"));
}

#define ENGINE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_R80_K55_a_watched_version_gives_its_slot),
        ENGINE_TEST(test_R81_without_a_slot_nothing_is_asked_for_and_a_person_is_told),
        ENGINE_TEST(test_R06_a_refusal_names_the_versions_that_hold_slots),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
