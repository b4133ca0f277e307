/* When rotations open by themselves, with a real vault, a provider that is a script, and a clock
 * that is turned while the engine is away. */
#include "engine_fixture.h"

#include "base/text.h"

enum { KEYS = 24 };
static const int64_t minute_ms = 60 * 1000;
static const int64_t hour_ms = 60 * 60 * 1000;

static const char *key_name(char out[16], int i)
{
    snprintf(out, 16, "k%d", i);
    return out;
}

static void add_unproved(struct fixture *fixture, const char *name, int64_t every_ms, int64_t jitter_ms)
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
}

static void add_key(struct fixture *fixture, const char *name, int64_t every_ms, int64_t jitter_ms)
{
    add_unproved(fixture, name, every_ms, jitter_ms);
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
    int64_t now = fixture_wall_ms(NULL) + 200 * hour_ms;
    int64_t first = INT64_MAX, last = 0;
    be_away(fixture, 200 * hour_ms);
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
    be_away(fixture, fixture_key(fixture, "soon").rotate_at_ms - fixture_wall_ms(NULL) + minute_ms / 6);
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

static const int64_t day_ms = 24 * 60 * 60 * 1000;

static void set_expiry(struct fixture *fixture, const char *name, int64_t expires_at_ms)
{
    struct engine_key_draft draft = {
        .fields = ENGINE_EXPIRES, .environment = "live", .name = name, .expires_at_ms = expires_at_ms};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
}

static void test_a_key_that_expires_is_rotated_in_time_before(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "ends", 0, 0);
    int64_t since = fixture_key(fixture, "ends").current_since_ms;
    assert_int_equal(fixture_key(fixture, "ends").rotate_at_ms, 0);
    /* Three days before, */
    set_expiry(fixture, "ends", since + 90 * day_ms);
    assert_int_equal(fixture_key(fixture, "ends").rotate_at_ms, since + 87 * day_ms);
    assert_int_equal(fixture_key(fixture, "ends").rotate_cause, VAULT_CAUSE_EXPIRY);
    assert_int_equal(fixture_version(fixture, "ends", 1).expires_at_ms, since + 90 * day_ms);
    /* a third of a short life, */
    set_expiry(fixture, "ends", since + 6 * hour_ms);
    assert_int_equal(fixture_key(fixture, "ends").rotate_at_ms, since + 4 * hour_ms);
    /* or the end of its period, whichever is first. */
    struct engine_key_draft draft = {
        .fields = ENGINE_EVERY, .environment = "live", .name = "ends", .every_ms = 3 * hour_ms};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    assert_int_equal(fixture_key(fixture, "ends").rotate_at_ms, since + 3 * hour_ms);
    assert_int_equal(fixture_key(fixture, "ends").rotate_cause, VAULT_CAUSE_PERIOD);
    draft.every_ms = 0;
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    be_away(fixture, 4 * hour_ms);
    WAIT_FOR(fixture, "ends", key.current_number == 2 && !key.rotation_state);
    /* The next one has no expiry that anybody told. */
    assert_int_equal(fixture_key(fixture, "ends").expires_at_ms, 0);
    assert_int_equal(fixture_key(fixture, "ends").rotate_at_ms, 0);
}

static void test_an_expiry_that_a_rotation_fails_to_avert_is_tried_again_before_long(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "ends", 0, 0);
    fixture_write(fixture, "issue.answer", "{\"verdict\":\"refused\"}", 0600);
    set_expiry(fixture, "ends", fixture_wall_ms(NULL) + 40 * minute_ms);
    be_away(fixture, 27 * minute_ms);
    WAIT_FOR(fixture, "ends", key.last_number == 2 && !key.rotation_state);
    struct vault_key ends = fixture_key(fixture, "ends");
    assert_int_equal(ends.current_number, 1);
    assert_true(ends.rotate_at_ms >= fixture_wall_ms(NULL) + 4 * minute_ms);
    assert_true(ends.rotate_at_ms <= fixture_wall_ms(NULL) + 5 * minute_ms);
}

static void test_neither_spreading_nor_a_window_lets_a_key_expire(void **state)
{
    struct fixture *fixture = *state;
    go_to(fixture, "2026-11-23T12:00:00Z"); /* a Monday */
    add_key(fixture, "near", 0, 0);
    add_key(fixture, "far", 0, 0);
    set_windows(fixture, "near", "Sat 10:00-12:00 UTC");
    set_windows(fixture, "far", "Sat 10:00-12:00 UTC");
    set_expiry(fixture, "near", moment("2026-11-28T09:59:00Z"));
    set_expiry(fixture, "far", moment("2026-11-28T10:01:00Z"));
    assert_true(fixture_key(fixture, "near").rotate_at_ms < moment("2026-11-27T12:00:00Z"));
    assert_true(fixture_key(fixture, "far").rotate_at_ms >= moment("2026-11-28T10:00:00Z"));
    assert_true(fixture_key(fixture, "far").rotate_at_ms < moment("2026-11-28T10:01:00Z"));
    set_windows(fixture, "near", "");
    go_to(fixture, "2026-11-28T09:39:00Z");
    WAIT_FOR(fixture, "near", key.rotate_hold == VAULT_HOLD_MISSED || key.current_number == 2);
    assert_true(fixture_key(fixture, "near").rotate_at_ms <= moment("2026-11-28T09:45:00Z"));
}

