/* What the writer changes stays opened until the end of its group: each test looks at it inside of the
 * group, after it, and once more after the store was closed and its digest held against its rows (S8). */
#include "vault_fixture.h"

#include <signal.h>
#include <sys/resource.h>

enum { NOW_MS = 5000, MANY = 2500 };

static struct vault_rotation add_rotation(struct fixture *fixture, const struct vault_key *key, uint32_t number,
                                          int64_t due_at_ms)
{
    struct vault_rotation rotation = {.number = number, .opened_at_ms = 1};
    memcpy(rotation.row.parent, key->row.id, sizeof key->row.id);
    rotation.row.due_at_ms = due_at_ms;
    GOOD(vault_insert(fixture->vault, VAULT_ROTATION, &rotation.row, NULL, &err));
    return rotation;
}

static void set_title(struct fixture *fixture, struct vault_key *key, const char *title)
{
    (void)snprintf(key->title, sizeof key->title, "%s", title);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key->row, &err));
}

static void assert_title(struct fixture *fixture, const struct vault_key *key, const char *title, uint64_t revision)
{
    struct vault_key found;
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_KEY, key->row.id, &found.row, &err));
    assert_string_equal(found.title, title);
    assert_int_equal(found.row.revision, revision);
    vault_record_release(VAULT_KEY, &found.row);
}

static void reopen(struct fixture *fixture)
{
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
}

static int count_visit(void *context, const struct vault_row *record, struct err *err)
{
    (void)record, (void)err;
    ++*(size_t *)context;
    return ERR_OK;
}

static size_t count_due(struct fixture *fixture)
{
    size_t count = 0;
    GOOD(vault_due(vault_writer(fixture->vault), VAULT_ROTATION, NOW_MS, 100, count_visit, &count, &err));
    return count;
}

static size_t count_rotations(struct fixture *fixture, const struct vault_key *key)
{
    size_t count = 0;
    GOOD(vault_children(vault_writer(fixture->vault), VAULT_ROTATION, key->row.id, count_visit, &count, &err));
    return count;
}

