/* S9, S10: the audit log, and what a crash or a full disk does to it. */
#include "vault_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void read_once(struct fixture *fixture, const char *name)
{
    struct secret *secret = NULL;
    GOOD(vault_read_secret(vault_writer(fixture->vault), "uid:7(app)", "live", name, 0, NULL, &secret, &err));
    secret_free(secret);
}

static void test_S9_a_read_is_in_the_log_when_it_returns(void **state)
{
    struct fixture *fixture = *state;
    struct vault_session *reader = NULL;
    struct vault_reading *reading = NULL;
    struct secret *secret = NULL;
    struct stat status;
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    GOOD(vault_session_new(fixture->vault, NULL, &reader, &err));
    GOOD(vault_read_secret(reader, "uid:7(app)", "live", "reporting", 1, &reading, &secret, &err));
    assert_int_equal(reading->number, 1);
    vault_reading_free(reading);
    assert_memory_equal(secret_peek(secret), "secret one", 10);
    secret_free(secret);
    assert_int_equal(fixture_log_count(fixture, "\"generation\":2,\"who\":\"uid:7(app)\",\"what\":\"key.read\","
                                                "\"key\":\"live/reporting\",\"version\":1,\"state\":\"current\","
                                                "\"hash\":\""),
                     1);
    assert_int_equal(fixture_log_count(fixture, "secret one"), 0);
    REFUSED(ERR_NOT_FOUND, "version 2",
            vault_read_secret(reader, "x", "live", "reporting", 2, NULL, &secret, &err));
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 3); /* init, add, read */
    assert_int_equal(stat(fixture->audit_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    vault_session_free(reader);
}

static void test_pages_of_the_log_follow_each_other(void **state)
{
    enum { READS = 2000 };
    struct fixture *fixture = *state;
    struct buf page = {0};
    uint64_t last = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    for (int i = 0; i < READS; i++)
        read_once(fixture, "reporting");
    GOOD(vault_audit_page(fixture->vault, 1500, 3, &page, &last, &err));
    assert_int_equal(last, 1503);
    assert_int_equal(strncmp(page.data, "{\"seq\":1501,", 12), 0);
    assert_non_null(strstr(page.data, "},{\"seq\":1503,"));
    assert_null(strstr(page.data, "\"seq\":1504"));
    buf_clear(&page);
    GOOD(vault_audit_page(fixture->vault, 0, 1, &page, &last, &err));
    assert_int_equal(last, 1);
    GOOD(vault_audit_page(fixture->vault, READS + 1, 10, &page, &last, &err));
    assert_int_equal(last, READS + 2);
    buf_clear(&page);
    GOOD(vault_audit_page(fixture->vault, READS + 2, 10, &page, &last, &err));
    assert_int_equal(page.length, 0);
    assert_int_equal(last, READS + 2);
    buf_release(&page);
}

/* --- Tampering ---------------------------------------------------------------------- */

/* A closed vault whose log has some lines; the log's text is the caller's. */
static char *closed_log(struct fixture *fixture)
{
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    read_once(fixture, "reporting");
    read_once(fixture, "reporting");
    fixture->vault = vault_close(fixture->vault);
    return fixture_read(fixture->audit_path, NULL); /* init, add, read, read, lock */
}

static char *line_at(char *log, int number)
{
    char *at = log;
    for (; number > 1; number--)
        at = strchr(at, '\n') + 1;
    return at;
}

static void test_S9_an_edited_line_is_found(void **state)
{
    struct fixture *fixture = *state;
    char *log = closed_log(fixture);
    *strstr(line_at(log, 3), "uid:7") = 'U';
    fixture_write(fixture->audit_path, log, strlen(log));
    fixture_open(fixture);
    REFUSED(ERR_TAMPERED, "was edited at sequence 3", fixture_unlock(fixture, 0, &err));
    free(log);
}

static void test_S9_a_removed_line_is_found(void **state)
{
    struct fixture *fixture = *state;
    char *log = closed_log(fixture);
    char *third = line_at(log, 3);
    char *fourth = line_at(log, 4);
    memmove(third, fourth, strlen(fourth) + 1);
    fixture_write(fixture->audit_path, log, strlen(log));
    fixture_open(fixture);
    REFUSED(ERR_TAMPERED, "lacks entries at sequence 3", fixture_unlock(fixture, 0, &err));
    free(log);
}

static void test_S9_newest_entries_cut_off_are_found(void **state)
{
    struct fixture *fixture = *state;
    char *log = closed_log(fixture);
    fixture_write(fixture->audit_path, log, (size_t)(line_at(log, 5) - log));
    fixture_open(fixture);
    REFUSED(ERR_TAMPERED, "ends after sequence 4; the vault knows it up to 5", fixture_unlock(fixture, 0, &err));
    fixture_write(fixture->audit_path, "", 0);
    REFUSED(ERR_TAMPERED, "ends after sequence 0", fixture_unlock(fixture, 0, &err));
    (void)unlink(fixture->audit_path);
    REFUSED(ERR_TAMPERED, "is gone", fixture_unlock(fixture, 0, &err));
    fixture_write(fixture->audit_path, log, strlen(log));
    GOOD(fixture_unlock(fixture, 0, &err));
    free(log);
}

static void test_S9_an_edit_while_unlocked_is_found_by_verifying(void **state)
{
    struct fixture *fixture = *state;
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    read_once(fixture, "reporting");
    char *log = fixture_read(fixture->audit_path, NULL);
    *strstr(line_at(log, 2), "uid:0") = 'U';
    fixture_write(fixture->audit_path, log, strlen(log));
    REFUSED(ERR_TAMPERED, "was edited at sequence 2", vault_audit_verify(fixture->vault, &entries, &err));
    fixture_write(fixture->audit_path, log, (size_t)(line_at(log, 2) - log));
    REFUSED(ERR_TAMPERED, "was cut off at sequence 2", vault_audit_verify(fixture->vault, &entries, &err));
    free(log);
}

static void test_S9_a_log_that_is_a_symbolic_link_is_refused(void **state)
{
    struct fixture *fixture = *state;
    char elsewhere[300];
    char *log = closed_log(fixture);
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", fixture->folder);
    assert_int_equal(rename(fixture->audit_path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, fixture->audit_path), 0);
    fixture_open(fixture);
    REFUSED(ERR_IO, "audit log", fixture_unlock(fixture, 0, &err));
    free(log);
}

/* --- Crashes ------------------------------------------------------------------------- */

/* In a child that ends without closing: unlock, add live/crashed, and cut the log by
 * that many bytes as if they had not been written. */
static void crash_after_commit(struct fixture *fixture, bool whole_line, size_t cut_bytes)
{
    fixture->vault = vault_close(fixture->vault);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct stat before;
        fixture_open(fixture);
        GOOD(fixture_unlock(fixture, 0, &err));
        (void)stat(fixture->audit_path, &before);
        fixture_add_committed(fixture, "live", "crashed", "secret", NULL, NULL);
        off_t keep = whole_line ? before.st_size : before.st_size + 30;
        if (cut_bytes > 0 && truncate(fixture->audit_path, keep) != 0)
            _exit(1);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture_open(fixture);
}

static void crash_check(struct fixture *fixture)
{
    uint64_t entries = 0;
    struct vault_key key;
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(vault_key_find(vault_writer(fixture->vault), "live", "crashed", &key, &err));
    assert_int_equal(fixture_log_count(fixture, "live/crashed"), 1);
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    assert_int_equal(fixture_log_count(fixture, "live/crashed"), 1);
}

static void test_S10_a_crash_between_commit_and_log_loses_no_entry(void **state)
{
    crash_after_commit(*state, true, 1);
    crash_check(*state);
    assert_int_equal(fixture_log_count(*state, "audit.mend"), 0);
}

static void test_S10_a_half_written_entry_is_cut_off_and_written_whole(void **state)
{
    crash_after_commit(*state, false, 1);
    crash_check(*state);
    assert_int_equal(fixture_log_count(*state, "audit.mend"), 1);
    assert_int_equal(fixture_log_count(*state, "cut off 30 bytes"), 1);
}

static void test_S10_a_crash_after_the_log_doubles_no_entry(void **state)
{
    crash_after_commit(*state, true, 0);
    crash_check(*state);
}

/* In a child that ends without closing: unlock, commit a group of many entries, and keep so many of them
 * in the log. */
static void crash_after_many(struct fixture *fixture, int entries, int kept)
{
    fixture->vault = vault_close(fixture->vault);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char detail[400];
        memset(detail, 'x', sizeof detail - 1);
        detail[sizeof detail - 1] = '\0';
        struct audit_entry entry = {.who = "oncall", .what = "of.many", .detail = detail};
        struct stat before, after;
        fixture_open(fixture);
        GOOD(fixture_unlock(fixture, 0, &err));
        (void)stat(fixture->audit_path, &before);
        fixture_begin(fixture);
        for (int i = 0; i < entries; i++)
            GOOD(vault_audit(fixture->vault, &entry, &err));
        fixture_commit(fixture);
        (void)stat(fixture->audit_path, &after);
        /* Somewhere in a line; the rest is written again. */
        off_t keep = before.st_size + (after.st_size - before.st_size) / entries * kept;
        _exit(truncate(fixture->audit_path, keep) == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture_open(fixture);
}

/* An emergency over a whole vault is one group: more than a row of the store has room for. */
static void test_S10_a_group_of_many_megabytes_of_entries_is_whole_after_a_crash(void **state)
{
    enum { ENTRIES = 3000 };
    static const int kept[] = {0, 700, 2500};
    struct fixture *fixture = *state;
    uint64_t entries = 0;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        crash_after_many(fixture, ENTRIES, kept[i]);
        GOOD(fixture_unlock(fixture, 0, &err));
        assert_int_equal(fixture_log_count(fixture, "\"of.many\""), (i + 1) * ENTRIES);
        GOOD(vault_audit_verify(fixture->vault, &entries, &err));
        GOOD(vault_anchor(fixture->vault, &err));
        GOOD(vault_anchor(fixture->vault, &err));
    }
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    assert_int_equal(fixture_log_count(fixture, "\"of.many\""), sizeof kept / sizeof kept[0] * ENTRIES);
}

static void test_S10_pending_entries_go_once_the_log_is_durable(void **state)
{
    struct fixture *fixture = *state;
    struct buf page = {0};
    uint64_t last = 0;
    for (int i = 0; i < 5; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "key-%d", i);
        fixture_add_committed(fixture, "live", name, name, NULL, NULL);
        GOOD(vault_anchor(fixture->vault, &err));
        GOOD(vault_anchor(fixture->vault, &err));
    }
    uint64_t generation = vault_generation(fixture->vault);
    assert_int_equal(generation, 6); /* anchoring raises none */
    fixture_reopen(fixture);
    GOOD(fixture_unlock(fixture, 0, &err));
    GOOD(vault_audit_page(fixture->vault, 0, 100, &page, &last, &err));
    assert_int_equal(last, 8); /* init, five keys, lock, unlock */
    buf_release(&page);
}

