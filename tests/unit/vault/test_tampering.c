/* S3, S7, S8: what somebody finds, and can do, who reads and writes the store's file. */
#include "vault_fixture.h"

#include "store/store.h"

/* --- The store behind the agent's back ------------------------------------------ */

static struct store *tamper_begin(struct fixture *fixture)
{
    struct store *store = NULL;
    fixture->vault = vault_close(fixture->vault);
    GOOD(store_open_writer(fixture->store_path, &store, &err));
    GOOD(store_begin(store, &err));
    return store;
}

static void tamper_end(struct fixture *fixture, struct store *store)
{
    GOOD(store_commit(store, &err));
    store_close(store);
    fixture_open(fixture);
}

/* A row of one's own, with copies of its sealed columns. */
struct copied_row {
    struct store_row row;
    unsigned char meta[4096];
    unsigned char secret[4096];
};

static void tamper_copy(struct store *store, enum store_table table, const uint8_t *id, struct copied_row *copy)
{
    struct store_row row;
    GOOD(store_get(store, table, id, true, &row, &err));
    copy->row = row;
    assert_true(row.meta_length <= sizeof copy->meta && row.secret_length <= sizeof copy->secret);
    memcpy(copy->meta, row.meta, row.meta_length);
    copy->row.meta = copy->meta;
    if (row.secret) {
        memcpy(copy->secret, row.secret, row.secret_length);
        copy->row.secret = copy->secret;
    }
}

/* The vault does not unlock, and says that. */
#define FOUND(fixture, text) REFUSED(ERR_TAMPERED, text, fixture_unlock(fixture, 0, &err))

static void test_S8_an_edited_row_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct copied_row copy;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_KEY, key.row.id, &copy);
    copy.meta[40] ^= 1;
    GOOD(store_update(store, STORE_KEY, &copy.row, copy.row.revision, true, &err));
    tamper_end(fixture, store);
    GOOD(fixture_unlock(fixture, 0, &err)); /* its tag is as it was: found when it is read */
    REFUSED(ERR_TAMPERED, "of table key: ",
            vault_key_find(vault_writer(fixture->vault), "live", "reporting", &key, &err));
}

static void test_S8_an_edited_row_with_another_tag_is_found_at_unlock(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct copied_row copy;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_KEY, key.row.id, &copy);
    copy.meta[copy.row.meta_length - 1] ^= 1;
    GOOD(store_update(store, STORE_KEY, &copy.row, copy.row.revision, true, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "of table key: ");
    assert_int_equal(vault_state(fixture->vault), VAULT_LOCKED);
}

static void test_S8_an_edited_due_time_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    struct copied_row copy;
    fixture_add_committed(fixture, "live", "reporting", "secret one", &key, NULL);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_KEY, key.row.id, &copy);
    copy.row.due_at_ms = 77;
    GOOD(store_update(store, STORE_KEY, &copy.row, copy.row.revision, true, &err));
    tamper_end(fixture, store);
    GOOD(fixture_unlock(fixture, 0, &err));
    REFUSED(ERR_TAMPERED, "of table key: ",
            vault_key_find(vault_writer(fixture->vault), "live", "reporting", &key, &err));
}

static void test_S8_swapped_secrets_are_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version one;
    struct vault_version two;
    struct copied_row first;
    struct copied_row second;
    fixture_add_committed(fixture, "live", "one", "secret one", NULL, &one);
    fixture_add_committed(fixture, "live", "two", "secret two", NULL, &two);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_VERSION, one.row.id, &first);
    tamper_copy(store, STORE_VERSION, two.row.id, &second);
    first.row.secret = second.secret;
    second.row.secret = first.secret;
    GOOD(store_update(store, STORE_VERSION, &first.row, first.row.revision, false, &err));
    GOOD(store_update(store, STORE_VERSION, &second.row, second.row.revision, false, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "the secret of version 1 of live/");
}

static void test_S8_a_deleted_row_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct store *store = tamper_begin(fixture);
    GOOD(store_remove(store, STORE_VERSION, version.row.id, version.row.revision, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "version 1 of live/reporting, its current one, is missing");
}

static void test_S8_a_repeated_row_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    struct copied_row copy;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_VERSION, version.row.id, &copy);
    memset(copy.row.id, 0x5a, sizeof copy.row.id);
    copy.row.has_index = false;
    GOOD(store_insert(store, STORE_VERSION, &copy.row, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "row 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a of table version");
}

static void test_S8_an_older_row_is_found_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct vault_version version;
    struct copied_row older;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, &version);
    struct store *store = tamper_begin(fixture);
    tamper_copy(store, STORE_VERSION, version.row.id, &older);
    tamper_end(fixture, store);
    GOOD(fixture_unlock(fixture, 0, &err));
    fixture_begin(fixture);
    struct vault_key key;
    GOOD(vault_key_find(vault_writer(fixture->vault), "live", "reporting", &key, &err));
    key.current_number = 0;
    memset(key.current_id, 0, sizeof key.current_id);
    version.state = VAULT_DEAD_VERSION;
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    GOOD(vault_update(fixture->vault, VAULT_VERSION, &version.row, &err));
    fixture_commit(fixture);
    store = tamper_begin(fixture);
    GOOD(store_update(store, STORE_VERSION, &older.row, version.row.revision, false, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "version 1 of live/reporting is current, which its key does not say");
}

