#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"

#include <string.h>
#include <time.h>

/* Hands out the 32-bit values of a list, and counts. */
struct script {
    const uint32_t *values;
    size_t used;
};

static void script_bytes(void *context, void *out, size_t length)
{
    struct script *script = context;
    assert_int_equal(length, sizeof(uint32_t));
    memcpy(out, &script->values[script->used++], length);
}

static void test_below_draws_again_where_it_would_be_uneven(void **state)
{
    (void)state;
    /* 2^32 mod 3 is 1: only the value 0 is too small. */
    const uint32_t values[] = {0, 1, 5};
    struct script script = {.values = values};
    const struct random random = {.bytes = script_bytes, .context = &script};
    assert_int_equal(random_below(&random, 3), 1);
    assert_int_equal(script.used, 2);
    assert_int_equal(random_below(&random, 3), 2);
}

static void test_below_of_nothing_draws_nothing(void **state)
{
    (void)state;
    struct script script = {0};
    const struct random random = {.bytes = script_bytes, .context = &script};
    assert_int_equal(random_below(&random, 0), 0);
    assert_int_equal(random_below(&random, 1), 0);
    assert_int_equal(script.used, 0);
}

static void test_below_reaches_every_value_and_none_beside(void **state)
{
    (void)state;
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint32_t value = random_below(&random_system, 7);
        assert_true(value < 7);
        seen[value]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 700, 1300); /* ten standard deviations */
}

static void test_the_system_repeats_nothing(void **state)
{
    (void)state;
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    random_bytes(&random_system, a, sizeof a);
    random_bytes(&random_system, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_the_wall_clock_counts_milliseconds_since_1970(void **state)
{
    (void)state;
    int64_t seconds = (int64_t)time(NULL);
    int64_t ms = clock_wall_ms(&clock_system);
    assert_in_range(ms, (seconds - 1) * 1000, (seconds + 60) * 1000);
}

static void test_the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_ms(&clock_system);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ms(&clock_system);
        assert_true(now >= before);
        before = now;
    }
    const struct timespec pause = {.tv_nsec = 5000000};
    nanosleep(&pause, NULL);
    assert_true(clock_monotonic_ms(&clock_system) >= before + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_below_draws_again_where_it_would_be_uneven),
        cmocka_unit_test(test_below_of_nothing_draws_nothing),
        cmocka_unit_test(test_below_reaches_every_value_and_none_beside),
        cmocka_unit_test(test_the_system_repeats_nothing),
        cmocka_unit_test(test_the_wall_clock_counts_milliseconds_since_1970),
        cmocka_unit_test(test_the_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
