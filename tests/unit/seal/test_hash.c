#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "seal_fixture.h"

/* The expected values of this room's tests were computed by another program than
 * libsodium, from the texts of the headers: a change of format cannot pass. */

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

static void test_root_keys_are_fresh(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *a = seal_root_new(&random_system);
    OWN(secret_free) struct secret *b = seal_root_new(&random_system);
    assert_int_equal(secret_length(a), SEAL_KEY_BYTES);
    assert_false(secret_equal(a, b));
}

static void test_a_root_key_comes_from_the_random_it_is_given(void **state)
{
    (void)state;
    uint8_t next = 0;
    const struct random random = {.bytes = counting_bytes, .context = &next};
    OWN(secret_free) struct secret *made = seal_root_new(&random);
    OWN(secret_free) struct secret *expected = root_of(0);
    assert_true(secret_equal(made, expected));
}

static void test_a_root_key_of_another_length_gives_no_keys(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *longer = secret_of("0123456789abcdef0123456789abcdefx", 33);
    assert_null(seal_keys_new(longer));
    secret_set_length(longer, 31);
    assert_null(seal_keys_new(longer));
    assert_null(seal_keys_free(NULL));
}

static void test_the_blind_index_is_as_the_format_says(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    uint8_t out[SEAL_INDEX_BYTES];
    char hex[2 * SEAL_INDEX_BYTES + 1];
    seal_index(keys, "key", "live", 4, "reporting", 9, out);
    assert_string_equal(hex_of(out, sizeof out, hex),
                        "4b41d337bf25c1e8b6cb8bf5a91a7569f461b387f49ea695849a3b8869f24857");
    seal_index(keys, "", NULL, 0, NULL, 0, out);
    assert_string_equal(hex_of(out, sizeof out, hex),
                        "774d1971411eb9f7cecc5975e1ef9814542d3ae89946ebaab39bc689138c5204");
}

static void test_S7_the_blind_index_tells_domains_and_borders_and_keys_apart(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    OWN(seal_keys_free) struct seal_keys *others = keys_of(1);
    uint8_t out[5][SEAL_INDEX_BYTES];
    seal_index(keys, "key", "ab", 2, "c", 1, out[0]);
    seal_index(keys, "key", "a", 1, "bc", 2, out[1]);
    seal_index(keys, "keya", "b", 1, "c", 1, out[2]);
    seal_index(keys, "kez", "ab", 2, "c", 1, out[3]);
    seal_index(others, "key", "ab", 2, "c", 1, out[4]);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], SEAL_INDEX_BYTES);
}

static void test_the_fingerprint_needs_no_vault(void **state)
{
    (void)state;
    OWN(secret_free) struct secret *secret = secret_of("sk_live_0123456789abcdef", 24);
    uint8_t out[SEAL_FINGERPRINT_BYTES];
    char hex[2 * SEAL_FINGERPRINT_BYTES + 1];
    seal_fingerprint(secret, out);
    assert_string_equal(hex_of(out, sizeof out, hex),
                        "412cc6c3c81ba31aabf7a2706a2f702eb972b15bc51c13f3900eec5f92141253");
}

static void test_S9_the_chain_is_as_the_format_says(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    static const uint8_t zeros[32];
    uint8_t first[32];
    uint8_t second[32];
    char hex[65];
    seal_chain(keys, zeros, "{\"a\":1}", 7, first);
    assert_string_equal(hex_of(first, 32, hex),
                        "5f20ff7302c499d0b543751ef358e810592b0a847d36809c82ebd39a5b8d64b8");
    seal_chain(keys, first, "{\"b\":2}", 7, second);
    assert_string_equal(hex_of(second, 32, hex),
                        "2b0afdf93a307012c89577319ff9af4b9cdd00c8472e284f609b8f4308b95549");
    seal_chain(keys, first, "{\"b\":2}", 7, first); /* in place */
    assert_memory_equal(first, second, 32);
}

static void test_S9_the_chain_changes_with_each_of_its_inputs(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    OWN(seal_keys_free) struct seal_keys *others = keys_of(1);
    const uint8_t zeros[32] = {0};
    const uint8_t one[32] = {[31] = 1};
    uint8_t out[4][32];
    seal_chain(keys, zeros, "ab", 2, out[0]);
    seal_chain(keys, one, "ab", 2, out[1]);
    seal_chain(keys, zeros, "ab", 1, out[2]);
    seal_chain(others, zeros, "ab", 2, out[3]);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_keys_are_fresh),
        cmocka_unit_test(test_a_root_key_comes_from_the_random_it_is_given),
        cmocka_unit_test(test_a_root_key_of_another_length_gives_no_keys),
        cmocka_unit_test(test_the_blind_index_is_as_the_format_says),
        cmocka_unit_test(test_S7_the_blind_index_tells_domains_and_borders_and_keys_apart),
        cmocka_unit_test(test_the_fingerprint_needs_no_vault),
        cmocka_unit_test(test_S9_the_chain_is_as_the_format_says),
        cmocka_unit_test(test_S9_the_chain_changes_with_each_of_its_inputs),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
