/* The client against a server that misbehaves in each way a network can. */
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/server.h"

#define JSON_OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static const struct server_route routes[] = {
    {"/ok", JSON_OK},
    {"/type", "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 0\r\n\r\n"},
    {"/twice", "HTTP/1.1 200 OK\r\nX-Id: one\r\nx-id:  two \r\nContent-Length: 0\r\n\r\n"},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"/html", "HTTP/1.1 503 No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"},
    {"/wait", "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n" JSON_OK},
    {"/truncated", "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Why: content-length\r\ncontent-length: 10\r\n\r\n{}"},
    {"/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
    {"/garbage", "this is not HTTP at all\r\n\r\n"},
    {"/closes", "", SERVER_CLOSES},
    {"/resets", "", SERVER_RESETS},
    {"/kept", JSON_OK, SERVER_DROPS_KEPT},
    {"/silent", "", SERVER_STALLS},
    {"/slow", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", SERVER_STALLS},
    {"/limit", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", SERVER_ANSWERS, 5000},
    {"/over", "HTTP/1.1 200 OK\r\nContent-Length: 5001\r\n\r\n", SERVER_ANSWERS, 5001},
    {"/endless", "HTTP/1.1 200 OK\r\n\r\n", SERVER_ANSWERS, 64 << 20},
    {"/header-bomb", "HTTP/1.1 200 OK\r\nX-Bomb: ", SERVER_ANSWERS, 4 << 20},
    {"", ""},
};

struct fixture {
    struct server *server;
    struct secret_arena *arena;
    struct http_client *client;
};

/* What came back, kept after done returned. */
struct outcome {
    int calls;
    enum http_outcome outcome;
    int status;
    int64_t retry_after_ms;
    char type[128];
    char body[8192];
    size_t body_length;
    char x_id[32];
    char early[32];
    char problem[160];
};

static void keep_header(const struct http_answer *answer, const char *name, char *out, size_t size)
{
    const char *value = http_answer_header(answer, name);
    snprintf(out, size, "%s", value ? value : "-");
}

static void keep(void *context, struct http_answer *answer)
{
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->outcome = answer->outcome;
    outcome->status = answer->status;
    outcome->retry_after_ms = answer->retry_after_ms;
    snprintf(outcome->type, sizeof outcome->type, "%s", answer->content_type);
    snprintf(outcome->problem, sizeof outcome->problem, "%s", answer->problem);
    keep_header(answer, "x-id", outcome->x_id, sizeof outcome->x_id);
    keep_header(answer, "x-early", outcome->early, sizeof outcome->early);
    if (answer->body) {
        outcome->body_length = secret_length(answer->body);
        size_t shown = outcome->body_length < sizeof outcome->body - 1 ? outcome->body_length
                                                                      : sizeof outcome->body - 1;
        memcpy(outcome->body, secret_peek(answer->body), shown);
    }
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err;
    struct http_options options = {.user_agent = "keyturn-test"};
    fixture->server = server_start(routes);
    fixture->arena = secret_arena_new(256 * 1024);
    if (http_client_new(&options, &clock_system, fixture->arena, &fixture->client, &err) != ERR_OK)
        return -1;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    http_client_free(fixture->client);
    secret_arena_free(fixture->arena);
    server_stop(fixture->server);
    free(fixture);
    return 0;
}

static struct secret *text_secret(const char *text)
{
    struct secret *secret = secret_new(strlen(text) + 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, text, strlen(text)), ERR_OK);
    return secret;
}

static void run(struct fixture *fixture)
{
    while (http_perform(fixture->client) > 0)
        http_wait(fixture->client, 1000);
}

/* Send a request to a path of the server and wait for its end. */
static struct outcome ask_with(struct fixture *fixture, const char *method, const char *path,
                               struct http_request request)
{
    struct outcome outcome = {0};
    struct err err = {0};
    char url[256];
    snprintf(url, sizeof url, "%s%s", fixture->server->url, path);
    request.method = method;
    if (!request.url)
        request.url = url;
    assert_int_equal(http_start(fixture->client, &request, keep, &outcome, &err), ERR_OK);
    run(fixture);
    assert_int_equal(outcome.calls, 1);
    return outcome;
}

static struct outcome ask(struct fixture *fixture, const char *method, const char *path)
{
    return ask_with(fixture, method, path, (struct http_request){.timeout_ms = 60 * 1000});
}

static void test_answer_comes_with_status_type_and_body(void **state)
{
    struct outcome got = ask(*state, "GET", "/ok");
    assert_int_equal(got.outcome, HTTP_ANSWERED);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.type, "application/json");
    assert_string_equal(got.body, "{}");
    assert_int_equal(got.retry_after_ms, -1);
}

