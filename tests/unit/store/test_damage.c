/* Files that were damaged or edited outside. What must hold: never a crash, and what is
 * given out differs from what was stored only where a tag or a check of the
 * vault finds it. */
#include "store_fixture.h"

#include <sqlite3.h>

enum { PAGE_BYTES = 4096, KEYS = 40, LONG_BYTES = 9000 };

static void fill(struct fixture *f)
{
    uint8_t *blob = calloc(1, LONG_BYTES);
    assert_non_null(blob);
    assert_ok(f, store_begin(f->store, &f->err));
    for (unsigned i = 1; i <= KEYS; i++) {
        struct store_row key = key_row(i);
        struct store_row version = version_row(i, i);
        struct store_row rotation = version_row(i, i);
        if (i % 10 == 0) {
            version.secret = blob; /* with overflow pages */
            version.secret_length = LONG_BYTES;
        }
        rotation.due_at_ms = i;
        assert_ok(f, store_insert(f->store, STORE_KEY, &key, &f->err));
        assert_ok(f, store_insert(f->store, STORE_VERSION, &version, &f->err));
        assert_ok(f, store_insert(f->store, STORE_ROTATION, &rotation, &f->err));
    }
    assert_ok(f, store_head_put(f->store, sealed_of(1), SEALED_BYTES, &f->err));
    assert_ok(f, store_slot_put(f->store, 1, sealed_of(2), SEALED_BYTES, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
    free(blob);
}

/* A filled store, closed, and its bytes. */
struct sound {
    struct fixture *f;
    uint8_t *bytes;
    size_t length;
};

static struct sound sound_of(void **state)
{
    struct sound sound = {.f = *state};
    fill(sound.f);
    close_store(sound.f);
    sound.bytes = slurp(sound.f->path, &sound.length);
    return sound;
}

static void put_back(const struct sound *sound, const uint8_t *bytes, size_t length)
{
    remove_beside(sound->f);
    spill(sound->f->path, bytes, length);
}

/* Touch every byte that is given out, so that a sanitizer sees one that is not there. */
static int touch_row(void *context, const struct store_row *row, struct err *err)
{
    (void)err;
    unsigned *sum = context;
    const uint8_t *meta = row->meta;
    const uint8_t *secret = row->secret;
    for (size_t i = 0; i < row->meta_length; i++)
        *sum += meta[i];
    for (size_t i = 0; i < row->secret_length; i++)
        *sum += secret[i];
    return ERR_OK;
}

static int touch_tags(void *context, const struct store_tags *tags, struct err *err)
{
    (void)err;
    unsigned *sum = context;
    for (size_t i = 0; i < STORE_TAG_BYTES; i++)
        *sum += tags->meta_tag[i] + (tags->secret_tag ? tags->secret_tag[i] : 0U) + tags->id[i];
    return ERR_OK;
}

static int touch_slot(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    (void)err;
    unsigned *sum = context;
    for (size_t i = 0; i < length; i++)
        *sum += ((const uint8_t *)blob)[i] + number;
    return ERR_OK;
}

static bool is_honest(enum err_code code)
{
    return code == ERR_OK || code == ERR_TAMPERED || code == ERR_FORMAT || code == ERR_NOT_FOUND ||
           code == ERR_EXISTS || code == ERR_INVALID || code == ERR_STALE || code == ERR_STATE ||
           code == ERR_LIMIT || code == ERR_IO;
}

#define assert_honest(f, call)                                                                     \
    do {                                                                                           \
        enum err_code honest_code = (call);                                                        \
        if (!is_honest(honest_code))                                                               \
            fail_msg("%s: %s: %s", #call, err_code_name(honest_code), (f)->err.message);           \
    } while (0)

static void read_everything(struct fixture *f, struct store *store)
{
    unsigned sum = 0;
    const void *head = NULL;
    size_t length = 0;
    int64_t due = 0;
    for (int table = STORE_KEY; table < STORE_TABLE_END; table++) {
        enum store_table t = (enum store_table)table;
        assert_honest(f, store_scan(store, t, NULL, touch_row, &sum, &f->err));
        assert_honest(f, store_due(store, t, INT64_MAX, 1000, touch_row, &sum, &f->err));
        assert_honest(f, store_children(store, t, id_of(1), touch_row, &sum, &f->err));
        assert_honest(f, store_next_due(store, t, &due, &f->err));
    }
    for (unsigned i = 1; i <= KEYS; i++) {
        struct store_row row = {0};
        struct store_row want = key_row(i);
        enum err_code code = store_get(store, STORE_VERSION, want.id, true, &row, &f->err);
        assert_honest(f, code);
        if (code == ERR_OK)
            (void)touch_row(&sum, &row, NULL);
        assert_honest(f, store_find(store, STORE_KEY, want.index, true, &row, &f->err));
    }
    assert_honest(f, store_scan_tags(store, touch_tags, &sum, &f->err));
    assert_honest(f, store_slots(store, touch_slot, &sum, &f->err));
    assert_honest(f, store_head_get(store, &head, &length, &f->err));
    assert_honest(f, store_check(store, &f->err));
}

static void write_something(struct fixture *f, struct store *store)
{
    enum err_code code = store_begin(store, &f->err);
    for (unsigned i = 1; code == ERR_OK && i <= 20; i++) {
        struct store_row insert = key_row(1000 + i);
        struct store_row update = version_row(i, i);
        update.revision = 2;
        assert_honest(f, store_insert(store, STORE_KEY, &insert, &f->err));
        assert_honest(f, store_update(store, STORE_VERSION, &update, 1, false, &f->err));
        assert_honest(f, store_remove(store, STORE_ROTATION, id_of(i), 1, &f->err));
    }
    if (code == ERR_OK)
        code = store_commit(store, &f->err);
    assert_honest(f, code);
    store_rollback(store);
}

static void use(struct fixture *f)
{
    struct store *store = NULL;
    enum err_code code = store_open_writer(f->path, &store, &f->err);
    assert_honest(f, code);
    if (code != ERR_OK)
        return;
    read_everything(f, store);
    write_something(f, store);
    store_close(store);
}

static void test_S8_truncated_store_is_refused_at_every_length(void **state)
{
    struct sound sound = sound_of(state);
    size_t last = sound.length - 1;
    const size_t lengths[] = {0,    1,    15,   16,   99,   100,  511,  512,  1024, 4095,
                              4096, 4097, 8192, 8193, last, last - PAGE_BYTES + 1, sound.length / 2};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct store *store = NULL;
        put_back(&sound, sound.bytes, lengths[i]);
        enum err_code code = store_open_writer(sound.f->path, &store, &sound.f->err);
        if (code != ERR_TAMPERED && code != ERR_FORMAT)
            fail_msg("%zu bytes: %s: %s", lengths[i], err_code_name(code), sound.f->err.message);
    }
    put_back(&sound, sound.bytes, sound.length);
    open_store(sound.f);
    free(sound.bytes);
}

/* The positions in a page: its header, its cell pointers, and spread over the rest. */
static const size_t positions[] = {0, 3, 5, 7, 9, 12, 200, 1100, 2500, 3500, 4000, 4090};

static void test_S8_one_bit_flipped_in_every_page_is_never_a_crash(void **state)
{
    struct sound sound = sound_of(state);
    assert_true(sound.length / PAGE_BYTES > 40);
    for (size_t page = 0; page < sound.length / PAGE_BYTES; page++) {
        for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
            size_t at = page * PAGE_BYTES + positions[i];
            uint8_t bit = (uint8_t)(1U << ((page + i) % 8));
            sound.bytes[at] ^= bit;
            put_back(&sound, sound.bytes, sound.length);
            use(sound.f);
            sound.bytes[at] ^= bit;
        }
    }
    free(sound.bytes);
}

static void test_S8_flipped_bit_in_a_blob_is_given_out_for_its_tag_to_find(void **state)
{
    struct sound sound = sound_of(state);
    struct fixture *f = sound.f;
    uint8_t *at = memmem(sound.bytes, sound.length, sealed_of(5), SEALED_BYTES);
    assert_non_null(at);
    for (uint8_t *found; (found = memmem(at, sound.length - (size_t)(at - sound.bytes), sealed_of(5),
                                         SEALED_BYTES)) != NULL;)
        found[20] ^= 1;
    put_back(&sound, sound.bytes, sound.length);
    open_store(f);
    struct store_row got;
    struct store_row want = key_row(5);
    assert_ok(f, store_get(f->store, STORE_KEY, want.id, true, &got, &f->err));
    assert_int_equal(got.meta_length, want.meta_length);
    assert_memory_not_equal(got.meta, want.meta, SEALED_BYTES);
    free(sound.bytes);
}

/* Edit the closed store with constraints off, as somebody with a tool of theirs would. */
static void edit(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_S8_columns_of_a_wrong_shape_are_named(void **state)
{
    struct sound sound = sound_of(state);
    struct fixture *f = sound.f;
    static const struct {
        const char *sql;
        const char *says;
        bool in_tags; /* found by store_scan_tags, too */
    } edits[] = {
        {"UPDATE version SET id = x'00'", "column id", true},
        {"UPDATE version SET name_index = CAST(rowid AS BLOB)", "column name_index"},
        {"UPDATE version SET revision = -1", "column revision", true},
        {"UPDATE version SET due_at_ms = -5", "column due_at_ms"},
        {"UPDATE version SET meta = x'01'", "column meta", true},
        {"UPDATE version SET secret = x'01'", "column secret", true},
        {"UPDATE version SET parent = x'01'", "column parent"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        struct store_row got;
        unsigned sum = 0;
        char one[200];
        put_back(&sound, sound.bytes, sound.length);
        (void)snprintf(one, sizeof one, "%s WHERE rowid = 1", edits[i].sql);
        edit(f, one);
        open_store(f);
        bool secret = strstr(one, "secret") != NULL;
        if (secret)
            assert_code(f, ERR_TAMPERED, store_get(f->store, STORE_VERSION, id_of(1), true, &got, &f->err));
        else
            assert_code(f, ERR_TAMPERED, store_scan(f->store, STORE_VERSION, NULL, touch_row, &sum, &f->err));
        assert_says(f, edits[i].says);
        assert_says(f, "version");
        enum err_code tags = store_scan_tags(f->store, touch_tags, &sum, &f->err);
        assert_int_equal(tags, edits[i].in_tags ? ERR_TAMPERED : ERR_OK);
        close_store(f);
    }
    free(sound.bytes);
}

static void test_check_names_a_lost_parent(void **state)
{
    struct sound sound = sound_of(state);
    struct fixture *f = sound.f;
    edit(f, "DELETE FROM \"key\" WHERE rowid = 3");
    open_store(f);
    assert_code(f, ERR_TAMPERED, store_check(f->store, &f->err));
    assert_says(f, "parent");
    free(sound.bytes);
}

/* The index of due times is built anew under another condition, which leaves it
 * empty; the table is whole, and the schema is put back. */
static void test_check_finds_a_row_hidden_from_an_index(void **state)
{
    struct fixture *f = *state;
    fill(f);
    assert_ok(f, store_check(f->store, &f->err));
    close_store(f);
    edit(f, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'IS NOT NULL', "
            "'IS NULL') WHERE name = 'rotation_due'; PRAGMA writable_schema = RESET; REINDEX rotation_due; "
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'IS NULL', "
            "'IS NOT NULL') WHERE name = 'rotation_due'; PRAGMA writable_schema = RESET");
    open_store(f);
    int64_t due = -1;
    assert_ok(f, store_next_due(f->store, STORE_ROTATION, &due, &f->err));
    assert_int_equal(due, 0);
    assert_code(f, ERR_TAMPERED, store_check(f->store, &f->err));
}

static void test_S10_damage_after_a_crash_is_found_when_opening(void **state)
{
    struct sound sound = sound_of(state);
    struct fixture *f = sound.f;
    uint8_t *row = memmem(sound.bytes, sound.length, sealed_of(5), SEALED_BYTES);
    assert_non_null(row);
    size_t page = (size_t)(row - sound.bytes) / PAGE_BYTES * PAGE_BYTES;
    sound.bytes[page + 5] ^= 0x40; /* where its cells begin */
    put_back(&sound, sound.bytes, sound.length);
    spill(beside(f, ".lock"), "12345\n", 6); /* as a killed agent leaves it */
    struct store *store = NULL;
    assert_code(f, ERR_TAMPERED, store_open_writer(f->path, &store, &f->err));
    assert_says(f, "backup");
    /* A failed opening does not count as a clean close. */
    assert_code(f, ERR_TAMPERED, store_open_writer(f->path, &store, &f->err));
    free(sound.bytes);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_store, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_S8_truncated_store_is_refused_at_every_length),
        T(test_S8_one_bit_flipped_in_every_page_is_never_a_crash),
        T(test_S8_flipped_bit_in_a_blob_is_given_out_for_its_tag_to_find),
        T(test_S8_columns_of_a_wrong_shape_are_named),
        T(test_check_names_a_lost_parent),
        T(test_check_finds_a_row_hidden_from_an_index),
        T(test_S10_damage_after_a_crash_is_found_when_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
