#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/secret.h"
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Has the mapping that holds address this flag in /proc/self/smaps ("lo" is
 * locked, "dd" is left out of dumps)? */
static bool mapping_has(const void *address, const char *flag)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[1024];
    bool inside = false;
    bool found = false;
    while (smaps && fgets(line, sizeof line, smaps)) {
        unsigned long from = 0;
        unsigned long to = 0;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)address >= from && (uintptr_t)address < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag);
    }
    if (smaps)
        (void)fclose(smaps);
    return found;
}

static int core_limit_and_dumpable(void)
{
    const struct rlimit some = {4096, 4096};
    struct rlimit now = {1, 1};
    CHILD_EXPECT(setrlimit(RLIMIT_CORE, &some) == 0);
    CHILD_EXPECT(prctl(PR_GET_DUMPABLE) == 1);
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    CHILD_EXPECT(getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_cur == 0 && now.rlim_max == 0);
    CHILD_EXPECT(prctl(PR_GET_DUMPABLE) == 0);
    return 0;
}

static void test_S6_core_dumps_are_off_and_the_process_is_not_dumpable(void **state)
{
    (void)state;
    assert_child_passes(core_limit_and_dumpable);
}

static int crash(void)
{
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    abort();
}

static void test_S6_a_crash_leaves_no_core(void **state)
{
    (void)state;
    int line = 0;
    int status = child_run(crash, &line);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
}

static int secrets_are_locked(void)
{
    CHILD_EXPECT(child_become_nobody(8u << 20));
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    struct secret *secret = secret_new(70000);
    struct secret_arena *arena = secret_arena_new(4096);
    struct secret *piece = secret_new_in(arena, 100);
    CHILD_EXPECT(secret && piece);
    CHILD_EXPECT(mapping_has(secret_peek(secret), " lo"));
    CHILD_EXPECT(mapping_has(secret_peek(secret), " dd"));
    CHILD_EXPECT(mapping_has(secret_peek(piece), " lo"));
    CHILD_EXPECT(mapping_has(secret_peek(piece), " dd"));
    return 0;
}

static void test_S6_secrets_are_locked_and_left_out_of_dumps(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_child_passes(secrets_are_locked);
}

static int refused_without_locked_memory(void)
{
    struct err err = {0};
    CHILD_EXPECT(child_become_nobody(64u << 10));
    CHILD_EXPECT(secret_init(&err) == ERR_MEMORY);
    CHILD_EXPECT(err.code == ERR_MEMORY);
    CHILD_EXPECT(strstr(err.message, "LimitMEMLOCK="));
    CHILD_EXPECT(strstr(err.message, "ulimit -l"));
    CHILD_EXPECT(strstr(err.message, "64 KiB"));
    return 0;
}

static int refused_where_nothing_may_be_locked(void)
{
    struct err err = {0};
    CHILD_EXPECT(child_become_nobody(0));
    CHILD_EXPECT(secret_init(&err) == ERR_MEMORY);
    CHILD_EXPECT(err.code == ERR_MEMORY);
    return 0;
}

static int enough_is_1_MiB_and_a_page(void)
{
    CHILD_EXPECT(child_become_nobody((1u << 20) + 4096));
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    return 0;
}

static int one_page_less_is_refused(void)
{
    CHILD_EXPECT(child_become_nobody((1u << 20) - 4096));
    CHILD_EXPECT(secret_init(NULL) == ERR_MEMORY);
    return 0;
}

static void test_S6_a_process_that_cannot_lock_memory_is_refused_with_a_remedy(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_child_passes(refused_without_locked_memory);
    assert_child_passes(refused_where_nothing_may_be_locked);
    assert_child_passes(enough_is_1_MiB_and_a_page);
    assert_child_passes(one_page_less_is_refused);
}

static int no_secret_once_the_limit_is_used_up(void)
{
    CHILD_EXPECT(child_become_nobody(2u << 20));
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    struct secret *first = secret_new(1 << 20);
    CHILD_EXPECT(first);
    CHILD_EXPECT(!secret_new(1 << 20));
    CHILD_EXPECT(!secret_arena_new(1 << 20));
    secret_free(first);
    CHILD_EXPECT(secret_new(1 << 20));
    return 0;
}

static void test_S6_no_secret_is_made_in_memory_that_is_not_locked(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_child_passes(no_secret_once_the_limit_is_used_up);
}

static void *map_some(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* May we lock whatever the limit says, as with CAP_IPC_LOCK? A limit of nothing
 * tells. */
static int locks_past_a_limit(void)
{
    struct rlimit limit;
    CHILD_EXPECT(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    limit.rlim_cur = 0;
    CHILD_EXPECT(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
    CHILD_EXPECT(mlock(map_some(4096), 4096) == 0);
    return 0;
}

static bool limit_is_unlimited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

static int all_memory_is_locked(void)
{
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    secret_lock_all();
    unsigned char *pages = map_some(64u << 20);
    CHILD_EXPECT(pages);
    pages[0] = 1;
    CHILD_EXPECT(mapping_has(pages, " lo"));
    return 0;
}

static void test_S6_where_the_system_lets_us_all_memory_is_locked(void **state)
{
    (void)state;
    int line = 0;
    if (!child_limits_apply() || (!limit_is_unlimited() && child_run(locks_past_a_limit, &line) != 0))
        skip();
    assert_child_passes(all_memory_is_locked);
}

static int a_limit_holds_back_no_other_memory(void)
{
    CHILD_EXPECT(child_become_nobody(8u << 20));
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    secret_lock_all();
    unsigned char *pages = map_some(64u << 20);
    CHILD_EXPECT(pages);
    memset(pages, 1, 64u << 20);
    CHILD_EXPECT(!mapping_has(pages, " lo"));
    return 0;
}

static void test_under_a_limit_other_memory_is_had_as_before(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_child_passes(a_limit_holds_back_no_other_memory);
}

static int init_twice(void)
{
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    CHILD_EXPECT(secret_init(NULL) == ERR_OK);
    return 0;
}

static void test_starting_twice_does_no_harm(void **state)
{
    (void)state;
    assert_child_passes(init_twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S6_core_dumps_are_off_and_the_process_is_not_dumpable),
        cmocka_unit_test(test_S6_a_crash_leaves_no_core),
        cmocka_unit_test(test_S6_secrets_are_locked_and_left_out_of_dumps),
        cmocka_unit_test(test_S6_a_process_that_cannot_lock_memory_is_refused_with_a_remedy),
        cmocka_unit_test(test_S6_no_secret_is_made_in_memory_that_is_not_locked),
        cmocka_unit_test(test_S6_where_the_system_lets_us_all_memory_is_locked),
        cmocka_unit_test(test_under_a_limit_other_memory_is_had_as_before),
        cmocka_unit_test(test_starting_twice_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