static void test_S8_many_changes_of_a_group_are_one_row_that_holds(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    uint64_t revision = key.row.revision;
    fixture_begin(fixture);
    set_title(fixture, &key, "one");
    assert_title(fixture, &key, "one", revision + 1);
    GOOD(vault_step_end(fixture->vault, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
    set_title(fixture, &key, "two");
    set_title(fixture, &key, "three");
    assert_title(fixture, &key, "three", revision + 3);
    fixture_commit(fixture);
    assert_title(fixture, &key, "three", revision + 3);
    reopen(fixture);
    assert_title(fixture, &key, "three", revision + 3);
}

static void test_what_did_not_change_is_not_written(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    uint64_t generation = vault_generation(fixture->vault);
    uint64_t revision = key.row.revision;
    fixture_begin(fixture);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    assert_false(vault_changed(fixture->vault));
    fixture_commit(fixture);
    assert_int_equal(key.row.revision, revision);
    assert_int_equal(vault_generation(fixture->vault), generation);
    reopen(fixture);
}

static void test_an_older_record_is_refused_within_the_group(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    fixture_begin(fixture);
    struct vault_key older = key;
    set_title(fixture, &key, "newer");
    REFUSED(ERR_STALE, "changed since", vault_update(fixture->vault, VAULT_KEY, &older.row, &err));
    fixture_commit(fixture);
    assert_title(fixture, &key, "newer", key.row.revision);
}

static void test_a_step_gives_back_what_an_earlier_one_changed(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key, other;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    fixture_add_committed(fixture, "live", "other", "secret two", &other, NULL);
    fixture_begin(fixture);
    set_title(fixture, &key, "kept");
    struct vault_rotation kept = add_rotation(fixture, &key, 2, NOW_MS);
    GOOD(vault_step_end(fixture->vault, &err));
    struct vault_key before = key, other_before = other;

    GOOD(vault_step_begin(fixture->vault, &err));
    set_title(fixture, &key, "given back");
    set_title(fixture, &other, "given back");
    struct vault_rotation lost = add_rotation(fixture, &key, 3, NOW_MS);
    GOOD(vault_remove(fixture->vault, VAULT_ROTATION, &kept.row, &err));
    assert_int_equal(count_rotations(fixture, &key), 1);
    vault_step_undo(fixture->vault);

    assert_title(fixture, &before, "kept", before.row.revision);
    assert_title(fixture, &other_before, "", other_before.row.revision);
    assert_int_equal(count_rotations(fixture, &key), 1);
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_ROTATION, kept.row.id, &kept.row, &err));
    REFUSED(ERR_NOT_FOUND, "no such rotation",
            vault_get(vault_writer(fixture->vault), VAULT_ROTATION, lost.row.id, &lost.row, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
    fixture_commit(fixture);
    reopen(fixture);
    assert_title(fixture, &before, "kept", before.row.revision);
    assert_int_equal(count_rotations(fixture, &key), 1);
}

/* The scan in the middle writes what the step before left open; the step's savepoint takes that back, too. */
static void test_a_step_gives_back_what_it_wrote_for_an_earlier_one(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    fixture_begin(fixture);
    struct vault_rotation rotation = add_rotation(fixture, &key, 2, NOW_MS);
    GOOD(vault_step_end(fixture->vault, &err));

    GOOD(vault_step_begin(fixture->vault, &err));
    struct vault_rotation changed = rotation;
    assert_int_equal(count_due(fixture), 1);
    changed.row.due_at_ms = NOW_MS - 1;
    GOOD(vault_update(fixture->vault, VAULT_ROTATION, &changed.row, &err));
    assert_int_equal(count_due(fixture), 1);
    vault_step_undo(fixture->vault);

    GOOD(vault_step_begin(fixture->vault, &err));
    rotation.row.due_at_ms = NOW_MS + 1;
    GOOD(vault_update(fixture->vault, VAULT_ROTATION, &rotation.row, &err));
    assert_int_equal(count_due(fixture), 0);
    fixture_commit(fixture);
    reopen(fixture);
    assert_int_equal(count_rotations(fixture, &key), 1);
    assert_int_equal(count_due(fixture), 0);
}

static void test_a_group_gives_all_back(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_key before = key;
    fixture_begin(fixture);
    set_title(fixture, &key, "given back");
    (void)add_rotation(fixture, &key, 2, NOW_MS);
    GOOD(vault_step_end(fixture->vault, &err));
    vault_rollback(fixture->vault);
    assert_title(fixture, &before, "", before.row.revision);
    assert_int_equal(count_rotations(fixture, &key), 0);
    reopen(fixture);
    assert_title(fixture, &before, "", before.row.revision);
}

/* S10: the disk is full at the commit. */
static void test_S10_a_commit_that_fails_leaves_what_was(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct rlimit limit;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_key before = key;
    fixture_begin(fixture);
    set_title(fixture, &key, "given back");
    (void)add_rotation(fixture, &key, 2, NOW_MS);
    GOOD(vault_step_end(fixture->vault, &err));
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct err err = {0};
    enum err_code code = vault_commit(fixture->vault, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_not_equal(code, ERR_OK);

    assert_title(fixture, &before, "", before.row.revision);
    assert_int_equal(count_rotations(fixture, &key), 0);
    fixture_begin(fixture);
    set_title(fixture, &before, "after it");
    fixture_commit(fixture);
    reopen(fixture);
    assert_title(fixture, &before, "after it", before.row.revision);
}

static int collect_titles(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    const struct vault_key *key = (const struct vault_key *)record;
    (void)strncat(context, key->title, 63 - strlen(context));
    return ERR_OK;
}

static void test_scans_see_what_is_not_written_yet(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *session = vault_writer(fixture->vault);
    struct vault_key key, found;
    struct vault_version version;
    char titles[64] = "";
    int64_t next = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, &version);
    fixture_begin(fixture);
    set_title(fixture, &key, "new");
    version.state = VAULT_RETIRING;
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    struct vault_rotation rotation = add_rotation(fixture, &key, 2, NOW_MS + 1);
    assert_int_equal(count_due(fixture), 0);
    rotation.row.due_at_ms = NOW_MS;
    GOOD(vault_update(fixture->vault, VAULT_ROTATION, &rotation.row, &err));
    assert_int_equal(count_due(fixture), 1);
    assert_int_equal(count_rotations(fixture, &key), 1);
    GOOD(vault_next_due(session, &next, &err));
    assert_int_equal(next, NOW_MS);
    GOOD(vault_scan(session, VAULT_KEY, NULL, collect_titles, titles, &err));
    assert_string_equal(titles, "new");
    GOOD(vault_key_find(session, "live", "reporting", &found, &err));
    assert_string_equal(found.title, "new");
    GOOD(vault_version_by_number(session, &key, 1, &version, &err));
    assert_int_equal(version.state, VAULT_RETIRING);
    fixture_commit(fixture);
    reopen(fixture);
    assert_int_equal(count_due(fixture), 1);
}

static void test_who_takes_a_name_that_is_taken_keeps_its_changes(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key, found;
    fixture_add_committed(fixture, "live", "taken", "secret one", NULL, NULL);
    fixture_add_committed(fixture, "live", "reporting", "secret two", &key, NULL);
    fixture_begin(fixture);
    set_title(fixture, &key, "kept");
    struct vault_key renamed = key;
    (void)snprintf(renamed.name, sizeof renamed.name, "taken");
    REFUSED(ERR_EXISTS, "live/taken", vault_update(fixture->vault, VAULT_KEY, &renamed.row, &err));
    assert_title(fixture, &key, "kept", key.row.revision);
    (void)snprintf(key.name, sizeof key.name, "free");
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    fixture_commit(fixture);
    reopen(fixture);
    GOOD(vault_key_find(vault_writer(fixture->vault), "live", "free", &found, &err));
    assert_string_equal(found.title, "kept");
    REFUSED(ERR_NOT_FOUND, "no key", vault_key_find(vault_writer(fixture->vault), "live", "reporting", &found, &err));
}

static void test_a_secret_is_wiped_after_changes_of_its_version(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    struct secret *secret = NULL;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    fixture_begin(fixture);
    version.state = VAULT_DEAD_VERSION;
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    GOOD(vault_version_wipe(fixture->vault, &version, &err));
    vault_step_undo(fixture->vault);
    GOOD(vault_version_secret(vault_writer(fixture->vault), &version, &secret, &err));
    secret_free(secret);
    GOOD(vault_step_begin(fixture->vault, &err));
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_VERSION, version.row.id, &version.row, &err));
    assert_int_equal(version.state, VAULT_CURRENT);
    version.state = VAULT_DEAD_VERSION;
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    GOOD(vault_version_wipe(fixture->vault, &version, &err));
    REFUSED(ERR_NOT_FOUND, "is gone", vault_version_secret(vault_writer(fixture->vault), &version, &secret, &err));
    fixture_commit(fixture);
    reopen(fixture);
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_VERSION, version.row.id, &version.row, &err));
    assert_int_equal(version.state, VAULT_DEAD_VERSION);
    assert_true(version.wiped);
}

