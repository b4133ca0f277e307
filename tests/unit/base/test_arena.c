#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/secret.h"
#include "child.h"

#include <string.h>
#include <sys/mman.h>

enum { BLOCK = 512, PAGE = 4096, PAGES = 256 };

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

static void fill(struct secret *secret, int byte)
{
    memset(secret_fill(secret), byte, secret_capacity(secret));
    secret_set_length(secret, secret_capacity(secret));
}

static void test_S6_a_piece_is_zero_after_its_secret_is_freed(void **state)
{
    (void)state;
    static const unsigned char zeros[4 * BLOCK];
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(8 * BLOCK);
    static const size_t capacities[] = {1, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK};
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        struct secret *secret = secret_new_in(arena, capacities[i]);
        assert_non_null(secret);
        fill(secret, 0xAA);
        secret_set_length(secret, 0); /* what was written past the length goes, too */
        const unsigned char *bytes = secret_peek(secret);
        secret_free(secret);
        assert_memory_equal(bytes, zeros, capacities[i]);
    }
}

static void test_pieces_do_not_overlap(void **state)
{
    (void)state;
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(200 * BLOCK);
    struct secret *secrets[100];
    for (int i = 0; i < 100; i++) {
        secrets[i] = secret_new_in(arena, (size_t)(1 + i % 3 * BLOCK));
        fill(secrets[i], i);
    }
    for (int i = 0; i < 100; i++)
        for (size_t at = 0; at < secret_length(secrets[i]); at++)
            assert_int_equal(secret_peek(secrets[i])[at], i);
    for (int i = 0; i < 100; i++)
        secret_free(secrets[i]);
}

static void test_a_freed_piece_is_taken_again(void **state)
{
    (void)state;
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(3 * BLOCK);
    OWN(secret_free) struct secret *a = secret_new_in(arena, BLOCK);
    struct secret *b = secret_new_in(arena, BLOCK);
    OWN(secret_free) struct secret *c = secret_new_in(arena, BLOCK);
    const unsigned char *hole = secret_peek(b);
    assert_ptr_equal(hole, secret_peek(a) + BLOCK);
    assert_ptr_equal(hole, secret_peek(c) - BLOCK);
    secret_free(b);
    OWN(secret_free) struct secret *large = secret_new_in(arena, BLOCK + 1);
    assert_ptr_not_equal(secret_peek(large), hole); /* two blocks do not fit the hole */
    OWN(secret_free) struct secret *again = secret_new_in(arena, BLOCK);
    assert_ptr_equal(secret_peek(again), hole);
    assert_int_equal(secret_length(again), 0);
}

static bool lies_in(const unsigned char *start, size_t blocks, const struct secret *secret)
{
    return secret_peek(secret) >= start && secret_peek(secret) < start + blocks * BLOCK;
}

/* 64 blocks fill a word of the bitmap; 63 and 65 lie beside it. */
static void test_a_full_arena_falls_back_to_pages_of_its_own(void **state)
{
    (void)state;
    for (size_t blocks = 63; blocks <= 65; blocks++) {
        OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(blocks * BLOCK);
        struct secret *secrets[65];
        for (size_t i = 0; i < blocks; i++) {
            secrets[i] = secret_new_in(arena, BLOCK);
            assert_true(lies_in(secret_peek(secrets[0]), blocks, secrets[i]));
        }
        OWN(secret_free) struct secret *beside = secret_new_in(arena, BLOCK);
        assert_non_null(beside);
        assert_false(lies_in(secret_peek(secrets[0]), blocks, beside));
        fill(beside, 1);
        for (size_t i = 0; i < blocks; i++)
            secret_free(secrets[i]);
    }
}

static void test_a_piece_may_span_words_of_the_bitmap(void **state)
{
    (void)state;
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(130 * BLOCK);
    OWN(secret_free) struct secret *head = secret_new_in(arena, 60 * BLOCK);
    OWN(secret_free) struct secret *spanning = secret_new_in(arena, 69 * BLOCK);
    OWN(secret_free) struct secret *last = secret_new_in(arena, BLOCK);
    assert_ptr_equal(secret_peek(spanning), secret_peek(head) + 60 * BLOCK);
    assert_ptr_equal(secret_peek(last), secret_peek(head) + 129 * BLOCK);
}

