#include "store_fixture.h"

static struct fixture *begun(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(fixture, store_begin(fixture->store, &fixture->err));
    return fixture;
}

static void insert(struct fixture *f, enum store_table table, struct store_row row)
{
    assert_ok(f, store_insert(f->store, table, &row, &f->err));
}

static void test_row_comes_back_by_id_and_by_index(void **state)
{
    struct fixture *f = begun(state);
    struct store_row key = key_row(7);
    struct store_row version = version_row(8, 7);
    struct store_row got;
    insert(f, STORE_KEY, key);
    insert(f, STORE_VERSION, version);

    assert_ok(f, store_get(f->store, STORE_KEY, key.id, true, &got, &f->err));
    assert_same_row(&got, &key);
    assert_ok(f, store_find(f->store, STORE_VERSION, version.index, true, &got, &f->err));
    assert_same_row(&got, &version);
}

static void test_secret_is_read_only_when_asked_for(void **state)
{
    struct fixture *f = begun(state);
    struct store_row version = version_row(8, 7);
    struct store_row got;
    insert(f, STORE_KEY, key_row(7));
    insert(f, STORE_VERSION, version);

    assert_ok(f, store_get(f->store, STORE_VERSION, version.id, false, &got, &f->err));
    assert_null(got.secret);
    assert_int_equal(got.secret_length, 0);
    assert_ok(f, store_find(f->store, STORE_VERSION, version.index, false, &got, &f->err));
    assert_null(got.secret);
}

static void test_absent_row_is_not_found_and_output_untouched(void **state)
{
    struct fixture *f = *state;
    struct store_row got = {.revision = 42};
    uint8_t index[STORE_INDEX_BYTES] = {1};
    assert_code(f, ERR_NOT_FOUND, store_get(f->store, STORE_KEY, id_of(1), true, &got, &f->err));
    assert_code(f, ERR_NOT_FOUND, store_find(f->store, STORE_KEY, index, true, &got, &f->err));
    assert_int_equal(got.revision, 42);
}

static void test_every_table_takes_reads_changes_and_removes_a_row(void **state)
{
    struct fixture *f = begun(state);
    insert(f, STORE_KEY, key_row(1));
    for (int table = STORE_KEY; table < STORE_TABLE_END; table++) {
        bool child = (table >= STORE_VERSION && table <= STORE_REVOCATION) || table == STORE_LABEL;
        struct store_row row = child ? version_row(2, 1) : key_row(2);
        struct store_row got;
        row.due_at_ms = 5;
        insert(f, (enum store_table)table, row);
        row.revision = 2;
        assert_ok(f, store_update(f->store, (enum store_table)table, &row, 1, false, &f->err));
        assert_ok(f, store_get(f->store, (enum store_table)table, row.id, true, &got, &f->err));
        assert_same_row(&got, &row);
        assert_ok(f, store_remove(f->store, (enum store_table)table, row.id, 2, &f->err));
    }
}

static void test_taken_id_and_taken_index_are_refused(void **state)
{
    struct fixture *f = begun(state);
    insert(f, STORE_KEY, key_row(1));
    struct store_row same_id = key_row(2);
    struct store_row same_index = key_row(2);
    memcpy(same_id.id, id_of(1), STORE_ID_BYTES);
    memcpy(same_index.index, key_row(1).index, STORE_INDEX_BYTES);
    assert_code(f, ERR_EXISTS, store_insert(f->store, STORE_KEY, &same_id, &f->err));
    assert_code(f, ERR_EXISTS, store_insert(f->store, STORE_KEY, &same_index, &f->err));
    insert(f, STORE_KEY, key_row(2));
    assert_code(f, ERR_EXISTS, store_update(f->store, STORE_KEY, &same_index, 1, true, &f->err));
}

static void test_rows_without_index_do_not_collide(void **state)
{
    struct fixture *f = begun(state);
    for (unsigned i = 1; i <= 2; i++) {
        struct store_row row = key_row(i);
        row.has_index = false;
        memset(row.index, 0, sizeof row.index);
        insert(f, STORE_KEY, row);
    }
}

static void test_child_needs_its_parent_and_keeps_it(void **state)
{
    struct fixture *f = begun(state);
    struct store_row orphan = version_row(2, 1);
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_VERSION, &orphan, &f->err));
    assert_says(f, "parent");
    insert(f, STORE_KEY, key_row(1));
    insert(f, STORE_VERSION, orphan);
    assert_code(f, ERR_INVALID, store_remove(f->store, STORE_KEY, id_of(1), 1, &f->err));
    assert_ok(f, store_remove(f->store, STORE_VERSION, orphan.id, 1, &f->err));
    assert_ok(f, store_remove(f->store, STORE_KEY, id_of(1), 1, &f->err));
}

static void test_parent_where_table_has_none_is_refused(void **state)
{
    struct fixture *f = begun(state);
    insert(f, STORE_KEY, key_row(1));
    struct store_row child = version_row(2, 1);
    struct store_row single = key_row(2);
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_INCIDENT, &child, &f->err));
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_VERSION, &single, &f->err));
}

