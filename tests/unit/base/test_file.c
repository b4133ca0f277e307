#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/own.h"
#include "folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static void test_a_file_is_appended_to_what_is_there(void **state)
{
    close(folder_file(state, "f", "content", 0600));
    OWN_BUF struct buf buf = {0};
    char path[512];
    buf_text_add(&buf, "before ");
    assert_int_equal(file_read(folder_path(state, "f", path), 7, &buf, NULL), ERR_OK);
    assert_string_equal(buf_text(&buf), "before content");
}

static void test_a_file_past_the_limit_leaves_the_buf_as_it_was(void **state)
{
    close(folder_file(state, "f", "content", 0600));
    OWN_BUF struct buf buf = {0};
    struct err err;
    char path[512];
    buf_text_add(&buf, "before");
    assert_int_equal(file_read(folder_path(state, "f", path), 6, &buf, &err), ERR_LIMIT);
    assert_non_null(strstr(err.message, path));
    assert_string_equal(buf_text(&buf), "before");
}

static void test_a_large_file_is_read_whole(void **state)
{
    char path[512];
    OWN_FD int fd = folder_file(state, "f", "", 0600);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(file_write_all(fd, "0123456789", 10, "the file", NULL), ERR_OK);
    OWN_BUF struct buf buf = {0};
    assert_int_equal(file_read(folder_path(state, "f", path), 100000, &buf, NULL), ERR_OK);
    assert_int_equal(buf.length, 100000);
    assert_int_equal(buf.data[99999], '9');
    assert_int_equal(file_read(path, 99999, &buf, NULL), ERR_LIMIT);
}

static void test_what_is_not_a_regular_file_is_refused_at_once(void **state)
{
    OWN_BUF struct buf buf = {0};
    struct err err;
    char path[512];
    assert_int_equal(mkfifo(folder_path(state, "fifo", path), 0600), 0);
    assert_int_equal(file_read(path, 10, &buf, &err), ERR_INVALID);
    const struct folder *folder = *state;
    assert_int_equal(file_read(folder->path, 10, &buf, &err), ERR_INVALID);
    assert_int_equal(file_read(folder_path(state, "missing", path), 10, &buf, &err), ERR_NOT_FOUND);
}

static void test_owner_and_mode_decide_what_is_private(void **state)
{
    static const struct {
        mode_t mode;
        enum err_code open;
        enum err_code secret;
        const char *remedy;
    } rows[] = {
        {0600, ERR_OK, ERR_OK, NULL},
        {0400, ERR_OK, ERR_OK, NULL},
        {0644, ERR_OK, ERR_DENIED, "chmod go="},
        {0640, ERR_OK, ERR_DENIED, "chmod go="},
        {0601, ERR_OK, ERR_DENIED, "chmod go="},
        {0620, ERR_DENIED, ERR_DENIED, NULL},
        {0602, ERR_DENIED, ERR_DENIED, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};
        OWN_FD int fd = folder_file(state, "f", "", rows[i].mode);
        assert_int_equal(file_check_private(fd, "f", false, &err), rows[i].open);
        if (rows[i].open != ERR_OK)
            assert_non_null(strstr(err.message, "chmod go-w f"));
        assert_int_equal(file_check_private(fd, "f", true, &err), rows[i].secret);
        if (rows[i].remedy)
            assert_non_null(strstr(err.message, rows[i].remedy));
        char path[512];
        assert_int_equal(unlink(folder_path(state, "f", path)), 0);
    }
}

static void test_a_stranger_s_file_is_refused(void **state)
{
    OWN_FD int fd = folder_file(state, "f", "", 0600);
    if (geteuid() != 0)
        skip(); /* nobody else can give a file away */
    assert_int_equal(fchown(fd, 12345, 12345), 0);
    struct err err = {0};
    assert_int_equal(file_check_private(fd, "f", false, &err), ERR_DENIED);
    assert_non_null(strstr(err.message, "chown 0 f"));
}

static void test_a_credential_that_root_lends_is_taken(void **state)
{
    static const struct {
        mode_t mode;
        uid_t reader;
        enum err_code code;
    } rows[] = {{0440, 12345, ERR_OK}, {0440, 0, ERR_DENIED}, {0444, 12345, ERR_DENIED}, {0640, 12345, ERR_DENIED}};
    if (geteuid() != 0)
        skip(); /* nobody else has files of root's to lend */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};
        OWN_FD int fd = folder_file(state, "f", "", rows[i].mode);
        assert_int_equal(fchmod(fd, rows[i].mode), 0);
        assert_int_equal(seteuid(rows[i].reader), 0);
        enum err_code code = file_check_private(fd, "f", true, &err);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(code, rows[i].code);
        char path[512];
        assert_int_equal(unlink(folder_path(state, "f", path)), 0);
    }
}

