/* The client against answers of every kind, written into a socket beforehand. */
#include "client.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct trial {
    struct client client;
    int peer;
    struct buf body;
    struct http_head head;
    struct err err;
};

static void trial_begin(struct trial *trial, const char *answer, size_t length)
{
    int pair[2];
    *trial = (struct trial){.client = CLIENT_NONE};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    trial->client.stream.fd = pair[0];
    trial->peer = pair[1];
    if (length > 0)
        assert_int_equal(write(trial->peer, answer, length), (ssize_t)length);
}

static void trial_end(struct trial *trial)
{
    client_release(&trial->client);
    buf_release(&trial->body);
    close(trial->peer);
}

static enum err_code keep(void *context, const struct http_head *head, const void *bytes, size_t length,
                          struct err *err)
{
    (void)head;
    (void)err;
    buf_add(context, bytes, length);
    return ERR_OK;
}

enum { PLENTY_MS = 60 * 1000 };

static enum err_code ask_for(struct trial *trial, int timeout_ms)
{
    const struct http_request request = {.method = "GET", .path = "/v1/health", .timeout_ms = timeout_ms};
    return client_call(&trial->client, &request, keep, &trial->body, &trial->head, &trial->err);
}

static enum err_code ask(struct trial *trial)
{
    return ask_for(trial, PLENTY_MS);
}

static const struct {
    const char *answer;
    const char *body;
    int status;
    bool stays; /* the connection can be used again */
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, true},
    {"HTTP/1.1 200 OK\r\ncontent-length:5\r\nConnection: close\r\n\r\nhello", "hello", 200, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false},
    {"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", 200, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", 204, true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", 200, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
     "abc0123456789", 200, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", "a", 200, true},
    {"HTTP/1.1 423 Locked\r\nContent-Type: application/problem+json; charset=utf-8\r\nContent-Length: "
     "2\r\n\r\n{}",
     "{}", 423, true},
};

static void test_answers_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct trial trial;
        trial_begin(&trial, good[i].answer, strlen(good[i].answer));
        shutdown(trial.peer, SHUT_WR);
        if (ask(&trial) != ERR_OK)
            fail_msg("%s: %s", good[i].answer, trial.err.message);
        assert_int_equal(trial.head.status, good[i].status);
        assert_string_equal(buf_text(&trial.body), good[i].body);
        assert_int_equal(trial.client.stream.fd >= 0, good[i].stays);
        trial_end(&trial);
    }
}

static const struct {
    const char *answer;
    enum err_code code;
} bad[] = {
    {"", ERR_UNCERTAIN},
    {"H", ERR_UNCERTAIN},
    {"SSH-2.0-OpenSSH_9.2\r\n", ERR_FORMAT},
    {"HTTP/2 200 OK\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 2x0 OK\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", ERR_UNCERTAIN},
    {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", ERR_UNCERTAIN},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", ERR_FORMAT},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ERR_UNCERTAIN},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", ERR_FORMAT},
};

static void test_broken_answers_are_refused_and_the_connection_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct trial trial;
        trial_begin(&trial, bad[i].answer, strlen(bad[i].answer));
        shutdown(trial.peer, SHUT_WR);
        enum err_code code = ask(&trial);
        if (code != bad[i].code)
            fail_msg("“%s”: %s, not %s", bad[i].answer, err_code_name(code), err_code_name(bad[i].code));
        assert_true(trial.err.message[0] != '\0');
        assert_int_equal(trial.client.stream.fd, -1);
        trial_end(&trial);
    }
}

static void test_silence_ends(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"};
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        trial_begin(&trial, beginnings[i], strlen(beginnings[i]));
        assert_int_equal(ask_for(&trial, 50), ERR_BUSY);
        trial_end(&trial);
    }
}

/* A head that never ends must end, at the buffer's size. */
static void test_an_endless_head_is_refused(void **state)
{
    (void)state;
    OWN_BUF struct buf answer = {0};
    buf_text_add(&answer, "HTTP/1.1 200 OK\r\n");
    while (answer.length < STREAM_IN_BYTES + 100)
        buf_text_add(&answer, "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    struct trial trial;
    trial_begin(&trial, answer.data, answer.length);
    shutdown(trial.peer, SHUT_WR);
    assert_int_equal(ask(&trial), ERR_LIMIT);
    trial_end(&trial);
}

static enum err_code refuse(void *context, const struct http_head *head, const void *bytes, size_t length,
                            struct err *err)
{
    (void)context;
    (void)head;
    (void)bytes;
    (void)length;
    return err_set(err, ERR_FULL, "no more");
}

static void test_a_taker_may_refuse(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, good[0].answer, strlen(good[0].answer));
    const struct http_request request = {.method = "GET", .path = "/", .timeout_ms = PLENTY_MS};
    assert_int_equal(client_call(&trial.client, &request, refuse, NULL, &trial.head, &trial.err), ERR_FULL);
    assert_int_equal(trial.client.stream.fd, -1);
    trial_end(&trial);
}

static void test_the_request_is_as_it_should_be(void **state)
{
    (void)state;
    struct trial trial;
    char got[512] = "";
    trial_begin(&trial, good[0].answer, strlen(good[0].answer));
    const struct http_request request = {
        .method = "POST", .path = "/v1/x", .body = "{\"a\":1}", .body_length = 7, .timeout_ms = PLENTY_MS};
    assert_int_equal(client_call(&trial.client, &request, keep, &trial.body, &trial.head, &trial.err), ERR_OK);
    assert_true(read(trial.peer, got, sizeof got - 1) > 0);
    assert_string_equal(got, "POST /v1/x HTTP/1.1\r\nHost: keyturn\r\nAccept: application/json\r\n"
                             "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    trial_end(&trial);
}

/* What is said before it is asked for belongs to no request. */
static void test_a_connection_with_leftovers_is_not_used_again(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, "", 0);
    assert_true(stream_is_fresh(&trial.client.stream));
    assert_int_equal(write(trial.peer, "HTTP", 4), 4);
    assert_false(stream_is_fresh(&trial.client.stream));
    trial_end(&trial);
}

/* S6: with a locked buffer the answer's bytes are in it and nowhere else. */
static void test_S6_a_secret_answer_is_held_in_locked_memory(void **state)
{
    (void)state;
    struct trial trial;
    struct err err;
    assert_int_equal(secret_init(&err), ERR_OK);
    trial_begin(&trial, good[0].answer, strlen(good[0].answer));
    assert_int_equal(stream_lock(&trial.client.stream, &err), ERR_OK);
    assert_int_equal(ask(&trial), ERR_OK);
    assert_ptr_equal(trial.client.stream.in, secret_peek(trial.client.stream.locked));
    assert_string_equal(buf_text(&trial.body), "hello");
    trial_end(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_read_whole),
        cmocka_unit_test(test_broken_answers_are_refused_and_the_connection_is_left),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_an_endless_head_is_refused),
        cmocka_unit_test(test_a_taker_may_refuse),
        cmocka_unit_test(test_the_request_is_as_it_should_be),
        cmocka_unit_test(test_a_connection_with_leftovers_is_not_used_again),
        cmocka_unit_test(test_S6_a_secret_answer_is_held_in_locked_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
