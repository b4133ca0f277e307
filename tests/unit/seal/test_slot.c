#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/child.h"
#include "seal/slot.h"
#include "seal_fixture.h"

#include <stdio.h>
#include <time.h>

static const int64_t now_ms = 1795442527123;

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

static struct secret *text_of(const char *text)
{
    return secret_of(text, strlen(text));
}

/* A slot of that kind around the fixed root key, at the least cost. */
static struct seal_slot slot_of(enum seal_slot_kind kind, const struct secret *key_material)
{
    OWN(secret_free) struct secret *root = root_of(0);
    struct seal_slot slot = {0};
    assert_int_equal(seal_slot_make(&random_system, 3, kind, &seal_slot_cost_minimum, key_material, root,
                                    now_ms, &slot, NULL),
                     ERR_OK);
    return slot;
}

static enum err_code open_slot(const struct seal_slot *slot, const struct secret *key_material)
{
    OWN(secret_free) struct secret *root = NULL;
    OWN(secret_free) struct secret *expected = root_of(0);
    struct err err = {0};
    enum err_code code = seal_slot_open(slot, key_material, &root, &err);
    if (code == ERR_OK)
        assert_true(secret_equal(root, expected));
    else
        assert_null(root);
    return code;
}

static const char file_text[] = "0123456789abcdef0123456789abcdef";

