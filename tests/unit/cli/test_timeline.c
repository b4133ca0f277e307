#include "timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { FROM_MS = 1000, PART_MS = 100, UNTIL_MS = FROM_MS + TIMELINE_PARTS * PART_MS };

/* One time, and the part it is counted in; -1: in none. */
static const struct {
    int64_t at_ms;
    int part;
} places[] = {
    {0, 0},
    {INT64_MIN, 0},
    {FROM_MS, 0},
    {FROM_MS + PART_MS - 1, 0},
    {FROM_MS + PART_MS, 1},
    {UNTIL_MS - 1, TIMELINE_PARTS - 1},
    {UNTIL_MS, -1},
    {INT64_MAX, -1},
};

static void test_each_time_is_counted_in_its_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char line[TIMELINE_PARTS + 1];
        timeline_draw(&places[i].at_ms, 1, FROM_MS, UNTIL_MS, line);
        assert_int_equal(strlen(line), TIMELINE_PARTS);
        const char *mark = strchr(line, '1');
        assert_int_equal(mark ? (int)(mark - line) : -1, places[i].part);
    }
}

static void test_what_does_not_fit_a_digit_is_a_plus(void **state)
{
    (void)state;
    const int64_t times_ms[11] = {0};
    char line[TIMELINE_PARTS + 1];
    static const char marks[] = ".123456789++";
    for (size_t count = 0; count <= 11; count++) {
        timeline_draw(times_ms, count, FROM_MS, UNTIL_MS, line);
        assert_int_equal(line[0], marks[count]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_time_is_counted_in_its_part),
        cmocka_unit_test(test_what_does_not_fit_a_digit_is_a_plus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
