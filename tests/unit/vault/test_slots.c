/* Making the vault, slots, wrong tries, and locking beside readers. */
#include "vault_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static enum err_code try(struct fixture *fixture, enum vault_slot_kind kind, const char *text, struct err *err)
{
    struct secret *material = fixture_secret(text);
    struct secret *root = NULL;
    enum err_code code = vault_try_slots(fixture->vault, vault_writer(fixture->vault), kind, material, &root, err);
    secret_free(root);
    secret_free(material);
    return code;
}

static void test_a_vault_is_made_once(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(vault_state(fixture->vault), VAULT_UNLOCKED);
    assert_int_equal(vault_generation(fixture->vault), 1);
    REFUSED(ERR_EXISTS, fixture->store_path,
            vault_init(fixture->vault, "x", VAULT_SLOT_KEY_FILE, fixture->passphrase, true, &err));
    fixture->vault = vault_close(fixture->vault);
    (void)unlink(fixture->store_path);
    fixture_open(fixture);
    assert_int_equal(vault_state(fixture->vault), VAULT_ABSENT);
    struct vault_key key;
    REFUSED(ERR_NOT_FOUND, "no vault", vault_key_find(vault_writer(fixture->vault), "live", "a", &key, &err));
    REFUSED(ERR_EXISTS, "another vault",
            vault_init(fixture->vault, "x", VAULT_SLOT_KEY_FILE, fixture->passphrase, true, &err));
}

static void test_a_second_agent_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct vault *second = NULL;
    struct vault_options options = {fixture->store_path, fixture->audit_path, &fixture->clock, &random_system};
    REFUSED(ERR_BUSY, "holds", vault_open(&options, &second, &err));
}

static void test_wrong_tries_are_counted_and_wait_longer(void **state)
{
    static const int waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct fixture *fixture = *state;
    const char *wrong = "not the key file, yet of thirty-two bytes";
    char text[64];
    vault_lock(fixture->vault, "x");
    REFUSED(ERR_WRONG_KEY, "(1 wrong try)", try(fixture, VAULT_SLOT_KEY_FILE, wrong, &err));
    REFUSED(ERR_WRONG_KEY, "(2 wrong tries)", try(fixture, VAULT_SLOT_KEY_FILE, wrong, &err));
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        (void)snprintf(text, sizeof text, "(%zu wrong tries); the next try is possible in %d s", i + 3, waits_s[i]);
        REFUSED(ERR_WRONG_KEY, text, try(fixture, VAULT_SLOT_KEY_FILE, wrong, &err));
        fixture->monotonic_ms += 1000 * waits_s[i] - 1;
        REFUSED(ERR_BUSY, "possible in 1 s", fixture_unlock(fixture, 0, &err));
        fixture->monotonic_ms++;
    }
    GOOD(fixture_unlock(fixture, 0, &err));
    REFUSED(ERR_WRONG_KEY, "(1 wrong try)", try(fixture, VAULT_SLOT_KEY_FILE, wrong, &err));
}

static int count_slot(void *context, const struct vault_slot_info *slot)
{
    (void)slot;
    ++*(size_t *)context;
    return 0;
}

static void test_slots_come_and_go_without_touching_records(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *session = vault_writer(fixture->vault);
    struct secret *passphrase = fixture_secret("correct horse");
    struct vault_key key;
    struct vault_key after;
    uint32_t number = 0;
    size_t slots = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    REFUSED(ERR_NOT_FOUND, "no slot of kind passphrase", try(fixture, VAULT_SLOT_PASSPHRASE, "any", &err));
    GOOD(vault_begin(fixture->vault, &err));
    GOOD(fixture_add_slot(fixture, VAULT_SLOT_PASSPHRASE, passphrase, &number, &err));
    GOOD(vault_commit(fixture->vault, &err));
    assert_int_equal(number, 2);
    vault_lock(fixture->vault, "x");
    GOOD(vault_slots(session, count_slot, &slots, &err)); /* while it is locked, too */
    assert_int_equal(slots, 2);
    GOOD(try(fixture, VAULT_SLOT_PASSPHRASE, "correct horse", &err));
    REFUSED(ERR_WRONG_KEY, "1 wrong", try(fixture, VAULT_SLOT_PASSPHRASE, "wrong horse", &err));
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(vault_begin(fixture->vault, &err));
    REFUSED(ERR_NOT_FOUND, "no slot 3", vault_slot_remove(fixture->vault, 3, &err));
    GOOD(vault_slot_remove(fixture->vault, 2, &err));
    REFUSED(ERR_STATE, "slot 1 is the last", vault_slot_remove(fixture->vault, 1, &err));
    GOOD(vault_commit(fixture->vault, &err));
    REFUSED(ERR_NOT_FOUND, "no slot of kind", try(fixture, VAULT_SLOT_PASSPHRASE, "correct horse", &err));
    GOOD(vault_key_find(session, "live", "reporting", &after, &err));
    assert_int_equal(after.row.revision, key.row.revision);
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(vault_begin(fixture->vault, &err)); /* a number is not used twice */
    GOOD(fixture_add_slot(fixture, VAULT_SLOT_PASSPHRASE, passphrase, &number, &err));
    vault_rollback(fixture->vault);
    assert_int_equal(number, 3);
    secret_free(passphrase);
}