static void test_missing_folders_are_made_with_the_mode(void **state)
{
    char path[512];
    struct stat status;
    mode_t mask = umask(0);
    assert_int_equal(file_make_folders(folder_path(state, "a/b//c/", path), 0750, NULL), ERR_OK);
    assert_int_equal(file_make_folders(path, 0700, NULL), ERR_OK);
    umask(mask);
    assert_int_equal(stat(folder_path(state, "a", path), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
    assert_int_equal(stat(folder_path(state, "a/b/c", path), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0750);
}

static void test_a_file_in_the_way_of_a_folder_is_named(void **state)
{
    char path[512];
    struct err err;
    close(folder_file(state, "f", "", 0600));
    assert_int_equal(file_make_folders(folder_path(state, "f", path), 0700, &err), ERR_EXISTS);
    assert_non_null(strstr(err.message, path));
    assert_int_not_equal(file_make_folders(folder_path(state, "f/g", path), 0700, &err), ERR_OK);
    assert_int_equal(file_make_folders("", 0700, &err), ERR_INVALID);
    assert_int_equal(file_make_folders("/", 0700, &err), ERR_OK);
}

static void test_a_path_has_less_than_4096_bytes(void **state)
{
    (void)state;
    char path[4097];
    struct err err;
    memset(path, '/', sizeof path);
    path[4096] = '\0';
    assert_int_equal(file_make_folders(path, 0700, &err), ERR_LIMIT);
    path[4095] = '\0';
    assert_int_equal(file_make_folders(path, 0700, &err), ERR_OK); /* it is the root */
}

static void test_a_folder_can_be_synced_and_a_missing_one_not(void **state)
{
    char path[512];
    const struct folder *folder = *state;
    struct err err;
    assert_int_equal(file_sync_folder(folder->path, &err), ERR_OK);
    assert_int_equal(file_sync_folder(folder_path(state, "missing", path), &err), ERR_NOT_FOUND);
}

/* Takes bytes off a pipe, slowly at first, so that the writer meets a full one. */
static void *drain(void *argument)
{
    static _Thread_local char sink[4096];
    const int *fd = argument;
    size_t sum = 0;
    usleep(20000);
    for (ssize_t got; (got = read(*fd, sink, sizeof sink)) > 0;)
        sum += (size_t)got;
    return (void *)sum;
}

static void test_a_full_pipe_is_written_on(void **state)
{
    (void)state;
    int ends[2];
    pthread_t reader;
    void *sum = NULL;
    char *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    assert_int_equal(file_write_all(ends[1], bytes, 1 << 20, "the pipe", NULL), ERR_OK);
    close(ends[1]);
    pthread_join(reader, &sum);
    close(ends[0]);
    free(bytes);
    assert_int_equal((size_t)sum, 1 << 20);
}

static void test_a_full_device_is_told_apart(void **state)
{
    (void)state;
    OWN_FD int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct err err;
    if (fd < 0)
        skip();
    assert_int_equal(file_write_all(fd, "x", 1, "the store", &err), ERR_FULL);
    assert_int_equal(err.sys, ENOSPC);
    assert_non_null(strstr(err.message, "the store"));
}

#define in_a_folder(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_folder(test_a_file_is_appended_to_what_is_there),
        in_a_folder(test_a_file_past_the_limit_leaves_the_buf_as_it_was),
        in_a_folder(test_a_large_file_is_read_whole),
        in_a_folder(test_what_is_not_a_regular_file_is_refused_at_once),
        in_a_folder(test_owner_and_mode_decide_what_is_private),
        in_a_folder(test_a_stranger_s_file_is_refused),
        in_a_folder(test_a_credential_that_root_lends_is_taken),
        in_a_folder(test_missing_folders_are_made_with_the_mode),
        in_a_folder(test_a_file_in_the_way_of_a_folder_is_named),
        cmocka_unit_test(test_a_path_has_less_than_4096_bytes),
        in_a_folder(test_a_folder_can_be_synced_and_a_missing_one_not),
        cmocka_unit_test(test_a_full_pipe_is_written_on),
        cmocka_unit_test(test_a_full_device_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
