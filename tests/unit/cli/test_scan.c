#include "scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err_code join(void *context, const char *text, size_t length, struct err *err)
{
    (void)err;
    buf_add(context, text, length);
    buf_text_add(context, "\n");
    return ERR_OK;
}

static const char document[] = "{\"keys\":[{\"key\":\"a/b\",\"x\":{\"y\":[1,{}]}}, {\"key\":\"}]\\\"{\"},{}],"
                               "\"next\":null}";
static const char elements[] = "{\"key\":\"a/b\",\"x\":{\"y\":[1,{}]}}\n{\"key\":\"}]\\\"{\"}\n{}\n";

/* Wherever the pieces are cut, the same elements come out. */
static void test_elements_are_found_however_they_arrive(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof document; piece++) {
        OWN_BUF struct buf found = {0};
        struct err err;
        struct scan_splitter splitter = {.element = join, .context = &found};
        size_t length = strlen(document);
        for (size_t at = 0; at < length; at += piece)
            assert_int_equal(scan_split(&splitter, document + at, at + piece < length ? piece : length - at, &err),
                             ERR_OK);
        assert_true(splitter.ended);
        assert_string_equal(buf_text(&found), elements);
        buf_release(&splitter.part);
    }
}

static void test_a_document_cut_short_has_not_ended(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(document); length++) {
        OWN_BUF struct buf found = {0};
        struct err err;
        struct scan_splitter splitter = {.element = join, .context = &found};
        assert_int_equal(scan_split(&splitter, document, length, &err), ERR_OK);
        assert_false(splitter.ended);
        buf_release(&splitter.part);
    }
}

static void test_brackets_that_do_not_match_are_refused(void **state)
{
    (void)state;
    OWN_BUF struct buf found = {0};
    struct err err;
    struct scan_splitter splitter = {.element = join, .context = &found};
    assert_int_equal(scan_split(&splitter, "{}}", 3, &err), ERR_FORMAT);
}

static void collect(void *context, struct scan_value name, struct scan_value value)
{
    buf_printf(context, "%.*s=%.*s;", (int)name.length, name.text, (int)value.length, value.text);
}

static void test_members_are_given_as_they_stand(void **state)
{
    (void)state;
    static const char object[] =
        "{ \"a\" : 1 , \"b\":\"x,}\\\"y\",\"c\":{\"d\":[1,2]},\"e\":null,\"f\":[],\"g\":true}";
    OWN_BUF struct buf found = {0};
    struct err err;
    assert_int_equal(scan_object(object, strlen(object), collect, &found, &err), ERR_OK);
    assert_string_equal(buf_text(&found), "a=1;b=\"x,}\\\"y\";c={\"d\":[1,2]};e=null;f=[];g=true;");
}

static void ignore(void *context, struct scan_value name, struct scan_value value)
{
    (void)context;
    (void)name;
    (void)value;
}

/* No prefix of an object is an object, and none is read past its end. */
static void test_objects_cut_short_are_refused(void **state)
{
    (void)state;
    static const char object[] = "{\"a\":1,\"b\":\"x\\\"y\",\"c\":{\"d\":[1,2]}}";
    for (size_t length = 0; length < strlen(object); length++) {
        struct err err;
        char *exact = strndup(object, length); /* a sanitizer sees its end */
        assert_int_equal(scan_object(exact, length, ignore, NULL, &err), ERR_FORMAT);
        free(exact);
    }
}

static void test_text_is_plain_and_fits(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text;
    } rows[] = {{"\"abc\"", "abc"},     {"\"a\\\"b\\\\\"", "a\"b\\"}, {"\"\\u001b[31m\"", "?[31m"},
                {"null", ""},           {"12", ""},                   {"\"123456789\"", "1234567"},
                {"\"12345…\"", "12345"}, {"\"1234…\"", "1234…"},       {"\"\\n\"", "?"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[8];
        scan_text((struct scan_value){rows[i].value, strlen(rows[i].value)}, out, sizeof out);
        assert_string_equal(out, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_are_found_however_they_arrive),
        cmocka_unit_test(test_a_document_cut_short_has_not_ended),
        cmocka_unit_test(test_brackets_that_do_not_match_are_refused),
        cmocka_unit_test(test_members_are_given_as_they_stand),
        cmocka_unit_test(test_objects_cut_short_are_refused),
        cmocka_unit_test(test_text_is_plain_and_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
