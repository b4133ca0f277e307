/* The shipped definition of Amps, held against every answer that its pages
 * document, in both generations, and against those that only look like it. */
#include "provider/provider.h"

#include "../../../agent/action/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JSON "application/json"
#define ERROR_ENVELOPE(code)                                                                                   \
    "{\"success\":false,\"error\":{\"code\":\"" code "\",\"message\":\"no\",\"details\":{}},"                  \
    "\"meta\":{\"requestId\":\"req_1\",\"timestamp\":\"2026-06-01T10:30:00.000Z\",\"path\":\"/battery\"}}"
#define ERROR_OLDER(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"no\"}}"
#define ENVELOPE(environment)                                                                                  \
    "{\"success\":true,\"data\":{\"items\":[],\"pagination\":{\"limit\":1,\"next\":null}},"                    \
    "\"meta\":{\"requestId\":\"req_1\",\"environment\":\"" environment "\",\"latencyMs\":12}}"
#define OEM                                                                                                    \
    "{\"success\":false,\"error\":{\"code\":\"INVALID_API_KEY\","                                              \
    "\"message\":\"The device manufacturer rejected the supplied API key.\"}}"

static const struct {
    const char *name;
    int status;
    const char *type;
    const char *body;
    enum action_verdict live, sandbox; /* asked for a key of live, of sandbox */
} answers[] = {
    /* The table of codes. */
    {"INVALID_API_KEY", 401, JSON, ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_DEAD, ACTION_DEAD},
    {"EXPIRED_TOKEN", 401, JSON, ERROR_ENVELOPE("EXPIRED_TOKEN"), ACTION_DEAD, ACTION_DEAD},
    {"UNAUTHORIZED", 401, JSON, ERROR_ENVELOPE("UNAUTHORIZED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"rate 401", 401, JSON, ERROR_ENVELOPE("RATE_LIMIT_EXCEEDED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"rate 429", 429, JSON, ERROR_ENVELOPE("RATE_LIMIT_EXCEEDED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"permissions", 403, JSON, ERROR_ENVELOPE("INSUFFICIENT_PERMISSIONS"), ACTION_UNFIT, ACTION_UNFIT},
    {"live off", 403, JSON, ERROR_ENVELOPE("LIVE_ACCESS_DISABLED"), ACTION_UNFIT, ACTION_UNFIT},
    {"internal", 500, JSON, ERROR_ENVELOPE("INTERNAL_ERROR"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"unavailable", 503, JSON, ERROR_ENVELOPE("INTERNAL_ERROR"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    /* The same without "success" and "meta". */
    {"older INVALID_API_KEY", 401, JSON, ERROR_OLDER("INVALID_API_KEY"), ACTION_DEAD, ACTION_DEAD},
    {"older EXPIRED_TOKEN", 401, JSON, ERROR_OLDER("EXPIRED_TOKEN"), ACTION_DEAD, ACTION_DEAD},
    {"older UNAUTHORIZED", 401, JSON, ERROR_OLDER("UNAUTHORIZED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"older rate 401", 401, JSON, ERROR_OLDER("RATE_LIMIT_EXCEEDED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"older rate 429", 429, JSON, ERROR_OLDER("RATE_LIMIT_EXCEEDED"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"older permissions", 403, JSON, ERROR_OLDER("INSUFFICIENT_PERMISSIONS"), ACTION_UNFIT, ACTION_UNFIT},
    {"older live off", 403, JSON, ERROR_OLDER("LIVE_ACCESS_DISABLED"), ACTION_UNFIT, ACTION_UNFIT},
    {"older internal", 500, JSON, ERROR_OLDER("INTERNAL_ERROR"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    /* Success: both generations, and the environment where it is told. */
    {"envelope live", 200, JSON, ENVELOPE("live"), ACTION_ALIVE, ACTION_UNFIT},
    {"envelope sandbox", 200, JSON, ENVELOPE("sandbox"), ACTION_UNFIT, ACTION_ALIVE},
    {"envelope without environment", 200, JSON, "{\"success\":true,\"data\":[],\"meta\":{\"requestId\":\"r\"}}",
     ACTION_ALIVE, ACTION_ALIVE},
    {"bare", 200, JSON, "{\"items\":[],\"pagination\":{}}", ACTION_ALIVE, ACTION_ALIVE},
    {"bare with environment", 200, JSON, "{\"items\":[],\"meta\":{\"environment\":\"live\"}}", ACTION_ALIVE,
     ACTION_UNFIT},
    /* A device's maker, not Amps, refuses a key. */
    {"maker's key", 401, JSON, OEM, ACTION_UNKNOWN, ACTION_UNKNOWN},
    /* What only looks like an answer of Amps. */
    {"environment nobody knows", 200, JSON, ENVELOPE("staging"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"environment that is no text", 200, JSON, "{\"success\":true,\"data\":{},\"meta\":{\"environment\":{}}}",
     ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"captive portal", 200, "text/html", "<html>log in</html>", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"portal that says JSON", 200, JSON, "<html>log in</html>", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"right JSON of the wrong type", 200, "text/html", ENVELOPE("live"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"dead of the wrong type", 401, "text/html", ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"no type", 200, "", ENVELOPE("live"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"redirect", 302, JSON, ENVELOPE("live"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"created", 201, JSON, ENVELOPE("live"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"empty", 200, JSON, "", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"array", 200, JSON, "[]", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"array of answers", 200, JSON, "[" ENVELOPE("live") "]", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"string", 200, JSON, "\"alive\"", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"empty object", 200, JSON, "{}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"success alone", 200, JSON, "{\"success\":true}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"data of nothing", 200, JSON, "{\"success\":true,\"data\":null}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"environment alone", 200, JSON, "{\"meta\":{\"environment\":\"sandbox\"}}", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"truncated", 200, JSON, "{\"success\":true,\"data\":{},\"meta\":{\"environment\":\"live\"", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"truncated dead", 401, JSON, "{\"success\":false,\"error\":{\"code\":\"INVALID_API_KEY\"", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"something after it", 200, JSON, "{\"items\":[]}{}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"200 that failed", 200, JSON, ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"200 with both", 200, JSON, "{\"success\":true,\"data\":{},\"error\":{\"code\":\"INVALID_API_KEY\"}}",
     ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"200 of no success", 200, JSON, "{\"success\":false,\"data\":{}}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"items that failed", 200, JSON, "{\"success\":false,\"items\":[]}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"401 of success", 401, JSON, "{\"success\":true,\"error\":{\"code\":\"INVALID_API_KEY\"}}", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"401 of an odd success", 401, JSON, "{\"success\":[],\"error\":{\"code\":\"INVALID_API_KEY\"}}",
     ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"401 without a code", 401, JSON, "{\"success\":false}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"401 of another code", 401, JSON, ERROR_ENVELOPE("INVALID_CREDENTIALS"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"code in lower case", 401, JSON, ERROR_ENVELOPE("invalid_api_key"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"dead with 403", 403, JSON, ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"dead with 400", 400, JSON, ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"dead with 500", 500, JSON, ERROR_ENVELOPE("INVALID_API_KEY"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"unfit with 401", 401, JSON, ERROR_ENVELOPE("INSUFFICIENT_PERMISSIONS"), ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"firewall", 403, "text/html", "<html>blocked</html>", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"code twice", 401, JSON,
     "{\"success\":false,\"error\":{\"code\":\"UNAUTHORIZED\",\"code\":\"INVALID_API_KEY\"}}", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"success twice", 200, JSON, "{\"success\":true,\"success\":true,\"data\":{}}", ACTION_UNKNOWN,
     ACTION_UNKNOWN},
    {"code as a list", 401, JSON, "{\"success\":false,\"error\":{\"code\":[\"INVALID_API_KEY\"]}}",
     ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"code with an end of text in it", 401, JSON,
     "{\"success\":false,\"error\":{\"code\":\"INVALID_API_KEY\\u0000\"}}", ACTION_UNKNOWN, ACTION_UNKNOWN},
    {"not UTF-8", 401, JSON, "{\"success\":false,\"error\":{\"code\":\"INVALID_API_KEY\"},\"x\":\"\xff\"}",
     ACTION_UNKNOWN, ACTION_UNKNOWN},
};

struct fixture {
    struct provider *provider;
    struct secret *secret;
    struct action_values *live, *sandbox;
};

static const char *no_header(const void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

static struct secret *text_secret(const char *text, size_t length)
{
    struct secret *secret = secret_new(length + 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, text, length), ERR_OK);
    return secret;
}

static struct action_result judge(struct fixture *fixture, const struct action_values *values, int status,
                                  const char *type, const char *body, size_t length)
{
    const struct action_spec *probe = provider_spec(fixture->provider, PROVIDER_PROBE);
    struct secret *bytes = text_secret(body, length);
    struct action_result result = {.values = action_values_new()};
    struct err err = {0};
    const struct judge_answer answer = {status, type, bytes, no_header, NULL};
    assert_int_equal(judge_answer(&probe->requests[0], values, &answer, NULL, &result, &err), ERR_OK);
    secret_free(bytes);
    result.values = action_values_free(result.values);
    return result;
}

static void test_S2_every_answer_has_its_verdict(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        size_t length = strlen(answers[i].body);
        struct action_result live =
            judge(fixture, fixture->live, answers[i].status, answers[i].type, answers[i].body, length);
        struct action_result sandbox =
            judge(fixture, fixture->sandbox, answers[i].status, answers[i].type, answers[i].body, length);
        if (live.verdict != answers[i].live || sandbox.verdict != answers[i].sandbox)
            fail_msg("%s: live %s, sandbox %s", answers[i].name, action_verdict_name(live.verdict),
                     action_verdict_name(sandbox.verdict));
        assert_true(live.verdict == ACTION_ALIVE || live.detail[0] != '\0');
    }
}

/* Any rule that never held for any answer above is a rule that nothing tests. */
static void test_every_rule_holds_for_some_answer(void **state)
{
    struct fixture *fixture = *state;
    const struct action_request *request = &provider_spec(fixture->provider, PROVIDER_PROBE)->requests[0];
    bool held[64] = {false};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct action_values *asked[] = {fixture->live, fixture->sandbox};
        for (size_t j = 0; j < 2; j++) {
            struct action_result result = judge(fixture, asked[j], answers[i].status, answers[i].type,
                                                answers[i].body, strlen(answers[i].body));
            if (result.rule >= 0)
                held[result.rule] = true;
        }
    }
    for (unsigned i = 0; i < request->rules_count; i++)
        if (!held[i])
            fail_msg("rule %u never held", i + 1);
}

static void test_S2_an_answer_cut_anywhere_proves_nothing(void **state)
{
    static const char *const whole[] = {ENVELOPE("live"), ERROR_ENVELOPE("INVALID_API_KEY"), OEM};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        for (size_t length = 0; length < strlen(whole[i]); length++)
            for (int status = 200; status <= 401; status += 201)
                assert_int_equal(judge(fixture, fixture->live, status, JSON, whole[i], length).verdict,
                                 ACTION_UNKNOWN);
}

static void test_S2_deep_nesting_proves_nothing(void **state)
{
    enum { DEPTH = 500000 };
    struct fixture *fixture = *state;
    char *body = malloc(DEPTH + 16);
    assert_non_null(body);
    memcpy(body, "{\"items\":", 9);
    memset(body + 9, '[', DEPTH);
    assert_int_equal(judge(fixture, fixture->live, 200, JSON, body, DEPTH + 9).verdict, ACTION_UNKNOWN);
    free(body);
}

static void test_evidence_is_kept_and_printable(void **state)
{
    struct fixture *fixture = *state;
    static const char answer[] = ERROR_ENVELOPE("INVALID_API_KEY");
    struct action_result result = judge(fixture, fixture->live, 401, JSON, answer, strlen(answer));
    assert_string_equal(result.code, "INVALID_API_KEY");
    assert_string_equal(result.request_id, "req_1");
    assert_int_equal(result.status, 401);
    static const char odd[] = "{\"error\":{\"code\":\"a\\u001b[31m\"},\"meta\":{\"requestId\":\"\xc3\xa4\"}}";
    result = judge(fixture, fixture->live, 401, JSON, odd, strlen(odd));
    assert_string_equal(result.code, "a?[31m");
    assert_string_equal(result.request_id, "??");
}

static void test_S6_evidence_never_quotes_the_secret(void **state)
{
    struct fixture *fixture = *state;
    static const char answer[] = "{\"success\":false,\"error\":{\"code\":\"sk_live_0123456789 is wrong\"}}";
    struct action_result result = judge(fixture, fixture->live, 401, JSON, answer, strlen(answer));
    assert_string_equal(result.code, "");
    assert_null(strstr(result.detail, "sk_live_"));
}

static void test_S5_shape_tells_the_environment(void **state)
{
    static const struct {
        const char *secret;
        enum provider_shape live, sandbox;
    } shapes[] = {
        {"sk_live_abcdef", PROVIDER_SHAPE_MATCHES, PROVIDER_SHAPE_OTHER},
        {"amps_sk_live_abcdefghijklmnopqrstuvwx", PROVIDER_SHAPE_MATCHES, PROVIDER_SHAPE_OTHER},
        {"sk_test_abcdef", PROVIDER_SHAPE_OTHER, PROVIDER_SHAPE_MATCHES},
        {"sk_sandbox_abcdef", PROVIDER_SHAPE_OTHER, PROVIDER_SHAPE_MATCHES},
        {"amps_sk_test_abcdef", PROVIDER_SHAPE_OTHER, PROVIDER_SHAPE_MATCHES},
        {"sk_live_", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
        {"xsk_live_abcdef", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
        {"sk_live_abc def", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
        {"sk_live_abc\n", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
        {"SK_LIVE_abcdef", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
        {"hunter2", PROVIDER_SHAPE_UNKNOWN, PROVIDER_SHAPE_UNKNOWN},
    };
    struct fixture *fixture = *state;
    const struct provider_environment *live =
        provider_environment_for(fixture->provider, "live", PROVIDER_CLASS_LIVE);
    const struct provider_environment *sandbox =
        provider_environment_for(fixture->provider, "sandbox", PROVIDER_CLASS_TEST);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct secret *secret = text_secret(shapes[i].secret, strlen(shapes[i].secret));
        const struct provider_environment *other = NULL;
        if (provider_shape(fixture->provider, live, secret, &other) != shapes[i].live ||
            (shapes[i].live == PROVIDER_SHAPE_OTHER && other != sandbox) ||
            provider_shape(fixture->provider, sandbox, secret, &other) != shapes[i].sandbox ||
            (shapes[i].sandbox == PROVIDER_SHAPE_OTHER && other != live))
            fail_msg("%s", shapes[i].secret);
        secret_free(secret);
    }
}

static void test_S5_a_nul_in_a_secret_is_of_no_shape(void **state)
{
    struct fixture *fixture = *state;
    const struct provider_environment *other = NULL;
    struct secret *secret = text_secret("sk_live_abc\0sk_test_abc", 23);
    assert_int_equal(provider_shape(fixture->provider, provider_environment_at(fixture->provider, 0), secret,
                                    &other),
                     PROVIDER_SHAPE_UNKNOWN);
    secret_free(secret);
}

/* Its last byte is the last one before a page that nobody may read. */
static void test_S6_a_secret_is_not_read_beyond_its_end(void **state)
{
    struct fixture *fixture = *state;
    const struct provider_environment *other = NULL;
    char text[80] = "sk_live_";
    for (size_t length = 16; length < sizeof text; length++) {
        memset(text + 8, 'a', length - 8);
        struct secret *secret = secret_new(length);
        assert_non_null(secret);
        assert_int_equal(secret_set(secret, text, length), ERR_OK);
        assert_int_equal(provider_shape(fixture->provider, provider_environment_at(fixture->provider, 0), secret,
                                        &other),
                         PROVIDER_SHAPE_MATCHES);
        secret_free(secret);
    }
}

static void test_S5_what_lies_behind_a_secret_is_not_of_its_shape(void **state)
{
    struct fixture *fixture = *state;
    const struct provider_environment *other = NULL;
    struct secret *secret = text_secret("sk_live_abc of someone", 22);
    assert_int_equal(secret_set(secret, "sk_live_abc", 11), ERR_OK);
    assert_int_equal(provider_shape(fixture->provider, provider_environment_at(fixture->provider, 0), secret,
                                    &other),
                     PROVIDER_SHAPE_MATCHES);
    secret_free(secret);
}

static void test_staging_of_class_test_is_the_sandbox(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(provider_environment_for(fixture->provider, "staging", PROVIDER_CLASS_TEST)->name,
                        "sandbox");
    assert_string_equal(provider_environment_for(fixture->provider, "sandbox", PROVIDER_CLASS_LIVE)->name,
                        "live");
}

static void test_K03_a_person_issues_and_revokes(void **state)
{
    struct fixture *fixture = *state;
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf link = {0};
    struct err err = {0};
    struct provider_subject subject = {
        .environment = provider_environment_at(fixture->provider, 0), .key = "live/reporting", .label = "reporting-8"};
    assert_false(provider_can(fixture->provider, PROVIDER_ISSUE));
    assert_false(provider_can(fixture->provider, PROVIDER_REVOKE));
    assert_false(provider_can(fixture->provider, PROVIDER_FIND));
    assert_true(provider_can(fixture->provider, PROVIDER_PROBE));
    assert_int_equal(provider_manual(fixture->provider, PROVIDER_ISSUE, &subject, &text, &link, &err), ERR_OK);
    assert_string_equal(buf_text(&text), "In the Amps dashboard, API Keys, make a live key named reporting-8");
    assert_int_equal(provider_manual(fixture->provider, PROVIDER_PROBE, &subject, &text, &link, &err),
                     ERR_INVALID);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err = {0};
    if (secret_init(&err) != ERR_OK ||
        provider_load(KEYTURN_SOURCE_DIR "/packaging/providers/amps.yaml", &fixture->provider, &err) != ERR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    action_init();
    fixture->secret = text_secret("sk_live_0123456789", 18);
    struct provider_subject subject = {
        .environment = provider_environment_for(fixture->provider, "live", PROVIDER_CLASS_LIVE),
        .secret = fixture->secret,
    };
    if (provider_values(fixture->provider, &subject, &fixture->live, &err) != ERR_OK)
        return -1;
    subject.environment = provider_environment_for(fixture->provider, "sandbox", PROVIDER_CLASS_TEST);
    if (provider_values(fixture->provider, &subject, &fixture->sandbox, &err) != ERR_OK)
        return -1;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    action_values_free(fixture->live);
    action_values_free(fixture->sandbox);
    secret_free(fixture->secret);
    provider_free(fixture->provider);
    free(fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S2_every_answer_has_its_verdict),
        cmocka_unit_test(test_every_rule_holds_for_some_answer),
        cmocka_unit_test(test_S2_an_answer_cut_anywhere_proves_nothing),
        cmocka_unit_test(test_S2_deep_nesting_proves_nothing),
        cmocka_unit_test(test_evidence_is_kept_and_printable),
        cmocka_unit_test(test_S6_evidence_never_quotes_the_secret),
        cmocka_unit_test(test_S5_shape_tells_the_environment),
        cmocka_unit_test(test_S5_a_nul_in_a_secret_is_of_no_shape),
        cmocka_unit_test(test_S6_a_secret_is_not_read_beyond_its_end),
        cmocka_unit_test(test_S5_what_lies_behind_a_secret_is_not_of_its_shape),
        cmocka_unit_test(test_staging_of_class_test_is_the_sandbox),
        cmocka_unit_test(test_K03_a_person_issues_and_revokes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