static void test_media_type_is_lower_case_without_parameters(void **state)
{
    assert_string_equal(ask(*state, "GET", "/type").type, "application/json");
}

static void test_last_header_of_a_name_counts(void **state)
{
    assert_string_equal(ask(*state, "GET", "/twice").x_id, "two");
    assert_string_equal(ask(*state, "GET", "/ok").x_id, "-");
}

static void test_empty_answer_has_a_body_of_no_bytes(void **state)
{
    struct outcome got = ask(*state, "DELETE", "/empty");
    assert_int_equal(got.outcome, HTTP_ANSWERED);
    assert_int_equal(got.status, 204);
    assert_int_equal(got.body_length, 0);
    assert_string_equal(got.type, "");
}

static void test_S2_redirect_is_an_answer_and_not_followed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ask(fixture, "GET", "/redirect").status, 302);
    assert_int_equal(atomic_load(&fixture->server->requests), 1);
}

static void test_interim_headers_are_forgotten(void **state)
{
    struct outcome got = ask(*state, "GET", "/interim");
    assert_int_equal(got.status, 200);
    assert_string_equal(got.early, "-");
    assert_string_equal(got.type, "application/json");
}

static void test_retry_after_is_read(void **state)
{
    assert_int_equal(ask(*state, "GET", "/wait").retry_after_ms, 7000);
}

static void test_headers_and_body_arrive(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = {.headers = text_secret("X-Api-Key: sk_test_1\nX-Two: b c\n"),
                                   .body = text_secret("{\"a\":1}")};
    assert_int_equal(ask_with(fixture, "POST", "/ok", request).status, 200);
    assert_true(server_saw(fixture->server, "POST /ok HTTP/1.1\r\n"));
    assert_true(server_saw(fixture->server, "X-Api-Key: sk_test_1\r\n"));
    assert_true(server_saw(fixture->server, "X-Two: b c\r\n"));
    assert_true(server_saw(fixture->server, "User-Agent: keyturn-test\r\n"));
    assert_true(server_saw(fixture->server, "\r\n\r\n{\"a\":1}"));
}

/* A handle is used again: nothing of the last request may stay on it. */
static void test_S6_nothing_of_a_request_is_left_on_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct http_request request = {.headers = text_secret("X-Api-Key: sk_test_1\n"),
                                   .body = text_secret("{\"a\":1}")};
    ask_with(fixture, "PUT", "/ok", request);
    assert_true(server_saw(fixture->server, "PUT /ok HTTP/1.1\r\n"));
    ask(fixture, "GET", "/ok");
    assert_true(server_saw(fixture->server, "GET /ok HTTP/1.1\r\n"));
    assert_false(server_saw(fixture->server, "sk_test_1"));
    assert_false(server_saw(fixture->server, "ontent-"));
    ask(fixture, "DELETE", "/ok");
    assert_true(server_saw(fixture->server, "DELETE /ok HTTP/1.1\r\n"));
    ask(fixture, "POST", "/ok");
    assert_true(server_saw(fixture->server, "POST /ok HTTP/1.1\r\n"));
    assert_true(server_saw(fixture->server, "Content-Length: 0\r\n"));
    assert_int_equal(ask(fixture, "HEAD", "/empty").status, 204);
    assert_int_equal(ask(fixture, "GET", "/ok").body_length, 2);
}

static void test_S3_refused_connection_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    char url[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(address.sin_port));
    struct outcome got = ask_with(fixture, "POST", "", (struct http_request){.url = url});
    assert_int_equal(got.outcome, HTTP_NOT_SENT);
    assert_int_equal(got.status, 0);
    assert_non_null(strstr(got.problem, "127.0.0.1"));
    close(fd);
}