/* --- A full disk ---------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The log is made larger than the store first, so that the limit of file sizes holds back only the log. */
static void test_S9_a_log_that_cannot_be_written_keeps_the_secret_in(void **state)
{
    struct fixture *fixture = *state;
    struct secret *secret = NULL;
    struct stat status;
    uint64_t entries = 0;
    struct rlimit before;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    for (int i = 0; i < 8000; i++)
        read_once(fixture, "reporting");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(stat(fixture->audit_path, &status), 0);
    limit_files((rlim_t)status.st_size + 20);
    struct vault_session *session = vault_writer(fixture->vault);
    enum err_code code = vault_read_secret(session, "x", "live", "reporting", 0, NULL, &secret, NULL);
    assert_int_not_equal(code, ERR_OK);
    assert_null(secret);
    fixture_add_committed(fixture, "live", "added", "secret two", NULL, NULL); /* its entry waits */
    assert_int_not_equal(vault_begin(fixture->vault, NULL), ERR_OK);           /* and nothing more changes */
    limit_files(before.rlim_cur);
    fixture_add_committed(fixture, "live", "after", "secret three", NULL, NULL);
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 8000 + 4);
    assert_int_equal(fixture_log_count(fixture, "live/added"), 1);
    assert_int_equal(fixture_log_count(fixture, "live/after"), 1);
}

