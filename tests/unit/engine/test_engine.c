/* The life of keys in the engine, with a real vault and a provider that is a script. */
#include "engine_fixture.h"

#include <fcntl.h>

static void add(struct fixture *fixture, const char *name, const char *provider, const char *secret,
                const char *const *deliveries, size_t delivery_count)
{
    struct engine_key_draft draft = {.fields = ENGINE_GRACE,
                                     .environment = "live",
                                     .name = name,
                                     .provider = provider,
                                     .grace_ms = 0,
                                     .deliveries = deliveries,
                                     .delivery_count = delivery_count};
    struct secret *value = secret ? fixture_secret(secret) : NULL;
    GOOD(engine_key_add(fixture->engine, "test", &draft, value, NULL, &good_err));
    secret_free(value);
}

static void stage(struct fixture *fixture, const struct vault_rotation *rotation, const char *text)
{
    struct secret *secret = fixture_secret(text);
    const struct engine_supply supply = {.secret = secret};
    GOOD(engine_stage(fixture->engine, "test", rotation->row.id, &supply, NULL, &good_err));
    secret_free(secret);
}

static void test_S1_old_is_revoked_only_after_new_is_proved_and_current(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "api", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "api", key.current_number == 1 && !key.rotation_state);

    GOOD(engine_rotate(fixture->engine, "test", "live", "api", NULL, &good_err));
    WAIT_FOR(fixture, "api", key.current_number == 2 && !key.rotation_state);
    assert_int_equal(fixture_version(fixture, "api", 1).state, VAULT_DEAD_VERSION);
    assert_int_equal(fixture_version(fixture, "api", 1).proof.verdict, VAULT_DEAD);
    assert_int_equal(fixture_version(fixture, "api", 2).state, VAULT_CURRENT);
    assert_true(fixture_logged(fixture, "issue api-2") >= 0);
    assert_true(fixture_logged(fixture, "probe api-2") > fixture_logged(fixture, "issue api-2"));
    assert_true(fixture_logged(fixture, "revoke api-1") > fixture_logged(fixture, "probe api-2"));
    assert_false(fixture_exists(fixture, "keys/api-1"));
    assert_true(fixture_exists(fixture, "keys/api-2"));
}

static void test_S2_unknown_never_moves_a_rotation(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "quiet", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "quiet", key.current_number == 1 && !key.rotation_state);
    fixture_write(fixture, "probe.answer", "<html>log in</html>", 0600);
    GOOD(engine_rotate(fixture->engine, "test", "live", "quiet", NULL, &good_err));
    WAIT_FOR(fixture, "quiet", key.rotation_state == ROTATION_PROVING + 1);
    for (int i = 0; i < 50; i++)
        fixture_sleep();
    assert_int_equal(fixture_key(fixture, "quiet").rotation_state, ROTATION_PROVING + 1);
    assert_int_equal(fixture_key(fixture, "quiet").current_number, 1);
    fixture_remove(fixture, "probe.answer");
    WAIT_FOR(fixture, "quiet", key.current_number == 2 && !key.rotation_state);
}

static void test_S3_lost_create_is_found_condemned_and_issued_anew(void **state)
{
    struct fixture *fixture = *state;
    fixture_write(fixture, "issue.lost", "", 0600);
    add(fixture, "lost", "fs", NULL, NULL, 0);
    fixture_wait_logged(fixture, "find lost-1");
    uint8_t rotation_id[VAULT_ID_BYTES];
    memcpy(rotation_id, fixture_key(fixture, "lost").rotation_id, VAULT_ID_BYTES);
    fixture_remove(fixture, "issue.lost");
    WAIT_FOR(fixture, "lost", key.current_number > 1 && !key.alarm && !key.rotation_state && !key.open_revocations);
    assert_false(fixture_exists(fixture, "keys/lost-1"));
    assert_int_equal(fixture_version(fixture, "lost", 1).state, VAULT_DEAD_VERSION);
    assert_false(fixture_rotation(fixture, rotation_id).old_dead);
}

/* The clocks that stand still go on by so much. */
static void pass(int64_t ms)
{
    fixture_frozen_wall_ms += ms;
    fixture_frozen_ms += ms;
}

