/* Records: written, found, changed and scanned; transactions; secrets. */
#include "vault_fixture.h"

static void test_a_key_and_its_secret_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *session = vault_writer(fixture->vault);
    struct vault_key key;
    struct vault_version version;
    struct secret *secret = NULL;
    fixture_add_committed(fixture, "live", "reporting", "sk_live_0123456789", NULL, NULL);
    fixture_reopen(fixture);
    assert_int_equal(vault_state(fixture->vault), VAULT_LOCKED);
    session = vault_writer(fixture->vault);
    REFUSED(ERR_LOCKED, "locked", vault_key_find(session, "live", "reporting", &key, &err));
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(vault_key_find(session, "live", "reporting", &key, &err));
    assert_string_equal(key.provider, "amps");
    assert_int_equal(key.grace_ms, 5000);
    assert_int_equal(key.row.revision, 2);
    GOOD(vault_version_by_number(session, &key, 1, &version, &err));
    GOOD(vault_version_secret(session, &version, &secret, &err));
    assert_int_equal(secret_length(secret), 18);
    assert_memory_equal(secret_peek(secret), "sk_live_0123456789", 18);
    secret_free(secret);
    REFUSED(ERR_NOT_FOUND, "no version 2", vault_version_by_number(session, &key, 2, &version, &err));
    REFUSED(ERR_NOT_FOUND, "live/absent", vault_key_find(session, "live", "absent", &key, &err));
    REFUSED(ERR_NOT_FOUND, "sandbox/reporting", vault_key_find(session, "sandbox", "reporting", &key, &err));
}

static void test_a_stale_update_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_key older = key;
    fixture_begin(fixture);
    (void)snprintf(key.title, sizeof key.title, "Reporting");
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    assert_int_equal(key.row.revision, older.row.revision + 1);
    REFUSED(ERR_STALE, "changed since", vault_update(fixture->vault, VAULT_KEY, &older.row, &err));
    REFUSED(ERR_STALE, "changed since", vault_remove(fixture->vault, VAULT_KEY, &older.row, &err));
    fixture_commit(fixture);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
}

static void test_names_and_secrets_are_held_once(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_version found;
    uint8_t fingerprint[32];
    fixture_add_committed(fixture, "live", "reporting", "the same secret", &key, NULL);
    struct vault_key again = fixture_key("live", "reporting");
    struct vault_version version = {.number = 2, .state = VAULT_STAGED};
    struct secret *secret = fixture_secret("the same secret");
    memcpy(version.row.parent, key.row.id, sizeof key.row.id);
    fixture_begin(fixture);
    REFUSED(ERR_EXISTS, "live/reporting", vault_insert(fixture->vault, VAULT_KEY, &again.row, NULL, &err));
    REFUSED(ERR_EXISTS, "this secret", vault_insert(fixture->vault, VAULT_VERSION, &version.row, secret, &err));
    vault_rollback(fixture->vault);
    vault_fingerprint(secret, fingerprint);
    GOOD(vault_version_by_fingerprint(vault_writer(fixture->vault), fingerprint, &found, &err));
    assert_int_equal(found.number, 1);
    fingerprint[0] ^= 1;
    REFUSED(ERR_NOT_FOUND, "no such secret",
            vault_version_by_fingerprint(vault_writer(fixture->vault), fingerprint, &found, &err));
    secret_free(secret);
}

static void test_a_step_is_taken_back_alone(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    uint64_t generation = vault_generation(fixture->vault);
    GOOD(vault_begin(fixture->vault, &err));
    assert_false(vault_changed(fixture->vault));
    GOOD(vault_step_begin(fixture->vault, &err));
    fixture_add(fixture, "live", "kept", "secret one", NULL, NULL);
    GOOD(vault_step_end(fixture->vault, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
    fixture_add(fixture, "live", "dropped", "secret two", NULL, NULL);
    vault_step_undo(fixture->vault);
    assert_true(vault_changed(fixture->vault));
    GOOD(vault_commit(fixture->vault, &err));
    assert_int_equal(vault_generation(fixture->vault), generation + 1);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err)); /* the digest agrees */
    GOOD(vault_key_find(vault_writer(fixture->vault), "live", "kept", &key, &err));
    REFUSED(ERR_NOT_FOUND, "dropped", vault_key_find(vault_writer(fixture->vault), "live", "dropped", &key, &err));
    assert_int_equal(fixture_log_count(fixture, "live/kept"), 1);
    assert_int_equal(fixture_log_count(fixture, "live/dropped"), 0);
}

