/* Lists in rows: found however they arrive, whole or not at all, and their values. */
#include "scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

static const char document[] = "{\"keys\":[\n[\"a/b\",1,\"]\\\"[\"],\n[\"“ü”\",null,\"\\\\\"],\n[\"\",-2,\"\\n\"]\n],\"next\":null}";
static const char rows[] = "[\"a/b\",1,\"]\\\"[\"]\n[\"“ü”\",null,\"\\\\\"]\n[\"\",-2,\"\\n\"]\n";

/* Feed text in pieces of so many bytes, each in memory of its own, so that a sanitizer sees its end. */
static enum err_code feed(const char *text, size_t length, size_t piece, struct buf *found)
{
    struct err err = {0};
    struct scan_lines lines = {.row = join, .context = found};
    enum err_code code = ERR_OK;
    for (size_t at = 0; at < length && code == ERR_OK; at += piece) {
        size_t part = at + piece < length ? piece : length - at;
        char *exact = memcpy(malloc(part), text + at, part);
        code = scan_feed(&lines, exact, part, &err);
        free(exact);
    }
    if (code == ERR_OK)
        code = scan_end(&lines, &err);
    assert_true(code == ERR_OK || err.message[0]);
    buf_release(&lines.part);
    return code;
}

static void test_rows_are_found_however_they_arrive(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof document; piece++) {
        OWN_BUF struct buf found = {0};
        assert_int_equal(feed(document, strlen(document), piece, &found), ERR_OK);
        assert_string_equal(buf_text(&found), rows);
    }
}

static void test_a_list_without_rows_is_whole(void **state)
{
    (void)state;
    static const char empty[] = "{\"keys\":[\n],\"next\":null}";
    OWN_BUF struct buf found = {0};
    assert_int_equal(feed(empty, strlen(empty), 7, &found), ERR_OK);
    assert_int_equal(found.length, 0);
}

static void test_a_list_cut_short_never_looks_whole(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(document); length++)
        for (size_t piece = 1; piece < 90; piece += 11) {
            OWN_BUF struct buf found = {0};
            assert_int_equal(feed(document, length, piece, &found), ERR_FORMAT);
        }
}

static void test_what_is_no_list_in_rows_is_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"", "hello", "\n", "[]\n", "{\"keys\":[]}", "{\"keys\":[{\"key\":\"a/b\"}],\"next\":null}",
                                         "{\"keys\":[\n],\"next\":\"00\"}", "{\"keys\":[\n],\"next\":null}x",
                                         "{\"keys\":[\n],\"next\":null}\n", "{\"rows\":[\n],\"next\":null}"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct err err = {0};
        OWN_BUF struct buf found = {0};
        struct scan_lines lines = {.row = join, .context = &found};
        enum err_code code = scan_feed(&lines, others[i], strlen(others[i]), &err);
        if (code == ERR_OK)
            code = scan_end(&lines, &err);
        assert_int_equal(code, ERR_FORMAT);
        buf_release(&lines.part);
    }
}

/* The row as text and then so many values more; what it says of its end. */
static enum err_code read_row(const char *text, size_t length, size_t count, char *out)
{
    struct err err = {0};
    char *exact = memcpy(malloc(length ? length : 1), text, length); /* a sanitizer sees its end */
    struct scan_values values = scan_values(exact, length);
    for (size_t i = 0; i < count; i++) {
        out = scan_text(&values, out);
        out[-1] = ';';
    }
    *out = '\0';
    enum err_code code = scan_values_end(&values, &err);
    assert_true(code == ERR_OK || err.message[0]);
    free(exact);
    return code;
}

static void test_values_are_read_one_after_another(void **state)
{
    (void)state;
    static const char row[] = "[\"a,]\\\"\",-12,true,null,\"\",\"\\\\\",\"\\\\\\\"\",\"“ü”\",1.5]";
    char out[sizeof row + 9];
    assert_int_equal(read_row(row, strlen(row), 9, out), ERR_OK);
    assert_string_equal(out, "a,]\";;;;;\\;\\\";“ü”;;");
    assert_int_equal(read_row(row, strlen(row), 8, out), ERR_FORMAT);
    assert_int_equal(read_row(row, strlen(row), 10, out), ERR_FORMAT);
}

/* Whatever is asked for, what follows is found. */
static void test_a_value_of_another_kind_is_passed_over(void **state)
{
    (void)state;
    static const char *const others[] = {"\"a,]\\\"\"", "\"\\\\\"", "null", "true", "-1.5", "\"\"", "12", "\"1970-01-02T00:00:00.001Z\"",
                                         "\"a text that is longer than any time that there is\"", "\"“ü”\""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        for (int kind = 0; kind < 4; kind++) {
            char row[128];
            char out[128];
            struct err err = {0};
            (void)snprintf(row, sizeof row, "[%s,7]", others[i]);
            struct scan_values values = scan_values(row, strlen(row));
            if (kind == 0)
                (void)scan_text(&values, out);
            else if (kind == 1)
                (void)scan_time(&values);
            else if (kind == 2)
                (void)scan_number(&values);
            else
                (void)scan_true(&values);
            assert_int_equal(scan_number(&values), 7);
            assert_int_equal(scan_values_end(&values, &err), ERR_OK);
        }
}

/* No prefix of a row is a row, and none is read past its end. */
static void test_rows_cut_short_are_refused(void **state)
{
    (void)state;
    static const char row[] = "[\"x\\\"y\",null,\"\\\\\",\"ü\"]";
    char out[sizeof row + 4];
    assert_int_equal(read_row(row, strlen(row), 4, out), ERR_OK);
    for (size_t length = 0; length < strlen(row); length++)
        assert_int_equal(read_row(row, length, 4, out), ERR_FORMAT);
}

static void test_rows_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"[1]", "[1,]", "[,1]", "[1,{}]", "[1,[2]]", "{1,2}", "[1,2]]", "[1,2],", "[\"a\"b,2]", "1,2", "[]"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char out[32];
        assert_int_equal(read_row(others[i], strlen(others[i]), 2, out), ERR_FORMAT);
    }
}

