/* Answers of a provider that is asked one thing at a time share a commit, while others wait for their turn; not one
 * that brings a new key, nor an emergency's. The clocks stand still meanwhile, so that nothing but that decides. */
#include "engine_fixture.h"

enum { KEYS = 12, OFTEN_MS = 4 * 60 * 1000, SELDOM_MS = 24 * 3600 * 1000 };

static char *key_name(char name[16], int number)
{
    snprintf(name, 16, "k%d", number);
    return name;
}

/* The provider fs, asked one thing at a time. */
static void one_at_a_time(struct fixture *fixture)
{
    char text[4000];
    fixture_read(fixture, "providers/fs.yaml", text, sizeof text);
    char *parallel = strstr(text, "parallel: 8");
    assert_non_null(parallel);
    parallel[sizeof "parallel: 8" - 2] = '1';
    fixture_write(fixture, "providers/fs.yaml", text, 0600);
    fixture_stop(fixture);
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static void add_key(struct fixture *fixture, const char *name, int64_t probe_every_ms)
{
    struct engine_key_draft draft = {.fields = ENGINE_PROBE_EVERY,
                                     .environment = "live",
                                     .name = name,
                                     .provider = "fs",
                                     .probe_every_ms = probe_every_ms};
    char text[64], file[64];
    snprintf(text, sizeof text, "fs_live_%s-1-0123456789abcdef", name);
    snprintf(file, sizeof file, "keys/%s-1", name);
    fixture_write(fixture, file, text, 0600);
    struct secret *value = fixture_secret(text);
    GOOD(engine_key_add(fixture->engine, "test", &draft, value, NULL, &good_err));
    secret_free(value);
}

static struct engine_figures figures(struct fixture *fixture)
{
    struct engine_figures figures;
    engine_figures(fixture->engine, &figures);
    return figures;
}

/* Every other key was proved at that time or later, and that is recorded. */
static void wait_proved(struct fixture *fixture, int64_t since_ms)
{
    char name[16];
    for (int i = 0; i < KEYS; i++)
        WAIT_FOR(fixture, key_name(name, i), key.proof.verdict == VAULT_ALIVE && key.proof.at_ms >= since_ms);
}

static void begin(struct fixture *fixture)
{
    one_at_a_time(fixture);
    add_key(fixture, "first", SELDOM_MS);
    WAIT_FOR(fixture, "first", key.proof.verdict == VAULT_ALIVE);
}

/* Keys that are to be proved: their probes wait for their turn from here on, and the clocks stand still. */
static void add_others(struct fixture *fixture, int64_t probe_every_ms)
{
    char name[16];
    fixture_hold(fixture, "probe");
    for (int i = 0; i < KEYS; i++)
        add_key(fixture, key_name(name, i), probe_every_ms);
    fixture_freeze(true);
}

static void end(struct fixture *fixture)
{
    fixture_freeze(false);
    fixture_let_go(fixture, "probe");
    wait_proved(fixture, 1);
}

/* All of them are due again by themselves: what a person asks for does not wait for others. */
static void make_due(struct fixture *fixture)
{
    char name[16];
    int64_t latest_ms = 0;
    for (int i = 0; i < KEYS; i++) {
        int64_t due_ms = fixture_key(fixture, key_name(name, i)).probe_at_ms;
        latest_ms = due_ms > latest_ms ? due_ms : latest_ms;
    }
    fixture_stop(fixture);
    fixture_ahead_ms += latest_ms - fixture_wall_ms(NULL) + 1;
    fixture_hold(fixture, "probe");
    fixture_start(fixture);
    fixture_unlock(fixture);
    for (int i = 0; i < KEYS; i++)
        WAIT_FOR(fixture, key_name(name, i), key.probe_at_ms > fixture_wall_ms(NULL));
    fixture_freeze(true);
}

static void test_answers_share_a_commit_while_others_wait_for_their_turn(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    add_others(fixture, OFTEN_MS);
    end(fixture);
    make_due(fixture);
    struct engine_figures before = figures(fixture);
    fixture_let_go(fixture, "probe");
    wait_proved(fixture, fixture_wall_ms(NULL));
    struct engine_figures after = figures(fixture);
    fixture_freeze(false);
    /* All but the last wait for each other. While that one is under way, nobody waits for a turn. */
    assert_int_equal(after.effects_ended - before.effects_ended, KEYS);
    assert_true(after.commits - before.commits <= 3);
}

static void test_S3_a_new_key_waits_for_no_others(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    fixture_hold(fixture, "issue");
    GOOD(engine_rotate(fixture->engine, "test", "live", "first", NULL, &good_err));
    fixture_wait_logged(fixture, "issue ");
    add_others(fixture, SELDOM_MS);
    fixture_let_go(fixture, "issue");
    WAIT_FOR(fixture, "first", key.rotation_state == ROTATION_PROVING + 1);
    assert_int_equal(fixture_version(fixture, "first", 2).state, VAULT_STAGED);
    assert_true(fixture_logged(fixture, "probe k2-1") < 0); /* and others do wait */
    end(fixture);
}

static int keep_state(void *context, const struct vault_row *record, struct err *err)
{
    int *state = context;
    (void)err;
    *state = (int)((const struct vault_revocation *)record)->state;
    return ERR_OK;
}

/* As it is recorded, of the only one that there is. */
static int revocation_state(struct fixture *fixture)
{
    int state = -1;
    GOOD(vault_scan(fixture->session, VAULT_REVOCATION, NULL, keep_state, &state, &good_err));
    return state;
}

static void test_S4_an_emergency_waits_for_no_others(void **state)
{
    struct fixture *fixture = *state;
    struct vault_incident incident;
    struct engine_target target = {.environment = "live", .name = "first"};
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .reason = "on a screen"};
    begin(fixture);
    fixture_hold(fixture, "revoke");
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    fixture_wait_logged(fixture, "revoke ");
    add_others(fixture, SELDOM_MS);
    uint64_t ended = figures(fixture).effects_ended;
    fixture_let_go(fixture, "revoke");
    for (int left = 12000; revocation_state(fixture) != REVOCATION_BURYING && left > 0; left--)
        fixture_sleep();
    assert_int_equal(revocation_state(fixture), REVOCATION_BURYING);
    assert_int_equal(figures(fixture).effects_ended, ended + 1);
    assert_true(fixture_logged(fixture, "probe k2-1") < 0);
    end(fixture);
    WAIT_FOR(fixture, "first", !key.open_revocations);
}

/* Also when a claim failed while something was held. */
static int teardown(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const held[] = {"probe.hold", "issue.hold", "revoke.hold"};
    fixture_freeze(false);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (fixture_exists(fixture, held[i]))
            fixture_remove(fixture, held[i]);
    return fixture_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_share_a_commit_while_others_wait_for_their_turn, fixture_setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_S3_a_new_key_waits_for_no_others, fixture_setup, teardown),
        cmocka_unit_test_setup_teardown(test_S4_an_emergency_waits_for_no_others, fixture_setup, teardown),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
