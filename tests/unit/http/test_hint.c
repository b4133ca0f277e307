/* What Retry-After and Content-Type mean, in both forms and when they mean nothing. */
#include "../../../agent/http/hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples. */
static int64_t wall(void *context)
{
    (void)context;
    return INT64_C(784111777000);
}

static const struct clock then = {.wall_ms = wall};

static void test_retry_after_in_both_forms(void **state)
{
    static const struct {
        const char *value;
        int64_t wait_ms;
    } cases[] = {
        {NULL, -1},
        {"", -1},
        {"0", 0},
        {"120", 120000},
        {"86400", 86400000},
        {"86401", 86400000},
        {"99999999999999999999999999", 86400000},
        {"-5", -1},
        {"1.5", -1},
        {"soon", -1},
        {"5 seconds", -1},
        {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10000},
        {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
        {"Sun, 06 Nov 2094 08:49:27 GMT", 86400000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (http_retry_after(cases[i].value, &then) != cases[i].wait_ms)
            fail_msg("%s", cases[i].value ? cases[i].value : "NULL");
}

static void test_media_types(void **state)
{
    static const struct {
        const char *value, *type;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"application/json", "application/json"},
        {" Text/HTML ; charset=utf-8", "text/html"},
        {"application/json;charset=utf-8", "application/json"},
        {"0123456789012345678901234567890123456789", "0123456789012345678901234567890"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char type[32];
        http_media_type(cases[i].value, type, sizeof type);
        assert_string_equal(type, cases[i].type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_in_both_forms),
        cmocka_unit_test(test_media_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