static void test_R33_a_new_key_that_was_not_seen_yet_when_it_was_asked_about_is_not_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    add(fixture, "early", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "early", key.current_number == 1 && !key.rotation_state);
    fixture_hold(fixture, "probe");
    fixture_write(fixture, "probe.once", "{\"verdict\":\"dead\"}", 0600);
    fixture_freeze(true);
    GOOD(engine_rotate(fixture->engine, "test", "live", "early", &rotation, &good_err));
    fixture_wait_logged(fixture, "probe early-2");
    pass(100); /* twice the propagation time */
    fixture_let_go(fixture, "probe");
    WAIT_FOR(fixture, "early", !fixture_rotation(fixture, rotation.row.id).intent);
    fixture_freeze(false);
    WAIT_FOR(fixture, "early", key.current_number == 2 && !key.rotation_state);
    assert_false(fixture_exists(fixture, "probe.once"));
}

/* The provider fs, whose keys may take a minute to be seen everywhere. */
static void start_slow(struct fixture *fixture)
{
    static const char slow[] = "propagation: 60s ";
    char text[4000];
    fixture_read(fixture, "providers/fs.yaml", text, sizeof text);
    char *propagation = strstr(text, "propagation: 50ms");
    assert_non_null(propagation);
    memcpy(propagation, slow, sizeof slow - 1);
    fixture_stop(fixture);
    fixture_write(fixture, "providers/fs.yaml", text, 0600);
    fixture_start(fixture);
    fixture_unlock(fixture);
}

/* That it was not there yet when it was looked for would have it made twice. */
static void test_S3_R04c_a_look_before_the_propagation_time_counts_not_as_one_after_it(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    start_slow(fixture);
    add(fixture, "twice", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "twice", key.current_number == 1 && !key.rotation_state);
    fixture_hold(fixture, "find");
    fixture_write(fixture, "issue.once", "lost", 0600);
    fixture_freeze(true);
    GOOD(engine_rotate(fixture->engine, "test", "live", "twice", &rotation, &good_err));
    WAIT_FOR(fixture, "twice", !fixture_rotation(fixture, rotation.row.id).intent);
    pass(20 * 1000);
    fixture_wait_logged(fixture, "find twice-2");
    pass(60 * 1000);
    fixture_let_go(fixture, "find");
    WAIT_FOR(fixture, "twice", !fixture_rotation(fixture, rotation.row.id).intent);
    assert_true(fixture_logged(fixture, "issue twice-3") < 0);
    pass(60 * 1000);
    fixture_wait_logged(fixture, "issue twice-3");
    assert_int_equal(fixture_times_logged(fixture, "find twice-2"), 2);
    fixture_freeze(false);
}

static void test_S3_restart_in_the_middle_of_an_issue_leaves_no_orphan(void **state)
{
    struct fixture *fixture = *state;
    fixture_write(fixture, "issue.slow", "1", 0600);
    add(fixture, "cut", "fs", NULL, NULL, 0);
    fixture_wait_logged(fixture, "issue cut-1");
    fixture_stop(fixture);
    fixture_remove(fixture, "issue.slow");
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_FOR(fixture, "cut", key.current_number > 0 && !key.rotation_state && !key.open_revocations);
    uint32_t current = fixture_key(fixture, "cut").current_number;
    char only[64];
    for (uint32_t number = 1; number < current; number++) {
        snprintf(only, sizeof only, "keys/cut-%u", number);
        assert_false(fixture_exists(fixture, only));
    }
}

static void test_S3_a_key_that_comes_after_cancel_is_revoked(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    add(fixture, "late", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "late", key.current_number == 1 && !key.rotation_state);
    fixture_hold(fixture, "issue");
    GOOD(engine_rotate(fixture->engine, "test", "live", "late", &rotation, &good_err));
    fixture_wait_logged(fixture, "issue late-2");
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_CANCEL, NULL, &good_err));
    assert_int_equal(fixture_rotation(fixture, rotation.row.id).state, ROTATION_FAILED);
    fixture_let_go(fixture, "issue");
    fixture_wait_logged(fixture, "revoke late-2");
    WAIT_FOR(fixture, "late", !key.open_revocations);
    assert_false(fixture_exists(fixture, "keys/late-2"));
    assert_int_equal(fixture_key(fixture, "late").current_number, 1);
}

