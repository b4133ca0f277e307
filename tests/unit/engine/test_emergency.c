/* Emergencies in the engine: what they wait for (nothing), and in which order things die. */
#include "engine_fixture.h"

enum { HOUR_MS = 3600 * 1000, WORKERS = 4, LIMIT = 8, BUSY_KEYS = 2 * LIMIT };

static void add(struct fixture *fixture, const char *name, int64_t grace_ms, const char *delivery)
{
    const char *deliveries[] = {delivery};
    struct engine_key_draft draft = {.fields = ENGINE_GRACE,
                                     .environment = "live",
                                     .name = name,
                                     .provider = "fs",
                                     .grace_ms = grace_ms,
                                     .deliveries = deliveries,
                                     .delivery_count = delivery ? 1 : 0};
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
}

static struct vault_incident kill_versions(struct fixture *fixture, const char *name, uint32_t number, bool replace)
{
    struct vault_incident incident = {0};
    struct engine_target target = {.environment = "live", .name = name, .number = number};
    const struct engine_emergency emergency = {
        .targets = &target, .count = 1, .replace = replace, .reason = "leaked"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    return incident;
}

static struct vault_incident incident_now(struct fixture *fixture, uint32_t number)
{
    struct vault_incident incident = {0};
    GOOD(vault_incident_by_number(fixture->session, number, &incident, &good_err));
    return incident;
}

/* It waits behind nothing: not begun yet, or begun later than that. */
static bool is_later(struct fixture *fixture, const char *text, const char *than)
{
    return fixture_logged(fixture, text) < 0 || fixture_logged(fixture, text) > fixture_logged(fixture, than);
}

/* The engine has begun so many effects, and is past that. */
static void await_started(struct fixture *fixture, uint64_t count)
{
    struct engine_figures figures = {0};
    for (int left = 12000; figures.effects_started < count && left > 0; left--) {
        fixture_sleep();
        engine_figures(fixture->engine, &figures);
    }
    assert_int_equal(figures.effects_started, count);
    REFUSED(ERR_NOT_FOUND, "", engine_rotate(fixture->engine, "test", "live", "nobody", NULL, &good_err));
}

/* The workers and the provider's limit are full, and more waits behind them. */
static void test_S4_an_emergency_is_first_in_a_full_queue(void **state)
{
    struct fixture *fixture = *state;
    char name[16], held[32];
    struct engine_figures before;
    add(fixture, "leak", 0, NULL);
    WAIT_FOR(fixture, "leak", key.current_number == 1 && !key.rotation_state);
    engine_figures(fixture->engine, &before);
    for (int i = 0; i < BUSY_KEYS; i++) {
        snprintf(name, sizeof name, "busy%d", i);
        snprintf(held, sizeof held, "issue.%s-1", name);
        fixture_hold(fixture, held);
        add(fixture, name, 0, NULL);
    }
    await_started(fixture, before.effects_started + LIMIT);
    for (int i = 0; i < WORKERS; i++) {
        snprintf(held, sizeof held, "issue busy%d-1", i);
        fixture_wait_logged(fixture, held);
    }
    (void)kill_versions(fixture, "leak", 0, false);
    /* One place at the provider becomes free, and then one worker. Both are the emergency's, though the others
     * have waited for longer. */
    fixture_let_go(fixture, "issue.busy0-1");
    await_started(fixture, before.effects_started + LIMIT + 1);
    fixture_wait_logged(fixture, "issue busy4-1");
    assert_int_equal(fixture_times_logged(fixture, "issue busy"), WORKERS + 1);
    fixture_let_go(fixture, "issue.busy1-1");
    fixture_wait_logged(fixture, "revoke leak-1");
    assert_true(is_later(fixture, "issue busy5-1", "revoke leak-1"));
    assert_true(is_later(fixture, "issue busy8-1", "revoke leak-1"));
    for (int i = 2; i < BUSY_KEYS; i++) {
        snprintf(held, sizeof held, "issue.busy%d-1", i);
        fixture_let_go(fixture, held);
    }
    WAIT_FOR(fixture, "leak", !key.open_revocations);
}

/* A key whose probe is held. */
static void add_held(struct fixture *fixture, const char *name)
{
    char text[64], file[64], held[32];
    snprintf(held, sizeof held, "probe.%s-1", name);
    fixture_hold(fixture, held);
    snprintf(file, sizeof file, "keys/%s-1", name);
    snprintf(text, sizeof text, "fs_live_%s-0123456789abcdef\n", name);
    fixture_write(fixture, file, text, 0600);
    *strchr(text, '\n') = '\0';
    OWN(secret_free) struct secret *secret = fixture_secret(text);
    const struct engine_key_draft draft = {.environment = "live", .name = name, .provider = "fs"};
    GOOD(engine_key_add(fixture->engine, "test", &draft, secret, NULL, &good_err));
}

/* They are proved at once, and so wait in front of what is due; not in front of what must die. */
static void test_S4_an_emergency_goes_before_the_proofs_of_keys_that_were_added(void **state)
{
    struct fixture *fixture = *state;
    char name[16], held[32];
    struct engine_figures before;
    add(fixture, "leak", 0, NULL);
    WAIT_FOR(fixture, "leak", key.current_number == 1 && !key.rotation_state);
    engine_figures(fixture->engine, &before);
    for (int i = 0; i < BUSY_KEYS; i++) {
        snprintf(name, sizeof name, "added%d", i);
        add_held(fixture, name);
    }
    await_started(fixture, before.effects_started + LIMIT);
    (void)kill_versions(fixture, "leak", 0, false);
    /* The first place at the provider that becomes free is the emergency's, behind those that have begun. */
    for (int i = 0; i <= LIMIT - WORKERS; i++) {
        snprintf(held, sizeof held, "probe added%d-1", i);
        fixture_wait_logged(fixture, held);
        snprintf(held, sizeof held, "probe.added%d-1", i);
        fixture_let_go(fixture, held);
    }
    fixture_wait_logged(fixture, "revoke leak-1");
    for (int i = LIMIT - WORKERS + 1; i < BUSY_KEYS; i++) {
        snprintf(held, sizeof held, "probe added%d-1", i);
        assert_true(i < LIMIT || is_later(fixture, held, "revoke leak-1"));
        snprintf(held, sizeof held, "probe.added%d-1", i);
        fixture_let_go(fixture, held);
    }
    WAIT_FOR(fixture, "leak", !key.open_revocations);
}

static void test_S4_an_emergency_does_not_wait_for_a_delivery_that_hangs(void **state)
{
    struct fixture *fixture = *state;
    char definition[600];
    snprintf(definition, sizeof definition,
             "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/out\",\"format\":\"raw\","
             "\"check\":[\"/bin/sh\",\"-c\",\"while [ -e %s/hang ]; do sleep 0.05; done\"],\"check_timeout\":\"10m\"}",
             fixture->folder, fixture->folder);
    add(fixture, "hang", 0, definition);
    WAIT_FOR(fixture, "hang", key.current_number == 1 && !key.rotation_state);
    fixture_write(fixture, "hang", "", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "hang", NULL, &good_err));
    WAIT_FOR(fixture, "hang", key.rotation_state == ROTATION_DELIVERING + 1);
    (void)kill_versions(fixture, "hang", 1, false);
    WAIT_FOR(fixture, "hang", !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "hang", 1).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_key(fixture, "hang").rotation_state, ROTATION_DELIVERING + 1);
    fixture_remove(fixture, "hang");
}

