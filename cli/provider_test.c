#include "provider_test.h"

#include "agent.h"
#include "ask.h"
#include "base/text.h"
#include "field.h"
#include "follow.h"
#include "provider_trace.h"
#include "say.h"
#include "secret_json.h"

#include <stdio.h>
#include <string.h>

enum { TEST_LOOK_MS = 2000 };

struct test {
    struct cli *cli;
    const struct args *args;
    const char *provider;
    struct key_name key;
    struct follow follow;
    json_t *row;      /* the key, as it was read last */
    json_t *trace;
    size_t printed;   /* entries of the trace */
    bool alive;       /* it was proved alive */
    bool revoked;     /* its revocation was ordered */
    bool asked;       /* the person was asked for the key */
    bool told;        /* the person was told to revoke it */
    int64_t looked_ms;
};

static void test_release(struct test *test)
{
    json_decref(test->row);
    json_decref(test->trace);
    follow_finish(&test->follow);
}

/* A name that is used once: "live/provider-test-acme-6f1c". */
static enum err_code test_name(struct test *test, struct err *err)
{
    const char *environment = args_value(test->args, "environment");
    char text[2 * LIMIT_NAME_BYTES + 2];
    int64_t now = clock_wall_ms(test->cli->clock);
    (void)snprintf(text, sizeof text, "%.64s/provider-test-%.36s-%llx", environment ? environment : "sandbox",
                   test->provider, (unsigned long long)now & 0xFFFFFFFF);
    return key_parse(test->cli, text, &test->key, err);
}

static enum err_code test_add(struct test *test, struct err *err)
{
    OWN_BUF struct buf json = {0};
    const char *credential = args_value(test->args, "credential");
    json_put_object_open(&json, NULL);
    json_put_string(&json, "environment", test->key.environment);
    json_put_string(&json, "name", test->key.name);
    json_put_string(&json, "provider", test->provider);
    json_put_string(&json, "title", "made by keyturn provider test");
    if (credential)
        json_put_string(&json, "credential", credential);
    json_put_integer(&json, "grace_s", 0);
    json_put_integer(&json, "probe_every_s", 0);
    json_put_boolean(&json, "wipe_dead", true);
    json_put_boolean(&json, "trace", true);
    json_put_object_close(&json);
    return agent_send(test->cli, "POST", "/v1/keys", &json, NULL, err);
}

static enum err_code test_read(struct test *test, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf trace = {0};
    buf_printf(&path, "/v1/keys/%s", test->key.text);
    buf_printf(&trace, "/v1/keys/%s/trace", test->key.text);
    json_decref(test->row);
    json_decref(test->trace);
    test->row = test->trace = NULL;
    TRY(agent_get(test->cli, buf_text(&path), &test->row, err));
    TRY(agent_get(test->cli, buf_text(&trace), &test->trace, err));
    if (!args_has(test->args, "json"))
        test->printed = trace_print(test->trace, test->printed);
    return ERR_OK;
}

static const json_t *test_rotation(const struct test *test)
{
    return json_array_get(json_object_get(test->row, "rotations"), 0);
}

static bool test_is(const json_t *job, const char *state)
{
    return strcmp(field_text(job, "state"), state) == 0;
}

/* Where a person makes the key he is told how, and asked for it. */
static enum err_code test_stage(struct test *test, const json_t *rotation, struct err *err)
{
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf json = {0};
    OWN(secret_free) struct secret *secret = NULL;
    OWN(secret_free) struct secret *body = NULL;
    say_instructions(&text, json_object_get(rotation, "instructions"));
    (void)fprintf(stderr, "%s\n", buf_text(&text));
    json_put_object_open(&json, NULL);
    json_put_object_close(&json);
    TRY(ask_secret(test->cli, test->args, "That key (not shown): ", "the key", LIMIT_SECRET_BYTES, &secret, err));
    TRY(secret_json_with(&json, "secret", secret, &body, err));
    buf_printf(&path, "/v1/rotations/%s/stage", field_text(rotation, "id"));
    return agent_send_secret(test->cli, buf_text(&path), body, 0, NULL, err);
}