static void test_a_group_is_rolled_back_whole(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    uint64_t generation = vault_generation(fixture->vault);
    fixture_begin(fixture);
    fixture_add(fixture, "live", "dropped", "secret two", NULL, NULL);
    vault_rollback(fixture->vault);
    REFUSED(ERR_NOT_FOUND, "dropped", vault_key_find(vault_writer(fixture->vault), "live", "dropped", &key, &err));
    REFUSED(ERR_STATE, "transaction", vault_insert(fixture->vault, VAULT_KEY, &key.row, NULL, &err));
    fixture_add_committed(fixture, "live", "kept", "secret one", NULL, NULL);
    assert_int_equal(vault_generation(fixture->vault), generation + 1);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    assert_int_equal(fixture_log_count(fixture, "live/dropped"), 0);
}

static void test_a_wiped_secret_is_gone_and_its_fingerprint_free(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *session = vault_writer(fixture->vault);
    struct vault_key key;
    struct vault_version version;
    struct secret *secret = NULL;
    fixture_add_committed(fixture, "live", "reporting", "wiped secret", &key, &version);
    fixture_begin(fixture);
    version.state = VAULT_DEAD_VERSION;
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    GOOD(vault_version_wipe(fixture->vault, &version, &err));
    fixture_commit(fixture);
    REFUSED(ERR_NOT_FOUND, "gone", vault_version_secret(session, &version, &secret, &err));
    REFUSED(ERR_NOT_FOUND, "wiped", vault_read_secret(session, "x", "live", "reporting", 0, NULL, &secret, &err));
    struct vault_version next = {.number = 2, .state = VAULT_STAGED};
    memcpy(next.row.parent, key.row.id, sizeof key.row.id);
    secret = fixture_secret("wiped secret");
    fixture_begin(fixture);
    GOOD(vault_insert(fixture->vault, VAULT_VERSION, &next.row, secret, &err));
    fixture_commit(fixture);
    secret_free(secret);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
}

struct seen {
    size_t count;
    uint32_t numbers[8];
};

static int see_version(void *context, const struct vault_row *record, struct err *err)
{
    struct seen *seen = context;
    const struct vault_version *version = (const void *)record;
    (void)err;
    seen->numbers[seen->count++] = version->number;
    return ERR_OK;
}

static int see_rotation(void *context, const struct vault_row *record, struct err *err)
{
    struct seen *seen = context;
    const struct vault_rotation *rotation = (const void *)record;
    (void)err;
    seen->numbers[seen->count++] = rotation->number;
    return seen->count == 2 ? VAULT_STOP : ERR_OK;
}

static void test_children_come_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct seen versions = {0};
    struct seen rotations = {0};
    fixture_add_committed(fixture, "live", "reporting", "secret 1", &key, NULL);
    fixture_begin(fixture);
    for (uint32_t number = 2; number <= 6; number++) {
        char text[16];
        (void)snprintf(text, sizeof text, "secret %u", number);
        struct secret *secret = fixture_secret(text);
        struct vault_version version = {.number = number, .state = VAULT_DEAD_VERSION};
        struct vault_rotation rotation = {.number = number, .opened_at_ms = 100 * number};
        memcpy(version.row.parent, key.row.id, sizeof key.row.id);
        memcpy(rotation.row.parent, key.row.id, sizeof key.row.id);
        GOOD(vault_insert(fixture->vault, VAULT_VERSION, &version.row, secret, &err));
        GOOD(vault_insert(fixture->vault, VAULT_ROTATION, &rotation.row, NULL, &err));
        secret_free(secret);
    }
    fixture_commit(fixture);
    struct vault_session *session = vault_writer(fixture->vault);
    GOOD(vault_children(session, VAULT_VERSION, key.row.id, see_version, &versions, &err));
    assert_int_equal(versions.count, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(versions.numbers[i], 6 - i);
    GOOD(vault_children(session, VAULT_ROTATION, key.row.id, see_rotation, &rotations, &err));
    assert_int_equal(rotations.count, 2);
    assert_int_equal(rotations.numbers[0], 6);
}