static void test_update_with_another_revision_is_stale_and_changes_nothing(void **state)
{
    struct fixture *f = begun(state);
    struct store_row row = key_row(1);
    struct store_row changed = row;
    struct store_row got;
    insert(f, STORE_KEY, row);
    changed.revision = 9;
    changed.meta = sealed_of(99);
    assert_code(f, ERR_STALE, store_update(f->store, STORE_KEY, &changed, 2, false, &f->err));
    assert_code(f, ERR_STALE, store_update(f->store, STORE_KEY, &changed, 0, true, &f->err));
    assert_code(f, ERR_STALE, store_remove(f->store, STORE_KEY, row.id, 2, &f->err));
    assert_ok(f, store_get(f->store, STORE_KEY, row.id, true, &got, &f->err));
    assert_same_row(&got, &row);
}

static void test_update_keeps_or_replaces_or_wipes_the_secret(void **state)
{
    struct fixture *f = begun(state);
    struct store_row row = version_row(2, 1);
    struct store_row got;
    insert(f, STORE_KEY, key_row(1));
    insert(f, STORE_VERSION, row);

    struct store_row update = row;
    update.revision = 2;
    update.due_at_ms = 77;
    update.secret = NULL;
    update.secret_length = 0;
    assert_ok(f, store_update(f->store, STORE_VERSION, &update, 1, true, &f->err));
    assert_ok(f, store_get(f->store, STORE_VERSION, row.id, true, &got, &f->err));
    row.revision = 2;
    row.due_at_ms = 77;
    assert_same_row(&got, &row);

    update.revision = 3;
    update.has_index = false;
    memset(update.index, 0, sizeof update.index);
    assert_ok(f, store_update(f->store, STORE_VERSION, &update, 2, false, &f->err));
    assert_ok(f, store_get(f->store, STORE_VERSION, row.id, true, &got, &f->err));
    assert_same_row(&got, &update);
}

static void test_update_leaves_the_columns_that_it_is_to_keep(void **state)
{
    struct fixture *f = begun(state);
    struct store_row row = version_row(2, 1);
    struct store_row got;
    insert(f, STORE_KEY, key_row(1));
    insert(f, STORE_VERSION, row);
    struct store_row update = {.has_parent = true, .revision = 2, .due_at_ms = 77, .meta = row.meta};
    memcpy(update.id, row.id, sizeof update.id);
    memcpy(update.parent, row.parent, sizeof update.parent);
    update.meta_length = row.meta_length;
    assert_ok(f, store_update(f->store, STORE_VERSION, &update, 1, STORE_KEEP_INDEX, &f->err));
    assert_ok(f, store_get(f->store, STORE_VERSION, row.id, true, &got, &f->err));
    row.revision = 2;
    row.due_at_ms = 77;
    assert_same_row(&got, &row);

    update.revision = 3;
    update.due_at_ms = 0;
    assert_ok(f, store_update(f->store, STORE_VERSION, &update, 2, STORE_KEEP_DUE, &f->err));
    assert_ok(f, store_get(f->store, STORE_VERSION, row.id, true, &got, &f->err));
    row.revision = 3;
    assert_same_row(&got, &row);
}

static void test_sealed_sizes_are_held_from_both_sides(void **state)
{
    struct fixture *f = begun(state);
    uint8_t *big = calloc(1, STORE_ROW_BYTES + 1);
    assert_non_null(big);
    insert(f, STORE_KEY, key_row(1));
    struct store_row row = version_row(2, 1);
    struct store_row got;
    row.meta = big;
    row.secret = big;

    row.meta_length = STORE_TAG_BYTES - 1;
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_VERSION, &row, &f->err));
    row.meta_length = STORE_TAG_BYTES;
    row.secret_length = STORE_TAG_BYTES - 1;
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_VERSION, &row, &f->err));
    row.secret_length = STORE_ROW_BYTES - STORE_TAG_BYTES + 1;
    assert_code(f, ERR_LIMIT, store_insert(f->store, STORE_VERSION, &row, &f->err));
    row.secret_length = STORE_ROW_BYTES - STORE_TAG_BYTES;
    insert(f, STORE_VERSION, row);
    assert_ok(f, store_get(f->store, STORE_VERSION, row.id, true, &got, &f->err));
    assert_same_row(&got, &row);
    free(big);
}

static void test_numbers_are_held_from_both_sides(void **state)
{
    struct fixture *f = begun(state);
    struct store_row row = key_row(1);
    struct store_row got;
    row.due_at_ms = -1;
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_KEY, &row, &f->err));
    row.due_at_ms = INT64_MAX;
    row.revision = (uint64_t)INT64_MAX + 1;
    assert_code(f, ERR_INVALID, store_insert(f->store, STORE_KEY, &row, &f->err));
    row.revision = INT64_MAX;
    insert(f, STORE_KEY, row);
    assert_ok(f, store_get(f->store, STORE_KEY, row.id, true, &got, &f->err));
    assert_same_row(&got, &row);
}

