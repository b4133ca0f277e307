#include "action/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

static struct secret *text_secret(const char *text)
{
    struct secret *secret = secret_new(strlen(text) + 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, text, strlen(text)), ERR_OK);
    return secret;
}

static int setup(void **state)
{
    struct err err;
    struct action_values *values = action_values_new();
    if (!values || action_values_set(values, "name", "a b/\"c\"", &err) != ERR_OK ||
        action_values_set(values, "line", "one\ntwo", &err) != ERR_OK ||
        action_values_set_secret(values, "secret", text_secret("s3cret"), &err) != ERR_OK)
        return -1;
    *state = values;
    return 0;
}

static int teardown(void **state)
{
    action_values_free(*state);
    return 0;
}

static void test_templates_render(void **state)
{
    static const struct {
        const char *template_text, *text;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"{{name}}", "a b/\"c\""},
        {"<{{name|urlencode}}>", "<a%20b%2F%22c%22>"},
        {"{{name|json}}", "a b/\\\"c\\\""},
        {"{{line|json}}", "one\\u000Atwo"},
        {"{{name|base64}}", "YSBiLyJjIg=="},
        {"{{line|base64}}{{line|base64}}", "b25lCnR3bw==b25lCnR3bw=="},
        {"{\"a\":{\"b\":\"{{name|json}}\"}}", "{\"a\":{\"b\":\"a b/\\\"c\\\"\"}}"},
        {"{{{{name}}", "{{name}}"},
        {"{ }} {", "{ }} {"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWN_BUF struct buf out = {0};
        struct err err = {0};
        if (action_render(cases[i].template_text, *state, "test", &out, &err) != ERR_OK ||
            strcmp(buf_text(&out), cases[i].text) != 0)
            fail_msg("%s: \"%s\" %s", cases[i].template_text, buf_text(&out), err.message);
    }
}

