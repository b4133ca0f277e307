#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

static void test_nesting_and_commas(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    json_put_object_open(&buf, NULL);
    json_put_string(&buf, "a", "x");
    json_put_integer(&buf, "b", 1);
    json_put_array_open(&buf, "c");
    json_put_integer(&buf, NULL, 1);
    json_put_object_open(&buf, NULL);
    json_put_object_close(&buf);
    json_put_array_open(&buf, NULL);
    json_put_array_close(&buf);
    json_put_null(&buf, NULL);
    json_put_boolean(&buf, NULL, true);
    json_put_boolean(&buf, NULL, false);
    json_put_array_close(&buf);
    json_put_string(&buf, "d", NULL);
    json_put_object_close(&buf);
    assert_string_equal(buf_text(&buf),
                        "{\"a\":\"x\",\"b\":1,\"c\":[1,{},[],null,true,false],\"d\":null}");
}

static void test_a_string_that_ends_like_a_separator_takes_its_comma(void **state)
{
    (void)state;
    static const char *const values[] = {"", "{", "[", ",", ":", " ", "\n", "\\", "\""};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        OWN_BUF struct buf one = {0};
        OWN_BUF struct buf both = {0};
        json_put_string(&one, NULL, values[i]);
        json_put_string(&both, NULL, values[i]);
        json_put_integer(&both, NULL, 7);
        buf_text_add(&one, ",7");
        assert_string_equal(buf_text(&both), buf_text(&one));
    }
}

static void test_documents_after_a_line_feed_take_no_comma(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    json_put_object_open(&buf, NULL);
    json_put_object_close(&buf);
    buf_add(&buf, "\n", 1);
    json_put_object_open(&buf, NULL);
    json_put_object_close(&buf);
    assert_string_equal(buf_text(&buf), "{}\n{}");
}

static void test_strings_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t length;
        const char *json;
    } rows[] = {
        {"", 0, "\"\""},
        {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1f", 3, "\"\\u0000\\u0001\\u001f\""},
        {"\x7f", 1, "\"\x7f\""},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91", 9, "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc3", 1, "\"\xef\xbf\xbd\""},
        {"\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x8f\xbf\xbf", 4, "\"\xf4\x8f\xbf\xbf\""},
        {"\xef\xbf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN_BUF struct buf buf = {0};
        json_put_string_n(&buf, NULL, rows[i].value, rows[i].length);
        assert_string_equal(buf_text(&buf), rows[i].json);
    }
}

static void test_integers_of_every_size(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *json;
    } rows[] = {
        {0, "0"},          {7, "7"},
        {-1, "-1"},        {1000000, "1000000"},
        {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN_BUF struct buf buf = {0};
        json_put_integer(&buf, NULL, rows[i].value);
        assert_string_equal(buf_text(&buf), rows[i].json);
    }
}

static void test_time_zero_is_null(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    json_put_object_open(&buf, NULL);
    json_put_time(&buf, "never", 0);
    json_put_time(&buf, "then", 1);
    json_put_object_close(&buf);
    assert_string_equal(buf_text(&buf), "{\"never\":null,\"then\":\"1970-01-01T00:00:00.001Z\"}");
}

static void expect_at_every_place(char byte, size_t length, const struct buf *one)
{
    for (size_t at = 0; at < length; at++) {
        char text[20] = "abcdefghijklmnopqrs";
        OWN_BUF struct buf whole = {0};
        OWN_BUF struct buf expected = {0};
        text[at] = byte;
        json_put_string_n(&whole, NULL, text, length);
        buf_printf(&expected, "\"%.*s%.*s%.*s\"", (int)at, text, (int)one->length - 2, one->data + 1,
                   (int)(length - at - 1), text + at + 1);
        assert_string_equal(buf_text(&whole), buf_text(&expected));
    }
}

/* Eight bytes are looked at at once: each byte at each place of the eight, and in what is left of them. */
static void test_every_byte_is_escaped_at_every_place(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char alone[2] = {(char)byte, '\0'};
        OWN_BUF struct buf one = {0};
        json_put_string(&one, NULL, alone);
        assert_true(one.length >= 3);
        for (size_t length = 1; length <= 19; length += 3)
            expect_at_every_place((char)byte, length, &one);
    }
}

static void test_raw_is_taken_as_it_stands_but_for_space_at_its_end(void **state)
{
    (void)state;
    OWN_BUF struct buf buf = {0};
    json_put_array_open(&buf, NULL);
    json_put_raw(&buf, NULL, "{\"a\": 1} \r\n", 11);
    json_put_raw(&buf, NULL, "", 0);
    json_put_integer(&buf, NULL, 2);
    json_put_array_close(&buf);
    assert_string_equal(buf_text(&buf), "[{\"a\": 1},null,2]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting_and_commas),
        cmocka_unit_test(test_a_string_that_ends_like_a_separator_takes_its_comma),
        cmocka_unit_test(test_documents_after_a_line_feed_take_no_comma),
        cmocka_unit_test(test_strings_are_escaped),
        cmocka_unit_test(test_every_byte_is_escaped_at_every_place),
        cmocka_unit_test(test_integers_of_every_size),
        cmocka_unit_test(test_time_zero_is_null),
        cmocka_unit_test(test_raw_is_taken_as_it_stands_but_for_space_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
