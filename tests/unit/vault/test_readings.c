/* What readers keep for a moment: each change is seen by the next read, and nothing that is not good is given. */
#include "vault_fixture.h"

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { KEPT_MS = 1000 };

/* --- Hands ----------------------------------------------------------------- */

static struct vault_session *reader_new(struct fixture *fixture)
{
    struct vault_session *reader = NULL;
    GOOD(vault_session_new(fixture->vault, NULL, &reader, &err));
    return reader;
}

static enum err_code read_value(struct vault_session *reader, const char *name, const char *value, struct err *err)
{
    struct secret *secret = NULL;
    enum err_code code = vault_read_secret(reader, "uid:7(app)", "live", name, 0, NULL, &secret, err);
    if (code == ERR_OK) {
        assert_int_equal(secret_length(secret), strlen(value));
        assert_memory_equal(secret_peek(secret), value, strlen(value));
    }
    secret_free(secret);
    return code;
}

/* Inside a step: the next version of the key is the current one. */
static void promote(struct fixture *fixture, struct vault_key *key, const char *value)
{
    struct vault_version version = {.number = key->current_number + 1, .state = VAULT_CURRENT};
    struct secret *secret = fixture_secret(value);
    memcpy(version.row.parent, key->row.id, sizeof key->row.id);
    GOOD(vault_insert(fixture->vault, VAULT_VERSION, &version.row, secret, &err));
    key->current_number = version.number;
    memcpy(key->current_id, version.row.id, sizeof key->current_id);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key->row, &err));
    secret_free(secret);
}

/* --- What a read gives ----------------------------------------------------- */

static void test_S9_every_read_is_in_the_log_also_of_what_is_kept(void **state)
{
    enum { READS = 20 };
    struct fixture *fixture = *state;
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    struct vault_session *reader = reader_new(fixture);
    for (int i = 0; i < READS; i++) {
        GOOD(read_value(reader, "reporting", "secret one", &err));
        assert_int_equal(fixture_log_count(fixture, "\"what\":\"key.read\""), i + 1);
    }
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 2 + READS);
    vault_session_free(reader);
}

static void test_a_promotion_is_seen_by_the_next_read(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_session *reader = reader_new(fixture);
    struct vault_session *other = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    fixture_begin(fixture);
    promote(fixture, &key, "secret two");
    GOOD(read_value(reader, "reporting", "secret one", &err)); /* it is not committed */
    GOOD(read_value(vault_writer(fixture->vault), "reporting", "secret two", &err));
    GOOD(read_value(other, "reporting", "secret one", &err));
    fixture_commit(fixture);
    GOOD(read_value(reader, "reporting", "secret two", &err));
    GOOD(read_value(other, "reporting", "secret two", &err));
    vault_session_free(reader);
    vault_session_free(other);
}

static void test_what_was_taken_back_is_not_seen(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_session *reader = reader_new(fixture);
    fixture_begin(fixture);
    promote(fixture, &key, "secret two");
    GOOD(read_value(vault_writer(fixture->vault), "reporting", "secret two", &err));
    vault_rollback(fixture->vault);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    vault_session_free(reader);
}

static void test_a_version_that_was_wiped_is_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct vault_session *reader = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    fixture_begin(fixture);
    GOOD(vault_version_wipe(fixture->vault, &version, &err));
    fixture_commit(fixture);
    REFUSED(ERR_NOT_FOUND, "live/reporting was wiped", read_value(reader, "reporting", "", &err));
    vault_session_free(reader);
}

static void test_a_version_in_another_state_is_said_to_be_in_it(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct vault_session *reader = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    fixture_begin(fixture);
    version.state = VAULT_CONDEMNED;
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    fixture_commit(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    assert_int_equal(fixture_log_count(fixture, "\"state\":\"condemned\""), 1);
    vault_session_free(reader);
}

static void test_a_key_that_was_removed_is_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, &version);
    struct vault_session *reader = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    fixture_begin(fixture);
    GOOD(vault_remove(fixture->vault, VAULT_VERSION, &version.row, &err));
    GOOD(vault_remove(fixture->vault, VAULT_KEY, &key.row, &err));
    fixture_commit(fixture);
    REFUSED(ERR_NOT_FOUND, "no key live/reporting", read_value(reader, "reporting", "", &err));
    vault_session_free(reader);
}