static void test_an_expiry_that_the_provider_tells_is_known(void **state)
{
    struct fixture *fixture = *state;
    fixture_write(fixture, "issue.answer",
                  "{\"verdict\":\"done\",\"secret\":\"fs_live_told-1-0123456789abcdef\",\"id\":\"told-1\","
                  "\"expires\":\"2099-03-01\"}", 0600);
    fixture_write(fixture, "keys/told-1", "fs_live_told-1-0123456789abcdef\n", 0600);
    struct engine_key_draft draft = {.environment = "live", .name = "told", .provider = "fs"};
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, "told", key.current_number == 1 && !key.rotation_state);
    assert_int_equal(fixture_key(fixture, "told").expires_at_ms, moment("2099-03-01T00:00:00Z"));
    assert_int_equal(fixture_key(fixture, "told").rotate_at_ms, moment("2099-02-26T00:00:00Z"));
    /* It was moved there, and the daily look sees it. */
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"alive\",\"expires\":\"2098-03-01T12:00:00Z\"}", 0600);
    GOOD(engine_key_probe(fixture->engine, "test", "live", "told", &good_err));
    WAIT_FOR(fixture, "told", key.expires_at_ms == moment("2098-03-01T12:00:00Z"));
    assert_int_equal(fixture_key(fixture, "told").rotate_at_ms, moment("2098-02-26T12:00:00Z"));
    /* What cannot be read changes nothing. */
    fixture_write(fixture, "probe.answer", "{\"verdict\":\"alive\",\"expires\":\"some day\"}", 0600);
    int64_t before = fixture_key(fixture, "told").proof.at_ms;
    GOOD(engine_key_probe(fixture->engine, "test", "live", "told", &good_err));
    WAIT_FOR(fixture, "told", key.proof.at_ms > before);
    assert_int_equal(fixture_key(fixture, "told").expires_at_ms, moment("2098-03-01T12:00:00Z"));
}

/* The distance to the next probe, after the key was probed at its time and so many in a row proved nothing. */
static int64_t probe_and_look(struct fixture *fixture, const char *name, int failures)
{
    be_away(fixture, fixture_key(fixture, name).probe_at_ms - fixture_wall_ms(NULL) + 1);
    WAIT_FOR(fixture, name, key.doubt.times == failures);
    return fixture_key(fixture, name).probe_at_ms - fixture_wall_ms(NULL);
}

static void test_S2_what_proves_nothing_is_asked_again_less_and_less_until_it_does(void **state)
{
    struct fixture *fixture = *state;
    add_key(fixture, "silent", 0, 0);
    fixture_write(fixture, "probe.answer", "no answer", 0600);
    for (int failures = 1; failures <= 5; failures++) {
        int64_t most = minute_ms << (failures - 1);
        int64_t distance = probe_and_look(fixture, "silent", failures);
        assert_in_range(distance, most / 2 - minute_ms / 4, most);
    }
    assert_int_equal(fixture_key(fixture, "silent").proof.verdict, VAULT_ALIVE);
    fixture_remove(fixture, "probe.answer");
    assert_true(probe_and_look(fixture, "silent", 0) > 20 * hour_ms);
    fixture_write(fixture, "probe.answer", "no answer", 0600);
    assert_in_range(probe_and_look(fixture, "silent", 1), minute_ms / 4, minute_ms);
}

static void test_one_found_dead_by_its_schedule_raises_an_alarm_and_is_replaced_if_its_policy_says_so(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"told", "healed"};
    for (int i = 0; i < 2; i++)
        add_key(fixture, names[i], 0, 0);
    struct engine_key_draft draft = {
        .fields = ENGINE_ROTATE_DEAD, .environment = "live", .name = "healed", .rotate_dead = true};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    fixture_remove(fixture, "keys/told-1");
    fixture_remove(fixture, "keys/healed-1");
    for (int i = 0; i < 2; i++) {
        be_away(fixture, fixture_key(fixture, names[i]).probe_at_ms - fixture_wall_ms(NULL));
        WAIT_FOR(fixture, names[i], key.alarm || key.current_number >= 2);
    }
    /* Where both came due in the first absence, the second one cuts its issue off, and it is issued anew. */
    WAIT_FOR(fixture, "healed", key.current_number >= 2 && !key.alarm);
    assert_int_equal(fixture_key(fixture, "told").rotation_state, 0);
    assert_int_equal(fixture_key(fixture, "told").current_number, 1);
}