/* So many rows that they are hashed beside the reading: one is changed in each of its batches, and in the rest. */
static void test_S8_an_edited_row_is_found_among_thousands(void **state)
{
    enum { KEYS = 1100, CHANGED = 5 };
    struct fixture *fixture = *state;
    struct vault_version versions[CHANGED];
    char name[16];
    fixture_begin(fixture);
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(name, sizeof name, "k%d", i);
        fixture_add(fixture, "live", name, name, NULL, &versions[i * CHANGED / KEYS]);
    }
    fixture_commit(fixture);
    fixture_reopen(fixture);
    for (int i = 0; i < CHANGED; i++) {
        struct copied_row whole, edited;
        struct store *store = tamper_begin(fixture);
        tamper_copy(store, STORE_VERSION, versions[i].row.id, &whole);
        edited = whole;
        edited.secret[whole.row.secret_length - 1] ^= 1;
        edited.row.meta = edited.meta;
        edited.row.secret = edited.secret;
        GOOD(store_update(store, STORE_VERSION, &edited.row, whole.row.revision, 0, &err));
        tamper_end(fixture, store);
        FOUND(fixture, "the secret of version 1 of live/k");
        store = tamper_begin(fixture);
        GOOD(store_update(store, STORE_VERSION, &whole.row, whole.row.revision, 0, &err));
        tamper_end(fixture, store);
    }
    GOOD(fixture_unlock(fixture, 0, &err));
}

static void test_S8_a_slot_that_was_taken_out_or_put_back_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct secret *second = fixture_secret("another key file, also of thirty-two bytes");
    uint32_t number = 0;
    GOOD(vault_begin(fixture->vault, &err));
    GOOD(fixture_add_slot(fixture, VAULT_SLOT_KEY_FILE, second, &number, &err));
    GOOD(vault_commit(fixture->vault, &err));
    struct store *store = tamper_begin(fixture);
    GOOD(store_slot_remove(store, number, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "a slot was added, removed");
    secret_free(second);
}

static void test_S8_an_older_head_is_found(void **state)
{
    struct fixture *fixture = *state;
    const void *sealed = NULL;
    size_t length = 0;
    char older[4096];
    struct store *store = tamper_begin(fixture);
    GOOD(store_head_get(store, &sealed, &length, &err));
    assert_true(length <= sizeof older);
    memcpy(older, sealed, length);
    tamper_end(fixture, store);
    GOOD(fixture_unlock(fixture, 0, &err));
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    store = tamper_begin(fixture);
    GOOD(store_head_put(store, older, length, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "table key: rows were added (1, of 0)");
    store = tamper_begin(fixture);
    older[60] ^= 1;
    GOOD(store_head_put(store, older, length, &err));
    tamper_end(fixture, store);
    FOUND(fixture, "head does not open");
}

static void test_S8_an_older_file_is_found_by_its_generation_and_can_be_accepted(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key key;
    size_t length = 0;
    fixture_add_committed(fixture, "live", "one", "secret one", NULL, NULL);
    uint64_t older_generation = vault_generation(fixture->vault);
    fixture->vault = vault_close(fixture->vault);
    char *older = fixture_read(fixture->store_path, &length);
    fixture_open(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    fixture_add_committed(fixture, "live", "two", "secret two", NULL, NULL);
    fixture_add_committed(fixture, "live", "three", "secret three", NULL, NULL);
    uint64_t newest = vault_generation(fixture->vault);
    fixture->vault = vault_close(fixture->vault);
    fixture_write(fixture->store_path, older, length);
    free(older);
    fixture_open(fixture);
    char text[96];
    (void)snprintf(text, sizeof text, "generation %llu and its audit log of generation %llu",
                   (unsigned long long)older_generation, (unsigned long long)newest);
    REFUSED(ERR_STATE, text, fixture_unlock(fixture, 0, &err));
    REFUSED(ERR_STATE, text, fixture_unlock(fixture, newest, &err));
    GOOD(fixture_unlock(fixture, older_generation, &err));
    assert_int_equal(vault_generation(fixture->vault), newest + 1);
    assert_int_equal(fixture_log_count(fixture, "\"what\":\"vault.accept\""), 1);
    GOOD(vault_key_find(vault_writer(fixture->vault), "live", "one", &key, &err));
    REFUSED(ERR_NOT_FOUND, "two", vault_key_find(vault_writer(fixture->vault), "live", "two", &key, &err));
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err)); /* accepted for good */
}