static int see_key(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    (void)snprintf(context, 65, "%s", ((const struct vault_key *)(const void *)record)->name);
    return VAULT_STOP;
}

static void test_due_records_come_soonest_first(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *session = vault_writer(fixture->vault);
    int64_t due = -1;
    char name[65] = "";
    GOOD(vault_next_due(session, &due, &err));
    assert_int_equal(due, 0);
    fixture_begin(fixture);
    struct vault_key later = fixture_key("live", "later");
    struct vault_key sooner = fixture_key("live", "sooner");
    later.row.due_at_ms = 2000;
    sooner.row.due_at_ms = 1000;
    GOOD(vault_insert(fixture->vault, VAULT_KEY, &later.row, NULL, &err));
    GOOD(vault_insert(fixture->vault, VAULT_KEY, &sooner.row, NULL, &err));
    fixture_commit(fixture);
    GOOD(vault_next_due(session, &due, &err));
    assert_int_equal(due, 1000);
    GOOD(vault_due(session, VAULT_KEY, 999, 10, see_key, name, &err));
    assert_string_equal(name, "");
    GOOD(vault_due(session, VAULT_KEY, 2000, 10, see_key, name, &err));
    assert_string_equal(name, "sooner");
}

static int count_keys(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    (void)record;
    ++*(size_t *)context;
    return ERR_OK;
}

static void test_ten_thousand_keys_are_scanned(void **state)
{
    enum { KEYS = 10000 };
    struct fixture *fixture = *state;
    fixture_begin(fixture);
    for (int i = 0; i < KEYS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "key-%d", i);
        struct vault_key key = fixture_key("live", name);
        GOOD(vault_insert(fixture->vault, VAULT_KEY, &key.row, NULL, &err));
    }
    fixture_commit(fixture);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    struct vault_session *session = NULL;
    size_t count = 0;
    GOOD(vault_session_new(fixture->vault, NULL, &session, &err));
    GOOD(vault_scan(session, VAULT_KEY, NULL, count_keys, &count, &err));
    assert_int_equal(count, KEYS);
    vault_session_free(session);
}

/* Committed by the writer. */
static void entitle(struct fixture *fixture, struct vault_key *key, const char *title)
{
    (void)snprintf(key->title, sizeof key->title, "%s", title);
    fixture_begin(fixture);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key->row, &err));
    fixture_commit(fixture);
}

static void assert_title(struct vault_session *session, const struct vault_key *key, const char *title)
{
    struct vault_key seen;
    GOOD(vault_get(session, VAULT_KEY, key->row.id, &seen.row, &err));
    assert_string_equal(seen.title, title);
    vault_record_release(VAULT_KEY, &seen.row);
}

static void test_a_snapshot_is_one_state_whatever_is_committed_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_session *session = NULL, *seen = NULL, *within = NULL;
    fixture_add_committed(fixture, "live", "amps", "sk_live_1", &key, NULL);
    entitle(fixture, &key, "before");
    GOOD(vault_session_new(fixture->vault, NULL, &session, &err));
    GOOD(vault_snapshot(session, &seen, &err));
    assert_title(session, &key, "before");
    entitle(fixture, &key, "after");
    GOOD(vault_snapshot(session, &within, &err));
    assert_title(session, &key, "before");
    vault_snapshot_end(within);
    assert_title(session, &key, "before");
    assert_title(vault_writer(fixture->vault), &key, "after");
    vault_snapshot_end(seen);
    assert_title(session, &key, "after");
    vault_lock(fixture->vault, "engine");
    REFUSED(ERR_LOCKED, "locked", vault_snapshot(session, &seen, &err));
    vault_session_free(session);
}

static enum err_code insert_named(struct fixture *fixture, const char *name, struct vault_key *ret_key, struct err *ret_err)
{
    *ret_key = fixture_key("live", name);
    return vault_insert(fixture->vault, VAULT_KEY, &ret_key->row, NULL, ret_err);
}