static void test_table_that_is_none_is_refused(void **state)
{
    struct fixture *f = begun(state);
    struct store_row row = key_row(1);
    struct store_row got;
    assert_code(f, ERR_INTERNAL, store_insert(f->store, (enum store_table)0, &row, &f->err));
    assert_code(f, ERR_INTERNAL, store_get(f->store, STORE_TABLE_END, row.id, true, &got, &f->err));
    assert_string_equal(store_table_name(STORE_TABLE_END), "unknown");
    assert_string_equal(store_table_name(STORE_PENDING), "pending");
}

static void test_head_is_absent_then_replaced(void **state)
{
    struct fixture *f = begun(state);
    const void *sealed = NULL;
    size_t length = 0;
    assert_code(f, ERR_NOT_FOUND, store_head_get(f->store, &sealed, &length, &f->err));
    for (unsigned i = 1; i <= 2; i++) {
        assert_ok(f, store_head_put(f->store, sealed_of(i), SEALED_BYTES, &f->err));
        assert_ok(f, store_head_get(f->store, &sealed, &length, &f->err));
        assert_int_equal(length, SEALED_BYTES);
        assert_memory_equal(sealed, sealed_of(i), SEALED_BYTES);
    }
    assert_code(f, ERR_INVALID, store_head_put(f->store, sealed_of(1), STORE_TAG_BYTES - 1, &f->err));
    assert_ok(f, store_head_put(f->store, sealed_of(1), STORE_TAG_BYTES, &f->err));
}

static int note_slot(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    (void)err;
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 100 - used, "%u=%.*s ", number, (int)length, (const char *)blob);
    return ERR_OK;
}

static void test_slots_are_put_replaced_listed_and_removed(void **state)
{
    struct fixture *f = begun(state);
    char text[100] = "";
    assert_ok(f, store_slot_put(f->store, 4294967295U, "last", 4, &f->err));
    assert_ok(f, store_slot_put(f->store, 1, "one", 3, &f->err));
    assert_ok(f, store_slot_put(f->store, 0, "nought", 6, &f->err));
    assert_ok(f, store_slot_put(f->store, 1, "uno", 3, &f->err));
    assert_code(f, ERR_INVALID, store_slot_put(f->store, 1, "", 0, &f->err));
    assert_ok(f, store_slot_remove(f->store, 0, &f->err));
    assert_code(f, ERR_NOT_FOUND, store_slot_remove(f->store, 0, &f->err));
    assert_ok(f, store_slots(f->store, note_slot, text, &f->err));
    assert_string_equal(text, "1=uno 4294967295=last ");
}

static void test_S7_file_holds_what_was_given_and_nothing_is_left_of_a_wiped_secret(void **state)
{
    struct fixture *f = *state;
    insert_committed(f, STORE_KEY, key_row(1));
    struct store_row row = version_row(2, 1);
    insert_committed(f, STORE_VERSION, row);
    assert_ok(f, store_checkpoint(f->store, &f->err));

    size_t length = 0;
    uint8_t *bytes = slurp(f->path, &length);
    assert_non_null(memmem(bytes, length, sealed_of(3), SEALED_BYTES));
    free(bytes);

    assert_ok(f, store_begin(f->store, &f->err));
    row.secret = NULL;
    row.revision = 2;
    assert_ok(f, store_update(f->store, STORE_VERSION, &row, 1, false, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    assert_ok(f, store_checkpoint(f->store, &f->err));
    bytes = slurp(f->path, &length);
    assert_null(memmem(bytes, length, sealed_of(3), SEALED_BYTES));
    free(bytes);
    bytes = slurp(beside(f, "-wal"), &length);
    assert_int_equal(length, 0);
    free(bytes);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_store, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_row_comes_back_by_id_and_by_index),
        T(test_secret_is_read_only_when_asked_for),
        T(test_absent_row_is_not_found_and_output_untouched),
        T(test_every_table_takes_reads_changes_and_removes_a_row),
        T(test_taken_id_and_taken_index_are_refused),
        T(test_rows_without_index_do_not_collide),
        T(test_child_needs_its_parent_and_keeps_it),
        T(test_parent_where_table_has_none_is_refused),
        T(test_update_with_another_revision_is_stale_and_changes_nothing),
        T(test_update_keeps_or_replaces_or_wipes_the_secret),
        T(test_update_leaves_the_columns_that_it_is_to_keep),
        T(test_sealed_sizes_are_held_from_both_sides),
        T(test_numbers_are_held_from_both_sides),
        T(test_table_that_is_none_is_refused),
        T(test_head_is_absent_then_replaced),
        T(test_slots_are_put_replaced_listed_and_removed),
        T(test_S7_file_holds_what_was_given_and_nothing_is_left_of_a_wiped_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