/* By kind: something that opens a slot, and something that does not. */
static const struct {
    enum seal_slot_kind kind;
    const char *right;
    const char *wrong;
} kinds[] = {
    {SEAL_SLOT_PASSPHRASE, "correct horse", "correct horsE"},
    {SEAL_SLOT_KEY_FILE, file_text, "0123456789abcdef0123456789abcdeF"},
    {SEAL_SLOT_CREDENTIAL, file_text, "0123456789abcdef0123456789abcdef\n"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void test_the_right_key_opens_and_a_wrong_one_does_not(void **state)
{
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        OWN(secret_free) struct secret *right = text_of(kinds[i].right);
        OWN(secret_free) struct secret *wrong = text_of(kinds[i].wrong);
        const struct seal_slot slot = slot_of(kinds[i].kind, right);
        assert_int_equal(open_slot(&slot, right), ERR_OK);
        assert_int_equal(open_slot(&slot, wrong), ERR_WRONG_KEY);
    }
}

static void test_a_slot_of_a_passphrase_is_as_the_format_says(void **state)
{
    (void)state;
    uint8_t next = 0;
    const struct random counting = {.bytes = counting_bytes, .context = &next};
    OWN(secret_free) struct secret *passphrase = text_of("correct horse");
    OWN(secret_free) struct secret *root = root_of(0);
    struct seal_slot slot;
    char hex[2 * SEAL_SLOT_WRAPPED_BYTES + 1];
    assert_int_equal(seal_slot_make(&counting, 1, SEAL_SLOT_PASSPHRASE, &seal_slot_cost_minimum, passphrase,
                                    root, now_ms, &slot, NULL),
                     ERR_OK);
    assert_string_equal(hex_of(slot.salt, sizeof slot.salt, hex), "000102030405060708090a0b0c0d0e0f");
    assert_string_equal(hex_of(slot.wrapped, sizeof slot.wrapped, hex),
                        "101112131415161718191a1b1c1d1e1f2021222324252627"
                        "ee0a63f1332aaf9428ff256c0b59a56820454499ccfc4609195ab599eac1aaf5"
                        "bc5ae72356a9f506d2c2acd5b50841e7");
}

static void test_a_slot_of_a_key_file_is_as_the_format_says(void **state)
{
    (void)state;
    uint8_t next = 0;
    const struct random counting = {.bytes = counting_bytes, .context = &next};
    OWN(secret_free) struct secret *root = root_of(0); /* the file holds the same bytes */
    struct seal_slot slot;
    char hex[2 * SEAL_SLOT_WRAPPED_BYTES + 1];
    assert_int_equal(seal_slot_make(&counting, 2, SEAL_SLOT_KEY_FILE, NULL, root, root, now_ms, &slot, NULL),
                     ERR_OK);
    assert_int_equal(slot.passes, 0);
    assert_int_equal(slot.memory_bytes, 0);
    assert_string_equal(hex_of(slot.salt, sizeof slot.salt, hex), "00000000000000000000000000000000");
    assert_string_equal(hex_of(slot.wrapped, sizeof slot.wrapped, hex),
                        "000102030405060708090a0b0c0d0e0f1011121314151617"
                        "a21fd2b9b5c025c072f78785a71acc249ccdfef574c67ceb3c3ed336a73924c2"
                        "a8dd25da3c8987dadb5d629bbe50f0b1");
}

static void test_the_default_cost_is_the_second_of_RFC_9106(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *passphrase = text_of("x");
    OWN(secret_free) struct secret *root = root_of(0);
    struct seal_slot slot;
    assert_int_equal(seal_slot_make(&random_system, 9, SEAL_SLOT_PASSPHRASE, NULL, passphrase, root, now_ms,
                                    &slot, NULL),
                     ERR_OK);
    assert_int_equal(slot.passes, 3);
    assert_int_equal(slot.memory_bytes, 64 << 20);
    assert_int_equal(slot.number, 9);
    assert_int_equal(slot.created_at_ms, now_ms);
    assert_int_equal(open_slot(&slot, passphrase), ERR_OK);
}

static void test_two_slots_of_one_passphrase_share_nothing(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *passphrase = text_of("correct horse");
    const struct seal_slot a = slot_of(SEAL_SLOT_PASSPHRASE, passphrase);
    const struct seal_slot b = slot_of(SEAL_SLOT_PASSPHRASE, passphrase);
    assert_memory_not_equal(a.salt, b.salt, sizeof a.salt);
    assert_memory_not_equal(a.wrapped, b.wrapped, SEAL_NONCE_BYTES);
    assert_memory_not_equal(a.wrapped + SEAL_NONCE_BYTES, b.wrapped + SEAL_NONCE_BYTES, SEAL_KEY_BYTES);
}

static void test_S8_every_flipped_bit_of_a_slot_is_found(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *file = text_of(file_text);
    struct seal_slot slot = slot_of(SEAL_SLOT_KEY_FILE, file);
    for (size_t at = 0; at < SEAL_SLOT_WRAPPED_BYTES + SEAL_SLOT_SALT_BYTES; at++) {
        uint8_t *byte = at < SEAL_SLOT_WRAPPED_BYTES ? &slot.wrapped[at]
                                                     : &slot.salt[at - SEAL_SLOT_WRAPPED_BYTES];
        for (int bit = 0; bit < 8; bit++) {
            *byte = (uint8_t)(*byte ^ 1 << bit);
            assert_int_equal(open_slot(&slot, file), ERR_WRONG_KEY);
            *byte = (uint8_t)(*byte ^ 1 << bit);
        }
    }
    assert_int_equal(open_slot(&slot, file), ERR_OK);
}

static void test_S8_each_clear_field_of_a_slot_is_bound(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *file = text_of(file_text);
    const struct seal_slot slot = slot_of(SEAL_SLOT_KEY_FILE, file);
    struct seal_slot edited[5] = {slot, slot, slot, slot, slot};
    edited[0].number++;
    edited[1].kind = SEAL_SLOT_CREDENTIAL;
    edited[2].passes = 1;
    edited[3].memory_bytes = 1;
    edited[4].created_at_ms--;
    for (int i = 0; i < 5; i++)
        assert_int_equal(open_slot(&edited[i], file), ERR_WRONG_KEY);
}

static void test_S8_the_cost_of_a_slot_cannot_be_edited(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *passphrase = text_of("correct horse");
    struct seal_slot slot = slot_of(SEAL_SLOT_PASSPHRASE, passphrase);
    slot.passes++;
    assert_int_equal(open_slot(&slot, passphrase), ERR_WRONG_KEY);
    slot.passes--;
    slot.memory_bytes++; /* libsodium rounds it off again: only the binding tells */
    assert_int_equal(open_slot(&slot, passphrase), ERR_WRONG_KEY);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_wrong_and_damaged_take_the_same_work_and_say_the_same(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *right = text_of("correct horse");
    OWN(secret_free) struct secret *wrong = text_of("correct horsE");
    struct seal_slot slot = slot_of(SEAL_SLOT_PASSPHRASE, right);
    OWN(secret_free) struct secret *root = NULL;
    struct err of_wrong = {0};
    struct err of_damaged = {0};
    double before = cpu_seconds();
    assert_int_equal(seal_slot_open(&slot, wrong, &root, &of_wrong), ERR_WRONG_KEY);
    double between = cpu_seconds();
    slot.wrapped[SEAL_SLOT_WRAPPED_BYTES - 1] ^= 1;
    assert_int_equal(seal_slot_open(&slot, right, &root, &of_damaged), ERR_WRONG_KEY);
    double after = cpu_seconds();
    assert_string_equal(of_wrong.message, of_damaged.message);
    assert_null(strstr(of_wrong.message, "horse"));
    assert_true(after - between > (between - before) / 4);
    assert_true(between - before > (after - between) / 4);
}

static void test_parameters_under_the_minimum_are_refused(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *passphrase = text_of("correct horse");
    OWN(secret_free) struct secret *root = root_of(0);
    const struct seal_slot_cost weak[] = {
        {.passes = 1, .memory_bytes = 64u << 20},
        {.passes = 2, .memory_bytes = (19u << 20) - 1},
        {.passes = 0, .memory_bytes = 0},
        {.passes = 1ull << 32, .memory_bytes = 64u << 20},
        {.passes = 2, .memory_bytes = 1ull << 42},
    };
    const struct seal_slot good = slot_of(SEAL_SLOT_PASSPHRASE, passphrase);
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        struct seal_slot slot = good;
        assert_int_equal(seal_slot_make(&random_system, 1, SEAL_SLOT_PASSPHRASE, &weak[i], passphrase, root,
                                        now_ms, &slot, NULL),
                         ERR_INVALID);
        assert_memory_equal(&slot, &good, sizeof slot);
        slot.passes = weak[i].passes;
        slot.memory_bytes = weak[i].memory_bytes;
        assert_int_equal(open_slot(&slot, passphrase), ERR_FORMAT);
    }
    assert_int_equal(open_slot(&good, passphrase), ERR_OK); /* the minimum itself will do */
}

static void test_key_material_that_is_too_short_is_refused(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *root = root_of(0);
    OWN(secret_free) struct secret *file = text_of(file_text);
    OWN(secret_free) struct secret *empty = secret_new(1);
    struct seal_slot slot;
    struct err err;
    assert_int_equal(seal_slot_make(&random_system, 1, SEAL_SLOT_PASSPHRASE, NULL, empty, root, now_ms,
                                    &slot, &err),
                     ERR_INVALID);
    assert_int_equal(
        seal_slot_make(&random_system, 1, SEAL_SLOT_KEY_FILE, NULL, file, root, now_ms, &slot, &err), ERR_OK);
    secret_set_length(file, 31);
    assert_int_equal(
        seal_slot_make(&random_system, 1, SEAL_SLOT_KEY_FILE, NULL, file, root, now_ms, &slot, &err),
        ERR_INVALID);
    assert_non_null(strstr(err.message, "at least 32"));
    assert_int_equal(
        seal_slot_make(&random_system, 1, SEAL_SLOT_CREDENTIAL, NULL, file, root, now_ms, &slot, &err),
        ERR_INVALID);
}

static void test_a_kind_that_is_not_known_is_refused(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *file = text_of(file_text);
    OWN(secret_free) struct secret *root = root_of(0);
    static const int unknown[] = {0, 4, 255};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct seal_slot slot = slot_of(SEAL_SLOT_KEY_FILE, file);
        slot.kind = (enum seal_slot_kind)unknown[i];
        assert_int_equal(open_slot(&slot, file), ERR_FORMAT);
        assert_int_equal(
            seal_slot_make(&random_system, 1, slot.kind, NULL, file, root, now_ms, &slot, NULL), ERR_INVALID);
        assert_string_equal(seal_slot_kind_name(slot.kind), "unknown");
    }
    assert_string_equal(seal_slot_kind_name(SEAL_SLOT_PASSPHRASE), "passphrase");
    assert_string_equal(seal_slot_kind_name(SEAL_SLOT_KEY_FILE), "key-file");
    assert_string_equal(seal_slot_kind_name(SEAL_SLOT_CREDENTIAL), "systemd-credential");
}

