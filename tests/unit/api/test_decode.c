/* JSON bodies into fields. */
#include "../../../agent/api/decode.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct body {
    const char *text;
    struct secret *secret;
    bool flag;
    int64_t ms;
    uint32_t small;
    uint64_t large;
    const json_t *object;
    const json_t *array;
};

#define IN(member) .place = offsetof(struct body, member)
static const struct decode_field fields[] = {
    {.name = "text", .kind = DECODE_TEXT, .clears = true, IN(text), .bit = 1},
    {.name = "secret", .kind = DECODE_SECRET, IN(secret), .bit = 2},
    {.name = "flag", .kind = DECODE_BOOLEAN, IN(flag), .bit = 4},
    {.name = "seconds", .kind = DECODE_SECONDS, .clears = true, IN(ms), .bit = 8},
    {.name = "small", .kind = DECODE_NUMBER32, IN(small), .bit = 16},
    {.name = "large", .kind = DECODE_NUMBER64, IN(large), .bit = 32},
    {.name = "object", .kind = DECODE_OBJECT, IN(object), .bit = 64},
    {.name = "array", .kind = DECODE_ARRAY, IN(array), .bit = 128},
};
static const struct decode_field required_field[] = {
    {.name = "text", .kind = DECODE_TEXT, .required = true, IN(text)},
};
static const struct decode_table table = DECODE_TABLE(fields, "in.");
static const struct decode_table required_table = DECODE_TABLE(required_field, "");

struct decoded {
    enum err_code code;
    struct err err;
    struct body body;
    unsigned given;
    json_t *object;
};

static struct decoded decode(const struct decode_table *with, const char *text)
{
    struct decoded decoded = {0};
    json_error_t fault;
    decoded.object = json_loads(text, 0, &fault);
    assert_non_null(decoded.object);
    decoded.code = decode_fields(decoded.object, with, &decoded.body, &decoded.given, &decoded.err);
    return decoded;
}

static void release(struct decoded *decoded)
{
    secret_free(decoded->body.secret);
    json_decref(decoded->object);
}

static void refused(const char *text, const char *says)
{
    struct decoded decoded = decode(&table, text);
    assert_int_equal(decoded.code, ERR_INVALID);
    if (!strstr(decoded.err.message, says))
        fail_msg("\"%s\" does not say \"%s\"", decoded.err.message, says);
    release(&decoded);
}

static void test_every_kind_lands_in_its_place(void **state)
{
    (void)state;
    struct decoded decoded = decode(&table, "{\"text\":\"x\",\"secret\":\"s3\",\"flag\":true,\"seconds\":0.25,"
                                            "\"small\":4294967295,\"large\":4294967296,\"object\":{},\"array\":[1]}");
    assert_int_equal(decoded.code, ERR_OK);
    assert_int_equal(decoded.given, 255);
    assert_string_equal(decoded.body.text, "x");
    assert_int_equal(secret_length(decoded.body.secret), 2);
    assert_memory_equal(secret_peek(decoded.body.secret), "s3", 2);
    assert_true(decoded.body.flag);
    assert_int_equal(decoded.body.ms, 250);
    assert_int_equal(decoded.body.small, UINT32_MAX);
    assert_int_equal(decoded.body.large, INT64_C(4294967296));
    assert_true(json_is_object(decoded.body.object));
    assert_int_equal(json_array_size(decoded.body.array), 1);
    release(&decoded);
}

static void test_null_clears_where_it_may_and_else_counts_as_absent(void **state)
{
    (void)state;
    struct decoded decoded = decode(&table, "{\"text\":null,\"seconds\":null,\"flag\":null,\"secret\":null}");
    assert_int_equal(decoded.code, ERR_OK);
    assert_int_equal(decoded.given, 1 | 8);
    assert_string_equal(decoded.body.text, "");
    assert_int_equal(decoded.body.ms, 0);
    assert_null(decoded.body.secret);
    release(&decoded);
}

static void test_another_kind_is_refused_by_name(void **state)
{
    (void)state;
    refused("{\"text\":1}", "in.text is not a string");
    refused("{\"secret\":[]}", "in.secret");
    refused("{\"flag\":1}", "in.flag is not true or false");
    refused("{\"seconds\":\"1\"}", "in.seconds");
    refused("{\"small\":1.0}", "in.small");
    refused("{\"large\":\"1\"}", "in.large");
    refused("{\"object\":[]}", "in.object");
    refused("{\"array\":{}}", "in.array");
    refused("{\"unknown\":1}", "in.unknown");
}

static void test_numbers_have_two_ends(void **state)
{
    (void)state;
    refused("{\"small\":-1}", "in.small");
    refused("{\"small\":4294967296}", "in.small");
    refused("{\"large\":-1}", "in.large");
    refused("{\"seconds\":-0.001}", "in.seconds");
    refused("{\"seconds\":3155760001}", "in.seconds");
    struct decoded decoded = decode(&table, "{\"seconds\":3155760000}");
    assert_int_equal(decoded.code, ERR_OK);
    assert_int_equal(decoded.body.ms, INT64_C(3155760000000));
    release(&decoded);
}