static void test_a_vault_holds_so_many_keys_and_not_one_more(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key first, other;
    fixture->most_keys = 2;
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    fixture_begin(fixture);
    GOOD(insert_named(fixture, "first", &first, &err));
    vault_rollback(fixture->vault); /* what was taken back takes no room */
    fixture_begin(fixture);
    GOOD(insert_named(fixture, "first", &first, &err));
    GOOD(insert_named(fixture, "second", &other, &err));
    REFUSED(ERR_LIMIT, "holds 2 keys", insert_named(fixture, "third", &other, &err));
    fixture_commit(fixture);

    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    fixture_begin(fixture);
    REFUSED(ERR_LIMIT, "keyturn remove", insert_named(fixture, "third", &other, &err));
    GOOD(vault_remove(fixture->vault, VAULT_KEY, &first.row, &err));
    GOOD(insert_named(fixture, "third", &other, &err));
    REFUSED(ERR_LIMIT, "holds 2 keys", insert_named(fixture, "fourth", &other, &err));
    fixture_commit(fixture);
}

static void test_incidents_are_numbered_and_found(void **state)
{
    struct fixture *fixture = *state;
    struct vault_incident incident = {.opened_at_ms = 1, .asked_by = "oncall", .reason = "pasted in a chat"};
    struct vault_incident found;
    uint32_t number = 0;
    fixture_begin(fixture);
    GOOD(vault_next_incident(fixture->vault, &incident.number, &err));
    assert_int_equal(incident.number, 1);
    GOOD(vault_insert(fixture->vault, VAULT_INCIDENT, &incident.row, NULL, &err));
    GOOD(vault_step_end(fixture->vault, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
    GOOD(vault_next_incident(fixture->vault, &number, &err));
    vault_step_undo(fixture->vault);
    GOOD(vault_step_begin(fixture->vault, &err));
    GOOD(vault_next_incident(fixture->vault, &number, &err));
    assert_int_equal(number, 2);
    fixture_commit(fixture);
    GOOD(vault_incident_by_number(vault_writer(fixture->vault), 1, &found, &err));
    assert_string_equal(found.reason, "pasted in a chat");
    REFUSED(ERR_NOT_FOUND, "incident 2",
            vault_incident_by_number(vault_writer(fixture->vault), 2, &found, &err));
}

static void test_texts_come_back_and_their_limit_holds(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key = fixture_key("live", "labelled");
    struct vault_key back;
    key.labels.length = VAULT_LABELS_BYTES;
    key.labels.data = calloc(1, VAULT_LABELS_BYTES + 2);
    assert_non_null(key.labels.data);
    memset(key.labels.data, 'x', VAULT_LABELS_BYTES + 1);
    fixture_begin(fixture);
    GOOD(vault_insert(fixture->vault, VAULT_KEY, &key.row, NULL, &err));
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_KEY, key.row.id, &back.row, &err));
    assert_int_equal(back.labels.length, VAULT_LABELS_BYTES);
    assert_int_equal(strlen(back.labels.data), VAULT_LABELS_BYTES);
    vault_record_release(VAULT_KEY, &back.row);
    key.labels.length++;
    REFUSED(ERR_LIMIT, "24576", vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    fixture_commit(fixture);
    vault_record_release(VAULT_KEY, &key.row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_a_key_and_its_secret_come_back),
        TEST(test_a_stale_update_is_refused),
        TEST(test_names_and_secrets_are_held_once),
        TEST(test_a_step_is_taken_back_alone),
        TEST(test_a_group_is_rolled_back_whole),
        TEST(test_a_wiped_secret_is_gone_and_its_fingerprint_free),
        TEST(test_children_come_in_their_order),
        TEST(test_due_records_come_soonest_first),
        TEST(test_ten_thousand_keys_are_scanned),
        TEST(test_a_snapshot_is_one_state_whatever_is_committed_meanwhile),
        TEST(test_a_vault_holds_so_many_keys_and_not_one_more),
        TEST(test_incidents_are_numbered_and_found),
        TEST(test_texts_come_back_and_their_limit_holds),
    };
    return cmocka_run_group_tests_name("vault records", tests, fixture_start, NULL);
}
