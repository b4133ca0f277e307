#include "store_fixture.h"

/* What a scan saw: the numbers of its ids in order. */
struct seen {
    struct store *store;
    char text[200];
    int stop_after;
    int count;
    enum err_code answer;
    enum err_code nested; /* what a nested call returned */
};

static int note(void *context, const struct store_row *row, struct err *err)
{
    (void)err;
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    assert_null(row->secret);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%d ", row->id[0] * 256 + row->id[1]);
    seen->count++;
    if (seen->answer != ERR_OK)
        return (int)err_set(err, seen->answer, "as told");
    return seen->count == seen->stop_after ? STORE_STOP : ERR_OK;
}

/* Keys 3, 1, 2 with versions 30, 10, 20 of key 1; rotations due at 300, 100, 200 and never. */
static int setup_rows(void **state)
{
    static const unsigned order[] = {3, 1, 2};
    fixture_store(state);
    struct fixture *f = *state;
    assert_ok(f, store_begin(f->store, &f->err));
    for (size_t i = 0; i < 3; i++) {
        struct store_row key = key_row(order[i]);
        assert_ok(f, store_insert(f->store, STORE_KEY, &key, &f->err));
    }
    for (size_t i = 0; i < 3; i++) {
        struct store_row version = version_row(order[i] * 10, 1);
        struct store_row rotation = version_row(order[i], 2);
        rotation.due_at_ms = order[i] * 100;
        assert_ok(f, store_insert(f->store, STORE_VERSION, &version, &f->err));
        assert_ok(f, store_insert(f->store, STORE_ROTATION, &rotation, &f->err));
    }
    struct store_row never = version_row(4, 2);
    assert_ok(f, store_insert(f->store, STORE_ROTATION, &never, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    return 0;
}

static void test_scan_gives_all_in_order_of_id_or_after_one(void **state)
{
    struct fixture *f = *state;
    struct seen all = {0}, after = {0}, none = {0}, empty = {0};
    assert_ok(f, store_scan(f->store, STORE_KEY, NULL, note, &all, &f->err));
    assert_string_equal(all.text, "1 2 3 ");
    assert_ok(f, store_scan(f->store, STORE_KEY, id_of(1), note, &after, &f->err));
    assert_string_equal(after.text, "2 3 ");
    assert_ok(f, store_scan(f->store, STORE_KEY, id_of(3), note, &none, &f->err));
    assert_string_equal(none.text, "");
    assert_ok(f, store_scan(f->store, STORE_INCIDENT, NULL, note, &empty, &f->err));
    assert_string_equal(empty.text, "");
}

static void test_scan_finds_the_id_of_zeros(void **state)
{
    struct fixture *f = *state;
    struct store_row zero = key_row(0);
    memset(zero.id, 0, sizeof zero.id);
    insert_committed(f, STORE_INCIDENT, zero);
    struct seen seen = {0};
    assert_ok(f, store_scan(f->store, STORE_INCIDENT, NULL, note, &seen, &f->err));
    assert_string_equal(seen.text, "0 ");
}

static void test_visitor_stops_or_fails_a_scan(void **state)
{
    struct fixture *f = *state;
    struct seen stopped = {.stop_after = 2}, failed = {.answer = ERR_WRONG_KEY}, again = {0};
    assert_ok(f, store_scan(f->store, STORE_KEY, NULL, note, &stopped, &f->err));
    assert_string_equal(stopped.text, "1 2 ");
    assert_code(f, ERR_WRONG_KEY, store_scan(f->store, STORE_KEY, NULL, note, &failed, &f->err));
    assert_says(f, "as told");
    assert_ok(f, store_scan(f->store, STORE_KEY, NULL, note, &again, &f->err));
    assert_string_equal(again.text, "1 2 3 ");
}

/* "number@place ", with places relative to the first one of a table. */
static int note_places(void *context, const struct store_row *row, struct err *err)
{
    (void)err;
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    assert_null(row->secret);
    assert_memory_equal(row->meta, sealed_of(row->id[0] * 256U + row->id[1]), row->meta_length);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%d@%lld ", row->id[0] * 256 + row->id[1],
                   (long long)row->place);
    return ++seen->count == seen->stop_after ? STORE_STOP : (int)seen->answer;
}

static const struct store_span everywhere = {INT64_MIN, INT64_MAX, false};

static void test_walk_gives_rows_as_they_were_made_with_their_places(void **state)
{
    struct fixture *f = *state;
    struct seen all = {0}, part = {0}, none = {0}, empty = {0}, stopped = {.stop_after = 2};
    struct seen failed = {.answer = ERR_WRONG_KEY};
    assert_ok(f, store_walk(f->store, STORE_KEY, &everywhere, note_places, &all, &f->err));
    assert_string_equal(all.text, "3@1 1@2 2@3 ");
    assert_ok(f, store_walk(f->store, STORE_KEY, &(struct store_span){2, 3, false}, note_places, &part, &f->err));
    assert_string_equal(part.text, "1@2 2@3 ");
    assert_ok(f, store_walk(f->store, STORE_KEY, &(struct store_span){4, INT64_MAX, false}, note_places, &none, &f->err));
    assert_string_equal(none.text, "");
    assert_ok(f, store_walk(f->store, STORE_INCIDENT, &everywhere, note_places, &empty, &f->err));
    assert_string_equal(empty.text, "");
    assert_ok(f, store_walk(f->store, STORE_KEY, &everywhere, note_places, &stopped, &f->err));
    assert_string_equal(stopped.text, "3@1 1@2 ");
    assert_code(f, ERR_WRONG_KEY, store_walk(f->store, STORE_KEY, &everywhere, note_places, &failed, &f->err));
    assert_int_equal(failed.count, 1);
}

/* Others keep their places, and what is new comes behind them. */
static void test_a_place_stays_its_rows_own_while_others_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct store_row changed = key_row(1);
    struct store_row added = key_row(7);
    int64_t place = 0;
    changed.revision = 2;
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_update(f->store, STORE_KEY, &changed, 1, true, &f->err));
    assert_ok(f, store_remove(f->store, STORE_KEY, id_of(3), 1, &f->err));
    assert_ok(f, store_insert(f->store, STORE_KEY, &added, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    struct seen seen = {0};
    assert_ok(f, store_walk(f->store, STORE_KEY, &everywhere, note_places, &seen, &f->err));
    assert_string_equal(seen.text, "1@2 2@3 7@4 ");
    assert_ok(f, store_place_from(f->store, STORE_KEY, INT64_MIN, false, &place, &f->err));
    assert_int_equal(place, 2);
    assert_ok(f, store_place_from(f->store, STORE_KEY, 3, false, &place, &f->err));
    assert_int_equal(place, 3);
    assert_code(f, ERR_NOT_FOUND, store_place_from(f->store, STORE_KEY, 5, false, &place, &f->err));
}

/* What is not due is passed over, also where a walk is to begin. */
static void test_a_walk_of_what_is_due_passes_over_the_rest(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0}, part = {0};
    int64_t place = 0;
    assert_ok(f, store_begin(f->store, &f->err));
    for (unsigned number = 1; number <= 3; number++) {
        struct store_row row = key_row(number);
        row.revision = 2;
        row.due_at_ms = number == 1 ? 7 : 0;
        assert_ok(f, store_update(f->store, STORE_KEY, &row, 1, STORE_KEEP_SECRET, &f->err));
    }
    for (unsigned number = 9; number <= 10; number++) {
        struct store_row row = key_row(number);
        row.due_at_ms = number == 10 ? 5 : 0;
        assert_ok(f, store_insert(f->store, STORE_KEY, &row, &f->err));
    }
    assert_ok(f, store_commit(f->store, &f->err));
    assert_ok(f, store_walk(f->store, STORE_KEY, &(struct store_span){INT64_MIN, INT64_MAX, true}, note_places, &seen, &f->err));
    assert_string_equal(seen.text, "1@2 10@5 ");
    assert_ok(f, store_walk(f->store, STORE_KEY, &(struct store_span){1, 4, true}, note_places, &part, &f->err));
    assert_string_equal(part.text, "1@2 ");
    assert_ok(f, store_place_from(f->store, STORE_KEY, 3, true, &place, &f->err));
    assert_int_equal(place, 5);
    assert_code(f, ERR_NOT_FOUND, store_place_from(f->store, STORE_KEY, 6, true, &place, &f->err));
}