static int count_state(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    size_t *states = context;
    states[((const struct vault_revocation *)record)->state]++;
    return ERR_OK;
}

/* Each of them starts another job in the same step, and what it starts must not be lost however many they are. */
static void test_S4_of_an_emergency_over_many_keys_every_one_has_started_when_it_returns(void **state)
{
    enum { MANY = 100 };
    struct fixture *fixture = *state;
    static char names[MANY][16];
    static struct engine_target targets[MANY];
    size_t states[REVOCATION_STATE_COUNT] = {0};
    struct vault_incident incident = {0};
    struct err err = {0};
    for (size_t i = 0; i < MANY; i++) {
        char text[64];
        snprintf(names[i], sizeof names[i], "many%zu", i);
        snprintf(text, sizeof text, "fs_live_many%zu-0123456789abcdef", i);
        OWN(secret_free) struct secret *secret = fixture_secret(text);
        const struct engine_key_draft draft = {.environment = "live", .name = names[i], .provider = "manual"};
        GOOD(engine_key_add(fixture->engine, "test", &draft, secret, NULL, &good_err));
        targets[i] = (struct engine_target){.environment = "live", .name = names[i], .number = 1};
    }
    const struct engine_emergency emergency = {.targets = targets, .count = MANY, .reason = "all of them"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    assert_int_equal(incident.revocations, MANY);
    assert_int_equal(vault_scan(fixture->session, VAULT_REVOCATION, NULL, count_state, states, &err), ERR_OK);
    assert_int_equal(states[REVOCATION_REQUESTED], 0);
    assert_int_equal(states[REVOCATION_WAITING] + states[REVOCATION_DEAD], MANY);
}

static void test_S1_a_replaced_version_dies_after_its_successor_without_grace(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "swap", HOUR_MS, NULL);
    WAIT_FOR(fixture, "swap", key.current_number == 1 && !key.rotation_state);
    struct vault_incident incident = kill_versions(fixture, "swap", 0, true);
    assert_int_equal(incident.revocations, 1);
    assert_int_equal(incident.replacing, 1);
    WAIT_FOR(fixture, "swap", key.current_number == 2 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "swap", 1).state, VAULT_DEAD_VERSION);
    assert_true(fixture_logged(fixture, "revoke swap-1") > fixture_logged(fixture, "probe swap-2"));
    incident = incident_now(fixture, incident.number);
    assert_int_equal(incident.dead, 1);
    assert_true(incident.ended_at_ms > 0);
}