static void test_a_locked_vault_gives_nothing_that_was_kept(void **state)
{
    struct fixture *fixture = *state;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    struct vault_session *reader = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    vault_lock(fixture->vault, "x");
    REFUSED(ERR_LOCKED, "locked", read_value(reader, "reporting", "", &err));
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(read_value(reader, "reporting", "secret one", &err));
    vault_session_free(reader);
}

static void test_what_is_said_of_a_read_outlives_the_lock_and_the_next_read(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_reading *reading = NULL;
    struct secret *secret = NULL;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_session *reader = reader_new(fixture);
    GOOD(vault_read_secret(reader, "x", "live", "reporting", 0, &reading, &secret, &err));
    fixture_begin(fixture);
    promote(fixture, &key, "secret two");
    fixture_commit(fixture);
    GOOD(read_value(reader, "reporting", "secret two", &err));
    vault_lock(fixture->vault, "x");
    assert_int_equal(reading->number, 1);
    assert_int_equal(reading->current_number, 1);
    assert_memory_equal(reading->key_id, key.row.id, sizeof key.row.id);
    vault_reading_free(reading);
    secret_free(secret);
    vault_session_free(reader);
}

static void test_a_vault_that_rested_reads_and_changes_as_before(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct vault_reading *held = NULL;
    struct secret *secret = NULL;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct vault_session *reader = reader_new(fixture);
    GOOD(vault_read_secret(reader, "uid:7(app)", "live", "reporting", 0, &held, &secret, &err));
    secret_free(secret);
    for (int i = 0; i < 2; i++) { /* it is kept still; it is too old */
        vault_rest(fixture->vault);
        GOOD(read_value(reader, "reporting", "secret one", &err));
        fixture->monotonic_ms += KEPT_MS;
    }
    assert_int_equal(held->number, 1);
    vault_reading_free(held);
    fixture_begin(fixture);
    promote(fixture, &key, "secret two");
    fixture_commit(fixture);
    vault_rest(fixture->vault);
    GOOD(read_value(reader, "reporting", "secret two", &err));
    vault_session_free(reader);
}

static void test_more_keys_than_are_kept_are_read_and_read_again(void **state)
{
    enum { KEYS = 3000, TURNS = 2 };
    struct fixture *fixture = *state;
    char name[16];
    fixture_begin(fixture);
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(name, sizeof name, "key-%d", i);
        fixture_add(fixture, "live", name, name, NULL, NULL);
    }
    fixture_commit(fixture);
    struct vault_session *reader = reader_new(fixture);
    for (int i = 0; i < TURNS * KEYS; i++) {
        (void)snprintf(name, sizeof name, "key-%d", i % KEYS);
        GOOD(read_value(reader, name, name, &err));
    }
    vault_session_free(reader);
}

static void test_a_secret_too_large_to_be_kept_is_read(void **state)
{
    enum { BYTES = 60 * 1024 };
    struct fixture *fixture = *state;
    char *value = malloc(BYTES + 1);
    assert_non_null(value);
    memset(value, 'k', BYTES);
    value[BYTES] = '\0';
    fixture_add_committed(fixture, "live", "large", value, NULL, NULL);
    struct vault_session *reader = reader_new(fixture);
    for (int i = 0; i < 3; i++)
        GOOD(read_value(reader, "large", value, &err));
    free(value);
    vault_session_free(reader);
}

/* --- What somebody does to the file ----------------------------------------- */

/* One bit of the version's sealed secret, wherever the store has it. */
static void flip_sealed_secret(struct fixture *fixture, const struct vault_version *version)
{
    struct store *store = NULL;
    struct store_row row;
    size_t found = 0;
    GOOD(store_open_reader(fixture->store_path, &store, &err));
    GOOD(store_get(store, STORE_VERSION, version->row.id, true, &row, &err));
    for (int i = 0; i < 2; i++) {
        char path[400];
        size_t length = 0;
        (void)snprintf(path, sizeof path, "%s%s", fixture->store_path, i == 0 ? "" : "-wal");
        char *bytes = fixture_read(path, &length);
        for (char *at = bytes; (at = memmem(at, length - (size_t)(at - bytes), row.secret, row.secret_length));) {
            int fd = open(path, O_WRONLY | O_CLOEXEC);
            char changed = (char)(at[40] ^ 1);
            assert_int_equal(pwrite(fd, &changed, 1, at - bytes + 40), 1);
            (void)close(fd);
            at[40] = changed;
            found++;
        }
        free(bytes);
    }
    store_close(store);
    assert_true(found > 0);
}

