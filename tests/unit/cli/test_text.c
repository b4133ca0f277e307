/* What is typed, pasted and shown: suggestions, candidates, JSON with a secret,
 * text of others, exit statuses. */
#include "candidates.h"
#include "cli.h"
#include "plain.h"
#include "policy.h"
#include "problem.h"
#include "say.h"
#include "secret_json.h"
#include "suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_the_nearest_command_is_suggested(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *best;
    } rows[] = {{"lst", "list"},      {"lsit", "list"},     {"rotat", "rotate"},      {"revok", "revoke"},
                {"stauts", "status"}, {"unlok", "unlock"},  {"frobnicate", NULL},     {"x", NULL},
                {"rot", "rotate"},    {"histroy", "history"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct suggestion nearest = suggest_begin(rows[i].typed, strlen(rows[i].typed));
        for (size_t j = 0; j < commands_count; j++)
            suggest_offer(&nearest, commands[j]->name);
        const char *best = suggest_best(&nearest);
        if (rows[i].best ? !best || strcmp(best, rows[i].best) != 0 : best != NULL)
            fail_msg("%s: %s, not %s", rows[i].typed, best ? best : "nothing", rows[i].best ? rows[i].best : "nothing");
    }
}

struct wanted {
    const char *key;
    bool found;
};

static void look(void *context, const unsigned char *bytes, size_t length)
{
    struct wanted *wanted = context;
    wanted->found |= length == strlen(wanted->key) && memcmp(bytes, wanted->key, length) == 0;
}

static void test_a_key_is_found_in_what_surrounds_it(void **state)
{
    (void)state;
    static const char key[] = "sk_live_0a1b2c3d4e5f";
    static const char *const lines[] = {
        "%s", "  %s\t\r", "AMPS_KEY=%s", "export AMPS_KEY='%s'", "\"key\": \"%s\",", "curl -H \"x-api-key: %s\" x",
        "Authorization: Bearer %s", "https://x.example/?key=%s&b=c", "https://user:%s@x.example/", "see %s.",
        "(%s)", "`%s`!", "<td>%s</td>", "a,%s,b", "path/%s/x"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        OWN_BUF struct buf line = {0};
        const char *place = strstr(lines[i], "%s");
        buf_add(&line, lines[i], (size_t)(place - lines[i]));
        buf_text_add(&line, key);
        buf_text_add(&line, place + 2);
        struct wanted wanted = {.key = key};
        candidates_of_line((const unsigned char *)line.data, line.length, look, &wanted);
        if (!wanted.found)
            fail_msg("not found in: %s", line.data);
    }
}

static void test_a_key_with_cuts_in_it_is_found_too(void **state)
{
    (void)state;
    static const char *const keys[] = {"SG.abcdefgh.ijklmnop", "abcd/efgh+ijkl==", "two words here"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct wanted wanted = {.key = keys[i]};
        candidates_of_line((const unsigned char *)keys[i], strlen(keys[i]), look, &wanted);
        assert_true(wanted.found);
    }
}

static void check_json(const char *plain_text_, const char *secret_text, const char *expected)
{
    OWN_BUF struct buf plain = {0};
    OWN(secret_free) struct secret *json = NULL;
    OWN(secret_free) struct secret *secret = secret_new(64);
    struct err err;
    buf_text_add(&plain, plain_text_);
    assert_int_equal(secret_set(secret, secret_text, strlen(secret_text)), ERR_OK);
    enum err_code code = secret_json_with(&plain, "secret", secret, &json, &err);
    if (!expected) {
        assert_int_equal(code, ERR_INVALID);
        return;
    }
    assert_int_equal(code, ERR_OK);
    assert_int_equal(secret_length(json), strlen(expected));
    assert_memory_equal(secret_peek(json), expected, strlen(expected));
}

static void test_S6_a_secret_is_escaped_in_locked_memory(void **state)
{
    (void)state;
    check_json("{}", "abc", "{\"secret\":\"abc\"}");
    check_json("{\"a\":1}", "q\"b\\s\nt", "{\"a\":1,\"secret\":\"q\\\"b\\\\s\\u000at\"}");
    check_json("{}", "schlüssel…🔑", "{\"secret\":\"schlüssel…🔑\"}");
    static const char *const not_utf8[] = {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof not_utf8 / sizeof not_utf8[0]; i++)
        check_json("{}", not_utf8[i], NULL);
}

static void test_text_of_others_moves_no_cursor(void **state)
{
    (void)state;
    char text[] = "a\x1b[31mb\x7f\nc\xc2\x9b" "d…";
    plain_text(text);
    assert_string_equal(text, "a?[31mb?\nc??d…");
}