/* --- Several readers ------------------------------------------------------------------ */

enum { CROWD = 4 };

struct crowd {
    struct vault *vault;
    pthread_t threads[CROWD];
    atomic_bool stop;
    atomic_uint given;
    atomic_uint refused;
    atomic_uint wrong; /* refused and given all the same */
};

static void *crowd_run(void *context)
{
    struct crowd *crowd = context;
    struct vault_session *session = NULL;
    if (vault_session_new(crowd->vault, NULL, &session, NULL) != ERR_OK)
        atomic_fetch_add(&crowd->wrong, 1);
    while (session && !atomic_load(&crowd->stop)) {
        struct secret *secret = NULL;
        enum err_code code = vault_read_secret(session, "x", "live", "reporting", 0, NULL, &secret, NULL);
        atomic_fetch_add(code == ERR_OK ? &crowd->given : &crowd->refused, 1);
        atomic_fetch_add(&crowd->wrong, (code == ERR_OK) != (secret != NULL));
        secret_free(secret);
    }
    vault_session_free(session);
    return NULL;
}

static void crowd_start(struct crowd *crowd, struct vault *vault)
{
    crowd->vault = vault;
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&crowd->threads[i], NULL, crowd_run, crowd), 0);
}

static void crowd_stop(struct crowd *crowd)
{
    atomic_store(&crowd->stop, true);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(pthread_join(crowd->threads[i], NULL), 0);
}