static int nest_walk(void *context, const struct store_row *row, struct err *err)
{
    struct seen *seen = context;
    struct store_row got;
    seen->nested = store_walk(seen->store, STORE_KEY, &everywhere, nest_walk, seen, err);
    if (store_get(seen->store, STORE_KEY, row->id, false, &got, err) != ERR_OK)
        return ERR_INTERNAL;
    seen->count++;
    return (int)store_walk(seen->store, STORE_VERSION, &everywhere, note_places, seen, err);
}

static void test_a_walk_visitor_may_read_but_not_walk_the_same_table(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};
    assert_ok(f, store_walk(f->store, STORE_KEY, &(struct store_span){1, 1, false}, nest_walk, &seen, &f->err));
    assert_int_equal(seen.nested, ERR_STATE);
    assert_string_equal(seen.text, "30@1 10@2 20@3 ");
}

static void test_children_are_of_one_parent(void **state)
{
    struct fixture *f = *state;
    struct seen one = {0}, none = {0};
    assert_ok(f, store_children(f->store, STORE_VERSION, id_of(1), note, &one, &f->err));
    assert_string_equal(one.text, "10 20 30 ");
    assert_ok(f, store_children(f->store, STORE_VERSION, id_of(2), note, &none, &f->err));
    assert_string_equal(none.text, "");
    assert_code(f, ERR_INVALID, store_children(f->store, STORE_KEY, id_of(1), note, &none, &f->err));
}