static void test_S3_failed_tls_handshake_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/ok", fixture->server->port);
    struct outcome got =
        ask_with(fixture, "POST", "", (struct http_request){.url = url, .timeout_ms = 500});
    assert_int_equal(got.outcome, HTTP_NOT_SENT);
    assert_int_equal(atomic_load(&fixture->server->requests), 0);
}

static void test_S3_url_that_is_none_is_not_sent(void **state)
{
    static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "http://", "nothing at all",
                                       "http://user:pass@127.0.0.1/", "gopher://127.0.0.1/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        assert_int_equal(ask_with(*state, "GET", "", (struct http_request){.url = urls[i]}).outcome,
                         HTTP_NOT_SENT);
}

static void test_S3_lost_answers_are_uncertain(void **state)
{
    /* Those that never end have time enough to be sent, also on a machine that is busy. */
    static const struct {
        const char *path;
        int64_t timeout_ms;
    } rows[] = {{"/closes", 60000}, {"/resets", 60000}, {"/truncated", 60000}, {"/chunked", 60000},
                {"/garbage", 60000}, {"/silent", 3000}, {"/slow", 3000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome got = ask_with(*state, "POST", rows[i].path, (struct http_request){.timeout_ms = rows[i].timeout_ms});
        if (got.outcome != HTTP_UNCERTAIN)
            fail_msg("%s: outcome %d", rows[i].path, (int)got.outcome);
        assert_int_equal(got.status, 0);
        assert_true(got.problem[0] != '\0');
    }
}

/* The other side may have acted before it closed the kept connection. */
static void test_S3_change_on_a_kept_connection_is_sent_once(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ask(fixture, "GET", "/ok").status, 200);
    struct http_request request = {.body = text_secret("{}")};
    assert_int_equal(ask_with(fixture, "POST", "/kept", request).outcome, HTTP_UNCERTAIN);
    assert_int_equal(atomic_load(&fixture->server->requests), 2);
}

static void test_read_on_a_kept_connection_is_sent_again(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ask(fixture, "GET", "/ok").status, 200);
    assert_int_equal(ask(fixture, "GET", "/kept").status, 200);
    assert_int_equal(atomic_load(&fixture->server->requests), 3);
}

static void test_answer_at_the_limit_is_taken_and_one_byte_more_is_not(void **state)
{
    struct http_request request = {.max_answer_bytes = 5000};
    struct outcome got = ask_with(*state, "GET", "/limit", request);
    assert_int_equal(got.outcome, HTTP_ANSWERED);
    assert_int_equal(got.body_length, 5000);
    got = ask_with(*state, "GET", "/over", request);
    assert_int_equal(got.outcome, HTTP_UNCERTAIN);
    assert_non_null(strstr(got.problem, "larger than 5000 bytes"));
    assert_int_equal(ask(*state, "GET", "/endless").outcome, HTTP_UNCERTAIN);
}

static void test_header_bomb_is_uncertain(void **state)
{
    assert_int_equal(ask(*state, "GET", "/header-bomb").outcome, HTTP_UNCERTAIN);
}

static void test_S6_header_line_that_is_two_is_refused(void **state)
{
    static const char *const bad[] = {"X-A: b\r\nX-B: c\n", "X-A\n", ": b\n", "X A: b\n", "X-A: \n", "X-A: b",
                                      "X-A: b\x01\n"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = {0};
        struct http_request request = {
            .method = "GET", .url = fixture->server->url, .headers = text_secret(bad[i])};
        assert_int_equal(http_start(fixture->client, &request, keep, NULL, &err), ERR_INVALID);
        assert_null(strstr(err.message, "X-A"));
    }
}

static struct secret *many_headers(int count)
{
    struct secret *headers = secret_new(4096);
    for (int i = 0; i < count; i++)
        assert_int_equal(secret_append(headers, "X-H: 1\n", 7), ERR_OK);
    return headers;
}