static void wait_above(const atomic_uint *count, unsigned least)
{
    while (atomic_load(count) <= least)
        (void)usleep(1000);
}

static void test_S9_who_reads_while_the_disk_is_full_gets_nothing_and_who_got_it_has_a_line(void **state)
{
    enum { FIRST = 4000, LINES_BYTES = 3000 };
    struct fixture *fixture = *state;
    struct crowd crowd = {0};
    struct stat status;
    uint64_t entries = 0;
    struct rlimit before;
    fixture_add_committed(fixture, "live", "reporting", "secret one", NULL, NULL);
    for (int i = 0; i < FIRST; i++) /* the log alone is as large as the limit */
        read_once(fixture, "reporting");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    crowd_start(&crowd, fixture->vault);
    for (int i = 0; i < 3; i++) {
        wait_above(&crowd.given, atomic_load(&crowd.given));
        assert_int_equal(stat(fixture->audit_path, &status), 0);
        limit_files((rlim_t)status.st_size + LINES_BYTES);
        wait_above(&crowd.refused, atomic_load(&crowd.refused) + CROWD);
        limit_files(before.rlim_cur);
    }
    wait_above(&crowd.given, atomic_load(&crowd.given));
    crowd_stop(&crowd);
    assert_int_equal(crowd.wrong, 0);
    GOOD(vault_audit_verify(fixture->vault, &entries, &err));
    assert_int_equal(entries, 2 + FIRST + crowd.given); /* one for each, and none of those refused */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(test_S9_a_read_is_in_the_log_when_it_returns),
        TEST(test_pages_of_the_log_follow_each_other),
        TEST(test_S9_an_edited_line_is_found),
        TEST(test_S9_a_removed_line_is_found),
        TEST(test_S9_newest_entries_cut_off_are_found),
        TEST(test_S9_an_edit_while_unlocked_is_found_by_verifying),
        TEST(test_S9_a_log_that_is_a_symbolic_link_is_refused),
        TEST(test_S10_a_crash_between_commit_and_log_loses_no_entry),
        TEST(test_S10_a_half_written_entry_is_cut_off_and_written_whole),
        TEST(test_S10_a_crash_after_the_log_doubles_no_entry),
        TEST(test_S10_a_group_of_many_megabytes_of_entries_is_whole_after_a_crash),
        TEST(test_S10_pending_entries_go_once_the_log_is_durable),
        TEST(test_S9_a_log_that_cannot_be_written_keeps_the_secret_in),
        TEST(test_S9_who_reads_while_the_disk_is_full_gets_nothing_and_who_got_it_has_a_line),
    };
    return cmocka_run_group_tests_name("vault audit", tests, fixture_start, NULL);
}