static void test_R01_R03_a_person_makes_the_key_and_K03_revokes_the_old(void **state)
{
    struct fixture *fixture = *state;
    struct vault_rotation rotation;
    fixture_write(fixture, "keys/hand-1", "fs_live_hand-one-0123456789\n", 0600);
    add(fixture, "hand", "manual", "fs_live_hand-one-0123456789", NULL, 0);
    WAIT_FOR(fixture, "hand", key.proof.verdict == VAULT_ALIVE);

    GOOD(engine_rotate(fixture->engine, "test", "live", "hand", &rotation, &good_err));
    assert_int_equal(rotation.state, ROTATION_STAGING);
    assert_string_equal(rotation.label, "hand-2");
    assert_true(rotation.waits_for_person);
    assert_true(fixture_key(fixture, "hand").waits_for_person);

    fixture_write(fixture, "keys/hand-2", "fs_live_hand-two-0123456789\n", 0600);
    stage(fixture, &rotation, "fs_live_hand-two-0123456789");
    WAIT_FOR(fixture, "hand", key.current_number == 2 && key.rotation_state == ROTATION_RETIRING + 1 &&
                                  key.waits_for_person);
    assert_int_equal(fixture_version(fixture, "hand", 1).state, VAULT_CONDEMNED);
    fixture_remove(fixture, "keys/hand-1");
    WAIT_FOR(fixture, "hand", !key.rotation_state && !key.open_revocations && !key.waits_for_person);
    assert_int_equal(fixture_version(fixture, "hand", 1).state, VAULT_DEAD_VERSION);
}

static void test_S5_wrong_environment_unknown_shape_and_duplicate_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct engine_key_draft draft = {.environment = "live", .name = "wrong", .provider = "manual"};
    struct secret *test_key = fixture_secret("fs_test_0123456789abcdef");
    struct secret *odd = fixture_secret("who knows what this is");
    REFUSED(ERR_INVALID, "is a sandbox key", engine_key_add(fixture->engine, "test", &draft, test_key, NULL, &good_err));
    REFUSED(ERR_INVALID, "--unchecked", engine_key_add(fixture->engine, "test", &draft, odd, NULL, &good_err));
    draft.unchecked = true;
    REFUSED(ERR_INVALID, "is a sandbox key", engine_key_add(fixture->engine, "test", &draft, test_key, NULL, &good_err));
    GOOD(engine_key_add(fixture->engine, "test", &draft, odd, NULL, &good_err));
    draft.name = "again";
    REFUSED(ERR_EXISTS, "live/wrong version 1", engine_key_add(fixture->engine, "test", &draft, odd, NULL, &good_err));
    const char *place[] = {"{\"kind\":\"file\",\"class\":\"test\",\"path\":\"/nowhere/x.env\",\"format\":\"raw\"}"};
    draft.name = "place";
    draft.deliveries = place;
    draft.delivery_count = 1;
    struct secret *live = fixture_secret("fs_live_place-0123456789abcdef");
    REFUSED(ERR_INVALID, "test place", engine_key_add(fixture->engine, "test", &draft, live, NULL, &good_err));
    secret_free(test_key);
    secret_free(odd);
    secret_free(live);
}

static void test_R11_new_is_delivered_before_it_is_current(void **state)
{
    struct fixture *fixture = *state;
    char definition[600], content[200];
    snprintf(definition, sizeof definition,
             "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/out.env\",\"format\":\"env\",\"variable\":\"KEY\"}",
             fixture->folder);
    const char *deliveries[] = {definition};
    add(fixture, "file", "fs", NULL, deliveries, 1);
    WAIT_FOR(fixture, "file", key.current_number == 1 && !key.rotation_state);
    fixture_read(fixture, "out.env", content, sizeof content);
    assert_non_null(strstr(content, "fs_live_file-1-"));
    GOOD(engine_rotate(fixture->engine, "test", "live", "file", NULL, &good_err));
    WAIT_FOR(fixture, "file", key.current_number == 2 && !key.rotation_state);
    fixture_read(fixture, "out.env", content, sizeof content);
    assert_non_null(strstr(content, "fs_live_file-2-"));
}