static void test_due_gives_the_soonest_up_to_now_and_limit(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t now;
        size_t limit;
        const char *want;
    } cases[] = {
        {99, 10, ""},      {100, 10, "1 "},        {299, 10, "1 2 "},
        {300, 10, "1 2 3 "}, {INT64_MAX, 2, "1 2 "}, {INT64_MAX, 0, ""},
        {INT64_MAX, SIZE_MAX, "1 2 3 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {0};
        assert_ok(f, store_due(f->store, STORE_ROTATION, cases[i].now, cases[i].limit, note, &seen, &f->err));
        assert_string_equal(seen.text, cases[i].want);
    }
}

static void test_next_due_is_the_soonest_or_none(void **state)
{
    struct fixture *f = *state;
    int64_t due = -1;
    assert_ok(f, store_next_due(f->store, STORE_ROTATION, &due, &f->err));
    assert_int_equal(due, 100);
    assert_ok(f, store_next_due(f->store, STORE_REVOCATION, &due, &f->err));
    assert_int_equal(due, 0);
}

static int note_tags(void *context, const struct store_tags *tags, struct err *err)
{
    (void)err;
    struct seen *seen = context;
    unsigned number = tags->id[0] * 256U + tags->id[1];
    size_t used = strlen(seen->text);
    (void)snprintf(seen->text + used, sizeof seen->text - used, "%s:%u:%u%s ", store_table_name(tags->table),
                   number, (unsigned)tags->revision, tags->secret_tag ? "+" : "");
    assert_memory_equal(tags->meta_tag, sealed_of(number) + SEALED_BYTES - STORE_TAG_BYTES, STORE_TAG_BYTES);
    if (tags->secret_tag)
        assert_memory_equal(tags->secret_tag, sealed_of(number + 1) + SEALED_BYTES - STORE_TAG_BYTES,
                            STORE_TAG_BYTES);
    return ++seen->count == seen->stop_after ? STORE_STOP : ERR_OK;
}

static void test_tags_are_the_last_bytes_of_every_row_of_every_table(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0}, stopped = {.stop_after = 1};
    assert_ok(f, store_scan_tags(f->store, note_tags, &seen, &f->err));
    assert_string_equal(seen.text, "key:3:1 key:1:1 key:2:1 version:30:1+ version:10:1+ version:20:1+ "
                                   "rotation:3:1+ rotation:1:1+ rotation:2:1+ rotation:4:1+ ");
    assert_ok(f, store_scan_tags(f->store, note_tags, &stopped, &f->err));
    assert_int_equal(stopped.count, 1);
}

static int nest_tags(void *context, const struct store_tags *tags, struct err *err)
{
    struct seen *seen = context;
    struct store_row got;
    seen->count++;
    seen->nested = store_scan_tags(seen->store, nest_tags, seen, err);
    if (store_get(seen->store, tags->table, tags->id, true, &got, err) != ERR_OK)
        return ERR_INTERNAL;
    return (int)err_set(err, ERR_WRONG_KEY, "as told");
}

