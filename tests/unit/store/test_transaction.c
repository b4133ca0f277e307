#include "store_fixture.h"

static bool there(struct fixture *f, struct store *store, unsigned number)
{
    struct store_row got;
    enum err_code code = store_get(store, STORE_KEY, id_of(number), false, &got, &f->err);
    assert_true(code == ERR_OK || code == ERR_NOT_FOUND);
    return code == ERR_OK;
}

static void insert(struct fixture *f, unsigned number)
{
    struct store_row row = key_row(number);
    assert_ok(f, store_insert(f->store, STORE_KEY, &row, &f->err));
}

static void test_S10_committed_rows_stay_and_rolled_back_rows_do_not(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->store, &f->err));
    insert(f, 1);
    assert_ok(f, store_commit(f->store, &f->err));
    assert_ok(f, store_begin(f->store, &f->err));
    insert(f, 2);
    store_rollback(f->store);
    assert_ok(f, store_begin(f->store, &f->err));
    insert(f, 3);
    close_store(f); /* an open transaction is no promise */
    open_store(f);
    assert_true(there(f, f->store, 1));
    assert_false(there(f, f->store, 2));
    assert_false(there(f, f->store, 3));
}

static void test_writes_outside_a_transaction_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_row row = key_row(1);
    assert_code(f, ERR_STATE, store_insert(f->store, STORE_KEY, &row, &f->err));
    assert_code(f, ERR_STATE, store_update(f->store, STORE_KEY, &row, 1, true, &f->err));
    assert_code(f, ERR_STATE, store_remove(f->store, STORE_KEY, row.id, 1, &f->err));
    assert_code(f, ERR_STATE, store_head_put(f->store, sealed_of(1), SEALED_BYTES, &f->err));
    assert_code(f, ERR_STATE, store_slot_put(f->store, 1, "x", 1, &f->err));
    assert_code(f, ERR_STATE, store_slot_remove(f->store, 1, &f->err));
    assert_code(f, ERR_STATE, store_savepoint(f->store, &f->err));
    assert_code(f, ERR_STATE, store_savepoint_release(f->store, &f->err));
    assert_code(f, ERR_STATE, store_commit(f->store, &f->err));
}

static void test_transactions_do_not_nest(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->store, &f->err));
    assert_code(f, ERR_STATE, store_begin(f->store, &f->err));
    assert_ok(f, store_savepoint(f->store, &f->err));
    assert_code(f, ERR_STATE, store_savepoint(f->store, &f->err));
    assert_code(f, ERR_STATE, store_commit(f->store, &f->err));
    assert_code(f, ERR_STATE, store_copy(f->store, beside(f, ".copy"), &f->err));
    assert_ok(f, store_savepoint_release(f->store, &f->err));
    assert_code(f, ERR_STATE, store_savepoint_release(f->store, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
}

static void test_savepoint_rollback_leaves_the_rest_of_the_group(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->store, &f->err));
    insert(f, 1);
    assert_ok(f, store_savepoint(f->store, &f->err));
    insert(f, 2);
    store_savepoint_rollback(f->store);
    assert_ok(f, store_savepoint(f->store, &f->err));
    insert(f, 3);
    assert_ok(f, store_savepoint_release(f->store, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    assert_true(there(f, f->store, 1));
    assert_false(there(f, f->store, 2));
    assert_true(there(f, f->store, 3));
}

static void test_rollback_ends_an_open_savepoint(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_savepoint(f->store, &f->err));
    insert(f, 1);
    store_rollback(f->store);
    store_rollback(f->store);
    store_savepoint_rollback(f->store);
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_savepoint(f->store, &f->err));
    store_rollback(f->store);
    assert_false(there(f, f->store, 1));
}

static void test_reader_sees_one_state_while_the_writer_commits(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    insert_committed(f, STORE_KEY, key_row(1));
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_begin(reader, &f->err));
    assert_true(there(f, reader, 1));
    insert_committed(f, STORE_KEY, key_row(2));
    assert_false(there(f, reader, 2));
    assert_ok(f, store_commit(reader, &f->err));
    assert_true(there(f, reader, 2));
    store_close(reader);
}

static void test_reader_sees_nothing_uncommitted(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_begin(f->store, &f->err));
    insert(f, 1);
    assert_false(there(f, reader, 1));
    assert_ok(f, store_commit(f->store, &f->err));
    assert_true(there(f, reader, 1));
    store_close(reader);
}

static void test_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct store_row row = key_row(1);
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_begin(reader, &f->err));
    assert_code(f, ERR_STATE, store_insert(reader, STORE_KEY, &row, &f->err));
    assert_says(f, "reading");
    assert_code(f, ERR_STATE, store_savepoint(reader, &f->err));
    store_rollback(reader);
    store_close(reader);
}

static void test_checkpoint_waits_for_a_reader_and_then_gives_up(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_begin(reader, &f->err));
    assert_false(there(f, reader, 1));
    insert_committed(f, STORE_KEY, key_row(1));
    assert_code(f, ERR_BUSY, store_checkpoint(f->store, &f->err));
    store_rollback(reader);
    assert_ok(f, store_checkpoint(f->store, &f->err));
    store_close(reader);
}

static void test_log_does_not_grow_without_end(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    uint8_t *blob = calloc(1, 500000);
    assert_non_null(blob);
    for (unsigned i = 1; i <= 100; i++) {
        struct store_row row = key_row(i);
        row.meta = blob;
        row.meta_length = 500000;
        insert_committed(f, STORE_KEY, row);
    }
    assert_int_equal(stat(beside(f, "-wal"), &status), 0);
    assert_true(status.st_size < 32 * 1024 * 1024);
    free(blob);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_store, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_S10_committed_rows_stay_and_rolled_back_rows_do_not),
        T(test_writes_outside_a_transaction_are_refused),
        T(test_transactions_do_not_nest),
        T(test_savepoint_rollback_leaves_the_rest_of_the_group),
        T(test_rollback_ends_an_open_savepoint),
        T(test_reader_sees_one_state_while_the_writer_commits),
        T(test_reader_sees_nothing_uncommitted),
        T(test_reader_cannot_write),
        T(test_checkpoint_waits_for_a_reader_and_then_gives_up),
        T(test_log_does_not_grow_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
