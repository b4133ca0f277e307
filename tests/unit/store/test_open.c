#include "store_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static void sql(struct fixture *f, const char *text)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(f->path, 0600), 0);
}

static void create(struct fixture *f)
{
    assert_ok(f, store_create(f->path, &f->err));
}

static void assert_refused(struct fixture *f, enum err_code want, const char *says)
{
    struct store *store = NULL;
    assert_code(f, want, store_open_writer(f->path, &store, &f->err));
    assert_says(f, says);
    assert_code(f, want, store_open_reader(f->path, &store, &f->err));
    assert_null(store);
}

static void test_create_makes_a_private_file_and_leaves_nothing_else_of_its_making(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    mode_t old = umask(0);
    create(f);
    umask(old);
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_not_equal(access(beside(f, ".new"), F_OK), 0);
    assert_int_not_equal(access(beside(f, "-wal"), F_OK), 0);
    open_store(f);
}

static void test_create_refuses_what_exists(void **state)
{
    struct fixture *f = *state;
    create(f);
    assert_code(f, ERR_EXISTS, store_create(f->path, &f->err));
    open_store(f);
}

static void test_create_refuses_a_log_left_of_another_store(void **state)
{
    struct fixture *f = *state;
    spill(beside(f, "-wal"), "log", 3);
    assert_code(f, ERR_EXISTS, store_create(f->path, &f->err));
    assert_says(f, "-wal");
    assert_int_equal(unlink(beside(f, "-wal")), 0);
    create(f);
}

static void test_create_takes_over_from_a_creation_that_was_cut_short(void **state)
{
    struct fixture *f = *state;
    spill(beside(f, ".new"), "half a store", 12);
    spill(beside(f, ".new-journal"), "half a journal", 14);
    create(f);
    open_store(f);
}

static void test_create_needs_its_folder(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rmdir(f->folder), 0);
    assert_code(f, ERR_NOT_FOUND, store_create(f->path, &f->err));
    assert_says(f, f->folder);
    assert_int_equal(mkdir(f->folder, 0700), 0);
}

static void test_path_without_a_file_name_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"", "/", ".", "..", "/tmp/", "/tmp/."};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_code(f, ERR_INVALID, store_create(paths[i], &f->err));
}

/* Folders and a name that make the path exactly length bytes long. */
static void long_path(struct fixture *f, size_t length, char path[600])
{
    (void)snprintf(path, 600, "%s/", f->folder);
    while (length - strlen(path) > 100) {
        size_t used = strlen(path);
        memset(path + used, 'd', 50);
        path[used + 50] = '\0';
        (void)mkdir(path, 0700);
        (void)strcat(path, "/");
    }
    size_t used = strlen(path);
    memset(path + used, 'n', length - used);
    path[length] = '\0';
}

static void test_path_length_is_held_from_both_sides(void **state)
{
    struct fixture *f = *state;
    char path[600];
    char copy[600];
    long_path(f, 480, path);
    assert_ok(f, store_create(path, &f->err));
    assert_ok(f, store_open_writer(path, &f->store, &f->err));
    insert_committed(f, STORE_KEY, key_row(1));
    long_path(f, 479, copy);
    assert_ok(f, store_copy(f->store, copy, &f->err));
    long_path(f, 481, path);
    assert_code(f, ERR_LIMIT, store_create(path, &f->err));
    assert_says(f, "480");
    assert_code(f, ERR_LIMIT, store_open_reader(path, &f->store, &f->err));
}

static void test_store_stays_open_when_the_process_changes_its_folder(void **state)
{
    struct fixture *f = *state;
    char old[4096];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(f->folder), 0);
    assert_ok(f, store_create("store", &f->err));
    assert_ok(f, store_open_writer("store", &f->store, &f->err));
    assert_int_equal(chdir("/"), 0);
    insert_committed(f, STORE_KEY, key_row(1));
    assert_int_equal(chdir(old), 0);
    assert_int_equal(access(f->path, F_OK), 0);
}

static void test_absent_store_is_not_found_and_no_lock_is_left(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, ERR_NOT_FOUND, f->path);
    assert_int_not_equal(access(beside(f, ".lock"), F_OK), 0);
}

static void test_file_that_is_not_sqlite_is_not_a_store(void **state)
{
    struct fixture *f = *state;
    char text[5000];
    memset(text, 'x', sizeof text);
    spill(f->path, text, sizeof text);
    assert_refused(f, ERR_FORMAT, "not a store");
    spill(f->path, "", 0);
    assert_refused(f, ERR_FORMAT, "not a store");
    spill(f->path, "short", 5);
    assert_refused(f, ERR_FORMAT, "not a store");
}