static void test_a_text_that_is_too_long_fails_its_step_alone(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    static char labels[VAULT_LABELS_BYTES + 2];
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    memset(labels, 'x', sizeof labels - 1);
    fixture_begin(fixture);
    struct vault_key longer = key;
    longer.labels = (struct vault_text){labels, VAULT_LABELS_BYTES + 1};
    REFUSED(ERR_LIMIT, "24577 bytes", vault_update(fixture->vault, VAULT_KEY, &longer.row, &err));
    longer.labels.length = VAULT_LABELS_BYTES;
    GOOD(vault_update(fixture->vault, VAULT_KEY, &longer.row, &err));
    fixture_commit(fixture);
    reopen(fixture);
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_KEY, key.row.id, &key.row, &err));
    assert_int_equal(key.labels.length, VAULT_LABELS_BYTES);
    vault_record_release(VAULT_KEY, &key.row);
}

static void test_a_key_with_a_rotation_in_no_row_yet_stays(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, &version);
    fixture_begin(fixture);
    GOOD(vault_remove(fixture->vault, VAULT_VERSION, &version.row, &err));
    struct vault_rotation rotation = add_rotation(fixture, &key, 2, NOW_MS);
    REFUSED(ERR_INVALID, "", vault_remove(fixture->vault, VAULT_KEY, &key.row, &err));
    GOOD(vault_remove(fixture->vault, VAULT_ROTATION, &rotation.row, &err));
    GOOD(vault_remove(fixture->vault, VAULT_KEY, &key.row, &err));
    fixture_commit(fixture);
    reopen(fixture);
}