static void test_S8_a_row_changed_in_the_file_is_found_a_second_later(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct vault_session *reader = reader_new(fixture);
    GOOD(read_value(reader, "reporting", "secret one", &err));
    vault_session_free(reader); /* with the pages that it had read */
    flip_sealed_secret(fixture, &version);
    fixture->monotonic_ms += KEPT_MS;
    reader = reader_new(fixture);
    for (int i = 0; i < 2; i++)
        REFUSED(ERR_TAMPERED, "live/reporting: row ", read_value(reader, "reporting", "", &err));
    assert_int_equal(fixture_log_count(fixture, "\"what\":\"key.read\""), 1);
    vault_session_free(reader);
}

/* --- Readers beside the writer ----------------------------------------------- */

enum { READERS = 3, PROMOTIONS = 300 };

struct race {
    struct vault *vault;
    atomic_uint committed; /* the current version's number, once it is committed */
    atomic_bool stop;
    atomic_uint reads;
    atomic_uint wrong;
};

/* A secret is its version's number, and no older one than was current when the read began. */
static bool race_read(struct race *race, struct vault_session *session)
{
    struct vault_reading *reading = NULL;
    struct secret *secret = NULL;
    char text[16];
    unsigned before = atomic_load(&race->committed);
    enum err_code code = vault_read_secret(session, "r", "live", "reporting", 0, &reading, &secret, NULL);
    bool right = code == ERR_OK && reading->number >= before && reading->number == reading->current_number;
    int length = right ? snprintf(text, sizeof text, "value-%u", reading->number) : 0;
    right = right && secret_length(secret) == (size_t)length &&
            memcmp(secret_peek(secret), text, (size_t)length) == 0;
    vault_reading_free(reading);
    secret_free(secret);
    return right;
}

static void *race_run(void *context)
{
    struct race *race = context;
    struct vault_session *session = NULL;
    struct secret_arena *arena = secret_arena_new(64 * 1024);
    if (vault_session_new(race->vault, arena, &session, NULL) != ERR_OK)
        atomic_fetch_add(&race->wrong, 1);
    while (session && !atomic_load(&race->stop)) {
        atomic_fetch_add(race_read(race, session) ? &race->reads : &race->wrong, 1);
        struct secret *secret = NULL; /* another key's, so that there is more than one */
        if (vault_read_secret(session, "r", "live", "still", 0, NULL, &secret, NULL) != ERR_OK)
            atomic_fetch_add(&race->wrong, 1);
        secret_free(secret);
    }
    vault_session_free(session);
    secret_arena_free(arena);
    return NULL;
}

static void test_S9_readers_see_each_promotion_at_once_and_the_chain_holds(void **state)
{
    struct fixture *fixture = *state;
    struct race race = {.vault = fixture->vault, .committed = 1};
    struct vault_key key;
    pthread_t threads[READERS];
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "value-1", &key, NULL);
    fixture_add_committed(fixture, "live", "still", "still", NULL, NULL);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, &race), 0);
    for (unsigned number = 2; number <= PROMOTIONS; number++) {
        char value[16];
        (void)snprintf(value, sizeof value, "value-%u", number);
        fixture_begin(fixture);
        promote(fixture, &key, value);
        fixture_commit(fixture);
        atomic_store(&race.committed, number);
    }
    while (atomic_load(&race.reads) == 0 && atomic_load(&race.wrong) == 0)
        (void)usleep(1000);
    atomic_store(&race.stop, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(race.wrong, 0);
    assert_true(race.reads > 0);
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 3 + 2 * race.reads); /* init, two keys; promotions have no entry here */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_S9_every_read_is_in_the_log_also_of_what_is_kept),
        TEST(test_a_promotion_is_seen_by_the_next_read),
        TEST(test_what_was_taken_back_is_not_seen),
        TEST(test_a_version_that_was_wiped_is_not_given),
        TEST(test_a_version_in_another_state_is_said_to_be_in_it),
        TEST(test_a_key_that_was_removed_is_not_given),
        TEST(test_a_locked_vault_gives_nothing_that_was_kept),
        TEST(test_what_is_said_of_a_read_outlives_the_lock_and_the_next_read),
        TEST(test_a_vault_that_rested_reads_and_changes_as_before),
        TEST(test_more_keys_than_are_kept_are_read_and_read_again),
        TEST(test_a_secret_too_large_to_be_kept_is_read),
        TEST(test_S8_a_row_changed_in_the_file_is_found_a_second_later),
        TEST(test_S9_readers_see_each_promotion_at_once_and_the_chain_holds),
    };
    return cmocka_run_group_tests_name("readings", tests, fixture_start, NULL);
}