/* What a service with the private key reads. The key pair is made for this test. */
static void test_a_sealed_box_opens_with_the_private_key_alone(void **state)
{
    unsigned char public_key[crypto_box_PUBLICKEYBYTES];
    unsigned char private_key[crypto_box_SECRETKEYBYTES];
    unsigned char box[128];
    unsigned char opened[16];
    char encoded[64];
    size_t length = 0;
    struct err err;
    OWN(secret_free) struct secret *rendered = NULL;
    assert_int_equal(crypto_box_keypair(public_key, private_key), 0);
    (void)sodium_bin2base64(encoded, sizeof encoded, public_key, sizeof public_key,
                            sodium_base64_VARIANT_ORIGINAL);
    assert_int_equal(action_values_set(*state, "public_key", encoded, &err), ERR_OK);
    assert_int_equal(action_render_secret("{{secret|sealed_box}}", *state, "body", NULL, &rendered, &err), ERR_OK);
    assert_int_equal(sodium_base642bin(box, sizeof box, (const char *)secret_peek(rendered),
                                       secret_length(rendered), NULL, &length, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(length, 6 + crypto_box_SEALBYTES);
    assert_int_equal(crypto_box_seal_open(opened, box, length, public_key, private_key), 0);
    assert_memory_equal(opened, "s3cret", 6);
    box[length - 1] ^= 1;
    assert_int_not_equal(crypto_box_seal_open(opened, box, length, public_key, private_key), 0);
}

/* Without a key, with one cut short, and with one of small order (all zeros), nothing is sealed. */
static void test_a_sealed_box_needs_a_key(void **state)
{
    static const char *const keys[] = {NULL, "", "c2hvcnQ=", "not base64",
                                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct err err = {0};
        struct secret *rendered = NULL;
        if (keys[i])
            assert_int_equal(action_values_set(*state, "public_key", keys[i], &err), ERR_OK);
        assert_int_equal(action_render_secret("{{secret|sealed_box}}", *state, "body", NULL, &rendered, &err),
                         ERR_INVALID);
        assert_non_null(strstr(err.message, "public_key"));
        assert_null(strstr(err.message, "s3cret"));
    }
}

static void test_base64_of_each_length(void **state)
{
    static const char *const cases[][2] = {{"", ""},         {"f", "Zg=="},        {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWN_BUF struct buf out = {0};
        assert_int_equal(action_values_set(*state, "text", cases[i][0], &err), ERR_OK);
        assert_int_equal(action_render("{{text|base64}}", *state, "test", &out, &err), ERR_OK);
        assert_string_equal(buf_text(&out), cases[i][1]);
    }
}

static void test_malformed_templates_are_refused(void **state)
{
    static const char *const bad[] = {"{{",        "{{name",        "{{name}",      "{{}}",       "{{ name }}",
                                      "{{Name}}",  "{{name|}}",     "{{name|no}}",  "{{name|json|json}}",
                                      "{{{name}}}", "{{na\nme}}", "a {{name|base64 }}"};
    struct err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        OWN_BUF struct buf out = {0};
        if (action_template_check(bad[i], "the.field", &err) != ERR_INVALID ||
            action_render(bad[i], *state, "the.field", &out, &err) != ERR_INVALID)
            fail_msg("%s", bad[i]);
        assert_non_null(strstr(err.message, "the.field"));
    }
}

static void test_missing_value_is_named(void **state)
{
    OWN_BUF struct buf out = {0};
    struct err err;
    assert_int_equal(action_render("{{label}}", *state, "url", &out, &err), ERR_INVALID);
    assert_string_equal(err.message, "url: there is no value for {{label}}");
}

static void test_S6_secret_is_refused_where_text_is_made(void **state)
{
    OWN_BUF struct buf out = {0};
    struct err err;
    assert_int_equal(action_render("a{{secret}}", *state, "url", &out, &err), ERR_INVALID);
    assert_int_equal(action_render("a{{secret|base64}}", *state, "url", &out, &err), ERR_INVALID);
    assert_null(strstr(err.message, "s3cret"));
    assert_null(strstr(buf_text(&out), "s3cret"));
}

static void test_secret_renders_into_a_secret(void **state)
{
    struct err err;
    struct secret *out = NULL;
    assert_int_equal(action_render_secret("Bearer {{secret}}!", *state, "h", NULL, &out, &err), ERR_OK);
    assert_int_equal(secret_length(out), 14);
    assert_memory_equal(secret_peek(out), "Bearer s3cret!", 14);
    out = secret_free(out);
    assert_int_equal(action_render_secret("", *state, "h", NULL, &out, &err), ERR_OK);
    assert_int_equal(secret_length(out), 0);
    secret_free(out);
}

static void test_rendered_size_is_limited(void **state)
{
    enum { LIMIT = 1024 * 1024 };
    struct err err;
    char *text = malloc(LIMIT + 2);
    assert_non_null(text);
    memset(text, 'x', LIMIT + 1);
    text[LIMIT] = '\0';
    struct secret *out = NULL;
    assert_int_equal(action_render_secret(text, *state, "body", NULL, &out, &err), ERR_OK);
    assert_int_equal(secret_length(out), LIMIT);
    out = secret_free(out);
    text[LIMIT] = 'x';
    text[LIMIT + 1] = '\0';
    assert_int_equal(action_render_secret(text, *state, "body", NULL, &out, &err), ERR_LIMIT);
    assert_null(out);
    free(text);
}

static void test_values_are_replaced_taken_and_borrowed(void **state)
{
    struct action_values *values = *state;
    struct err err;
    assert_int_equal(action_values_set(values, "name", "new", &err), ERR_OK);
    assert_string_equal(action_values_text(values, "name"), "new");
    assert_null(action_values_secret(values, "name"));
    struct secret *taken = action_values_take_secret(values, "secret");
    assert_non_null(taken);
    assert_null(action_values_secret(values, "secret"));
    assert_int_equal(action_values_borrow_secret(values, "secret", taken, &err), ERR_OK);
    assert_ptr_equal(action_values_secret(values, "secret"), taken);
    assert_null(action_values_take_secret(values, "secret"));
    assert_int_equal(action_values_set(values, "secret", "no secret now", &err), ERR_OK);
    assert_null(action_values_secret(values, "secret"));
    secret_free(taken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_templates_render),
        TEST(test_a_sealed_box_opens_with_the_private_key_alone),
        TEST(test_a_sealed_box_needs_a_key),
        TEST(test_base64_of_each_length),
        TEST(test_malformed_templates_are_refused),
        TEST(test_missing_value_is_named),
        TEST(test_S6_secret_is_refused_where_text_is_made),
        TEST(test_secret_renders_into_a_secret),
        TEST(test_rendered_size_is_limited),
        TEST(test_values_are_replaced_taken_and_borrowed),
    };
    struct err err;
    if (secret_init(&err) != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
