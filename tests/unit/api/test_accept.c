/* Dealing connections out: evenly, up to a limit, and on when some have left. */
#include "../../../agent/api/accept.h"

#include "base/folder.h"

#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LANES = 4, MOST = 8 };

struct hall {
    char path[512];
    int listen_fd;
    struct acceptor *acceptor;
    atomic_int given[LANES];
    atomic_int all;
    atomic_bool refuses;
    int fds[64];
};

static bool hall_give(void *context, size_t lane, int fd)
{
    struct hall *hall = context;
    bool refuses = atomic_load(&hall->refuses);
    if (refuses)
        close(fd);
    else
        hall->fds[atomic_load(&hall->all)] = fd;
    atomic_fetch_add(&hall->given[lane], refuses ? 0 : 1);
    atomic_fetch_add(&hall->all, 1);
    return !refuses;
}

static void hall_open(void **state, struct hall *hall)
{
    struct err err = {0};
    *hall = (struct hall){.listen_fd = -1};
    assert_int_equal(api_listen(folder_path(state, "s", hall->path), NULL, &hall->listen_fd, &err), ERR_OK);
    assert_int_equal(fcntl(hall->listen_fd, F_SETFL, O_NONBLOCK), 0);
    const struct acceptor_options options = {
        .listen_fd = hall->listen_fd, .lanes = LANES, .most = MOST, .give = hall_give, .context = hall};
    assert_int_equal(acceptor_new(&options, &hall->acceptor, &err), ERR_OK);
    assert_int_equal(acceptor_start(hall->acceptor, &err), ERR_OK);
}

static void hall_close(struct hall *hall)
{
    acceptor_free(hall->acceptor);
    for (int i = 0; i < atomic_load(&hall->all) && !atomic_load(&hall->refuses); i++)
        close(hall->fds[i]);
    close(hall->listen_fd);
}

static int hall_connect(const struct hall *hall)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, hall->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Has it been given so many in all? Waits for it, for a minute at most. */
static bool hall_reaches(struct hall *hall, int count)
{
    const struct timespec step = {.tv_nsec = 1000 * 1000};
    for (int i = 0; i < 60000 && atomic_load(&hall->all) < count; i++)
        (void)nanosleep(&step, NULL);
    return atomic_load(&hall->all) == count;
}

static void test_each_lane_has_as_many_as_the_others(void **state)
{
    struct hall hall;
    int clients[MOST];
    hall_open(state, &hall);
    for (int i = 0; i < MOST; i++)
        clients[i] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, MOST));
    for (int i = 0; i < LANES; i++)
        assert_int_equal(atomic_load(&hall.given[i]), MOST / LANES);
    hall_close(&hall);
    for (int i = 0; i < MOST; i++)
        close(clients[i]);
}

static void test_the_next_goes_where_one_has_left(void **state)
{
    struct hall hall;
    int clients[LANES + 1];
    hall_open(state, &hall);
    for (int i = 0; i < LANES; i++)
        clients[i] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, LANES));
    acceptor_left(hall.acceptor, 2);
    clients[LANES] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, LANES + 1));
    assert_int_equal(atomic_load(&hall.given[2]), 2);
    hall_close(&hall);
    for (int i = 0; i <= LANES; i++)
        close(clients[i]);
}

static void test_more_than_the_most_wait_until_one_leaves(void **state)
{
    struct hall hall;
    int clients[MOST + 2];
    hall_open(state, &hall);
    for (int i = 0; i < MOST + 2; i++)
        clients[i] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, MOST));
    acceptor_left(hall.acceptor, 0);
    assert_true(hall_reaches(&hall, MOST + 1));
    acceptor_left(hall.acceptor, 1);
    assert_true(hall_reaches(&hall, MOST + 2));
    assert_int_equal(atomic_load(&hall.given[0]), 3);
    assert_int_equal(atomic_load(&hall.given[1]), 3);
    hall_close(&hall);
    for (int i = 0; i < MOST + 2; i++)
        close(clients[i]);
}

static void test_one_that_came_to_nothing_takes_no_place(void **state)
{
    struct hall hall;
    int clients[2 * MOST];
    hall_open(state, &hall);
    atomic_store(&hall.refuses, true);
    for (int i = 0; i < 2 * MOST; i++)
        clients[i] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, 2 * MOST));
    hall_close(&hall);
    for (int i = 0; i < 2 * MOST; i++)
        close(clients[i]);
}

static void test_it_ends_while_it_is_full(void **state)
{
    struct hall hall;
    int clients[MOST];
    hall_open(state, &hall);
    for (int i = 0; i < MOST; i++)
        clients[i] = hall_connect(&hall);
    assert_true(hall_reaches(&hall, MOST));
    acceptor_stop(hall.acceptor);
    acceptor_left(hall.acceptor, 0);
    hall_close(&hall);
    for (int i = 0; i < MOST; i++)
        close(clients[i]);
}

/* What libmicrohttpd leaves a connection alone for. */
static void test_an_option_of_TCP_is_none_of_a_unix_socket(void **state)
{
    (void)state;
    const int on = 1;
    int got = 0;
    socklen_t size = sizeof got;
    int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(local, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), -1);
    assert_int_equal(errno, ENOPROTOOPT);
    assert_int_equal(setsockopt(-1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &got, &size), 0);
    assert_true(got);
    close(local);
    close(tcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_lane_has_as_many_as_the_others, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_the_next_goes_where_one_has_left, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(test_more_than_the_most_wait_until_one_leaves, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(test_one_that_came_to_nothing_takes_no_place, folder_setup,
                                        folder_teardown),
        cmocka_unit_test(test_an_option_of_TCP_is_none_of_a_unix_socket),
        cmocka_unit_test_setup_teardown(test_it_ends_while_it_is_full, folder_setup, folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