static void test_a_problem_document_becomes_the_error(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum err_code code;
        const char *message;
    } rows[] = {
        {"{\"code\":\"locked\",\"detail\":\"the vault is locked\"}", ERR_LOCKED,
         "the vault is locked. Open it: keyturn unlock"},
        {"{\"code\":\"locked\",\"detail\":\"locked; keyturn unlock opens it\"}", ERR_LOCKED,
         "locked; keyturn unlock opens it"},
        {"{\"code\":\"busy\",\"detail\":\"busy\"}", ERR_BUSY, "busy. Try again in 3 s"},
        {"{\"code\":\"not_found\",\"title\":\"none\"}", ERR_NOT_FOUND, "none"},
        {"{\"code\":\"of a newer agent\",\"detail\":\"x\"}", ERR_INTERNAL, "x"},
        {"<html>", ERR_FORMAT, NULL},
        {"{}", ERR_FORMAT, NULL},
        {"", ERR_FORMAT, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN_BUF struct buf body = {0};
        struct err err;
        const struct http_head head = {.status = 503, .retry_after_s = 3};
        buf_text_add(&body, rows[i].body);
        assert_int_equal(problem_take(&head, &body, &err), rows[i].code);
        if (rows[i].message)
            assert_string_equal(err.message, rows[i].message);
    }
}

static void test_exit_statuses_are_those_of_the_design(void **state)
{
    (void)state;
    static const enum cli_exit expected[ERR_COUNT] = {
        [ERR_OK] = EXIT_DONE,        [ERR_NOT_FOUND] = EXIT_NOT_FOUND, [ERR_DENIED] = EXIT_DENIED,
        [ERR_WRONG_KEY] = EXIT_DENIED, [ERR_LOCKED] = EXIT_LOCKED,
    };
    for (int code = ERR_OK; code < ERR_COUNT; code++) {
        struct cli cli = {0};
        enum cli_exit wanted = code == ERR_OK || expected[code] != EXIT_DONE ? expected[code] : EXIT_FAILED;
        assert_int_equal(cli_exit_of(&cli, (enum err_code)code), wanted);
    }
    struct cli waits = {.waits = true};
    struct cli misused = {.misused = true};
    struct cli alone = {.reached_nobody = true};
    assert_int_equal(cli_exit_of(&waits, ERR_OK), EXIT_WAITS);
    assert_int_equal(cli_exit_of(&waits, ERR_STATE), EXIT_FAILED);
    assert_int_equal(cli_exit_of(&misused, ERR_INVALID), EXIT_USAGE);
    assert_int_equal(cli_exit_of(&alone, ERR_NOT_FOUND), EXIT_UNREACHABLE);
}

static void test_what_is_left_is_rounded(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{30 * 86400000LL - 1, "30d"}, {5 * 3600000LL - 1000, "5h"}, {5 * 3600000LL + 1000, "5h"},
                {0, "now"},                   {-5000, "now"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN_BUF struct buf out = {0};
        say_left(&out, 1000000 + rows[i].ms, 1000000);
        if (strcmp(buf_text(&out), rows[i].text) != 0)
            fail_msg("%lld ms: %s, not %s", (long long)rows[i].ms, buf_text(&out), rows[i].text);
    }
}

static void test_policies_are_written_in_seconds(void **state)
{
    (void)state;
    char *words[] = {"live/x",  "--every", "30d",      "--grace", "500ms",     "--probe-every", "never",
                     "--title", "A \"b\"", "--wipe-dead", "yes",  "--credential", "none"};
    struct err err;
    struct cli cli = {0};
    OWN_ARGS struct args args = {0};
    OWN_BUF struct buf json = {0};
    assert_int_equal(args_parse(command_find("set"), sizeof words / sizeof words[0], words, &args, &err), ERR_OK);
    json_put_object_open(&json, NULL);
    assert_int_equal(policy_write(&cli, &args, &json, &err), ERR_OK);
    json_put_object_close(&json);
    assert_string_equal(buf_text(&json),
                        "{\"title\":\"A \\\"b\\\"\",\"every_s\":2592000,\"grace_s\":0.500,\"probe_every_s\":0,"
                        "\"credential\":null,\"wipe_dead\":true}");
}

static int start(void **state)
{
    (void)state;
    struct err err;
    return secret_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nearest_command_is_suggested),
        cmocka_unit_test(test_a_key_is_found_in_what_surrounds_it),
        cmocka_unit_test(test_a_key_with_cuts_in_it_is_found_too),
        cmocka_unit_test(test_S6_a_secret_is_escaped_in_locked_memory),
        cmocka_unit_test(test_text_of_others_moves_no_cursor),
        cmocka_unit_test(test_a_problem_document_becomes_the_error),
        cmocka_unit_test(test_exit_statuses_are_those_of_the_design),
        cmocka_unit_test(test_what_is_left_is_rounded),
        cmocka_unit_test(test_policies_are_written_in_seconds),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