static void test_a_root_key_of_another_length_is_a_bug(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *file = text_of(file_text);
    OWN(secret_free) struct secret *root = root_of(0);
    struct seal_slot slot;
    secret_set_length(root, 31);
    assert_int_equal(
        seal_slot_make(&random_system, 1, SEAL_SLOT_KEY_FILE, NULL, file, root, now_ms, &slot, NULL),
        ERR_INTERNAL);
}

/* Leave the process so many bytes of address space beyond what it has. */
static bool leave_address_space(size_t bytes)
{
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    bool read = statm && fscanf(statm, "%lu", &pages) == 1;
    if (statm)
        (void)fclose(statm);
    rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    const struct rlimit limit = {most, most};
    return read && setrlimit(RLIMIT_AS, &limit) == 0;
}

static int short_of_memory(void)
{
    struct secret *passphrase = secret_of("correct horse", 13);
    struct secret *root = root_of(0);
    struct secret *opened = NULL;
    struct seal_slot small = {0};
    struct seal_slot large = {0};
    struct seal_slot untouched = {0};
    struct err err = {0};
    CHILD_EXPECT(seal_slot_make(&random_system, 1, SEAL_SLOT_PASSPHRASE, &seal_slot_cost_minimum, passphrase,
                                root, now_ms, &small, NULL) == ERR_OK);
    CHILD_EXPECT(seal_slot_make(&random_system, 2, SEAL_SLOT_PASSPHRASE, NULL, passphrase, root, now_ms,
                                &large, NULL) == ERR_OK);
    CHILD_EXPECT(leave_address_space(40u << 20));
    CHILD_EXPECT(seal_slot_open(&large, passphrase, &opened, &err) == ERR_MEMORY);
    CHILD_EXPECT(strstr(err.message, "64 MiB") && !opened);
    CHILD_EXPECT(seal_slot_make(&random_system, 3, SEAL_SLOT_PASSPHRASE, NULL, passphrase, root, now_ms,
                                &untouched, &err) == ERR_MEMORY);
    CHILD_EXPECT(untouched.number == 0);
    CHILD_EXPECT(seal_slot_open(&small, passphrase, &opened, &err) == ERR_OK);
    return 0;
}