/* Nobody who ends the agent waits for an hour: systemd would kill it, and the program, without a word. */
static void test_S10_a_long_program_is_asked_to_end_with_the_agent_and_run_again(void **state)
{
    struct fixture *fixture = *state;
    char definition[1200], path[300], asked[8] = "";
    /* It has half a second for its last word. A pipe takes that at once; a disk may not. */
    snprintf(path, sizeof path, "%s/last-words", fixture->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    int words = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(words >= 0);
    snprintf(definition, sizeof definition,
             "{\"kind\":\"program\",\"class\":\"live\",\"timeout\":\"1h\",\"command\":[\"/bin/sh\",\"-c\","
             "\"cd %s; cat >/dev/null; test -e asked && exit 0; exec 3>last-words; trap 'echo asked >&3; exit 75' TERM; "
             ">runs; sleep 3600 & wait\"]}",
             fixture->folder);
    fixture_stop(fixture);
    fixture->programs_ms = 20;
    fixture_start(fixture);
    fixture_unlock(fixture);
    const char *deliveries[] = {definition};
    add(fixture, "long", "fs", NULL, deliveries, 1);
    for (int left = 12000; !fixture_exists(fixture, "runs") && left > 0; left--)
        fixture_sleep();
    assert_true(fixture_exists(fixture, "runs"));
    fixture_stop(fixture);
    assert_int_equal(read(words, asked, sizeof asked - 1), 6);
    assert_string_equal(asked, "asked\n");
    (void)close(words);
    fixture_write(fixture, "asked", "", 0600);
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_FOR(fixture, "long", key.current_number == 1 && !key.rotation_state);
}

/* The units of systemd wait for the agent longer than it takes. */
static void test_systemd_waits_until_the_agent_has_ended(void **unused)
{
    static const char *const units[] = {"system", "user"};
    (void)unused;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        char path[600], text[8192];
        snprintf(path, sizeof path, "%s/packaging/systemd/%s/keyturn.service.in", KEYTURN_SOURCE_DIR, units[i]);
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void)fclose(file);
        const char *line = strstr(text, "\nTimeoutStopSec=");
        assert_non_null(line);
        assert_true(strtol(strchr(line, '=') + 1, NULL, 10) * 1000 > ENGINE_END_MOST_MS);
    }
}

static void test_R12_R13_a_failed_check_puts_old_back_and_condemns_new(void **state)
{
    struct fixture *fixture = *state;
    char first[600], second[600], content[200];
    snprintf(first, sizeof first, "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/a.env\",\"format\":\"raw\"}",
             fixture->folder);
    snprintf(second, sizeof second,
             "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s/b.env\",\"format\":\"raw\","
             "\"check\":[\"/bin/sh\",\"-c\",\"grep -q undo-1 %s/b.env\"]}",
             fixture->folder, fixture->folder);
    const char *deliveries[] = {first, second};
    add(fixture, "undo", "fs", NULL, deliveries, 2);
    WAIT_FOR(fixture, "undo", key.current_number == 1 && !key.rotation_state);
    GOOD(engine_rotate(fixture->engine, "test", "live", "undo", NULL, &good_err));
    WAIT_FOR(fixture, "undo", !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_key(fixture, "undo").current_number, 1);
    assert_int_equal(fixture_version(fixture, "undo", 2).state, VAULT_DEAD_VERSION);
    fixture_read(fixture, "a.env", content, sizeof content);
    assert_non_null(strstr(content, "fs_live_undo-1-"));
    fixture_read(fixture, "b.env", content, sizeof content);
    assert_non_null(strstr(content, "fs_live_undo-1-"));
    assert_false(fixture_exists(fixture, "keys/undo-2"));
}

static void test_S4_emergency_kills_every_version_and_ends_with_proof(void **state)
{
    struct fixture *fixture = *state;
    struct vault_incident incident;
    struct engine_target target = {.environment = "live", .name = "leak"};
    add(fixture, "leak", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "leak", key.current_number == 1 && !key.rotation_state);
    fixture_write(fixture, "revoke.answer", "no", 0600);
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .reason = "on a screen"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    assert_int_equal(incident.revocations, 1);
    assert_int_equal(fixture_key(fixture, "leak").current_number, 0);
    fixture_wait_logged(fixture, "revoke leak-1");
    fixture_stop(fixture);
    fixture_remove(fixture, "revoke.answer");
    fixture_start(fixture);
    fixture_unlock(fixture);
    WAIT_FOR(fixture, "leak", !key.open_revocations);
    assert_int_equal(fixture_version(fixture, "leak", 1).state, VAULT_DEAD_VERSION);
    assert_false(fixture_exists(fixture, "keys/leak-1"));
    GOOD(vault_incident_by_number(fixture->session, incident.number, &incident, &good_err));
    assert_int_equal(incident.dead, 1);
    assert_true(incident.ended_at_ms > 0);
}

