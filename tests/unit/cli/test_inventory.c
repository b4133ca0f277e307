/* An inventory as text: what is refused, with its line, and what is written and read back. */
#include "agent.h"
#include "inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define HEAD "inventory: 1\nkeys:\n  live/a:\n    provider: amps\n"

static json_t *parse(const char *text)
{
    struct err err = {0};
    json_t *keys = NULL;
    if (inventory_parse("file", text, strlen(text), &keys, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return keys;
}

static void refused(const char *text, const char *message)
{
    struct err err = {0};
    json_t *keys = NULL;
    assert_int_equal(inventory_parse("file", text, strlen(text), &keys, &err), ERR_INVALID);
    assert_null(keys);
    if (!strstr(err.message, message))
        fail_msg("“%s” is not in: %s", message, err.message);
}

static void test_what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("", "empty");
    refused("keys: {}", "inventory: 1");
    refused("inventory: 1\ninventory: 1", "file:2: “inventory” stands twice, first in line 1");
    refused("inventory: 1\nkey: {}", "file:2: key: there is no such field");
    refused("inventory: 1\nkeys:\n  a: {provider: x}", "file:3: keys");
    refused("inventory: 1\nkeys:\n  live/a: {title: x}", "live/a in line 3 has no provider");
    refused(HEAD "    title: [a]", "file:5: expected a text");
    refused(HEAD "    title: \"a\\0b\"", "file:5: a text holds no NUL");
    refused(HEAD "    every: 3 fortnights", "file:5: every: ");
    refused(HEAD "    on_dead: cry", "file:5: on_dead: expected rotate or alarm");
    refused(HEAD "    credential: a", "file:5: credential: ");
    refused(HEAD "    labels: {a: 1, b: 2, a: 3}", "file:5: “a” stands twice");
    refused(HEAD "    deliveries: [a]", "file:5: a delivery is a mapping");
    refused(HEAD "    labels: {a: !!str x}", "tags are not taken");
    refused(HEAD "  live/b: {provider: x, not_with: live/a}\n  live/c: {provider: x, not_with: live/a}", "kept apart");
    refused("inventory: 1\nkeys: {", "file:3: ");
}

static void nest(char *text, int depth)
{
    strcpy(text, HEAD "    deliveries: [{a: ");
    for (int i = 0; i < depth; i++)
        strcat(text, "[");
    for (int i = 0; i < depth; i++)
        strcat(text, "]");
    strcat(text, "}]\n");
}

static void test_depth_from_both_sides(void **state)
{
    (void)state;
    char text[512];
    nest(text, 27); /* within the file, its keys, the key, the list and the delivery */
    json_decref(parse(text));
    nest(text, 28);
    refused(text, "more than 32");
}

/* A delivery with a member of that name; of controls, since these are the longest when they are written. */
static void name_member(char *text, int bytes)
{
    strcpy(text, HEAD "    deliveries: [{? \"");
    for (int i = 0; i < bytes; i++)
        strcat(text, "\\x01");
    strcat(text, "\" : x}]\n");
}

static void test_a_name_s_length_from_both_sides(void **state)
{
    (void)state;
    char text[1024];
    OWN_BUF struct buf written = {0};
    name_member(text, 160);
    OWN(json_free) json_t *keys = parse(text);
    inventory_write(keys, &written);
    OWN(json_free) json_t *again = parse(buf_text(&written));
    assert_true(json_equal(keys, again));
    name_member(text, 161);
    refused(text, "file:5: a name of 161 bytes");
}

static void test_what_is_not_said_and_what_is_said_otherwise_are_the_same(void **state)
{
    (void)state;
    OWN(json_free) json_t *bare = parse(HEAD);
    OWN(json_free) json_t *said = parse(HEAD "    every: never\n    grace: 24h\n    probe_every: 1440m\n    jitter: 0\n"
                                             "    title:\n    owner: ~\n    window: none\n    wipe_dead: false\n"
                                             "    labels: {}\n    deliveries: []\n");
    OWN(json_free) json_t *other = parse(HEAD "    grace: 25h\n");
    assert_true(json_equal(bare, said));
    assert_false(json_equal(bare, other));
}

static void test_two_keys_kept_apart_agree_where_one_says_so(void **state)
{
    (void)state;
    OWN(json_free) json_t *keys = parse(HEAD "  live/b: {provider: x, not_with: live/a}\n");
    assert_string_equal(json_string_value(json_object_get(json_object_get(keys, "live/a"), "not_with")), "live/b");
}

/* What YAML, in one version or another, takes for something else than a text. */
static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char *const values[] = {"true", "No", "ON", "null", "~", "", "0640", "1e3", "0x1f", "12:30:45",
                                         ".inf", "- a", "a: b", "a #b", "#a", "@a", "`a", "%a", "!a", "&a", "*a", "|",
                                         ">", "'", "\"", "\\", "{a", "[a", "a,b", "a\tb", "a\nb\n", " a ", "\x7f",
                                         "\xc2\x85", "é", "\xf0\x9f\x94\x91", "2026-11-24", "=", "<<", "---", "1d"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        OWN(json_free) json_t *keys = parse(HEAD);
        OWN_BUF struct buf text = {0};
        json_t *entry = json_object_get(keys, "live/a");
        json_t *labels = json_object_get(entry, "labels");
        assert_int_equal(json_object_set_new(labels, values[i], json_string(values[i])), 0);
        json_t *delivery = json_pack("{s:s,s:[s,b]}", "kind", values[i], "command", values[i], 1);
        assert_int_equal(json_array_append_new(json_object_get(entry, "deliveries"), delivery), 0);
        inventory_write(keys, &text);
        OWN(json_free) json_t *again = parse(buf_text(&text));
        if (!json_equal(keys, again))
            fail_msg("not read back: %s", buf_text(&text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(test_depth_from_both_sides),
        cmocka_unit_test(test_a_name_s_length_from_both_sides),
        cmocka_unit_test(test_what_is_not_said_and_what_is_said_otherwise_are_the_same),
        cmocka_unit_test(test_two_keys_kept_apart_agree_where_one_says_so),
        cmocka_unit_test(test_what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
