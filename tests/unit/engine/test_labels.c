/* Keys that were asked for and whose making had no known end: looked for until it has one (S3). */
#include "engine_fixture.h"

struct labels {
    struct vault_label rows[16];
    size_t count;
};

static int collect(void *context, const struct vault_row *record, struct err *err)
{
    struct labels *labels = context;
    (void)err;
    assert_true(labels->count < 16);
    labels->rows[labels->count++] = *(const struct vault_label *)record;
    return ERR_OK;
}

static struct labels labels_of(struct fixture *fixture, const char *name)
{
    struct vault_key key = fixture_key(fixture, name);
    struct labels labels = {0};
    GOOD(vault_children(fixture->session, VAULT_LABEL, key.row.id, collect, &labels, &good_err));
    return labels;
}

#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int left = 12000;                                                                          \
        while (!(condition) && --left > 0)                                                         \
            fixture_sleep();                                                                       \
        if (!left)                                                                                 \
            fail_msg("never came: %s", #condition);                                                \
    } while (0)

static void add(struct fixture *fixture, const char *name, const char *provider)
{
    struct engine_key_draft draft = {
        .fields = ENGINE_GRACE, .environment = "live", .name = name, .provider = provider};
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, name, key.current_number == 1 && !key.rotation_state);
}

static void move(struct fixture *fixture, const struct vault_rotation *rotation, enum engine_move what)
{
    GOOD(engine_move(fixture->engine, "test", rotation->row.id, what, NULL, &good_err));
}

/* A rotation whose create has no known end, and which is then given up: its label NAME-2 is kept. */
static void lose_and_cancel(struct fixture *fixture, const char *name)
{
    struct vault_rotation rotation;
    char asked[64];
    snprintf(asked, sizeof asked, "find %s-2", name);
    fixture_write(fixture, "issue.answer", "lost", 0600);
    fixture_write(fixture, "find.answer", "<html>log in</html>", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", name, &rotation, &good_err));
    WAIT_UNTIL(fixture_logged(fixture, asked) >= 0);
    move(fixture, &rotation, ENGINE_CANCEL);
    WAIT_FOR(fixture, name, !key.rotation_state);
    fixture_remove(fixture, "issue.answer");
    struct labels labels = labels_of(fixture, name);
    assert_int_equal(labels.count, 1);
    assert_int_equal(labels.rows[0].number, 2);
}

static void land(const struct fixture *fixture, const char *label)
{
    char file[80], text[120];
    snprintf(file, sizeof file, "keys/%s", label);
    snprintf(text, sizeof text, "fs_live_%s-0123456789abcdef\n", label);
    fixture_write(fixture, file, text, 0600);
}

static void test_S3_a_create_that_lands_after_its_rotation_failed_is_killed(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "late", "fs");
    lose_and_cancel(fixture, "late");
    fixture_remove(fixture, "find.answer");
    WAIT_UNTIL(labels_of(fixture, "late").rows[0].looks > 0);
    land(fixture, "late-2");
    WAIT_UNTIL(!fixture_exists(fixture, "keys/late-2"));
    WAIT_FOR(fixture, "late", !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "late", 2).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_key(fixture, "late").current_number, 1);
    assert_true(fixture_exists(fixture, "keys/late-1"));
    assert_int_equal(labels_of(fixture, "late").count, 0);
}

static void test_S3_a_create_that_lands_after_its_rotation_went_on_is_killed_and_the_rotation_stays(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "done", "fs");
    fixture_write(fixture, "issue.answer", "lost", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "done", NULL, &good_err));
    WAIT_UNTIL(fixture_logged(fixture, "find done-2") >= 0);
    fixture_remove(fixture, "issue.answer");
    WAIT_FOR(fixture, "done", key.current_number > 2 && !key.rotation_state && !key.open_revocations);
    uint32_t current = fixture_key(fixture, "done").current_number;
    land(fixture, "done-2");
    WAIT_UNTIL(!fixture_exists(fixture, "keys/done-2"));
    WAIT_FOR(fixture, "done", !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "done", 2).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_key(fixture, "done").current_number, current);
    assert_int_equal(fixture_version(fixture, "done", current).state, VAULT_CURRENT);
}

static void test_S3_a_label_outlives_the_agent(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "born", "fs");
    lose_and_cancel(fixture, "born");
    fixture_stop(fixture);
    fixture_remove(fixture, "find.answer");
    land(fixture, "born-2");
    fixture_ahead_ms = 10 * 60 * 1000;
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_UNTIL(!fixture_exists(fixture, "keys/born-2"));
    WAIT_FOR(fixture, "born", !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "born", 2).state, VAULT_DEAD_VERSION);
}

static void test_S2_a_label_ends_at_the_horizon_and_only_with_a_proof(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "gone", "fs");
    lose_and_cancel(fixture, "gone");
    fixture_stop(fixture);
    fixture_ahead_ms = 2 * 60 * 60 * 1000; /* past the horizon */
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_UNTIL(labels_of(fixture, "gone").rows[0].failures > 1);
    fixture_remove(fixture, "find.answer");
    WAIT_UNTIL(labels_of(fixture, "gone").count == 0);
    assert_int_equal(fixture_key(fixture, "gone").current_number, 1);
}

