/* Steps against a server: what is sent, what is judged, and what a failure in
 * the middle leaves behind. */
#include "action/action.h"
#include "action/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/server.h"

#define ANSWER(status, length, body)                                                                           \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nX-Token: from-header\r\nContent-Length: " length   \
    "\r\n\r\n" body

static const struct server_route routes[] = {
    {"/create", ANSWER("201 Created", "32", "{\"id\":7,\"key\":\"sk_new_12345678\"}")},
    {"/half", ANSWER("201 Created", "8", "{\"id\":7}")},
    {"/fetch?id=7", ANSWER("200 OK", "27", "{\"key\":\"sk_new_1234567890\"}")},
    {"/echo", ANSWER("200 OK", "33", "{\"id\":\"your secret is s3cret-00\"}")},
    {"/lost", "", SERVER_CLOSES},
    {"/quiet", "", SERVER_STALLS},
    {"", ""},
};

struct fixture {
    struct server *server;
    struct secret_arena *arena;
    struct work_pool *pool;
    struct action_runner runner;
    struct action_values *values;
};

struct outcome {
    int calls;
    struct action_result result; /* its values are dropped */
    char id[32];
    char token[32];
    struct secret *secret;
};

static const cyaml_schema_value_t spec_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct action_spec, action_spec_fields),
};

static void keep(void *context, struct action_result *result)
{
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->result = *result;
    const char *id = action_values_text(result->values, "id");
    const char *token = action_values_text(result->values, "token");
    snprintf(outcome->id, sizeof outcome->id, "%s", id ? id : "-");
    snprintf(outcome->token, sizeof outcome->token, "%s", token ? token : "-");
    outcome->secret = action_values_take_secret(result->values, "secret");
    outcome->result.values = NULL;
}

static void wake(void *context)
{
    http_wake(context);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err = {0};
    struct http_options options = {0};
    struct http_client *client = NULL;
    struct secret *secret = secret_new(16);
    fixture->server = server_start(routes);
    fixture->arena = secret_arena_new(256 * 1024);
    fixture->values = action_values_new();
    if (!secret || secret_set(secret, "s3cret-00", 9) != ERR_OK ||
        http_client_new(&options, &clock_system, fixture->arena, &client, &err) != ERR_OK ||
        work_pool_new(2, wake, client, &fixture->pool, &err) != ERR_OK ||
        action_values_set(fixture->values, "base_url", fixture->server->url, &err) != ERR_OK ||
        action_values_set(fixture->values, "label", "a \"b\"", &err) != ERR_OK ||
        action_values_set(fixture->values, "line", "x\nX-Evil: 1", &err) != ERR_OK ||
        action_values_set_secret(fixture->values, "secret", secret, &err) != ERR_OK)
        return -1;
    fixture->runner =
        (struct action_runner){.http = client, .work = fixture->pool, .arena = fixture->arena, .clock = &clock_system};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    work_pool_free(fixture->pool);
    http_client_free(fixture->runner.http);
    action_values_free(fixture->values);
    secret_arena_free(fixture->arena);
    server_stop(fixture->server);
    free(fixture);
    return 0;
}

static struct action_spec *load(const char *yaml)
{
    struct err err = {0};
    void *spec = NULL;
    if (action_load_text("test.yaml", yaml, strlen(yaml), &spec_schema, &spec, &err) != ERR_OK ||
        action_check(spec, "test", &err) != ERR_OK)
        fail_msg("%s", err.message);
    return spec;
}

/* Run the step of that text to its end. */
static struct outcome run(struct fixture *fixture, const char *yaml)
{
    struct outcome outcome = {0};
    struct err err = {0};
    struct action_spec *spec = load(yaml);
    if (action_start(&fixture->runner, spec, fixture->values, false, keep, &outcome, &err) != ERR_OK)
        fail_msg("%s", err.message);
    while (outcome.calls == 0) {
        http_perform(fixture->runner.http);
        work_collect(fixture->pool);
        if (outcome.calls == 0)
            http_wait(fixture->runner.http, 1000);
    }
    action_unload(&spec_schema, spec);
    assert_int_equal(outcome.calls, 1);
    return outcome;
}

static void assert_secret(struct outcome *outcome, const char *text)
{
    assert_non_null(outcome->secret);
    assert_int_equal(secret_length(outcome->secret), strlen(text));
    assert_memory_equal(secret_peek(outcome->secret), text, strlen(text));
    outcome->secret = secret_free(outcome->secret);
}

#define DONE_201 "rules: [{status: 201, verdict: done}]"