static void test_text_is_plain(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text;
    } texts[] = {{"\"abc\"", "abc"},           {"\"a\\\"b\\\\\"", "a\"b\\"}, {"\"\\u001b[31m\"", "?[31m"}, {"null", ""},
                 {"12", ""},                   {"\"\"", ""},                 {"\"1234…\"", "1234…"},      {"\"\\n\"", "?"},
                 {"\"“ü” \\/ \\t\"", "“ü” / ?"}, {"\"\x7f\"", "?"},             {"\"\xC2\x9b" "31m\"", "??31m"}, {"\"\\u00e9\"", "?"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char row[64];
        char out[64];
        (void)snprintf(row, sizeof row, "[%s]", texts[i].value);
        struct scan_values values = scan_values(row, strlen(row));
        assert_ptr_equal(scan_text(&values, out), out + strlen(texts[i].text) + 1);
        assert_string_equal(out, texts[i].text);
    }
}

/* Text of any length with any byte anywhere in it, in exactly the room that the row has. */
static void test_text_of_any_length_is_read(void **state)
{
    (void)state;
    enum { MOST = 20 };
    for (size_t length = 1; length <= MOST; length++)
        for (size_t place = 0; place < length; place++)
            for (int byte = 1; byte < 256; byte++) {
                bool escaped = byte == '"' || byte == '\\';
                size_t whole = length + (escaped ? 1 : 0) + sizeof "[\"\"]" - 1;
                char *row = malloc(whole);
                char *out = malloc(whole);
                char *at = mempcpy(row, "[\"", 2);
                memset(at, 'x', whole - 4);
                memcpy(row + whole - 2, "\"]", 2);
                if (escaped)
                    at[place] = '\\';
                at[place + (escaped ? 1 : 0)] = (char)byte;
                struct scan_values values = scan_values(row, whole);
                assert_ptr_equal(scan_text(&values, out), out + length + 1);
                assert_int_equal(strspn(out, "x"), byte == 'x' ? length : place);
                bool control = (byte < 0x20 && byte != '\n') || byte == 0x7F;
                assert_int_equal((unsigned char)out[place], control ? '?' : byte);
                struct err err = {0};
                assert_int_equal(scan_values_end(&values, &err), ERR_OK);
                free(row);
                free(out);
            }
}

static void test_numbers_and_times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int64_t number, time;
        bool truth;
    } rows_of_one[] = {{"[12]", 12, 0, false},
                       {"[null]", 0, 0, false},
                       {"[true]", 0, 0, true},
                       {"[false]", 0, 0, false},
                       {"[\"true\"]", 0, 0, false},
                       {"[\"1970-01-02T00:00:00.001Z\"]", 0, 86400001, false},
                       {"[\"1970-01-02T01:00:00.001+01:00\"]", 0, 86400001, false},
                       {"[\"1970-01-02T00:00:00Z\"]", 0, 86400000, false},
                       {"[\"1970-01-02T00:00:00.001x\"]", 0, 0, false},
                       {"[\"1970-01-02T00:00:00.001Z", 0, 0, false},
                       {"[\"1970-01-02\"]", 0, 0, false},
                       {"[\"\"]", 0, 0, false},
                       {"[", 0, 0, false}};
    for (size_t i = 0; i < sizeof rows_of_one / sizeof rows_of_one[0]; i++) {
        const struct scan_values values = scan_values(rows_of_one[i].row, strlen(rows_of_one[i].row));
        struct scan_values as_number = values;
        struct scan_values as_time = values;
        struct scan_values as_truth = values;
        assert_int_equal(scan_number(&as_number), rows_of_one[i].number);
        assert_int_equal(scan_time(&as_time), rows_of_one[i].time);
        assert_int_equal(scan_true(&as_truth), rows_of_one[i].truth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_found_however_they_arrive),
        cmocka_unit_test(test_a_list_without_rows_is_whole),
        cmocka_unit_test(test_a_list_cut_short_never_looks_whole),
        cmocka_unit_test(test_what_is_no_list_in_rows_is_refused),
        cmocka_unit_test(test_values_are_read_one_after_another),
        cmocka_unit_test(test_a_value_of_another_kind_is_passed_over),
        cmocka_unit_test(test_rows_cut_short_are_refused),
        cmocka_unit_test(test_rows_that_are_none_are_refused),
        cmocka_unit_test(test_text_is_plain),
        cmocka_unit_test(test_text_of_any_length_is_read),
        cmocka_unit_test(test_numbers_and_times_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
