/* When rotations open by themselves, with a real vault, a provider that is a script, and a clock
 * that is turned while the engine is away. */
#include "engine_fixture.h"

#include "action/action.h"
#include "base/text.h"
#include "http/http.h"

enum { KEYS = 24 };
static const int64_t minute_ms = 60 * 1000;
static const int64_t hour_ms = 60 * 60 * 1000;

static const char *key_name(char out[16], int i)
{
    snprintf(out, 16, "k%d", i);
    return out;
}

static void add_key(struct fixture *fixture, const char *name, int64_t every_ms, int64_t jitter_ms)
{
    char secret[64], file[64], line[80];
    snprintf(secret, sizeof secret, "fs_live_%s-0123456789abcdef", name);
    snprintf(file, sizeof file, "keys/%s-1", name);
    snprintf(line, sizeof line, "%s\n", secret);
    fixture_write(fixture, file, line, 0600);
    struct engine_key_draft draft = {.fields = ENGINE_GRACE | ENGINE_EVERY | ENGINE_JITTER | ENGINE_PROBE_EVERY,
                                     .environment = "live",
                                     .name = name,
                                     .provider = "fs",
                                     .every_ms = every_ms,
                                     .jitter_ms = jitter_ms,
                                     .probe_every_ms = 24 * hour_ms};
    struct secret *value = fixture_secret(secret);
    GOOD(engine_key_add(fixture->engine, "test", &draft, value, NULL, &good_err));
    secret_free(value);
    WAIT_FOR(fixture, name, key.proof.verdict == VAULT_ALIVE);
}

/* The agent is away for so long. */
static void be_away(struct fixture *fixture, int64_t ms)
{
    fixture_stop(fixture);
    fixture_ahead_ms += ms;
    fixture_start(fixture);
    fixture_unlock(fixture);
}

static void test_missed_times_after_a_long_stop_are_spread_out(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    for (int i = 0; i < KEYS; i++)
        add_key(fixture, key_name(name, i), 100 * hour_ms, 0);
    be_away(fixture, 200 * hour_ms);
    int64_t now = fixture_wall_ms(NULL);
    int64_t first = INT64_MAX, last = 0;
    for (int i = 0; i < KEYS; i++) {
        WAIT_FOR(fixture, key_name(name, i), key.rotate_hold == VAULT_HOLD_MISSED || key.current_number == 2);
        struct vault_key key = fixture_key(fixture, name);
        assert_int_equal(key.rotate_hold, VAULT_HOLD_MISSED);
        assert_int_equal(key.current_number, 1);
        assert_true(key.rotate_due_ms < now - 90 * hour_ms);
        /* A tenth of the period is ten hours; an hour is the most. */
        assert_true(key.rotate_at_ms >= now && key.rotate_at_ms <= fixture_wall_ms(NULL) + hour_ms);
        first = key.rotate_at_ms < first ? key.rotate_at_ms : first;
        last = key.rotate_at_ms > last ? key.rotate_at_ms : last;
    }
    /* That 24 random times lie within a fifth of their hour happens once in 10^15 runs. */
    assert_true(last - first > hour_ms / 5);

    /* It is not put off again: it comes at its new time. */
    int64_t next = fixture_key(fixture, "k0").rotate_at_ms;
    be_away(fixture, next - fixture_wall_ms(NULL) + 1000);
    WAIT_FOR(fixture, "k0", key.current_number == 2 && !key.rotation_state);
    assert_int_equal(fixture_key(fixture, "k0").rotate_hold, VAULT_HOLD_NONE);
}

static void test_a_time_missed_by_less_than_a_minute_is_not_put_off(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "soon", hour_ms, 0);
    be_away(fixture, hour_ms + minute_ms / 2);
    WAIT_FOR(fixture, "soon", key.current_number == 2 && !key.rotation_state);
}

static void test_a_key_in_use_that_is_dead_is_not_put_off(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "broken", 100 * hour_ms, 0);
    fixture_remove(fixture, "keys/broken-1");
    GOOD(engine_key_probe(fixture->engine, "test", "live", "broken", &good_err));
    WAIT_FOR(fixture, "broken", key.alarm);
    be_away(fixture, 200 * hour_ms);
    WAIT_FOR(fixture, "broken", key.current_number == 2);
}

static void test_jitter_opens_a_rotation_before_its_period_ends_and_never_later(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    int64_t first = INT64_MAX, last = 0;
    for (int i = 0; i < KEYS; i++) {
        int64_t before = fixture_wall_ms(NULL);
        add_key(fixture, key_name(name, i), 100 * hour_ms, 50 * hour_ms);
        struct vault_key key = fixture_key(fixture, name);
        assert_true(key.rotate_at_ms >= before + 50 * hour_ms);
        assert_true(key.rotate_at_ms <= key.current_since_ms + 100 * hour_ms);
        assert_int_equal(key.rotate_at_ms, key.rotate_due_ms);
        first = key.rotate_at_ms < first ? key.rotate_at_ms : first;
        last = key.rotate_at_ms > last ? key.rotate_at_ms : last;
    }
    assert_true(last - first > 10 * hour_ms);
}