static void test_R22_emergency_on_old_does_not_wait_for_grace(void **state)
{
    struct fixture *fixture = *state;
    struct engine_key_draft draft = {.fields = ENGINE_GRACE, .environment = "live", .name = "grace", .provider = "fs",
                                     .grace_ms = 3600 * 1000};
    struct engine_target target = {.environment = "live", .name = "grace", .number = 1};
    struct vault_incident incident;
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, "grace", key.current_number == 1 && !key.rotation_state);
    GOOD(engine_rotate(fixture->engine, "test", "live", "grace", NULL, &good_err));
    WAIT_FOR(fixture, "grace", key.rotation_state == ROTATION_SETTLING + 1);
    assert_int_equal(fixture_version(fixture, "grace", 1).state, VAULT_RETIRING);
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .reason = "leaked"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    WAIT_FOR(fixture, "grace", !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_key(fixture, "grace").current_number, 2);
    assert_int_equal(fixture_version(fixture, "grace", 1).state, VAULT_DEAD_VERSION);
}

static void test_R17_roll_back_while_settling_makes_old_current_again(void **state)
{
    struct fixture *fixture = *state;
    struct engine_key_draft draft = {.fields = ENGINE_GRACE, .environment = "live", .name = "back", .provider = "fs",
                                     .grace_ms = 3600 * 1000};
    struct vault_rotation rotation;
    GOOD(engine_key_add(fixture->engine, "test", &draft, NULL, NULL, &good_err));
    WAIT_FOR(fixture, "back", key.current_number == 1 && !key.rotation_state);
    GOOD(engine_rotate(fixture->engine, "test", "live", "back", &rotation, &good_err));
    WAIT_FOR(fixture, "back", key.rotation_state == ROTATION_SETTLING + 1);
    GOOD(engine_move(fixture->engine, "test", rotation.row.id, ENGINE_ROLL_BACK, NULL, &good_err));
    WAIT_FOR(fixture, "back", !key.rotation_state && !key.open_revocations);
    assert_int_equal(fixture_key(fixture, "back").current_number, 1);
    assert_int_equal(fixture_version(fixture, "back", 1).state, VAULT_CURRENT);
    assert_int_equal(fixture_version(fixture, "back", 2).state, VAULT_DEAD_VERSION);
}

static void test_R06_a_refused_issue_fails_and_old_stays(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "no", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "no", key.current_number == 1 && !key.rotation_state);
    fixture_write(fixture, "issue.answer", "{\"verdict\":\"refused\",\"because\":\"the account is full\"}", 0600);
    struct vault_rotation rotation;
    GOOD(engine_rotate(fixture->engine, "test", "live", "no", &rotation, &good_err));
    WAIT_FOR(fixture, "no", !key.rotation_state);
    rotation = fixture_rotation(fixture, rotation.row.id);
    assert_int_equal(rotation.state, ROTATION_FAILED);
    assert_non_null(strstr(rotation.detail, "the account is full"));
    assert_int_equal(fixture_key(fixture, "no").current_number, 1);
    fixture_remove(fixture, "issue.answer");
}

static void test_locked_vault_refuses_and_lock_waits_for_answers(void **state)
{
    struct fixture *fixture = *state;
    fixture_write(fixture, "issue.slow", "1", 0600);
    add(fixture, "lock", "fs", NULL, NULL, 0);
    fixture_wait_logged(fixture, "issue lock-1");
    GOOD(engine_lock(fixture->engine, "test", &good_err));
    REFUSED(ERR_LOCKED, "keyturn unlock", engine_rotate(fixture->engine, "test", "live", "lock", NULL, &good_err));
    fixture_remove(fixture, "issue.slow");
    vault_session_free(fixture->session);
    fixture_unlock(fixture);
    /* The answer that came while the lock waited was recorded: no second key was issued. */
    WAIT_FOR(fixture, "lock", key.current_number == 1 && !key.rotation_state);
    assert_true(fixture_logged(fixture, "issue lock-2") < 0);
}

static void test_a_key_is_removed_only_when_every_version_is_dead(void **state)
{
    struct fixture *fixture = *state;
    struct vault_incident incident;
    struct engine_target target = {.environment = "live", .name = "gone"};
    add(fixture, "gone", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "gone", key.current_number == 1 && !key.rotation_state);
    REFUSED(ERR_STATE, "is current, not dead", engine_key_remove(fixture->engine, "test", "live", "gone", &good_err));
    const struct engine_emergency emergency = {.targets = &target, .count = 1, .reason = "over"};
    GOOD(engine_revoke(fixture->engine, "test", &emergency, &incident, &good_err));
    WAIT_FOR(fixture, "gone", !key.open_revocations);
    GOOD(engine_key_remove(fixture->engine, "test", "live", "gone", &good_err));
    struct vault_key key = {0};
    REFUSED(ERR_NOT_FOUND, "gone", vault_key_find(fixture->session, "live", "gone", &key, &good_err));
}