static void test_short_memory_is_said_and_never_made_up_for(void **state)
{
    (void)state;
    if (!child_limits_apply())
        skip();
    assert_child_passes(short_of_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_right_key_opens_and_a_wrong_one_does_not),
        cmocka_unit_test(test_a_slot_of_a_passphrase_is_as_the_format_says),
        cmocka_unit_test(test_a_slot_of_a_key_file_is_as_the_format_says),
        cmocka_unit_test(test_the_default_cost_is_the_second_of_RFC_9106),
        cmocka_unit_test(test_two_slots_of_one_passphrase_share_nothing),
        cmocka_unit_test(test_S8_every_flipped_bit_of_a_slot_is_found),
        cmocka_unit_test(test_S8_each_clear_field_of_a_slot_is_bound),
        cmocka_unit_test(test_S8_the_cost_of_a_slot_cannot_be_edited),
        cmocka_unit_test(test_wrong_and_damaged_take_the_same_work_and_say_the_same),
        cmocka_unit_test(test_parameters_under_the_minimum_are_refused),
        cmocka_unit_test(test_key_material_that_is_too_short_is_refused),
        cmocka_unit_test(test_a_kind_that_is_not_known_is_refused),
        cmocka_unit_test(test_a_root_key_of_another_length_is_a_bug),
        cmocka_unit_test(test_short_memory_is_said_and_never_made_up_for),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