/* The successor of a rotation that still waits for its grace is suspect, too. */
static void test_replacing_a_key_that_settles_kills_both_and_makes_a_third(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "both", HOUR_MS, NULL);
    WAIT_FOR(fixture, "both", key.current_number == 1 && !key.rotation_state);
    GOOD(engine_rotate(fixture->engine, "test", "live", "both", NULL, &good_err));
    WAIT_FOR(fixture, "both", key.rotation_state == ROTATION_SETTLING + 1);
    struct vault_incident incident = kill_versions(fixture, "both", 0, true);
    assert_int_equal(incident.revocations, 2);
    assert_int_equal(incident.replacing, 1);
    WAIT_FOR(fixture, "both", key.current_number == 3 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "both", 1).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_version(fixture, "both", 2).state, VAULT_DEAD_VERSION);
    incident = incident_now(fixture, incident.number);
    assert_int_equal(incident.dead, 2);
    assert_true(incident.ended_at_ms > 0);
}

static void test_a_rotation_under_way_becomes_the_replacement(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "way", HOUR_MS, NULL);
    WAIT_FOR(fixture, "way", key.current_number == 1 && !key.rotation_state);
    fixture_hold(fixture, "issue");
    GOOD(engine_rotate(fixture->engine, "test", "live", "way", NULL, &good_err));
    fixture_wait_logged(fixture, "issue way-2");
    struct vault_incident incident = kill_versions(fixture, "way", 0, true);
    fixture_let_go(fixture, "issue");
    WAIT_FOR(fixture, "way", key.current_number == 2 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_times_logged(fixture, "issue way-"), 2);
    assert_int_equal(fixture_version(fixture, "way", 1).state, VAULT_DEAD_VERSION);
    assert_true(incident_now(fixture, incident.number).ended_at_ms > 0);
}

static void test_S4_a_replacement_survives_a_restart(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "crash", HOUR_MS, NULL);
    WAIT_FOR(fixture, "crash", key.current_number == 1 && !key.rotation_state);
    fixture_write(fixture, "probe.answer", "no", 0600);
    struct vault_incident incident = kill_versions(fixture, "crash", 0, true);
    WAIT_FOR(fixture, "crash", key.rotation_state == ROTATION_PROVING + 1);
    fixture_stop(fixture);
    fixture_remove(fixture, "probe.answer");
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_FOR(fixture, "crash", key.current_number == 2 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(incident_now(fixture, incident.number).dead, 1);
}

static void test_nothing_left_to_kill_opens_no_incident(void **state)
{
    struct fixture *fixture = *state;
    struct engine_target target = {.environment = "live", .name = "gone"};
    struct vault_incident incident = {0};
    const struct engine_emergency emergency = {.targets = &target, .count = 1};
    add(fixture, "gone", 0, NULL);
    WAIT_FOR(fixture, "gone", key.current_number == 1 && !key.rotation_state);
    (void)kill_versions(fixture, "gone", 0, false);
    WAIT_FOR(fixture, "gone", !key.open_revocations);
    REFUSED(ERR_STATE, "nothing is left to kill",
            engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    target.number = 7;
    REFUSED(ERR_NOT_FOUND, "live/gone has no version 7",
            engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    assert_int_equal(vault_incident_by_number(fixture->session, 2, &incident, &(struct err){0}), ERR_NOT_FOUND);
}

#define EMERGENCY_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMERGENCY_TEST(test_S4_an_emergency_is_first_in_a_full_queue),
        EMERGENCY_TEST(test_S4_an_emergency_goes_before_the_proofs_of_keys_that_were_added),
        EMERGENCY_TEST(test_S4_an_emergency_does_not_wait_for_a_delivery_that_hangs),
        EMERGENCY_TEST(test_S4_of_an_emergency_over_many_keys_every_one_has_started_when_it_returns),
        EMERGENCY_TEST(test_S1_a_replaced_version_dies_after_its_successor_without_grace),
        EMERGENCY_TEST(test_replacing_a_key_that_settles_kills_both_and_makes_a_third),
        EMERGENCY_TEST(test_a_rotation_under_way_becomes_the_replacement),
        EMERGENCY_TEST(test_S4_a_replacement_survives_a_restart),
        EMERGENCY_TEST(test_nothing_left_to_kill_opens_no_incident),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