/* An index is not in the digest: a row that is taken out of it would never come due. */
static void test_S8_a_row_hidden_from_an_index_locks_the_vault(void **state)
{
    struct fixture *fixture = *state;
    char command[900];
    add(fixture, "hidden", "fs", NULL, NULL, 0);
    WAIT_FOR(fixture, "hidden", key.current_number == 1 && !key.rotation_state);
    fixture_stop(fixture);
    snprintf(command, sizeof command,
             "cd '%s' && sqlite3 vault.db \"PRAGMA wal_checkpoint(TRUNCATE);\" >/dev/null && python3 - <<'PY'\n"
             "import sqlite3\n"
             "db = sqlite3.connect('vault.db')\n"
             "db.execute('PRAGMA writable_schema=ON')\n"
             "name, sql = db.execute(\"SELECT name, sql FROM sqlite_schema WHERE type='index' AND tbl_name='version' "
             "AND sql LIKE '%%parent%%'\").fetchone()\n"
             "db.execute('UPDATE sqlite_schema SET sql=? WHERE name=?', (sql + ' WHERE 0' if ' WHERE ' not in sql "
             "else sql + ' AND 0', name))\n"
             "db.commit(); db.close()\n"
             "db = sqlite3.connect('vault.db')\n"
             "db.execute('REINDEX ' + name)\n"
             "db.execute('PRAGMA writable_schema=ON')\n"
             "db.execute('UPDATE sqlite_schema SET sql=? WHERE name=?', (sql, name))\n"
             "db.commit()\n"
             "PY",
             fixture->folder);
    assert_int_equal(system(command), 0);
    fixture_start(fixture);
    fixture_unlock(fixture);
    for (int i = 0; i < 12000 && vault_state(fixture->vault) != VAULT_LOCKED; i++)
        fixture_sleep();
    assert_int_equal(vault_state(fixture->vault), VAULT_LOCKED);
}

#define ENGINE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_S1_old_is_revoked_only_after_new_is_proved_and_current),
        ENGINE_TEST(test_S2_unknown_never_moves_a_rotation),
        ENGINE_TEST(test_S3_lost_create_is_found_condemned_and_issued_anew),
        ENGINE_TEST(test_R33_a_new_key_that_was_not_seen_yet_when_it_was_asked_about_is_not_given_up),
        ENGINE_TEST(test_S3_R04c_a_look_before_the_propagation_time_counts_not_as_one_after_it),
        ENGINE_TEST(test_S3_restart_in_the_middle_of_an_issue_leaves_no_orphan),
        ENGINE_TEST(test_S3_a_key_that_comes_after_cancel_is_revoked),
        ENGINE_TEST(test_R01_R03_a_person_makes_the_key_and_K03_revokes_the_old),
        ENGINE_TEST(test_S5_wrong_environment_unknown_shape_and_duplicate_are_refused),
        ENGINE_TEST(test_R11_new_is_delivered_before_it_is_current),
        ENGINE_TEST(test_S10_a_long_program_is_asked_to_end_with_the_agent_and_run_again),
        ENGINE_TEST(test_systemd_waits_until_the_agent_has_ended),
        ENGINE_TEST(test_R12_R13_a_failed_check_puts_old_back_and_condemns_new),
        ENGINE_TEST(test_S4_emergency_kills_every_version_and_ends_with_proof),
        ENGINE_TEST(test_R22_emergency_on_old_does_not_wait_for_grace),
        ENGINE_TEST(test_R17_roll_back_while_settling_makes_old_current_again),
        ENGINE_TEST(test_R06_a_refused_issue_fails_and_old_stays),
        ENGINE_TEST(test_locked_vault_refuses_and_lock_waits_for_answers),
        ENGINE_TEST(test_S8_a_row_hidden_from_an_index_locks_the_vault),
        ENGINE_TEST(test_a_key_is_removed_only_when_every_version_is_dead),
    };
    return cmocka_run_group_tests(tests, fixture_libraries, NULL);
}
