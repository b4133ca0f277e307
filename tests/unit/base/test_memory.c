#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/secret.h"
#include "child.h"

#include <stdio.h>
#include <string.h>

/* KiB of the mappings that are read-only and of a file: what is resident, or locked. */
static unsigned long of_files(const char *what)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[1024];
    bool counts = false;
    unsigned long sum = 0;
    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps)) {
        unsigned long value = 0;
        char mode[5] = "";
        if (sscanf(line, "%*x-%*x %4s", mode) == 1)
            counts = mode[0] == 'r' && mode[1] == '-' && strchr(line, '/');
        else if (counts && strncmp(line, what, strlen(what)) == 0 && sscanf(line, "%*s %lu", &value) == 1)
            sum += value;
    }
    (void)fclose(smaps);
    return sum;
}

static void test_code_goes_back_and_comes_again(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_int_equal(secret_init(NULL), ERR_OK);
    unsigned long before = of_files("Rss:");
    memory_drop_code();
    assert_true(of_files("Rss:") < before);
    OWN(secret_free) struct secret *secret = secret_new(100);
    assert_non_null(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_goes_back_and_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