static void test_folder_and_fifo_are_not_stores(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, ERR_FORMAT, "not a file");
    assert_int_equal(rmdir(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_refused(f, ERR_FORMAT, "not a file");
}

static void test_sqlite_that_is_not_ours_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    size_t before_length = 0, after_length = 0;
    sql(f, "CREATE TABLE mine (a); INSERT INTO mine VALUES (1); PRAGMA user_version = 1");
    uint8_t *before = slurp(f->path, &before_length);
    assert_refused(f, ERR_FORMAT, "not a store of Keyturn");
    uint8_t *after = slurp(f->path, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    free(before);
    free(after);
}

static void test_newer_format_is_refused_with_both_versions(void **state)
{
    struct fixture *f = *state;
    create(f);
    sql(f, "PRAGMA user_version = 7");
    assert_refused(f, ERR_FORMAT, "format 7");
    assert_says(f, "up to 3");
    sql(f, "PRAGMA user_version = 0");
    assert_refused(f, ERR_FORMAT, "not a store");
    sql(f, "PRAGMA user_version = 3");
    open_store(f);
}

static void test_S8_changed_schema_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change;
        const char *says;
    } changes[] = {
        {"CREATE TRIGGER evil AFTER INSERT ON version BEGIN DELETE FROM rotation; END", "'evil'"},
        {"CREATE VIEW evil AS SELECT 1 AS x", "'evil'"},
        {"CREATE TABLE evil (a)", "'evil'"},
        {"DROP INDEX version_parent", "'version_parent'"},
        {"ALTER TABLE slot ADD COLUMN evil TEXT", "'slot'"},
        {"DROP INDEX key_due; CREATE INDEX key_due ON \"key\" (due_at_ms) WHERE due_at_ms > 5", "'key_due'"},
        {"DROP TABLE pending", "'pending"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        create(f);
        sql(f, changes[i].change);
        assert_refused(f, ERR_TAMPERED, changes[i].says);
        assert_int_equal(unlink(f->path), 0);
        remove_beside(f);
    }
}

static void test_symbolic_link_is_refused_and_a_linked_folder_is_not(void **state)
{
    struct fixture *f = *state;
    char link[400];
    struct store *store = NULL;
    create(f);
    (void)snprintf(link, sizeof link, "%s/link", f->folder);
    assert_int_equal(symlink(f->path, link), 0);
    assert_code(f, ERR_INVALID, store_open_writer(link, &store, &f->err));
    assert_says(f, "symbolic link");
    assert_code(f, ERR_INVALID, store_open_reader(link, &store, &f->err));
    assert_code(f, ERR_EXISTS, store_create(link, &f->err));

    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(f->folder, link), 0);
    (void)strcat(link, "/store");
    assert_ok(f, store_open_writer(link, &f->store, &f->err));
}

static void test_lock_that_is_a_link_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *store = NULL;
    char victim[400];
    create(f);
    (void)snprintf(victim, sizeof victim, "%s/victim", f->folder);
    spill(victim, "precious", 8);
    assert_int_equal(unlink(beside(f, ".lock")), 0);
    assert_int_equal(symlink(victim, beside(f, ".lock")), 0);
    assert_code(f, ERR_IO, store_open_writer(f->path, &store, &f->err));
    size_t length = 0;
    uint8_t *bytes = slurp(victim, &length);
    assert_int_equal(length, 8);
    free(bytes);
}

static void test_file_that_others_may_read_or_own_is_refused(void **state)
{
    struct fixture *f = *state;
    create(f);
    assert_int_equal(chmod(f->path, 0640), 0);
    assert_refused(f, ERR_DENIED, "chmod");
    assert_int_equal(chmod(f->path, 0600), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(f->path, 65534, 65534), 0);
        assert_refused(f, ERR_DENIED, "chown");
        assert_int_equal(chown(f->path, 0, 0), 0);
    }
    open_store(f);
}

/* In a child that is not root: what opening says; the exit status is the code. */
static enum err_code open_unprivileged(struct fixture *f, bool make)
{
    pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(100);
        enum err_code code = make ? store_create(f->path, &f->err)
                                  : store_open_writer(f->path, &store, &f->err);
        if (code == ERR_OK && store)
            code = store_begin(store, &f->err);
        store_close(store);
        _exit((int)code);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (enum err_code)WEXITSTATUS(status);
}

static void give_to_nobody(struct fixture *f)
{
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(f->folder, 65534, 65534), 0);
    assert_int_equal(chown(f->path, 65534, 65534), 0);
    assert_int_equal(chown(beside(f, ".lock"), 65534, 65534), 0);
}

static void test_read_only_file_is_refused_and_mended_by_chmod(void **state)
{
    struct fixture *f = *state;
    create(f);
    give_to_nobody(f);
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(open_unprivileged(f, false), ERR_IO);
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(open_unprivileged(f, false), ERR_OK);
}

