/* Making the socket: both sides of its limit, and everything that may stand in its place. */
#include "api/api.h"

#include "base/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (const struct sockaddr *)&address, sizeof address);
}

static void test_it_listens_for_its_user_alone(void **state)
{
    char path[512];
    struct stat status;
    struct err err = {0};
    OWN_FD int fd = -1;
    assert_int_equal(api_listen(folder_path(state, "new/agent.sock", path), NULL, &fd, &err), ERR_OK);
    assert_int_equal(connect_to(path), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat(folder_path(state, "new", path), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
}

static void test_a_group_may_connect(void **state)
{
    char path[512];
    struct stat status;
    struct err err = {0};
    OWN_FD int fd = -1;
    if (geteuid() != 0)
        skip();
    assert_int_equal(api_listen(folder_path(state, "s", path), "root", &fd, &err), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
}

static void test_an_unknown_group_is_named_and_leaves_nothing(void **state)
{
    char path[512];
    struct err err = {0};
    int fd = -1;
    assert_int_equal(api_listen(folder_path(state, "s", path), "no-such-group", &fd, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "no-such-group"));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void test_a_path_has_107_bytes_and_not_108(void **state)
{
    const struct folder *folder = *state;
    char path[512];
    struct err err = {0};
    OWN_FD int fd = -1;
    size_t length = (size_t)snprintf(path, sizeof path, "%s/", folder->path);
    if (length > 100)
        skip();
    memset(path + length, 's', 108 - length);
    path[108] = '\0';
    assert_int_equal(api_listen(path, NULL, &fd, &err), ERR_LIMIT);
    path[107] = '\0';
    assert_int_equal(api_listen(path, NULL, &fd, &err), ERR_OK);
    assert_int_equal(connect_to(path), 0);
}

static void test_a_path_is_whole(void **state)
{
    (void)state;
    struct err err = {0};
    int fd = -1;
    assert_int_equal(api_listen("agent.sock", NULL, &fd, &err), ERR_INVALID);
}

static void test_where_an_agent_answers_no_other_listens(void **state)
{
    char path[512];
    struct err err = {0};
    int second = -1;
    OWN_FD int first = -1;
    assert_int_equal(api_listen(folder_path(state, "s", path), NULL, &first, &err), ERR_OK);
    assert_int_equal(api_listen(path, NULL, &second, &err), ERR_EXISTS);
    assert_non_null(strstr(err.message, "already; end it first, or give this one another: --socket"));
    assert_int_equal(connect_to(path), 0);
}

static void test_a_socket_left_behind_is_replaced(void **state)
{
    char path[512];
    struct err err = {0};
    OWN_FD int second = -1;
    int first = -1;
    assert_int_equal(api_listen(folder_path(state, "s", path), NULL, &first, &err), ERR_OK);
    close(first);
    assert_int_not_equal(connect_to(path), 0);
    assert_int_equal(api_listen(path, NULL, &second, &err), ERR_OK);
    assert_int_equal(connect_to(path), 0);
}

static void test_a_file_in_its_place_stays(void **state)
{
    char path[512];
    struct err err = {0};
    int fd = -1;
    close(folder_file(state, "s", "mine", 0600));
    assert_int_equal(api_listen(folder_path(state, "s", path), NULL, &fd, &err), ERR_EXISTS);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_a_symlink_in_its_place_is_refused(void **state)
{
    char path[512], target[512];
    struct err err = {0};
    int fd = -1;
    assert_int_equal(symlink(folder_path(state, "elsewhere", target), folder_path(state, "s", path)), 0);
    assert_int_equal(api_listen(path, NULL, &fd, &err), ERR_DENIED);
    assert_int_not_equal(access(target, F_OK), 0);
}

static void test_a_folder_that_others_may_write_to_is_refused(void **state)
{
    const struct folder *folder = *state;
    char path[512];
    struct err err = {0};
    int fd = -1;
    assert_int_equal(chmod(folder->path, 0777), 0);
    assert_int_equal(api_listen(folder_path(state, "s", path), NULL, &fd, &err), ERR_DENIED);
    assert_non_null(strstr(err.message, "chmod"));
    assert_int_equal(chmod(folder->path, 01777), 0);
    OWN_FD int sticky = -1;
    assert_int_equal(api_listen(path, NULL, &sticky, &err), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_listens_for_its_user_alone, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_group_may_connect, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_an_unknown_group_is_named_and_leaves_nothing, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_path_has_107_bytes_and_not_108, folder_setup, folder_teardown),
        cmocka_unit_test(test_a_path_is_whole),
        cmocka_unit_test_setup_teardown(test_where_an_agent_answers_no_other_listens, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_socket_left_behind_is_replaced, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_file_in_its_place_stays, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_symlink_in_its_place_is_refused, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_that_others_may_write_to_is_refused, folder_setup,
                                        folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