static void test_S3_issue_sends_the_label_and_takes_id_and_secret(void **state)
{
    struct fixture *fixture = *state;
    struct outcome got = run(fixture, "requests:\n"
                                      "  - method: POST\n"
                                      "    url: '{{base_url}}/create'\n"
                                      "    headers: [{name: X-Key, value: 'k {{secret}}'}]\n"
                                      "    body: '{\"name\":\"{{label|json}}\"}'\n"
                                      "    " DONE_201 "\n"
                                      "    extract:\n"
                                      "      - {name: id, pointer: /id}\n"
                                      "      - {name: secret, pointer: /key}\n"
                                      "      - {name: token, header: x-token}\n");
    assert_int_equal(got.result.verdict, ACTION_DONE);
    assert_int_equal(got.result.status, 201);
    assert_int_equal(got.result.rule, 0);
    assert_true(got.result.sent && got.result.answered);
    assert_string_equal(got.id, "7");
    assert_string_equal(got.token, "from-header");
    assert_secret(&got, "sk_new_12345678");
    assert_true(server_saw(fixture->server, "X-Key: k s3cret-00\r\n"));
    assert_true(server_saw(fixture->server, "Content-Type: application/json\r\n"));
    assert_true(server_saw(fixture->server, "{\"name\":\"a \\\"b\\\"\"}"));
}

static void test_basic_authentication_is_sent(void **state)
{
    struct fixture *fixture = *state;
    run(fixture, "requests: [{method: GET, url: '{{base_url}}/create', basic_user: ana, basic_password: '{{secret}}',"
                 " rules: [{status: 201, verdict: done}]}]");
    assert_true(server_saw(fixture->server, "Authorization: Basic YW5hOnMzY3JldC0wMA==\r\n"));
}

/* An issue whose secret cannot be read had its effect, but is not done. */
static void test_S3_done_without_its_secret_is_unknown(void **state)
{
    struct outcome got = run(*state, "requests: [{method: POST, url: '{{base_url}}/half', " DONE_201 ", extract: ["
                                     "{name: id, pointer: /id}, {name: secret, pointer: /key}]}]");
    assert_int_equal(got.result.verdict, ACTION_UNKNOWN);
    assert_true(got.result.sent && got.result.answered);
    assert_non_null(strstr(got.result.detail, "no secret"));
    assert_string_equal(got.id, "7");
    assert_null(got.secret);
}

#define CREATE_THEN(url) CREATE_THEN_WITHIN("60s", url)
#define CREATE_THEN_WITHIN(time, url)                                                                                       \
    "requests:\n"                                                                                              \
    "  - {method: POST, url: '{{base_url}}/half', " DONE_201 ", extract: [{name: id, pointer: /id}]}\n"         \
    "  - {method: GET, url: '" url "', timeout: " time ", rules: [{status: 200, verdict: done}],"               \
    " extract: [{name: secret, pointer: /key}]}\n"

static void test_a_request_uses_what_the_one_before_extracted(void **state)
{
    struct outcome got = run(*state, CREATE_THEN_WITHIN("60s", "{{base_url}}/fetch?id={{id|urlencode}}"));
    assert_int_equal(got.result.verdict, ACTION_DONE);
    assert_string_equal(got.id, "7");
    assert_secret(&got, "sk_new_1234567890");
}

static void test_S3_second_request_lost_still_says_sent_and_keeps_the_id(void **state)
{
    static const char *const second[] = {
        CREATE_THEN("{{base_url}}/lost"),
        CREATE_THEN_WITHIN("300ms", "{{base_url}}/quiet"),
        CREATE_THEN("http://127.0.0.1:1/"),
        CREATE_THEN("{{base_url}}/{{nothing|urlencode}}"),
    };
    for (size_t i = 0; i < sizeof second / sizeof second[0]; i++) {
        struct outcome got = run(*state, second[i]);
        assert_int_equal(got.result.verdict, ACTION_UNKNOWN);
        assert_true(got.result.sent);
        assert_string_equal(got.id, "7");
        assert_true(got.result.detail[0] != '\0');
    }
}

static void test_another_verdict_than_done_ends_the_row(void **state)
{
    struct fixture *fixture = *state;
    struct outcome got = run(fixture, "requests:\n"
                                      "  - {method: GET, url: '{{base_url}}/create', rules: [{status: 201, verdict: gone}]}\n"
                                      "  - {method: GET, url: '{{base_url}}/fetch', rules: [{status: 200, verdict: done}]}\n");
    assert_int_equal(got.result.verdict, ACTION_GONE);
    assert_int_equal(atomic_load(&fixture->server->requests), 1);
}