static void set_not_with(struct fixture *fixture, const char *name, const char *other)
{
    struct engine_key_draft draft = {
        .fields = ENGINE_NOT_WITH, .environment = "live", .name = name, .not_with = other};
    GOOD(engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
}

static void test_two_keys_kept_apart_are_not_rotated_on_the_same_day(void **state)
{
    struct fixture *fixture = *state;
    go_to(fixture, "2026-11-23T12:00:00Z");
    add_key(fixture, "left", 48 * hour_ms, 0);
    add_key(fixture, "right", 48 * hour_ms, 0);
    set_not_with(fixture, "right", "live/left");
    assert_string_equal(fixture_key(fixture, "left").not_with, "live/right");
    /* Both would be due on the 25th: the one that was told waits for the 26th. */
    assert_true(fixture_key(fixture, "left").rotate_at_ms < moment("2026-11-26T00:00:00Z"));
    assert_true(fixture_key(fixture, "right").rotate_at_ms >= moment("2026-11-26T00:00:00Z"));
    assert_true(fixture_key(fixture, "right").rotate_at_ms <= moment("2026-11-26T01:00:00Z"));
    assert_int_equal(fixture_key(fixture, "right").rotate_hold, VAULT_HOLD_NOT_WITH);

    /* One that somebody asks for on that day pushes the other on when it is due. */
    set_windows(fixture, "right", "12:00-13:00 UTC");
    int64_t due = fixture_key(fixture, "right").rotate_at_ms;
    assert_true(due >= moment("2026-11-26T12:00:00Z"));
    go_to(fixture, "2026-11-26T11:00:00Z");
    WAIT_FOR(fixture, "left", key.rotate_hold != VAULT_HOLD_NONE);
    GOOD(engine_rotate(fixture->engine, "test", "live", "left", NULL, &good_err));
    WAIT_FOR(fixture, "left", key.current_number == 2 && !key.rotation_state);
    be_away(fixture, due - fixture_wall_ms(NULL));
    WAIT_FOR(fixture, "right", key.rotate_at_ms >= moment("2026-11-27T12:00:00Z"));
    assert_int_equal(fixture_key(fixture, "right").current_number, 1);
    be_away(fixture, fixture_key(fixture, "right").rotate_at_ms - fixture_wall_ms(NULL));
    WAIT_FOR(fixture, "right", key.current_number == 2 && !key.rotation_state);
}

static void test_keeping_apart_is_of_two_and_ends_with_either(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        add_key(fixture, names[i], 48 * hour_ms, 0);
    set_not_with(fixture, "a", "live/b");
    struct engine_key_draft draft = {
        .fields = ENGINE_NOT_WITH, .environment = "live", .name = "c", .not_with = "live/b"};
    REFUSED(ERR_STATE, "live/b is kept apart from live/a already",
            engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    draft.not_with = "live/c";
    REFUSED(ERR_INVALID, "itself", engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    draft.not_with = "live/none";
    REFUSED(ERR_NOT_FOUND, "", engine_key_change(fixture->engine, "test", &draft, NULL, &good_err));
    set_not_with(fixture, "a", "live/c");
    assert_string_equal(fixture_key(fixture, "b").not_with, "");
    assert_string_equal(fixture_key(fixture, "c").not_with, "live/a");
    set_not_with(fixture, "c", "");
    assert_string_equal(fixture_key(fixture, "a").not_with, "");
}

/* Of those that are put off. */
static int put_off(struct fixture *fixture, int count)
{
    char name[16];
    int found = 0;
    for (int i = 0; i < count; i++)
        found += fixture_key(fixture, key_name(name, i)).probe_at_ms > fixture_wall_ms(NULL) + 90 * 1000;
    return found;
}

static void test_probes_of_a_slow_provider_do_not_crowd_the_memory(void **state)
{
    enum { MANY = 12, RUNNING = 1, WAITING = 4 * RUNNING };
    struct fixture *fixture = *state;
    char name[16];
    int left = 12000;
    fixture->parallel = RUNNING;
    be_away(fixture, 0);
    for (int i = 0; i < MANY; i++)
        add_key(fixture, key_name(name, i), 0, 0);
    fixture_write(fixture, "probe.slow", "5", 0600);
    for (int i = 0; i < MANY; i++) {
        struct engine_key_draft often = {.fields = ENGINE_PROBE_EVERY, .environment = "live", .name = key_name(name, i),
                                         .probe_every_ms = 10};
        GOOD(engine_key_change(fixture->engine, "test", &often, NULL, &good_err));
    }
    while (put_off(fixture, MANY) < MANY - WAITING && --left > 0)
        fixture_sleep();
    assert_int_equal(put_off(fixture, MANY), MANY - WAITING);
    fixture_remove(fixture, "probe.slow");
}

static void test_probes_of_keys_that_are_added_do_not_crowd_the_memory(void **state)
{
    enum { MANY = 12, RUNNING = 1, WAITING = 4 * RUNNING };
    struct fixture *fixture = *state;
    char name[16];
    fixture->parallel = RUNNING;
    be_away(fixture, 0);
    fixture_write(fixture, "probe.hold", "", 0600);
    for (int i = 0; i < MANY; i++)
        add_unproved(fixture, key_name(name, i), 0, 0);
    assert_int_equal(put_off(fixture, MANY), MANY - WAITING);
    fixture_remove(fixture, "probe.hold");
    for (int i = 0; i < MANY; i++) {
        if (i < WAITING)
            WAIT_FOR(fixture, key_name(name, i), key.proof.verdict == VAULT_ALIVE);
        else
            assert_true(fixture_key(fixture, key_name(name, i)).probe_at_ms <= fixture_wall_ms(NULL) + 4 * minute_ms);
    }
}

static void test_so_many_rotations_are_open_and_not_one_more(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation first;
    fixture->open_rotations = 2;
    be_away(fixture, 0);
    const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        struct engine_key_draft draft = {.fields = ENGINE_EVERY | ENGINE_PROBE_EVERY,
                                         .environment = "live",
                                         .name = names[i],
                                         .provider = "manual",
                                         .every_ms = i < 3 ? 0 : hour_ms};
        char text[64], file[64];
        snprintf(text, sizeof text, "fs_live_%s-0123456789abcdef", names[i]);
        snprintf(file, sizeof file, "keys/%s-1", names[i]);
        fixture_write(fixture, file, text, 0600); /* alive: a dead one is not put off */
        struct secret *value = fixture_secret(text);
        GOOD(engine_key_add(fixture->engine, "test", &draft, value, NULL, &good_err));
        secret_free(value);
    }
    struct err err = {0};
    GOOD(engine_rotate(fixture->engine, "test", "live", "a", &first, &good_err));
    assert_int_equal(engine_rotate(fixture->engine, "test", "live", "a", NULL, &err), ERR_STATE);
    GOOD(engine_rotate(fixture->engine, "test", "live", "b", NULL, &good_err));
    assert_int_equal(engine_rotate(fixture->engine, "test", "live", "c", NULL, &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, "live/c: 2 rotations are open"));

    /* Counted again at the start; one that is due by itself waits and says why. */
    be_away(fixture, hour_ms);
    assert_int_equal(engine_rotate(fixture->engine, "test", "live", "c", NULL, &err), ERR_LIMIT);
    WAIT_FOR(fixture, "d", key.rotate_hold == VAULT_HOLD_FULL);
    assert_true(fixture_key(fixture, "d").rotate_at_ms > fixture_wall_ms(NULL));

    GOOD(engine_move(fixture->engine, "test", first.row.id, ENGINE_CANCEL, NULL, &good_err));
    be_away(fixture, 2 * minute_ms);
    WAIT_FOR(fixture, "d", key.rotation_state || key.rotate_hold == VAULT_HOLD_MISSED);
    /* What was missed is put off by some minutes; the time that it has now is not missed. */
    const struct vault_key put_off = fixture_key(fixture, "d");
    if (!put_off.rotation_state)
        be_away(fixture, put_off.rotate_at_ms - fixture_wall_ms(NULL) + 1000);
    WAIT_FOR(fixture, "d", key.rotation_state == ROTATION_STAGING + 1);
    assert_int_equal(engine_rotate(fixture->engine, "test", "live", "c", NULL, &err), ERR_LIMIT);
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
        cmocka_unit_test_setup_teardown(test_a_key_that_expires_is_rotated_in_time_before, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_expiry_that_a_rotation_fails_to_avert_is_tried_again_before_long, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_expiry_that_the_provider_tells_is_known, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_S2_what_proves_nothing_is_asked_again_less_and_less_until_it_does,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_found_dead_by_its_schedule_raises_an_alarm_and_is_replaced_if_its_policy_says_so, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_neither_spreading_nor_a_window_lets_a_key_expire, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_keys_kept_apart_are_not_rotated_on_the_same_day, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_keeping_apart_is_of_two_and_ends_with_either, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_probes_of_a_slow_provider_do_not_crowd_the_memory, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_probes_of_keys_that_are_added_do_not_crowd_the_memory, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_so_many_rotations_are_open_and_not_one_more, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_jitter_is_at_most_the_period, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