/* Turn the clock to a moment, with the engine away meanwhile. */
static void go_to(struct fixture *fixture, const char *time)
{
    int64_t ms = 0;
    GOOD(text_parse_time(time, &ms, &good_err));
    be_away(fixture, ms - fixture_wall_ms(NULL));
}

static void set_windows(struct fixture *fixture, const char *name, const char *windows)
{
    struct engine_key_draft draft = {
        .fields = ENGINE_WINDOWS, .environment = "live", .name = name, .windows = windows};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
}

static int64_t moment(const char *time)
{
    int64_t ms = 0;
    GOOD(text_parse_time(time, &ms, &good_err));
    return ms;
}

static void test_a_rotation_opens_only_inside_of_its_windows(void **state)
{
    struct fixture *fixture = *state;
    go_to(fixture, "2026-11-23T12:00:00Z"); /* a Monday */
    add_key(fixture, "calm", 2 * hour_ms, 0);
    set_windows(fixture, "calm", "Tue..Thu 09:00-16:00 Europe/Berlin");
    struct vault_key calm = fixture_key(fixture, "calm");
    assert_int_equal(calm.rotate_hold, VAULT_HOLD_WINDOW);
    assert_true(calm.rotate_due_ms < moment("2026-11-23T14:01:00Z"));
    /* Within the first tenth of its period, so that not all that wait begin at once. */
    assert_true(calm.rotate_at_ms >= moment("2026-11-24T08:00:00Z"));
    assert_true(calm.rotate_at_ms <= moment("2026-11-24T08:12:00Z"));
    go_to(fixture, "2026-11-24T07:59:00Z");
    assert_int_equal(fixture_key(fixture, "calm").current_number, 1);
    be_away(fixture, calm.rotate_at_ms - fixture_wall_ms(NULL));
    WAIT_FOR(fixture, "calm", key.current_number == 2 && !key.rotation_state);

    /* The window was missed: not outside of it, but in the next. */
    go_to(fixture, "2026-11-27T12:00:00Z"); /* a Friday */
    WAIT_FOR(fixture, "calm", key.rotate_at_ms >= moment("2026-12-01T08:00:00Z"));
    calm = fixture_key(fixture, "calm");
    assert_int_equal(calm.rotate_hold, VAULT_HOLD_WINDOW);
    assert_int_equal(calm.current_number, 2);
    assert_int_equal(calm.rotation_state, 0);

    /* Without windows it opens. */
    set_windows(fixture, "calm", "");
    WAIT_FOR(fixture, "calm", key.current_number == 3 && !key.rotation_state);
}

static void test_what_is_asked_for_and_emergencies_do_not_wait_for_a_window(void **state)
{
    struct fixture *fixture = *state;
    go_to(fixture, "2026-11-23T12:00:00Z");
    add_key(fixture, "calm", 2 * hour_ms, 0);
    set_windows(fixture, "calm", "Tue..Thu 09:00-16:00 Europe/Berlin");
    GOOD(engine_rotate(fixture->engine, "test", "live", "calm", NULL, &good_err));
    WAIT_FOR(fixture, "calm", key.current_number == 2 && !key.rotation_state);
    const struct engine_target target = {"live", "calm", 2};
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .replace = true};
    struct vault_incident incident;
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    WAIT_FOR(fixture, "calm", key.current_number == 3 && !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "calm", 2).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_key(fixture, "calm").rotate_hold, VAULT_HOLD_WINDOW);
}

static void test_windows_that_do_not_parse_are_refused_and_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "calm", 2 * hour_ms, 0);
    set_windows(fixture, "calm", "09:00-16:00 UTC");
    struct engine_key_draft draft = {
        .fields = ENGINE_WINDOWS, .environment = "live", .name = "calm", .windows = "Tue 9-16 UTC"};
    REFUSED(ERR_INVALID, "\"9-16\" are not the times of a window",
            engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    assert_string_equal(fixture_key(fixture, "calm").windows, "09:00-16:00 UTC");
}

static void test_jitter_is_at_most_the_period(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "edge", hour_ms, hour_ms);
    struct engine_key_draft draft = {
        .fields = ENGINE_JITTER, .environment = "live", .name = "edge", .jitter_ms = hour_ms + 1};
    REFUSED(ERR_INVALID, "at most the rotation period",
            engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_missed_times_after_a_long_stop_are_spread_out, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_time_missed_by_less_than_a_minute_is_not_put_off, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_key_in_use_that_is_dead_is_not_put_off, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_jitter_opens_a_rotation_before_its_period_ends_and_never_later,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_rotation_opens_only_inside_of_its_windows, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_asked_for_and_emergencies_do_not_wait_for_a_window, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_windows_that_do_not_parse_are_refused_and_change_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_jitter_is_at_most_the_period, fixture_setup, fixture_teardown),
    };
    struct err err = {0};
    if (secret_init(&err) != ERR_OK || http_init(&err) != ERR_OK)
        return 1;
    action_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