static void test_S3_nothing_sent_says_so(void **state)
{
    struct outcome got = run(*state, "requests: [{method: POST, url: 'http://127.0.0.1:1/', " DONE_201 "}]");
    assert_int_equal(got.result.verdict, ACTION_UNKNOWN);
    assert_false(got.result.sent);
    assert_false(got.result.answered);
    got = run(*state, "requests: [{method: POST, url: '{{base_url}}/lost', " DONE_201 "}]");
    assert_int_equal(got.result.verdict, ACTION_UNKNOWN);
    assert_true(got.result.sent);
    assert_false(got.result.answered);
}

static void test_S6_a_value_that_quotes_the_secret_is_not_taken(void **state)
{
    struct outcome got = run(*state, "requests: [{method: GET, url: '{{base_url}}/echo',"
                                     " rules: [{status: 200, verdict: done}], extract: [{name: id, pointer: /id}]}]");
    assert_string_equal(got.id, "-");
    assert_int_equal(got.result.verdict, ACTION_UNKNOWN);
    assert_null(strstr(got.result.detail, "s3cret"));
}

static void refuse_start(struct fixture *fixture, const char *yaml, const char *part)
{
    struct outcome outcome = {0};
    struct err err = {0};
    struct action_spec *spec = load(yaml);
    assert_int_equal(action_start(&fixture->runner, spec, fixture->values, false, keep, &outcome, &err), ERR_INVALID);
    if (!strstr(err.message, part))
        fail_msg("%s", err.message);
    assert_int_equal(outcome.calls, 0);
    action_unload(&spec_schema, spec);
}

static void test_S6_a_line_end_in_a_header_is_refused(void **state)
{
    refuse_start(*state, "requests: [{method: GET, url: '{{base_url}}/x', headers: [{name: A, value: '{{line}}'}], " DONE_201 "}]",
                 "line end");
}

static void test_S6_a_secret_in_a_url_is_refused(void **state)
{
    refuse_start(*state, "requests: [{method: GET, url: '{{base_url}}/{{secret|urlencode}}', " DONE_201 "}]", "secret");
}

static void test_a_persons_step_is_not_started(void **state)
{
    refuse_start(*state, "manual: {instructions: do it}", "person");
}

static void test_a_program_gets_values_and_answers(void **state)
{
    struct outcome got = run(*state, "program:\n"
                                     "  command: [/bin/sh, -c, 'read -r in; case $in in *\\\"secret\\\":\\\"s3cret-00\\\"*)"
                                     " printf \"{\\\"verdict\\\":\\\"done\\\",\\\"id\\\":9,\\\"secret\\\":\\\"sk_made\\\"}\";; esac']\n");
    assert_int_equal(got.result.verdict, ACTION_DONE);
    assert_string_equal(got.id, "9");
    assert_secret(&got, "sk_made");
    assert_true(got.result.sent && got.result.answered);
}

static void test_S2_a_program_that_says_nothing_known_is_unknown(void **state)
{
    static const char *const programs[] = {
        "program: {command: [/bin/true]}",
        "program: {command: [/bin/false]}",
        "program: {command: [/bin/echo, '[]']}",
        "program: {command: [/bin/echo, '{\"verdict\":\"fine\"}']}",
        "program: {command: [/bin/echo, '{\"verdict\":\"done\"']}",
        "program: {command: [/bin/sh, -c, 'echo \"{\\\"verdict\\\":\\\"done\\\"}\"; exit 1']}",
        "program: {command: [/bin/sleep, '30'], timeout: 100ms}",
        "program: {command: [/nonexistent/program]}",
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct outcome got = run(*state, programs[i]);
        if (got.result.verdict != ACTION_UNKNOWN || got.result.detail[0] == '\0')
            fail_msg("%s: %s", programs[i], action_verdict_name(got.result.verdict));
    }
}

static int group_setup(void **state)
{
    (void)state;
    struct err err = {0};
    action_init();
    return secret_init(&err) == ERR_OK && http_init(&err) == ERR_OK ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_S3_issue_sends_the_label_and_takes_id_and_secret),
        TEST(test_basic_authentication_is_sent),
        TEST(test_S3_done_without_its_secret_is_unknown),
        TEST(test_a_request_uses_what_the_one_before_extracted),
        TEST(test_S3_second_request_lost_still_says_sent_and_keeps_the_id),
        TEST(test_another_verdict_than_done_ends_the_row),
        TEST(test_S3_nothing_sent_says_so),
        TEST(test_S6_a_value_that_quotes_the_secret_is_not_taken),
        TEST(test_S6_a_line_end_in_a_header_is_refused),
        TEST(test_S6_a_secret_in_a_url_is_refused),
        TEST(test_a_persons_step_is_not_started),
        TEST(test_a_program_gets_values_and_answers),
        TEST(test_S2_a_program_that_says_nothing_known_is_unknown),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