static enum err_code test_move(struct test *test, const json_t *rotation, const char *move, struct err *err)
{
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/rotations/%s/%s", field_text(rotation, "id"), move);
    return agent_send(test->cli, "POST", buf_text(&path), NULL, NULL, err);
}

static enum err_code test_revoke(struct test *test, struct err *err)
{
    OWN_BUF struct buf json = {0};
    json_put_object_open(&json, NULL);
    json_put_array_open(&json, "targets");
    json_put_object_open(&json, NULL);
    json_put_string(&json, "key", test->key.text);
    json_put_object_close(&json);
    json_put_array_close(&json);
    json_put_string(&json, "reason", "the end of keyturn provider test");
    json_put_object_close(&json);
    test->revoked = true;
    return agent_send(test->cli, "POST", "/v1/revocations", &json, NULL, err);
}

/* --- Birth ------------------------------------------------------------------- */

static enum err_code test_birth_step(struct test *test, bool *ret_over, struct err *err)
{
    const json_t *rotation = test_rotation(test);
    bool waits = field_true(rotation, "waits_for_person");
    if (test_is(rotation, "staging") && waits && field_given(rotation, "instructions") && !test->asked) {
        test->asked = true;
        return test_stage(test, rotation, err);
    }
    test->alive = field_given(test->row, "current") && field_number(json_object_get(test->row, "current"), "version") > 0;
    if (test_is(rotation, "attention")) {
        (void)fprintf(stderr, "%s\nIt is given up; what was made is revoked.\n", field_text(rotation, "detail"));
        return test_move(test, rotation, "cancel", err);
    }
    if (test_is(rotation, "failed"))
        (void)fprintf(stderr, "%s\n", field_text(rotation, "detail"));
    *ret_over = test->alive || test_is(rotation, "failed") || test_is(rotation, "done");
    return ERR_OK;
}

/* --- Death ------------------------------------------------------------------- */

static const json_t *test_open_revocation(const struct test *test)
{
    size_t index = 0;
    const json_t *revocation = NULL;
    json_array_foreach (json_object_get(test->row, "revocations"), index, revocation)
        if (!field_given(revocation, "ended_at"))
            return revocation;
    return NULL;
}

/* A person who must revoke is told so once, and meanwhile the API is asked every now and then. */
static enum err_code test_look(struct test *test, const json_t *revocation, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf text = {0};
    int64_t elapsed = follow_elapsed_ms(&test->follow);
    if (!field_true(revocation, "waits_for_person"))
        return ERR_OK;
    say_instructions(&text, json_object_get(revocation, "instructions"));
    if (!test->told)
        (void)fprintf(stderr, "%s\n", buf_text(&text));
    test->told = true;
    if (elapsed - test->looked_ms < TEST_LOOK_MS)
        return ERR_OK;
    test->looked_ms = elapsed;
    buf_printf(&path, "/v1/revocations/%s/look", field_text(revocation, "id"));
    return agent_send(test->cli, "POST", buf_text(&path), NULL, NULL, err);
}

static enum err_code test_death_step(struct test *test, bool *ret_over, struct err *err)
{
    const json_t *revocation = test_open_revocation(test);
    if (test->alive && !test->revoked)
        return test_revoke(test, err);
    *ret_over = revocation == NULL;
    return revocation ? test_look(test, revocation, err) : ERR_OK;
}

/* --- The whole --------------------------------------------------------------- */

typedef enum err_code test_step(struct test *test, bool *ret_over, struct err *err);