static struct vault_notice add_notice(struct fixture *fixture, unsigned number)
{
    struct vault_notice notice = {.about = VAULT_ABOUT_WAITS, .version = number};
    char text[32];
    notice.row.due_at_ms = NOW_MS;
    notice.instructions = (struct vault_text){text, (size_t)snprintf(text, sizeof text, "make %u", number)};
    GOOD(vault_insert(fixture->vault, VAULT_NOTICE, &notice.row, NULL, &err));
    notice.instructions = (struct vault_text){0};
    return notice;
}

static size_t count_notices(struct fixture *fixture)
{
    size_t count = 0;
    GOOD(vault_scan(vault_writer(fixture->vault), VAULT_NOTICE, NULL, count_visit, &count, &err));
    return count;
}

/* In a step: the notice fails once more, and many others are added. */
static void fail_and_add_many(struct fixture *fixture, const struct vault_notice *failing)
{
    struct vault_notice found;
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_NOTICE, failing->row.id, &found.row, &err));
    assert_string_equal(found.instructions.data, "make 0");
    found.failures++;
    GOOD(vault_update(fixture->vault, VAULT_NOTICE, &found.row, &err));
    vault_record_release(VAULT_NOTICE, &found.row);
    for (unsigned i = 1; i < MANY; i++)
        (void)add_notice(fixture, i);
    assert_int_equal(count_notices(fixture), MANY);
}

static int32_t failures_of(struct fixture *fixture, const struct vault_notice *notice)
{
    struct vault_notice found;
    GOOD(vault_get(vault_writer(fixture->vault), VAULT_NOTICE, notice->row.id, &found.row, &err));
    int32_t failures = found.failures;
    vault_record_release(VAULT_NOTICE, &found.row);
    return failures;
}

/* More than stay in memory, so some are written and forgotten in the middle. */
static void test_a_step_of_very_many_records_holds_and_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    fixture_begin(fixture);
    set_title(fixture, &key, "before");
    struct vault_notice first = add_notice(fixture, 0);
    GOOD(vault_step_end(fixture->vault, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
    fail_and_add_many(fixture, &first);
    vault_step_undo(fixture->vault);
    assert_int_equal(count_notices(fixture), 1);
    assert_int_equal(failures_of(fixture, &first), 0);
    GOOD(vault_step_begin(fixture->vault, &err));
    fail_and_add_many(fixture, &first);
    fixture_commit(fixture);
    reopen(fixture);
    assert_int_equal(count_notices(fixture), MANY);
    assert_int_equal(failures_of(fixture, &first), 1);
    assert_title(fixture, &key, "before", key.row.revision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_S8_many_changes_of_a_group_are_one_row_that_holds),
        TEST(test_what_did_not_change_is_not_written),
        TEST(test_an_older_record_is_refused_within_the_group),
        TEST(test_a_step_gives_back_what_an_earlier_one_changed),
        TEST(test_a_step_gives_back_what_it_wrote_for_an_earlier_one),
        TEST(test_a_group_gives_all_back),
        TEST(test_S10_a_commit_that_fails_leaves_what_was),
        TEST(test_scans_see_what_is_not_written_yet),
        TEST(test_who_takes_a_name_that_is_taken_keeps_its_changes),
        TEST(test_a_secret_is_wiped_after_changes_of_its_version),
        TEST(test_a_text_that_is_too_long_fails_its_step_alone),
        TEST(test_a_key_with_a_rotation_in_no_row_yet_stays),
        TEST(test_a_step_of_very_many_records_holds_and_is_taken_back),
    };
    return cmocka_run_group_tests_name("vault cache", tests, fixture_start, NULL);
}