static void test_a_secret_has_1_to_65536_bytes(void **state)
{
    (void)state;
    char *text = calloc(1, 65536 + 64);
    assert_non_null(text);
    strcpy(text, "{\"secret\":\"");
    memset(text + 11, 's', 65537);
    strcpy(text + 11 + 65536, "\"}");
    struct decoded decoded = decode(&table, text);
    assert_int_equal(decoded.code, ERR_OK);
    assert_int_equal(secret_length(decoded.body.secret), 65536);
    release(&decoded);
    strcpy(text + 11 + 65536, "s\"}");
    refused(text, "65536");
    refused("{\"secret\":\"\"}", "in.secret");
    free(text);
}

static void test_what_is_required_and_missing_is_named(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"text\":null}"};
    for (size_t i = 0; i < 2; i++) {
        struct decoded decoded = decode(&required_table, texts[i]);
        assert_int_equal(decoded.code, ERR_INVALID);
        assert_string_equal(decoded.err.message, "text is missing: a string");
        release(&decoded);
    }
}

/* --- Bodies ---------------------------------------------------------------- */

static enum err_code decode_text(const char *text, struct err *err)
{
    OWN(secret_free) struct secret *body = secret_new(strlen(text) + 1);
    OWN_JSON json_t *object = NULL;
    assert_int_equal(secret_set(body, text, strlen(text)), ERR_OK);
    const struct request request = {.body = body};
    return decode_body(&request, &object, err);
}

static void test_a_fault_is_named_with_its_place_and_not_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"{\"secret\":\"HIDDEN", "line 1"},
        {"{\"secret\":HIDDEN}", "line 1, column"},
        {"{\"a\":1,\n\"HIDDEN\":2 3}", "line 2"},
        {"{\"HIDDEN\":1,\"HIDDEN\":2}", "twice"},
        {"{\"a\":\"HIDDEN\xff\"}", "UTF-8"},
        {"{\"a\":\"HIDDEN\\u0000\"}", "NUL"},
        {"{\"a\":1} HIDDEN", "follows the end"},
        {"[\"HIDDEN\"]", "object"},
        {"\"HIDDEN\"", "not"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};
        assert_int_equal(decode_text(rows[i].text, &err), ERR_INVALID);
        if (!strstr(err.message, rows[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].says);
        assert_null(strstr(err.message, "HIDDEN"));
    }
}

static void test_no_body_is_an_empty_object(void **state)
{
    (void)state;
    const struct request request = {0};
    OWN_JSON json_t *object = NULL;
    struct err err = {0};
    assert_int_equal(decode_body(&request, &object, &err), ERR_OK);
    assert_int_equal(json_object_size(object), 0);
}

/* --- Labels ---------------------------------------------------------------- */

static enum err_code labels(const char *text, struct buf *out, struct err *err)
{
    json_error_t fault;
    OWN_JSON json_t *object = json_loads(text, 0, &fault);
    assert_non_null(object);
    return decode_labels(object, out, err);
}

static void test_labels_become_sorted_lines(void **state)
{
    (void)state;
    OWN_BUF struct buf out = {0};
    struct err err = {0};
    assert_int_equal(labels("{\"b\":\"2=3\",\"a\":\"\",\"c\":\"x\"}", &out, &err), ERR_OK);
    assert_string_equal(buf_text(&out), "a=\nb=2=3\nc=x");
}

static void test_labels_that_would_break_their_lines_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"a=b\":\"1\"}", "{\"\":\"1\"}",    "{\"a\":1}",
                                        "{\"a\":\"1\\n2\"}", "{\"a\\n\":\"1\"}", "{\"a\":null}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OWN_BUF struct buf out = {0};
        struct err err = {0};
        assert_int_not_equal(labels(texts[i], &out, &err), ERR_OK);
    }
}

static void test_a_key_has_64_labels_and_not_65(void **state)
{
    (void)state;
    OWN_JSON json_t *object = json_object();
    OWN_BUF struct buf out = {0};
    struct err err = {0};
    char name[8];
    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(json_object_set_new(object, name, json_string("v")), 0);
    }
    assert_int_equal(decode_labels(object, &out, &err), ERR_OK);
    assert_int_equal(json_object_set_new(object, "more", json_string("v")), 0);
    assert_int_equal(decode_labels(object, &out, &err), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_lands_in_its_place),
        cmocka_unit_test(test_null_clears_where_it_may_and_else_counts_as_absent),
        cmocka_unit_test(test_another_kind_is_refused_by_name),
        cmocka_unit_test(test_numbers_have_two_ends),
        cmocka_unit_test(test_a_secret_has_1_to_65536_bytes),
        cmocka_unit_test(test_what_is_required_and_missing_is_named),
        cmocka_unit_test(test_a_fault_is_named_with_its_place_and_not_shown),
        cmocka_unit_test(test_no_body_is_an_empty_object),
        cmocka_unit_test(test_labels_become_sorted_lines),
        cmocka_unit_test(test_labels_that_would_break_their_lines_are_refused),
        cmocka_unit_test(test_a_key_has_64_labels_and_not_65),
    };
    struct err err = {0};
    if (secret_init(&err) != ERR_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