static enum err_code test_until(struct test *test, test_step *step, struct err *err)
{
    for (bool over = false; !over;) {
        TRY(test_read(test, err));
        TRY(step(test, &over, err));
        if (over)
            break;
        enum follow_end end = follow_pause(&test->follow, FOLLOW_PAUSE_MS);
        if (end == FOLLOW_GOES_ON)
            continue;
        test->cli->waits = field_true(test->row, "waits_for_person");
        return err_set(err, ERR_STATE, "%s is not finished. The agent goes on by itself; look: keyturn show %s\n"
                       "Kill it: keyturn revoke %s", test->key.text, test->key.text, test->key.text);
    }
    return ERR_OK;
}

static bool test_is_dead(const struct test *test)
{
    size_t index = 0;
    const json_t *version = NULL;
    bool dead = json_array_size(json_object_get(test->row, "versions")) > 0;
    json_array_foreach (json_object_get(test->row, "versions"), index, version)
        dead = dead && test_is(version, "dead");
    return dead;
}

static void test_print_lag(const char *what, int64_t ms)
{
    if (ms >= 0)
        printf("%s %lld.%03lld s\n", what, (long long)(ms / 1000), (long long)(ms % 1000));
}

static void test_report(const struct test *test)
{
    int64_t birth = trace_lag_ms(test->trace, "issue", "alive");
    int64_t death = trace_lag_ms(test->trace, "revoke", "dead");
    if (args_has(test->args, "json")) {
        json_t *document = json_pack("{s:s,s:s,s:b,s:b,s:o?,s:o?,s:O}", "provider", test->provider, "key",
                                     test->key.text, "alive", test->alive, "dead", test_is_dead(test),
                                     "birth_lag_ms", birth >= 0 ? json_integer(birth) : json_null(),
                                     "death_lag_ms", death >= 0 ? json_integer(death) : json_null(), "trace",
                                     test->trace);
        (void)json_dumpf(document, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(document);
        return;
    }
    test_print_lag("alive after", birth);
    test_print_lag("dead after ", death);
    trace_print_unmatched(test->trace);
}

static enum err_code test_forget(struct test *test, struct err *err)
{
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/keys/%s", test->key.text);
    return agent_send(test->cli, "DELETE", buf_text(&path), NULL, NULL, err);
}

static enum err_code test_run(struct test *test, struct err *err)
{
    TRY(follow_begin(&test->follow, test->cli->clock, 0, err));
    TRY(test_add(test, err));
    TRY(test_until(test, test_birth_step, err));
    TRY(test_until(test, test_death_step, err));
    bool made = json_array_size(json_object_get(test->row, "versions")) > 0;
    bool dead = test_is_dead(test);
    test_report(test);
    if (dead || !made)
        TRY(test_forget(test, err));
    if (!test->alive)
        return err_set(err, ERR_STATE, "%s: no key was proved alive%s", test->provider,
                       dead ? "; what was made is dead" : "");
    if (!dead)
        return err_set(err, ERR_STATE, "%s is not proved dead", test->key.text);
    if (!args_has(test->args, "json"))
        printf("%s: made, proved alive, killed and proved dead.\n", test->provider);
    return ERR_OK;
}

static enum err_code test_ask(struct test *test, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *provider = NULL;
    char question[256];
    buf_printf(&path, "/v1/providers/%s", test->provider);
    TRY(agent_get(test->cli, buf_text(&path), &provider, err));
    TRY(test_name(test, err));
    (void)snprintf(question, sizeof question, "This makes a real key of %.80s (%.64s), proves it, and kills it.",
                   field_text(provider, "title"), test->key.environment);
    return ask_yes(test->cli, test->args, question, err);
}

enum err_code provider_test(struct cli *cli, const struct args *args, struct err *err)
{
    struct test test = {.cli = cli, .args = args, .provider = args_word(args, 1), .follow = FOLLOW_NONE};
    if (!test.provider || args_word(args, 2))
        return cli_misuse(cli, err, "say which provider: keyturn provider test NAME");
    if (text_check_name(test.provider, "the provider's name", err) != ERR_OK)
        return cli_misused(cli, err->code);
    enum err_code code = test_ask(&test, err);
    if (code == ERR_OK)
        code = test_run(&test, err);
    test_release(&test);
    return code;
}
