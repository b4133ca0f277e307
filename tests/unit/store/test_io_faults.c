/* S10: every call that reaches the disk fails once, one after another, and what
 * is found afterwards is all or nothing of what was done. */
#include "store_fixture.h"

#include "../../../agent/store/migrate.h"
#include "fault_vfs.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct fault_plan kinds[] = {
    {.write_rc = SQLITE_FULL},
    {.write_rc = SQLITE_FULL, .torn = true, .for_good = true},
    {.write_rc = SQLITE_IOERR_WRITE, .torn = true, .sys = EIO},
    {.write_rc = SQLITE_IOERR_WRITE, .torn = true, .for_good = true, .sys = EIO},
};

enum { OLD_ROWS = 10, NEW_ROWS = 30 };

static bool failing(enum err_code code)
{
    return code == ERR_FULL || code == ERR_IO || code == ERR_STATE || code == ERR_BUSY ||
           code == ERR_MEMORY || code == ERR_NOT_FOUND;
}

/* The step from the first state to the second: rows added, changed and removed, and the head. */
static enum err_code change(struct store *store, struct err *err)
{
    TRY(store_begin(store, err));
    for (unsigned i = 1; i <= OLD_ROWS; i++) {
        struct store_row row = key_row(i);
        row.revision = 2;
        row.meta = sealed_of(i + 500);
        TRY(store_update(store, STORE_KEY, &row, 1, false, err));
    }
    for (unsigned i = 1; i <= NEW_ROWS; i++) {
        struct store_row row = version_row(i, 1 + i % OLD_ROWS);
        TRY(store_insert(store, STORE_VERSION, &row, err));
    }
    TRY(store_remove(store, STORE_PENDING, id_of(1), 1, err));
    TRY(store_head_put(store, sealed_of(2), SEALED_BYTES, err));
    return store_commit(store, err);
}

static void fill(struct fixture *f)
{
    assert_ok(f, store_begin(f->store, &f->err));
    for (unsigned i = 1; i <= OLD_ROWS; i++) {
        struct store_row row = key_row(i);
        assert_ok(f, store_insert(f->store, STORE_KEY, &row, &f->err));
    }
    struct store_row row = key_row(1);
    assert_ok(f, store_insert(f->store, STORE_PENDING, &row, &f->err));
    assert_ok(f, store_head_put(f->store, sealed_of(1), SEALED_BYTES, &f->err));
    assert_ok(f, store_commit(f->store, &f->err));
}

struct tally {
    unsigned keys, changed_keys, versions, pending, broken;
};

static int count_row(void *context, const struct store_tags *tags, struct err *err)
{
    (void)err;
    struct tally *tally = context;
    unsigned number = tags->id[0] * 256U + tags->id[1];
    unsigned sealed = number;
    if (tags->table == STORE_KEY) {
        tally->keys++;
        tally->changed_keys += tags->revision == 2;
        sealed = tags->revision == 2 ? number + 500 : number;
    }
    tally->versions += tags->table == STORE_VERSION;
    tally->pending += tags->table == STORE_PENDING;
    tally->broken += memcmp(tags->meta_tag, sealed_of(sealed) + SEALED_BYTES - STORE_TAG_BYTES,
                            STORE_TAG_BYTES) != 0;
    return ERR_OK;
}

/* True for the second state, false for the first; anything else fails the test. */
static bool state_of(struct fixture *f, struct store *store)
{
    struct tally tally = {0};
    const void *head = NULL;
    size_t length = 0;
    assert_ok(f, store_scan_tags(store, count_row, &tally, &f->err));
    assert_ok(f, store_head_get(store, &head, &length, &f->err));
    assert_int_equal(tally.broken, 0);
    assert_int_equal(tally.keys, OLD_ROWS);
    bool second = tally.versions == NEW_ROWS;
    assert_int_equal(tally.versions, second ? NEW_ROWS : 0);
    assert_int_equal(tally.changed_keys, second ? OLD_ROWS : 0);
    assert_int_equal(tally.pending, second ? 0 : 1);
    assert_memory_equal(head, sealed_of(second ? 2 : 1), SEALED_BYTES);
    return second;
}

/* Open, change, close under the plan. Whether a commit was promised. */
static bool change_under(struct fixture *f, const struct fault_plan *kind, long at)
{
    struct store *store = NULL;
    fault_plan = *kind;
    fault_plan.at = at;
    enum err_code code = store_open_writer(f->path, &store, &f->err);
    if (code == ERR_OK)
        code = change(store, &f->err);
    if (code != ERR_OK && !failing(code))
        fail_msg("call %ld: %s: %s", at, err_code_name(code), f->err.message);
    if (code != ERR_OK && store && !kind->for_good) {
        /* The connection goes on: nothing is half done, and a new try succeeds. */
        store_rollback(store);
        assert_false(state_of(f, store));
        code = change(store, &f->err);
        if (code != ERR_OK)
            fail_msg("call %ld, second try: %s: %s", at, err_code_name(code), f->err.message);
    }
    store_close(store);
    return code == ERR_OK;
}

static void run_kind(struct fixture *f, const struct fault_plan *kind, const uint8_t *bytes, size_t length)
{
    long reached;
    long at = 0;
    do {
        at++;
        remove_beside(f);
        spill(f->path, bytes, length);
        bool promised = change_under(f, kind, at);
        reached = fault_plan.failed;
        fault_plan = (struct fault_plan){0};
        open_store(f);
        bool second = state_of(f, f->store);
        if (promised && !second)
            fail_msg("call %ld: a commit that was promised is lost", at);
        assert_ok(f, store_check(f->store, &f->err));
        close_store(f);
    } while (reached > 0);
    assert_true(at > 20); /* the plan did reach the disk */
}