static void test_sizes_are_rounded_up_to_blocks(void **state)
{
    (void)state;
    assert_null(secret_arena_new(0));
    assert_null(secret_arena_new(SIZE_MAX));
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new(BLOCK + 1);
    OWN(secret_free) struct secret *a = secret_new_in(arena, BLOCK);
    OWN(secret_free) struct secret *b = secret_new_in(arena, BLOCK);
    assert_ptr_equal(secret_peek(b), secret_peek(a) + BLOCK);
}

static int free_with_a_secret_left(void)
{
    struct secret_arena *arena = secret_arena_new(4 * BLOCK);
    struct secret *secret = secret_new_in(arena, 1);
    CHILD_EXPECT(secret);
    secret_arena_free(arena);
    return 1;
}

static bool pages_can_be_dropped(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool can = madvise(page, PAGE, MADV_DONTNEED_LOCKED) == 0;
    (void)munmap(page, PAGE);
    return can;
}

/* Of the pages from the first whole one of the arena on. */
static int resident(const struct secret *first)
{
    unsigned char there[PAGES - 1];
    const unsigned char *start = secret_peek(first);
    int count = 0;
    start += (PAGE - (uintptr_t)start % PAGE) % PAGE;
    assert_int_equal(mincore((void *)(uintptr_t)start, sizeof there * PAGE, there), 0);
    for (size_t i = 0; i < sizeof there; i++)
        count += there[i] & 1;
    return count;
}

static void test_an_arena_takes_up_what_is_used_and_gives_it_back(void **state)
{
    (void)state;
    if (!pages_can_be_dropped())
        skip();
    OWN(secret_arena_free) struct secret_arena *arena = secret_arena_new((size_t)PAGES * PAGE);
    struct secret *first = secret_new_in(arena, BLOCK);
    assert_int_equal(resident(first), 0);
    struct secret *many = secret_new_in(arena, (size_t)PAGES / 2 * PAGE);
    fill(many, 7);
    assert_in_range(resident(first), PAGES / 2 - 1, PAGES / 2 + 1);
    secret_free(many);
    fill(first, 9);
    secret_arena_rest(arena);
    assert_int_equal(secret_peek(first)[BLOCK - 1], 9);
    assert_true(resident(first) > 0); /* a secret is in it */
    const unsigned char *bytes = secret_peek(first);
    secret_free(first);
    secret_arena_rest(arena);
    OWN(secret_free) struct secret *again = secret_new_in(arena, BLOCK);
    assert_ptr_equal(secret_peek(again), bytes);
    assert_int_equal(resident(again), 0);
}

static int read_past_the_region(void)
{
    struct secret_arena *arena = secret_arena_new(BLOCK);
    struct secret *secret = secret_new_in(arena, BLOCK);
    CHILD_EXPECT(secret);
    volatile const unsigned char *bytes = secret_peek(secret);
    return bytes[BLOCK] == 0 ? 1 : 2;
}

static void test_an_arena_with_a_secret_left_aborts(void **state)
{
    (void)state;
    assert_child_dies_of(free_with_a_secret_left, SIGABRT);
}

static void test_S6_the_region_ends_at_a_guard_page(void **state)
{
    (void)state;
    assert_child_dies_of(read_past_the_region, SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S6_a_piece_is_zero_after_its_secret_is_freed),
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_a_freed_piece_is_taken_again),
        cmocka_unit_test(test_a_full_arena_falls_back_to_pages_of_its_own),
        cmocka_unit_test(test_a_piece_may_span_words_of_the_bitmap),
        cmocka_unit_test(test_sizes_are_rounded_up_to_blocks),
        cmocka_unit_test(test_an_arena_takes_up_what_is_used_and_gives_it_back),
        cmocka_unit_test(test_an_arena_with_a_secret_left_aborts),
        cmocka_unit_test(test_S6_the_region_ends_at_a_guard_page),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
