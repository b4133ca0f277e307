/* Every error code has its problem document. */
#include "../../../agent/api/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_every_code_has_a_row(void **state)
{
    (void)state;
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        const struct problem *problem = problem_of((enum err_code)code);
        assert_in_range(problem->status, 400, 599);
        assert_non_null(problem->title);
        assert_true(problem->title[0]);
    }
}

static void test_what_the_client_does_next_is_in_the_status(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        unsigned status;
    } rows[] = {
        {ERR_INVALID, 400}, {ERR_LIMIT, 400},  {ERR_NOT_FOUND, 404}, {ERR_EXISTS, 409},  {ERR_DENIED, 403},
        {ERR_LOCKED, 423},  {ERR_STATE, 409},  {ERR_STALE, 409},     {ERR_WRONG_KEY, 403}, {ERR_TAMPERED, 500},
        {ERR_FORMAT, 400},  {ERR_BUSY, 503},   {ERR_FULL, 507},      {ERR_IO, 500},      {ERR_MEMORY, 503},
        {ERR_NETWORK, 502}, {ERR_UNCERTAIN, 502}, {ERR_INTERNAL, 500},
    };
    assert_int_equal(sizeof rows / sizeof rows[0], ERR_COUNT - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(problem_of(rows[i].code)->status, rows[i].status);
        assert_int_equal(problem_of(rows[i].code)->retry_after_s > 0, rows[i].status == 503);
    }
}

static void test_what_is_no_error_is_ours(void **state)
{
    (void)state;
    assert_ptr_equal(problem_of(ERR_OK), problem_of(ERR_INTERNAL));
    assert_ptr_equal(problem_of(ERR_COUNT), problem_of(ERR_INTERNAL));
}

static void test_the_document_has_every_member(void **state)
{
    (void)state;
    OWN_BUF struct buf out = {0};
    struct err err = {0};
    assert_int_equal(err_set(&err, ERR_NOT_FOUND, "there is no \"x\""), ERR_NOT_FOUND);
    problem_write(&out, 404, &err);
    assert_string_equal(buf_text(&out),
                        "{\"type\":\"urn:keyturn:problem:not_found\",\"title\":\"There is no such thing\","
                        "\"status\":404,\"detail\":\"there is no \\\"x\\\"\",\"code\":\"not_found\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_row),
        cmocka_unit_test(test_what_the_client_does_next_is_in_the_status),
        cmocka_unit_test(test_what_is_no_error_is_ours),
        cmocka_unit_test(test_the_document_has_every_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
