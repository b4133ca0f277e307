/* Receipts of consumers, as text in a key's record. */
#include "vault/receipts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void note(struct vault_text *receipts, const char *consumer, uint32_t version, int64_t at_ms)
{
    struct receipt receipt = {.version = version, .read_at_ms = at_ms};
    struct err err = {0};
    (void)snprintf(receipt.consumer, sizeof receipt.consumer, "%s", consumer);
    assert_int_equal(receipts_note(receipts, &receipt, &err), ERR_OK);
}

static size_t count(const struct vault_text *receipts)
{
    struct receipt receipt;
    const char *cursor = NULL;
    size_t counted = 0;
    while (receipts_next(receipts, &cursor, &receipt))
        counted++;
    return counted;
}

static void test_a_later_read_takes_the_place_of_an_earlier(void **unused)
{
    (void)unused;
    struct vault_text receipts = {0};
    struct receipt receipt;
    note(&receipts, "app@ana", 1, 1000);
    note(&receipts, "nightly@ana", 1, 2000);
    note(&receipts, "app@ana", 2, 3000);
    assert_int_equal(count(&receipts), 2);
    assert_true(receipts_find(&receipts, "app@ana", &receipt));
    assert_int_equal(receipt.version, 2);
    assert_int_equal(receipt.read_at_ms, 3000);
    assert_false(receipts_find(&receipts, "app@an", &receipt));
    assert_int_equal(receipts_of_version(&receipts, 1), 1);
    assert_int_equal(receipts_of_version(&receipts, 3), 0);
    free(receipts.data);
}

static void test_forgetting(void **unused)
{
    (void)unused;
    struct vault_text receipts = {0};
    struct err err = {0};
    note(&receipts, "app", 1, 1000);
    assert_int_equal(receipts_forget(&receipts, "ap", &err), ERR_NOT_FOUND);
    assert_int_equal(receipts_forget(&receipts, "app", &err), ERR_OK);
    assert_int_equal(count(&receipts), 0);
    note(&receipts, "app", 1, 1000);
    assert_int_equal(count(&receipts), 1);
    free(receipts.data);
}

/* The longest names and numbers of as many as there may be fit the record. */
static void test_at_the_limit_who_has_moved_makes_room(void **unused)
{
    (void)unused;
    struct vault_text receipts = {0};
    char name[RECEIPT_CONSUMER_BYTES + 1];
    for (int i = 0; i < RECEIPTS_MOST; i++) {
        (void)snprintf(name, sizeof name, "%0*d", (int)RECEIPT_CONSUMER_BYTES, i);
        note(&receipts, name, UINT32_MAX - 1, INT64_MAX - 1000 + i);
    }
    assert_true(receipts.length <= VAULT_RECEIPTS_BYTES);
    note(&receipts, "one more", UINT32_MAX, 5);
    struct receipt receipt;
    assert_false(receipts_find(&receipts, "one more", &receipt)); /* all of them are waited for */
    note(&receipts, name, UINT32_MAX, 4);
    note(&receipts, "one more", UINT32_MAX, 5);
    assert_true(receipts_find(&receipts, "one more", &receipt));
    assert_false(receipts_find(&receipts, name, &receipt));
    assert_int_equal(count(&receipts), RECEIPTS_MOST);
    assert_int_equal(receipts_of_version(&receipts, UINT32_MAX - 1), RECEIPTS_MOST - 1);
    free(receipts.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_later_read_takes_the_place_of_an_earlier),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_at_the_limit_who_has_moved_makes_room),
    };
    return cmocka_run_group_tests_name("vault/receipts", tests, NULL, NULL);
}