static void test_S3_where_the_provider_cannot_find_a_person_answers(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    struct engine_target target = {"live", "blind", 0};
    const struct engine_emergency emergency = {.targets = &target, .count = 1};
    struct vault_incident incident;
    add(fixture, "blind", "blind");
    fixture_write(fixture, "issue.answer", "lost", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "blind", &rotation, &good_err));
    WAIT_FOR(fixture, "blind", key.rotation_state == ROTATION_ATTENTION + 1);
    fixture_remove(fixture, "issue.answer");
    move(fixture, &rotation, ENGINE_CANCEL);
    WAIT_UNTIL(labels_of(fixture, "blind").rows[0].waits_for_person);

    /* A key cannot be removed while one of its own may live. */
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    WAIT_FOR(fixture, "blind", !key.open_revocations && !key.current_number);
    REFUSED(ERR_STATE, "blind-2", engine_key_remove(fixture->engine, "test", "live", "blind", &good_err));
    struct labels labels = labels_of(fixture, "blind");
    GOOD(engine_label_forget(fixture->engine, "ana", labels.rows[0].row.id, &good_err));
    assert_int_equal(labels_of(fixture, "blind").count, 0);
    GOOD(engine_key_remove(fixture->engine, "test", "live", "blind", &good_err));
}

static void test_a_label_that_a_person_answered_is_not_kept_again_by_the_retry(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    add(fixture, "told", "blind");
    fixture_write(fixture, "issue.answer", "lost", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "told", &rotation, &good_err));
    WAIT_FOR(fixture, "told", key.rotation_state == ROTATION_ATTENTION + 1);
    fixture_remove(fixture, "issue.answer");
    struct labels labels = labels_of(fixture, "told");
    assert_int_equal(labels.count, 1);
    GOOD(engine_label_forget(fixture->engine, "ana", labels.rows[0].row.id, &good_err));
    move(fixture, &rotation, ENGINE_RETRY);
    WAIT_FOR(fixture, "told", key.current_number == 3 && !key.rotation_state);
    assert_int_equal(labels_of(fixture, "told").count, 0);
}

static void test_S1_a_key_that_a_person_handed_in_under_the_label_is_not_killed(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    add(fixture, "mine", "fs");
    fixture_write(fixture, "issue.answer", "lost", 0600);
    fixture_write(fixture, "find.answer", "<html>log in</html>", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "mine", &rotation, &good_err));
    WAIT_UNTIL(fixture_logged(fixture, "find mine-2") >= 0);
    land(fixture, "mine-2");
    struct secret *secret = fixture_secret("fs_live_mine-2-0123456789abcdef");
    const struct engine_supply supply = {.secret = secret};
    GOOD(engine_stage(fixture->engine, "test", rotation.row.id, &supply, NULL, &good_err));
    secret_free(secret);
    WAIT_FOR(fixture, "mine", key.current_number == 2 && !key.rotation_state);
    fixture_remove(fixture, "issue.answer");
    fixture_remove(fixture, "find.answer");
    WAIT_UNTIL(labels_of(fixture, "mine").rows[0].waits_for_person);
    assert_true(fixture_exists(fixture, "keys/mine-2"));
    assert_int_equal(fixture_version(fixture, "mine", 2).state, VAULT_CURRENT);
    /* Once that version is replaced and dead, what stands under the label is another. */
    GOOD(engine_rotate(fixture->engine, "test", "live", "mine", NULL, &good_err));
    WAIT_FOR(fixture, "mine", key.current_number == 3 && !key.rotation_state);
    land(fixture, "mine-2");
    struct labels labels = labels_of(fixture, "mine");
    GOOD(engine_label_look(fixture->engine, "test", labels.rows[0].row.id, &good_err));
    WAIT_UNTIL(!fixture_exists(fixture, "keys/mine-2"));
}

static void test_S3_a_late_answer_that_says_how_the_create_ended_closes_its_label(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    add(fixture, "slow", "fs");
    fixture_hold(fixture, "issue");
    GOOD(engine_rotate(fixture->engine, "test", "live", "slow", &rotation, &good_err));
    fixture_wait_logged(fixture, "issue slow-2");
    move(fixture, &rotation, ENGINE_CANCEL);
    assert_int_equal(labels_of(fixture, "slow").count, 1);
    fixture_let_go(fixture, "issue");
    WAIT_UNTIL(labels_of(fixture, "slow").count == 0);
    WAIT_UNTIL(!fixture_exists(fixture, "keys/slow-2"));
    WAIT_FOR(fixture, "slow", !key.open_revocations);
}

#define LABEL_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LABEL_TEST(test_S3_a_create_that_lands_after_its_rotation_failed_is_killed),
        LABEL_TEST(test_S3_a_create_that_lands_after_its_rotation_went_on_is_killed_and_the_rotation_stays),
        LABEL_TEST(test_S3_a_label_outlives_the_agent),
        LABEL_TEST(test_S2_a_label_ends_at_the_horizon_and_only_with_a_proof),
        LABEL_TEST(test_S3_where_the_provider_cannot_find_a_person_answers),
        LABEL_TEST(test_a_label_that_a_person_answered_is_not_kept_again_by_the_retry),
        LABEL_TEST(test_S1_a_key_that_a_person_handed_in_under_the_label_is_not_killed),
        LABEL_TEST(test_S3_a_late_answer_that_says_how_the_create_ended_closes_its_label),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