static void test_request_has_at_most_64_headers(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    assert_int_equal(
        ask_with(fixture, "GET", "/ok", (struct http_request){.headers = many_headers(64)}).status, 200);
    struct http_request request = {.method = "GET", .url = fixture->server->url, .headers = many_headers(65)};
    assert_int_equal(http_start(fixture->client, &request, keep, NULL, &err), ERR_LIMIT);
}

static void test_many_requests_share_the_thread(void **state)
{
    enum { REQUESTS = 500 };
    struct fixture *fixture = *state;
    static struct outcome outcomes[REQUESTS];
    memset(outcomes, 0, sizeof outcomes);
    char url[160];
    struct err err;
    snprintf(url, sizeof url, "%s/ok", fixture->server->url);
    struct http_client *client = NULL;
    struct http_options options = {.connections_per_host = 8};
    assert_int_equal(http_client_new(&options, &clock_system, fixture->arena, &client, &err), ERR_OK);
    for (size_t i = 0; i < REQUESTS; i++) {
        struct http_request request = {.method = "GET", .url = url};
        assert_int_equal(http_start(client, &request, keep, &outcomes[i], &err), ERR_OK);
    }
    while (http_perform(client) > 0)
        http_wait(client, 1000);
    http_client_free(client);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_int_equal(outcomes[i].status, 200);
    assert_true(atomic_load(&fixture->server->connections) <= 8);
}

static void test_S3_freeing_the_client_ends_requests_as_uncertain(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    struct err err;
    char url[160];
    snprintf(url, sizeof url, "%s/silent", fixture->server->url);
    struct http_request request = {.method = "POST", .url = url};
    assert_int_equal(http_start(fixture->client, &request, keep, &outcome, &err), ERR_OK);
    http_perform(fixture->client);
    fixture->client = http_client_free(fixture->client);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.outcome, HTTP_UNCERTAIN);
    assert_string_equal(outcome.problem, "stopped");
}

static void *wake_soon(void *context)
{
    usleep(20 * 1000);
    http_wake(context);
    return NULL;
}

static void test_wake_ends_the_wait(void **state)
{
    struct fixture *fixture = *state;
    pthread_t thread;
    int64_t before = clock_monotonic_ms(&clock_system);
    pthread_create(&thread, NULL, wake_soon, fixture->client);
    http_wait(fixture->client, 60 * 1000);
    pthread_join(thread, NULL);
    assert_true(clock_monotonic_ms(&clock_system) - before < 30 * 1000);
}

static void test_proxy_of_the_environment_is_ignored(void **state)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(ask(*state, "GET", "/ok").status, 200);
    unsetenv("http_proxy");
}

static int group_setup(void **state)
{
    (void)state;
    struct err err = {0};
    if (secret_init(&err) != ERR_OK || http_init(&err) != ERR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer_comes_with_status_type_and_body),
        TEST(test_media_type_is_lower_case_without_parameters),
        TEST(test_last_header_of_a_name_counts),
        TEST(test_empty_answer_has_a_body_of_no_bytes),
        TEST(test_S2_redirect_is_an_answer_and_not_followed),
        TEST(test_interim_headers_are_forgotten),
        TEST(test_retry_after_is_read),
        TEST(test_headers_and_body_arrive),
        TEST(test_S6_nothing_of_a_request_is_left_on_the_next),
        TEST(test_S3_refused_connection_is_not_sent),
        TEST(test_S3_failed_tls_handshake_is_not_sent),
        TEST(test_S3_url_that_is_none_is_not_sent),
        TEST(test_S3_lost_answers_are_uncertain),
        TEST(test_S3_change_on_a_kept_connection_is_sent_once),
        TEST(test_read_on_a_kept_connection_is_sent_again),
        TEST(test_answer_at_the_limit_is_taken_and_one_byte_more_is_not),
        TEST(test_header_bomb_is_uncertain),
        TEST(test_S6_header_line_that_is_two_is_refused),
        TEST(test_request_has_at_most_64_headers),
        TEST(test_many_requests_share_the_thread),
        TEST(test_S3_freeing_the_client_ends_requests_as_uncertain),
        TEST(test_wake_ends_the_wait),
        TEST(test_proxy_of_the_environment_is_ignored),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