static void test_tags_visitor_may_fail_and_read_but_not_repeat_the_scan(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store}, again = {0};
    assert_code(f, ERR_WRONG_KEY, store_scan_tags(f->store, nest_tags, &seen, &f->err));
    assert_says(f, "as told");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.nested, ERR_STATE);
    assert_ok(f, store_scan_tags(f->store, note_tags, &again, &f->err));
    assert_int_equal(again.count, 10);
}

static void test_tags_are_found_past_overflow_pages(void **state)
{
    struct fixture *f = *state;
    enum { LONG = 70000 };
    uint8_t *blob = calloc(1, LONG);
    assert_non_null(blob);
    memcpy(blob + LONG - STORE_TAG_BYTES, sealed_of(500) + SEALED_BYTES - STORE_TAG_BYTES, STORE_TAG_BYTES);
    struct store_row row = key_row(500);
    row.meta = blob;
    row.meta_length = LONG;
    insert_committed(f, STORE_INCIDENT, row);
    struct seen seen = {0};
    assert_ok(f, store_scan_tags(f->store, note_tags, &seen, &f->err));
    assert_non_null(strstr(seen.text, "incident:500:1 "));
    free(blob);
}

static int nest_get(void *context, const struct store_row *row, struct err *err)
{
    struct seen *seen = context;
    struct store_row got;
    seen->nested = store_get(seen->store, STORE_KEY, row->parent, false, &got, err);
    seen->count += row->meta_length == SEALED_BYTES && memcmp(got.id, row->parent, STORE_ID_BYTES) == 0;
    return (int)seen->nested;
}

static int nest_same(void *context, const struct store_row *row, struct err *err)
{
    struct seen *seen = context;
    seen->nested = store_children(seen->store, STORE_VERSION, row->parent, nest_get, seen, err);
    return STORE_STOP;
}

static int nest_write(void *context, const struct store_row *row, struct err *err)
{
    struct seen *seen = context;
    seen->nested = store_remove(seen->store, STORE_VERSION, row->id, row->revision, err);
    assert_int_equal(store_commit(seen->store, err), ERR_STATE);
    assert_int_equal(store_checkpoint(seen->store, err), ERR_STATE);
    return STORE_STOP;
}

static void test_visitor_may_read_but_not_write_nor_repeat_the_scan(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};
    assert_ok(f, store_children(f->store, STORE_VERSION, id_of(1), nest_get, &seen, &f->err));
    assert_int_equal(seen.count, 3);
    assert_ok(f, store_children(f->store, STORE_VERSION, id_of(1), nest_same, &seen, &f->err));
    assert_int_equal(seen.nested, ERR_STATE);
    assert_ok(f, store_begin(f->store, &f->err));
    assert_ok(f, store_children(f->store, STORE_VERSION, id_of(1), nest_write, &seen, &f->err));
    assert_int_equal(seen.nested, ERR_STATE);
    assert_ok(f, store_commit(f->store, &f->err));
}

static void test_single_read_does_not_hold_a_snapshot(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct store_row got;
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    assert_ok(f, store_get(reader, STORE_KEY, id_of(1), false, &got, &f->err));
    /* A reader that stood on its row would make the checkpoint wait and fail. */
    assert_ok(f, store_checkpoint(f->store, &f->err));
    assert_memory_equal(got.meta, sealed_of(1), SEALED_BYTES);
    store_close(reader);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_rows, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_scan_gives_all_in_order_of_id_or_after_one),
        T(test_scan_finds_the_id_of_zeros),
        T(test_visitor_stops_or_fails_a_scan),
        T(test_walk_gives_rows_as_they_were_made_with_their_places),
        T(test_a_place_stays_its_rows_own_while_others_come_and_go),
        T(test_a_walk_of_what_is_due_passes_over_the_rest),
        T(test_a_walk_visitor_may_read_but_not_walk_the_same_table),
        T(test_children_are_of_one_parent),
        T(test_due_gives_the_soonest_up_to_now_and_limit),
        T(test_next_due_is_the_soonest_or_none),
        T(test_tags_are_the_last_bytes_of_every_row_of_every_table),
        T(test_tags_visitor_may_fail_and_read_but_not_repeat_the_scan),
        T(test_tags_are_found_past_overflow_pages),
        T(test_visitor_may_read_but_not_write_nor_repeat_the_scan),
        T(test_single_read_does_not_hold_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