static void test_read_only_folder_is_refused_and_mended_by_chmod(void **state)
{
    struct fixture *f = *state;
    create(f);
    give_to_nobody(f);
    assert_int_equal(unlink(beside(f, ".lock")), 0);
    assert_int_equal(chmod(f->folder, 0500), 0);
    assert_int_equal(open_unprivileged(f, false), ERR_DENIED);
    assert_int_equal(chmod(f->folder, 0700), 0);
    assert_int_equal(open_unprivileged(f, false), ERR_OK);

    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(unlink(beside(f, ".lock")), 0);
    assert_int_equal(chmod(f->folder, 0500), 0);
    assert_int_equal(open_unprivileged(f, true), ERR_DENIED);
    assert_int_equal(chmod(f->folder, 0700), 0);
    assert_int_equal(open_unprivileged(f, true), ERR_OK);
}

static void test_second_writer_of_this_process_is_refused_with_our_pid(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    char pid[32];
    create(f);
    open_store(f);
    assert_code(f, ERR_BUSY, store_open_writer(f->path, &second, &f->err));
    (void)snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_says(f, pid);
    insert_committed(f, STORE_KEY, key_row(1)); /* the first is none the worse */
    close_store(f);
    open_store(f);
}

/* A child that opens the store, commits a row, says so, and waits to be killed. */
static pid_t writer_child(struct fixture *f)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store_row row = key_row(1);
        struct store *store = NULL;
        if (store_open_writer(f->path, &store, &f->err) != ERR_OK ||
            store_begin(store, &f->err) != ERR_OK ||
            store_insert(store, STORE_KEY, &row, &f->err) != ERR_OK ||
            store_commit(store, &f->err) != ERR_OK || write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void test_S10_second_agent_is_refused_by_pid_and_follows_after_a_kill(void **state)
{
    struct fixture *f = *state;
    struct store_row got;
    struct store *second = NULL;
    char pid[32];
    create(f);
    pid_t child = writer_child(f);
    assert_code(f, ERR_BUSY, store_open_writer(f->path, &second, &f->err));
    (void)snprintf(pid, sizeof pid, "(pid %ld)", (long)child);
    assert_says(f, pid);

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    open_store(f);
    assert_ok(f, store_get(f->store, STORE_KEY, id_of(1), false, &got, &f->err));
}

static void test_lock_file_holds_the_pid_and_is_emptied_by_a_clean_close(void **state)
{
    struct fixture *f = *state;
    size_t length = 0;
    create(f);
    open_store(f);
    uint8_t *text = slurp(beside(f, ".lock"), &length);
    text[length] = '\0';
    assert_int_equal(strtol((char *)text, NULL, 10), getpid());
    free(text);
    close_store(f);
    free(slurp(beside(f, ".lock"), &length));
    assert_int_equal(length, 0);
}

static void test_clean_close_leaves_no_log(void **state)
{
    struct fixture *f = *state;
    struct store *reader = NULL;
    struct store_row got;
    struct stat status;
    create(f);
    open_store(f);
    insert_committed(f, STORE_KEY, key_row(1));
    assert_ok(f, store_open_reader(f->path, &reader, &f->err));
    close_store(f);
    assert_true(stat(beside(f, "-wal"), &status) != 0 || status.st_size == 0);
    assert_ok(f, store_get(reader, STORE_KEY, id_of(1), false, &got, &f->err));
    store_close(reader);
    open_store(f);
    assert_ok(f, store_get(f->store, STORE_KEY, id_of(1), false, &got, &f->err));
}

static void test_closing_nothing_is_fine(void **state)
{
    (void)state;
    assert_null(store_close(NULL));
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_folder, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_create_makes_a_private_file_and_leaves_nothing_else_of_its_making),
        T(test_create_refuses_what_exists),
        T(test_create_refuses_a_log_left_of_another_store),
        T(test_create_takes_over_from_a_creation_that_was_cut_short),
        T(test_create_needs_its_folder),
        T(test_path_without_a_file_name_is_refused),
        T(test_path_length_is_held_from_both_sides),
        T(test_store_stays_open_when_the_process_changes_its_folder),
        T(test_absent_store_is_not_found_and_no_lock_is_left),
        T(test_file_that_is_not_sqlite_is_not_a_store),
        T(test_folder_and_fifo_are_not_stores),
        T(test_sqlite_that_is_not_ours_is_refused_and_left_alone),
        T(test_newer_format_is_refused_with_both_versions),
        T(test_S8_changed_schema_is_refused_by_name),
        T(test_symbolic_link_is_refused_and_a_linked_folder_is_not),
        T(test_lock_that_is_a_link_is_refused),
        T(test_file_that_others_may_read_or_own_is_refused),
        T(test_read_only_file_is_refused_and_mended_by_chmod),
        T(test_read_only_folder_is_refused_and_mended_by_chmod),
        T(test_second_writer_of_this_process_is_refused_with_our_pid),
        T(test_S10_second_agent_is_refused_by_pid_and_follows_after_a_kill),
        T(test_lock_file_holds_the_pid_and_is_emptied_by_a_clean_close),
        T(test_clean_close_leaves_no_log),
        T(test_closing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