static void test_S10_every_failing_call_leaves_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    fill(f);
    close_store(f);
    size_t length = 0;
    uint8_t *bytes = slurp(f->path, &length);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        run_kind(f, &kinds[i], bytes, length);
    free(bytes);
}

static void test_S10_every_failing_call_of_a_creation_leaves_a_store_or_none(void **state)
{
    struct fixture *f = *state;
    long reached;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long at = 0;
        do {
            close_store(f);
            (void)unlink(f->path);
            remove_beside(f);
            fault_plan = kinds[i];
            fault_plan.at = ++at;
            enum err_code code = store_create(f->path, &f->err);
            reached = fault_plan.failed;
            fault_plan = (struct fault_plan){0};
            if (code != ERR_OK) {
                assert_true(failing(code));
                assert_int_not_equal(access(f->path, F_OK), 0);
                assert_int_not_equal(access(beside(f, ".new"), F_OK), 0);
                assert_ok(f, store_create(f->path, &f->err));
            }
            open_store(f);
            assert_ok(f, store_check(f->store, &f->err));
        } while (reached > 0);
        assert_true(at > 10);
    }
}

static void test_S10_every_failing_call_of_a_migration_leaves_the_one_or_the_other_format(void **state)
{
    static const unsigned char sql[] = "ALTER TABLE slot ADD COLUMN note TEXT;";
    struct fixture *f = *state;
    struct migration rows[8];
    memcpy(rows, store_migrations.rows, store_migrations.count * sizeof rows[0]);
    rows[store_migrations.count] = (struct migration){STORE_FORMAT_VERSION + 1, "more", sql};
    const struct migration_list list = {rows, store_migrations.count + 1};
    fill(f);
    close_store(f);
    size_t length = 0;
    uint8_t *bytes = slurp(f->path, &length);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        long reached;
        long at = 0;
        do {
            struct store *store = NULL;
            remove_beside(f);
            spill(f->path, bytes, length);
            fault_plan = kinds[i];
            fault_plan.at = ++at;
            enum err_code code = migrate_open_writer(f->path, &list, &store, &f->err);
            assert_true(code == ERR_OK || failing(code));
            store_close(store);
            reached = fault_plan.failed;
            fault_plan = (struct fault_plan){0};
            assert_ok(f, migrate_open_writer(f->path, &list, &f->store, &f->err));
            assert_false(state_of(f, f->store));
            assert_ok(f, store_check(f->store, &f->err));
            close_store(f);
        } while (reached > 0);
        assert_true(at > 20);
    }
    free(bytes);
}

static void test_full_disk_read_only_and_quota_are_told_apart(void **state)
{
    static const struct {
        int write_rc;
        int sys;
        enum err_code want;
        const char *says;
    } cases[] = {
        {SQLITE_FULL, ENOSPC, ERR_FULL, "free some space"},
        {SQLITE_IOERR_WRITE, EDQUOT, ERR_FULL, "free some space"},
        {SQLITE_IOERR_WRITE, EIO, ERR_IO, "disk failed"},
        {SQLITE_READONLY, EROFS, ERR_IO, "read-only"},
        {SQLITE_IOERR_WRITE, EROFS, ERR_IO, "read-only"},
    };
    struct fixture *f = *state;
    fill(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fault_plan = (struct fault_plan){
            .at = 1, .for_good = true, .write_rc = cases[i].write_rc, .sys = cases[i].sys};
        enum err_code code = change(f->store, &f->err);
        fault_plan = (struct fault_plan){0};
        if (code != cases[i].want)
            fail_msg("case %zu: %s: %s", i, err_code_name(code), f->err.message);
        assert_says(f, cases[i].says);
        assert_says(f, f->path);
        store_rollback(f->store);
        assert_false(state_of(f, f->store));
    }
    assert_ok(f, change(f->store, &f->err));
}

/* The real thing, as a file system's limit shows itself: files cannot grow past a size. */
static void test_S10_full_disk_in_the_middle_of_a_write_loses_nothing(void **state)
{
    struct fixture *f = *state;
    fill(f);
    close_store(f);
    pid_t child = fork();
    if (child == 0) {
        /* Room for the store and its shared memory, and not for what change writes. */
        const struct rlimit limit = {40 * 1024, 40 * 1024};
        struct store *store = NULL;
        (void)signal(SIGXFSZ, SIG_IGN);
        enum err_code code = store_open_writer(f->path, &store, &f->err);
        if (code == ERR_OK && setrlimit(RLIMIT_FSIZE, &limit) == 0)
            code = change(store, &f->err);
        store_close(store);
        _exit((int)code);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == ERR_FULL || WEXITSTATUS(status) == ERR_IO);
    open_store(f);
    assert_false(state_of(f, f->store));
    assert_ok(f, change(f->store, &f->err));
}

static int setup_without_faults(void **state)
{
    fault_plan = (struct fault_plan){0}; /* of a test that failed */
    return fixture_store(state);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_without_faults, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_S10_every_failing_call_leaves_all_or_nothing),
        T(test_S10_every_failing_call_of_a_creation_leaves_a_store_or_none),
        T(test_S10_every_failing_call_of_a_migration_leaves_the_one_or_the_other_format),
        T(test_full_disk_read_only_and_quota_are_told_apart),
        T(test_S10_full_disk_in_the_middle_of_a_write_loses_nothing),
    };
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
