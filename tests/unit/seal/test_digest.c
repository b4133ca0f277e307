#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "seal_fixture.h"

#include "seal/digest.h"

static int start(void **state)
{
    (void)state;
    return secret_init(NULL) == ERR_OK ? 0 : -1;
}

/* Rows whose ids and tags are one byte repeated. */
struct plain_row {
    uint8_t id[SEAL_ID_BYTES];
    uint8_t meta[SEAL_TAG_BYTES];
    uint8_t secret[SEAL_TAG_BYTES];
};

static struct seal_row row_of(struct plain_row *plain, uint8_t table, uint8_t byte, uint64_t revision)
{
    memset(plain->id, byte, sizeof plain->id);
    memset(plain->meta, byte + 0x11, sizeof plain->meta);
    memset(plain->secret, byte + 0x22, sizeof plain->secret);
    return (struct seal_row){.table = table,
                             .id = plain->id,
                             .revision = revision,
                             .meta_tag = plain->meta,
                             .secret_tag = plain->secret};
}

static void test_S8_the_sum_is_as_the_format_says(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    struct plain_row plain[2];
    struct seal_row a = row_of(&plain[0], 1, 0x11, 1);
    struct seal_row b = row_of(&plain[1], 2, 0x33, 0x0102030405060708);
    a.secret_tag = NULL;
    struct seal_digest digest = {0};
    char hex[65];
    seal_digest_add(keys, &digest, &a);
    seal_digest_add(keys, &digest, &b); /* the sum passes 2^256 */
    assert_int_equal(digest.rows, 2);
    assert_string_equal(hex_of(digest.sum, 32, hex),
                        "3be354b4123ff7dbc2fc05f534d398388e0b695a2a5acc662b1fd78d417daa31");
}

static void test_S8_the_order_of_adding_does_not_matter(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    struct plain_row plain[50];
    struct seal_row rows[50];
    struct seal_digest up = {0};
    struct seal_digest down = {0};
    for (uint8_t i = 0; i < 50; i++)
        rows[i] = row_of(&plain[i], i % 3, i, i);
    for (int i = 0; i < 50; i++) {
        seal_digest_add(keys, &up, &rows[i]);
        seal_digest_add(keys, &down, &rows[49 - i]);
    }
    assert_true(seal_digest_equal(&up, &down));
}

static void test_S8_removing_undoes_adding_in_any_order(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    struct plain_row plain[2];
    struct seal_row a = row_of(&plain[0], 1, 0x11, 1);
    struct seal_row b = row_of(&plain[1], 1, 0x12, 1);
    const struct seal_digest empty = {0};
    struct seal_digest only_b = {0};
    struct seal_digest digest = {0};
    seal_digest_add(keys, &only_b, &b);
    seal_digest_add(keys, &digest, &a);
    seal_digest_add(keys, &digest, &b);
    seal_digest_remove(keys, &digest, &a);
    assert_true(seal_digest_equal(&digest, &only_b));
    seal_digest_remove(keys, &digest, &b);
    assert_true(seal_digest_equal(&digest, &empty));
    /* Before it was added, too: an update takes the old row out and puts the new in. */
    seal_digest_remove(keys, &digest, &a);
    seal_digest_add(keys, &digest, &b);
    seal_digest_add(keys, &digest, &a);
    assert_true(seal_digest_equal(&digest, &only_b));
}

static void test_S8_a_row_twice_is_not_a_row_once_nor_none(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    struct plain_row plain;
    struct seal_row row = row_of(&plain, 1, 0x11, 1);
    struct seal_digest none = {0};
    struct seal_digest once = {0};
    struct seal_digest twice = {0};
    seal_digest_add(keys, &once, &row);
    seal_digest_add(keys, &twice, &row);
    seal_digest_add(keys, &twice, &row);
    assert_false(seal_digest_equal(&twice, &once));
    assert_false(seal_digest_equal(&twice, &none));
    twice.rows = once.rows; /* the sum alone tells, too: it is no exclusive or */
    assert_false(seal_digest_equal(&twice, &once));
    twice.rows = none.rows;
    assert_false(seal_digest_equal(&twice, &none));
}

static void test_S8_the_number_of_rows_counts(void **state)
{
    (void)state;
    struct seal_digest a = {.rows = 1};
    struct seal_digest b = {.rows = 2};
    assert_false(seal_digest_equal(&a, &b));
    b.rows = 1;
    assert_true(seal_digest_equal(&a, &b));
    b.sum[31] = 1;
    assert_false(seal_digest_equal(&a, &b));
}

enum { CHANGES = 8 };

/* The row as it is changed by a hand in the store: 0 is an older revision. */
static struct seal_row changed_row(struct plain_row *plain, int change)
{
    struct seal_row row = row_of(plain, 1, 0x11, 5);
    if (change == 0)
        row.revision = 4;
    if (change == 1)
        row.table = 2;
    if (change == 2)
        plain->id[15] ^= 1;
    if (change == 3)
        plain->meta[0] ^= 0x80;
    if (change == 4)
        plain->secret[15] ^= 1;
    if (change == 5)
        row.secret_tag = NULL;
    if (change == 6)
        row.secret_tag = plain->meta;
    if (change == 7)
        row.revision = 5 + (1ull << 56);
    return row;
}

static void test_S8_an_older_or_edited_row_is_found(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    struct plain_row plain;
    struct seal_digest kept = {0};
    struct seal_row row = row_of(&plain, 1, 0x11, 5);
    seal_digest_add(keys, &kept, &row);
    for (int change = 0; change < CHANGES; change++) {
        struct plain_row other;
        struct seal_row edited = changed_row(&other, change);
        struct seal_digest found = {0};
        seal_digest_add(keys, &found, &edited);
        assert_false(seal_digest_equal(&kept, &found));
    }
}

static void test_S8_another_root_key_gives_another_sum(void **state)
{
    (void)state;
    OWN(seal_keys_free) struct seal_keys *keys = keys_of(0);
    OWN(seal_keys_free) struct seal_keys *others = keys_of(1);
    struct plain_row plain;
    struct seal_row row = row_of(&plain, 1, 0x11, 5);
    struct seal_digest a = {0};
    struct seal_digest b = {0};
    seal_digest_add(keys, &a, &row);
    seal_digest_add(others, &b, &row);
    assert_false(seal_digest_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S8_the_sum_is_as_the_format_says),
        cmocka_unit_test(test_S8_the_order_of_adding_does_not_matter),
        cmocka_unit_test(test_S8_removing_undoes_adding_in_any_order),
        cmocka_unit_test(test_S8_a_row_twice_is_not_a_row_once_nor_none),
        cmocka_unit_test(test_S8_the_number_of_rows_counts),
        cmocka_unit_test(test_S8_an_older_or_edited_row_is_found),
        cmocka_unit_test(test_S8_another_root_key_gives_another_sum),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