struct making {
    struct vault *vault;
    const struct secret *passphrase;
    uint32_t number;
    struct vault_new_slot slot;
    enum err_code code;
};

static void *make_slot(void *context)
{
    struct making *making = context;
    struct err err;
    making->code = vault_slot_make(making->vault, making->number, VAULT_SLOT_PASSPHRASE, making->passphrase, true,
                                   &making->slot, &err);
    return NULL;
}

/* Were it the writer that derives the key, rotations would stand still meanwhile. */
static void test_a_slot_is_made_beside_a_writer_that_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct secret *passphrase = fixture_secret("correct horse");
    struct making making = {.vault = fixture->vault, .passphrase = passphrase, .number = vault_slot_next(fixture->vault)};
    struct making late = making;
    pthread_t thread;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    GOOD(vault_begin(fixture->vault, &err));
    assert_int_equal(pthread_create(&thread, NULL, make_slot, &making), 0);
    pthread_join(thread, NULL); /* in the middle of a transaction, which it does not need */
    make_slot(&late);
    assert_int_equal(making.code, ERR_OK);
    GOOD(vault_slot_add(fixture->vault, &making.slot, &err));
    REFUSED(ERR_BUSY, "at the same time", vault_slot_add(fixture->vault, &late.slot, &err));
    GOOD(vault_commit(fixture->vault, &err));
    buf_release(&making.slot.blob);
    buf_release(&late.slot.blob);
    vault_lock(fixture->vault, "x");
    make_slot(&late);
    assert_int_equal(late.code, ERR_LOCKED);
    fixture_reopen(fixture);
    GOOD(try(fixture, VAULT_SLOT_PASSPHRASE, "correct horse", &err));
    secret_free(passphrase);
}

static void test_a_key_file_that_is_too_short_makes_no_vault(void **state)
{
    struct fixture *fixture = *state;
    struct secret *material = fixture_secret("short");
    fixture->vault = vault_close(fixture->vault);
    (void)unlink(fixture->store_path);
    (void)unlink(fixture->audit_path);
    fixture_open(fixture);
    REFUSED(ERR_INVALID, "", vault_init(fixture->vault, "x", VAULT_SLOT_KEY_FILE, material, true, &err));
    assert_int_equal(vault_state(fixture->vault), VAULT_ABSENT);
    fixture_reopen(fixture);
    assert_int_equal(vault_state(fixture->vault), VAULT_ABSENT);
    GOOD(vault_init(fixture->vault, "x", VAULT_SLOT_KEY_FILE, fixture->passphrase, true, &err));
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    secret_free(material);
}

/* --- Readers beside the writer ------------------------------------------------------ */

enum { READERS = 3, ROUNDS = 20 };

struct readers {
    struct vault *vault;
    atomic_bool stop;
    atomic_uint good;
    atomic_uint locked;
    atomic_uint other;
};

static void *reader_run(void *context)
{
    struct readers *readers = context;
    struct vault_session *session = NULL;
    struct secret_arena *arena = secret_arena_new(64 * 1024);
    if (vault_session_new(readers->vault, arena, &session, NULL) != ERR_OK)
        atomic_fetch_add(&readers->other, 1);
    while (session && !atomic_load(&readers->stop)) {
        struct secret *secret = NULL;
        enum err_code code = vault_read_secret(session, "r", "live", "reporting", 0, NULL, &secret, NULL);
        if (code == ERR_OK && secret_length(secret) == 10)
            atomic_fetch_add(&readers->good, 1);
        else
            atomic_fetch_add(code == ERR_LOCKED ? &readers->locked : &readers->other, 1);
        secret_free(secret);
    }
    vault_session_free(session);
    secret_arena_free(arena);
    return NULL;
}

static void test_S9_readers_beside_changes_and_locking_break_no_chain(void **state)
{
    struct fixture *fixture = *state;
    struct readers readers = {.vault = fixture->vault};
    pthread_t threads[READERS];
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &readers), 0);
    for (int round = 0; round < ROUNDS; round++) {
        char name[16];
        (void)snprintf(name, sizeof name, "key-%d", round);
        fixture_add_committed(fixture, "live", name, name, NULL, NULL);
        GOOD(vault_anchor(fixture->vault, &err));
        vault_lock(fixture->vault, "x");
        GOOD(fixture_unlock(fixture, 0, &err));
    }
    while (atomic_load(&readers.good) == 0 && atomic_load(&readers.other) == 0)
        (void)usleep(1000);
    atomic_store(&readers.stop, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(readers.other, 0);
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 2 + 3 * ROUNDS + readers.good); /* init, add; add, lock, unlock */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_a_vault_is_made_once),
        TEST(test_a_second_agent_is_refused),
        TEST(test_wrong_tries_are_counted_and_wait_longer),
        TEST(test_slots_come_and_go_without_touching_records),
        TEST(test_a_slot_is_made_beside_a_writer_that_goes_on),
        TEST(test_a_key_file_that_is_too_short_makes_no_vault),
        TEST(test_S9_readers_beside_changes_and_locking_break_no_chain),
    };
    return cmocka_run_group_tests_name("vault slots", tests, fixture_start, NULL);
}
