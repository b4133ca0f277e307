/* Migrations, with a list that has one more format than ours. */
#include "store_fixture.h"

#include "../../../agent/store/migrate.h"

static const unsigned char add_column[] = "ALTER TABLE slot ADD COLUMN note TEXT;";
static const unsigned char broken[] =
    "CREATE TABLE extra (a INTEGER) STRICT; ALTER TABLE absent ADD COLUMN x;";

/* Our list with another migration after it. */
struct longer {
    struct migration rows[8];
    struct migration_list list;
};

static struct migration_list *longer(struct longer *longer, const unsigned char *sql)
{
    size_t count = store_migrations.count;
    memcpy(longer->rows, store_migrations.rows, count * sizeof longer->rows[0]);
    longer->rows[count] = (struct migration){STORE_FORMAT_VERSION + 1, "more", sql};
    longer->list = (struct migration_list){longer->rows, count + 1};
    return &longer->list;
}

static const char *before(const struct fixture *f)
{
    char suffix[32];
    (void)snprintf(suffix, sizeof suffix, ".before-%d", STORE_FORMAT_VERSION + 1);
    return beside(f, suffix);
}

/* A store of our format with one row and a slot, closed. */
static int setup_closed(void **state)
{
    fixture_store(state);
    struct fixture *f = *state;
    insert_committed(f, STORE_KEY, key_row(1));
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_slot_put(f->store, 1, "slot", 4, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    close_store(f);
    return 0;
}

static void assert_has_row(struct fixture *f, struct store *store)
{
    struct store_row got;
    struct store_row want = key_row(1);
    assert_ok(f, store_get(store, STORE_KEY, want.id, true, &got, &f->err));
    assert_same_row(&got, &want);
}

static void test_embedded_migrations_end_with_our_format(void **state)
{
    (void)state;
    assert_true(store_migrations.count > 0);
    for (size_t i = 0; i < store_migrations.count; i++)
        assert_int_equal(store_migrations.rows[i].version, (int)i + 1);
    assert_int_equal(store_migrations.count, STORE_FORMAT_VERSION);
    assert_non_null(strstr((const char *)store_migrations.rows[0].sql, "CREATE TABLE"));
}

static void test_store_of_our_format_is_not_copied(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    assert_int_not_equal(access(before(f), F_OK), 0);
}

static void test_older_store_is_copied_then_migrated_once(void **state)
{
    struct fixture *f = *state;
    struct longer more;
    struct stat first, second;
    struct store *store = NULL;
    assert_ok(f, migrate_open_writer(f->path, longer(&more, add_column), &f->store, &f->err));
    assert_has_row(f, f->store);
    close_store(f);
    assert_int_equal(stat(before(f), &first), 0);
    assert_int_equal(first.st_mode & 07777, 0600);

    assert_code(f, ERR_FORMAT, store_open_writer(f->path, &store, &f->err)); /* the older program */
    assert_ok(f, migrate_open_writer(f->path, &more.list, &f->store, &f->err));
    assert_int_equal(stat(before(f), &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    close_store(f);

    /* The copy is a whole store of the older format. */
    assert_ok(f, store_open_writer(before(f), &f->store, &f->err));
    assert_has_row(f, f->store);
    assert_ok(f, store_check(f->store, &f->err));
}

static void test_S10_migration_that_fails_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct longer more;
    struct store *store = NULL;
    assert_code(f, ERR_INTERNAL, migrate_open_writer(f->path, longer(&more, broken), &store, &f->err));
    assert_says(f, "migration more");
    open_store(f);
    assert_has_row(f, f->store);
    close_store(f);
    /* And the copy that it left does not stand in the way of the next try. */
    assert_ok(f, migrate_open_writer(f->path, longer(&more, add_column), &f->store, &f->err));
}

static void test_copy_is_of_one_state_and_refuses_to_overwrite(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    char copy[400];
    (void)snprintf(copy, sizeof copy, "%s.copy", f->path);
    open_store(f);
    insert_committed(f, STORE_KEY, key_row(2)); /* in the log, not yet in the file */
    assert_ok(f, store_copy(f->store, copy, &f->err));
    insert_committed(f, STORE_KEY, key_row(3));
    assert_code(f, ERR_EXISTS, store_copy(f->store, copy, &f->err));
    close_store(f);

    struct store_row got;
    assert_int_equal(stat(copy, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(f, store_open_writer(copy, &f->store, &f->err));
    assert_has_row(f, f->store);
    assert_ok(f, store_get(f->store, STORE_KEY, id_of(2), false, &got, &f->err));
    assert_code(f, ERR_NOT_FOUND, store_get(f->store, STORE_KEY, id_of(3), false, &got, &f->err));
    assert_ok(f, store_check(f->store, &f->err));
}

static void test_copy_from_a_reader_while_the_writer_is_in_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct store_row row = key_row(2);
    struct store_row got;
    char copy[400];
    (void)snprintf(copy, sizeof copy, "%s.copy", f->path);
    open_store(f);
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_insert(f->store, STORE_KEY, &row, &f->err));
    assert_ok(f, store_copy(reader, copy, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    store_close(reader);
    close_store(f);
    assert_ok(f, store_open_writer(copy, &f->store, &f->err));
    assert_has_row(f, f->store);
    assert_code(f, ERR_NOT_FOUND, store_get(f->store, STORE_KEY, row.id, false, &got, &f->err));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embedded_migrations_end_with_our_format),
        T(test_store_of_our_format_is_not_copied),
        T(test_older_store_is_copied_then_migrated_once),
        T(test_S10_migration_that_fails_changes_nothing),
        T(test_copy_is_of_one_state_and_refuses_to_overwrite),
        T(test_copy_from_a_reader_while_the_writer_is_in_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