/* One bit at a time, all over the file: refused, or every record as it was. */
static void test_S8_no_flipped_bit_changes_what_is_read(void **state)
{
    enum { STRIDE = 1021 };
    struct fixture *fixture = *state;
    size_t length = 0;
    size_t refused = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    fixture->vault = vault_close(fixture->vault);
    char *good = fixture_read(fixture->store_path, &length);
    char *log = fixture_read(fixture->audit_path, NULL);
    struct vault_options options = {fixture->store_path, fixture->audit_path, &fixture->clock, &random_system};
    for (size_t at = 0; at < length; at += STRIDE) {
        struct secret *secret = NULL;
        good[at] ^= 4;
        fixture_write(fixture->store_path, good, length);
        good[at] ^= 4;
        fixture_write(fixture->audit_path, log, strlen(log));
        enum err_code code = vault_open(&options, &fixture->vault, NULL);
        if (code == ERR_OK)
            code = fixture_unlock(fixture, 0, NULL);
        if (code == ERR_OK)
            code = vault_read_secret(vault_writer(fixture->vault), "x", "live", "reporting", 0, NULL, &secret, NULL);
        if (code == ERR_OK)
            assert_memory_equal(secret_peek(secret), "secret one", secret_length(secret));
        refused += code != ERR_OK;
        secret_free(secret);
        fixture->vault = vault_close(fixture->vault);
    }
    assert_true(refused > 0);
    fixture_write(fixture->store_path, good, length);
    free(good);
    free(log);
}

/* --- What is in the files ------------------------------------------------------------ */

static void search_file(const char *path, const char *const *words, size_t count)
{
    size_t length = 0;
    char *bytes = fixture_read(path, &length);
    for (size_t i = 0; i < count; i++)
        if (memmem(bytes, length, words[i], strlen(words[i])))
            fail_msg("%s holds \"%s\" in clear", path, words[i]);
    free(bytes);
}

/* The audit log names keys, and holds no secret. */
static size_t search_folder(struct fixture *fixture, const char *const *words, size_t count)
{
    size_t files = 0;
    DIR *entries = opendir(fixture->folder);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        files++;
        search_file(path, words, strcmp(path, fixture->audit_path) == 0 ? 1 : count);
    }
    (void)closedir(entries);
    return files;
}

static void test_S7_store_and_wal_hold_no_name_and_S6_no_file_a_secret(void **state)
{
    static const char *const words[] = {"sk_live_zebra-secret-value", "zebra-environment", "zebra-name",
                                        "Zebra Title", "zebra-provider", "zebra-label", "key.add"};
    enum { WORDS = sizeof words / sizeof words[0] };
    struct fixture *fixture = *state;
    struct secret *secret = NULL;
    struct vault_key key;
    fixture_begin(fixture);
    fixture_add(fixture, words[1], words[2], words[0], &key, NULL);
    (void)snprintf(key.title, sizeof key.title, "%s", words[3]);
    (void)snprintf(key.provider, sizeof key.provider, "%s", words[4]);
    key.labels.data = strdup(words[5]);
    key.labels.length = strlen(words[5]);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    vault_record_release(VAULT_KEY, &key.row);
    fixture_commit(fixture);
    GOOD(vault_read_secret(vault_writer(fixture->vault), "x", words[1], words[2], 0, NULL, &secret, &err));
    secret_free(secret);
    assert_true(search_folder(fixture, words, WORDS) >= 3); /* store, WAL, log */
    fixture->vault = vault_close(fixture->vault);
    assert_true(search_folder(fixture, words, WORDS) >= 2);
    fixture_open(fixture);
}

static void test_S7_names_do_not_show_in_sizes(void **state)
{
    struct fixture *fixture = *state;
    struct vault_key small;
    struct vault_key large;
    struct store_row row;
    fixture_add_committed(fixture, "live", "a", "secret 1", &small, NULL);
    fixture_add_committed(fixture, "live", "a-name-of-twenty-more", "secret 2", &large, NULL);
    struct store *store = tamper_begin(fixture);
    GOOD(store_get(store, STORE_KEY, small.row.id, false, &row, &err));
    size_t length = row.meta_length;
    GOOD(store_get(store, STORE_KEY, large.row.id, false, &row, &err));
    assert_int_equal(row.meta_length, length);
    tamper_end(fixture, store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_S8_an_edited_row_is_found_and_named),
        TEST(test_S8_an_edited_row_with_another_tag_is_found_at_unlock),
        TEST(test_S8_an_edited_due_time_is_found),
        TEST(test_S8_swapped_secrets_are_found_and_named),
        TEST(test_S8_a_deleted_row_is_found_and_named),
        TEST(test_S8_a_repeated_row_is_found_and_named),
        TEST(test_S8_an_older_row_is_found_and_named),
        TEST(test_S8_an_edited_row_is_found_among_thousands),
        TEST(test_S8_a_slot_that_was_taken_out_or_put_back_is_found),
        TEST(test_S8_an_older_head_is_found),
        TEST(test_S8_an_older_file_is_found_by_its_generation_and_can_be_accepted),
        TEST(test_S8_no_flipped_bit_changes_what_is_read),
        TEST(test_S7_store_and_wal_hold_no_name_and_S6_no_file_a_secret),
        TEST(test_S7_names_do_not_show_in_sizes),
    };
    return cmocka_run_group_tests_name("vault tampering", tests, fixture_start, NULL);
}
