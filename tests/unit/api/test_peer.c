/* Who the peer is, how many connections a user holds, and who may do what. */
#include "../../../agent/api/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EACH = 3, SOMEBODY = 65534 };

static void test_the_peer_is_who_the_kernel_says(void **state)
{
    (void)state;
    struct peers peers;
    struct peer peer;
    struct err err = {0};
    char begins[32];
    int pair[2];
    peers_init(&peers, EACH);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(peer_arrive(&peers, pair[0], &peer, &err), ERR_OK);
    assert_int_equal(peer.uid, geteuid());
    (void)snprintf(begins, sizeof begins, "uid:%u", (unsigned)geteuid());
    assert_memory_equal(peer.name, begins, strlen(begins));
    assert_true(strlen(peer.name) <= LIMIT_NAME_BYTES);
    peer_leave(&peers, &peer);
    close(pair[0]);
    close(pair[1]);
    peers_release(&peers);
}

static void test_a_socket_without_a_peer_is_refused(void **state)
{
    (void)state;
    struct peers peers;
    struct peer peer;
    struct err err = {0};
    peers_init(&peers, EACH);
    assert_int_not_equal(peer_arrive(&peers, -1, &peer, &err), ERR_OK);
    peers_release(&peers);
}

static int hold_as_somebody(void)
{
    struct peers peers;
    struct peer peer;
    struct err err = {0};
    int pair[2];
    peers_init(&peers, EACH);
    /* The kernel notes the peer when the pair is made; then we are root again, to whom they are foreign. */
    if (seteuid(SOMEBODY) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || seteuid(0) != 0)
        return 10;
    for (int i = 0; i < EACH; i++)
        if (peer_arrive(&peers, pair[0], &peer, &err) != ERR_OK)
            return 11;
    if (peer_arrive(&peers, pair[0], &peer, &err) != ERR_LIMIT)
        return 12;
    peer_leave(&peers, &peer);
    return peer_arrive(&peers, pair[0], &peer, &err) == ERR_OK ? 0 : 13;
}

static void test_a_user_holds_so_many_connections_and_no_more(void **state)
{
    (void)state;
    int status = 0;
    if (geteuid() != 0)
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(hold_as_somebody());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_root_and_our_user_hold_as_many_as_they_like(void **state)
{
    (void)state;
    struct peers peers;
    struct peer peer;
    struct err err = {0};
    int pair[2];
    peers_init(&peers, EACH);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (int i = 0; i < 10 * EACH; i++)
        assert_int_equal(peer_arrive(&peers, pair[0], &peer, &err), ERR_OK);
    close(pair[0]);
    close(pair[1]);
    peers_release(&peers);
}

static void test_root_and_our_user_may_do_all(void **state)
{
    (void)state;
    const uid_t uids[] = {0, geteuid()};
    for (size_t i = 0; i < 2; i++)
        for (int what = ACCESS_HEALTH; what <= ACCESS_ADMIN; what++) {
            const struct peer peer = {.uid = uids[i], .name = "uid:x"};
            assert_int_equal(access_check(&peer, (enum access_what)what, "live", "x", NULL), ERR_OK);
        }
}

static void test_others_may_ask_for_the_health_alone(void **state)
{
    (void)state;
    const struct peer peer = {.uid = geteuid() + 1, .name = "uid:77(eve)"};
    assert_int_equal(access_check(&peer, ACCESS_HEALTH, NULL, NULL, NULL), ERR_OK);
    for (int what = ACCESS_LIST; what <= ACCESS_ADMIN; what++) {
        struct err err = {0};
        assert_int_equal(access_check(&peer, (enum access_what)what, "live", "x", &err), ERR_DENIED);
        assert_non_null(strstr(err.message, "uid:77(eve)"));
        assert_non_null(strstr(err.message, "live/x"));
        assert_int_equal(access_check(&peer, (enum access_what)what, NULL, NULL, &err), ERR_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_peer_is_who_the_kernel_says),
        cmocka_unit_test(test_a_socket_without_a_peer_is_refused),
        cmocka_unit_test(test_a_user_holds_so_many_connections_and_no_more),
        cmocka_unit_test(test_root_and_our_user_hold_as_many_as_they_like),
        cmocka_unit_test(test_root_and_our_user_may_do_all),
        cmocka_unit_test(test_others_may_ask_for_the_health_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
