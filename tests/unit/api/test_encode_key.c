/* Keys as JSON: whole, some members, in rows; and never longer than the room that was made. */
#include "../../../agent/api/encode.h"

#include "base/text.h"
#include "rotation/rotation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char every_member[] = "key,environment,name,title,provider,owner,class,credential,created_at,every_s,grace_s,"
                                   "probe_every_s,jitter_s,window,not_with,rotate_due,rotate_at,rotate_cause,rotate_hold,"
                                   "probe_at,expires_at,rotate_dead,wipe_dead,receipts,without_overlap,labels,current,proof,doubt,"
                                   "state,rotation,waits_for_person,alarm,missing,open_revocations";

static struct vault_key sample(void)
{
    struct vault_key key = {.environment = "live", .name = "a", .title = "“A”, \"B\"\n\\", .provider = "amps", .owner = "o",
                            .class = VAULT_CLASS_LIVE, .created_at_ms = 1, .every_ms = 1500, .grace_ms = 86400000,
                            .current_number = 7, .current_mask = "sk_…09be", .current_since_ms = 86400000,
                            .open_revocations = 2, .wipe_dead = true};
    key.proof = (struct vault_evidence){.verdict = VAULT_ALIVE, .status = 200, .times = 3, .at_ms = 2, .elapsed_ms = 84};
    return key;
}

static void test_a_key_has_every_member_in_its_order(void **state)
{
    (void)state;
    static const char expected[] =
        "{\"key\":\"live/a\",\"environment\":\"live\",\"name\":\"a\",\"title\":\"“A”, \\\"B\\\"\\n\\\\\",\"provider\":\"amps\","
        "\"owner\":\"o\",\"class\":\"live\",\"credential\":null,\"created_at\":\"1970-01-01T00:00:00.001Z\",\"every_s\":1.5,"
        "\"grace_s\":86400,\"probe_every_s\":0,\"jitter_s\":0,\"window\":null,\"not_with\":null,\"rotate_due\":null,"
        "\"rotate_at\":null,\"rotate_cause\":null,\"rotate_hold\":null,\"probe_at\":null,\"expires_at\":null,"
        "\"rotate_dead\":false,\"wipe_dead\":true,\"receipts\":false,\"without_overlap\":false,\"labels\":{\"a\":\"1\","
        "\"b\\\"\":\"=\",\"\":\"\"},\"current\":{\"version\":7,\"mask\":\"sk_…09be\",\"since\":\"1970-01-02T00:00:00.000Z\"},"
        "\"proof\":{\"verdict\":\"alive\",\"status\":200,\"code\":null,\"request_id\":null,\"times\":3,"
        "\"at\":\"1970-01-01T00:00:00.002Z\",\"elapsed_ms\":84,\"detail\":null},\"doubt\":null,\"state\":\"revoking\",\"rotation\":null,"
        "\"waits_for_person\":false,\"alarm\":false,\"missing\":false,\"open_revocations\":2}";
    char labels[] = "a=1\nb\"==\n=\nnone";
    struct vault_key key = sample();
    OWN_BUF struct buf out = {0};
    key.labels = (struct vault_text){labels, sizeof labels - 1};
    encode_key(&out, &key);
    assert_string_equal(buf_text(&out), expected);
    encode_key(&out, &key); /* an element behind another */
    assert_int_equal(out.data[sizeof expected - 1], ',');
    assert_string_equal(out.data + sizeof expected, expected);
}

static void test_all_members_by_name_are_the_whole_key(void **state)
{
    (void)state;
    struct vault_key key = sample();
    struct key_form form = {0};
    struct err err = {0};
    OWN_BUF struct buf whole = {0};
    OWN_BUF struct buf chosen = {0};
    assert_int_equal(encode_key_fields(every_member, &form, &err), ERR_OK);
    encode_key(&whole, &key);
    encode_key_as(&chosen, &key, &form);
    assert_string_equal(buf_text(&chosen), buf_text(&whole));
}

static void test_rows_have_the_values_in_the_order_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *row;
    } rows[] = {{"title,key", "\n[\"“A”, \\\"B\\\"\\n\\\\\",\"live/a\"]"},
                {"key", "\n[\"live/a\"]"},
                {"every_s,credential,wipe_dead,rotation", "\n[1.5,null,true,null]"},
                {"current.version,current.since,proof.verdict,proof.at,doubt.times,doubt.detail,rotation.id,rotation.state",
                 "\n[7,\"1970-01-02T00:00:00.000Z\",\"alive\",\"1970-01-01T00:00:00.002Z\",null,null,null,null]"}};
    struct vault_key key = sample();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key_form form = {.row = true};
        struct err err = {0};
        OWN_BUF struct buf out = {0};
        assert_int_equal(encode_key_fields(rows[i].fields, &form, &err), ERR_OK);
        encode_key_as(&out, &key, &form);
        assert_string_equal(buf_text(&out), rows[i].row);
        encode_key_as(&out, &key, &form); /* its comma ends the line before */
        assert_int_equal(out.data[strlen(rows[i].row)], ',');
        assert_string_equal(out.data + strlen(rows[i].row) + 1, rows[i].row);
    }
}

static void test_parts_of_what_is_not_there_are_null(void **state)
{
    (void)state;
    struct vault_key key = {.environment = "live", .name = "a", .current_since_ms = 5, .rotation_id = {1}};
    struct key_form form = {.row = true};
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    assert_int_equal(encode_key_fields("current,current.version,current.since,proof,proof.verdict,proof.at,rotation,"
                                       "rotation.id,rotation.state",
                                       &form, &err),
                     ERR_OK);
    encode_key_as(&out, &key, &form);
    assert_string_equal(buf_text(&out), "\n[null,null,null,null,null,null,null,null,null]");
}

static void test_a_doubt_is_how_often_and_why(void **state)
{
    (void)state;
    struct vault_key key = sample();
    struct key_form form = {.row = true};
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    key.doubt = (struct vault_doubt){3, "503 \"busy\""};
    assert_int_equal(encode_key_fields("doubt,doubt.times,doubt.detail", &form, &err), ERR_OK);
    encode_key_as(&out, &key, &form);
    assert_string_equal(buf_text(&out), "\n[{\"times\":3,\"detail\":\"503 \\\"busy\\\"\"},3,\"503 \\\"busy\\\"\"]");
}

static void test_fields_that_are_none_or_stand_twice_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", ",", "key,", ",key", "key,,state", "keys", "ke", "key,secret", "current.mask",
                                        "key,key", "state,key,state", "KEY", "key\",\"x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct key_form form = {0};
        struct err err = {0};
        assert_int_equal(encode_key_fields(wrong[i], &form, &err), ERR_INVALID);
        assert_non_null(strstr(err.message, "fields"));
    }
}

/* Each byte of its texts takes six, each number all its digits. */
static void test_the_longest_key_fits_the_room_that_is_made(void **state)
{
    (void)state;
    enum { LABELS = 8000 };
    char labels[LABELS];
    struct vault_key key;
    struct key_form form = {0};
    struct err err = {0};
    OWN_BUF struct buf out = {0};
    OWN_BUF struct buf names = {0};
    memset(&key, 1, sizeof key);
    for (size_t i = 0; i < LABELS - 1; i++)
        labels[i] = "=\n"[i % 2]; /* the shortest: many empty ones */
    labels[LABELS - 1] = '\0';
    key.labels = (struct vault_text){labels, LABELS - 1};
    char *const texts[] = {&key.environment[sizeof key.environment], &key.name[sizeof key.name], &key.title[sizeof key.title],
                           &key.provider[sizeof key.provider], &key.owner[sizeof key.owner],
                           &key.credential[sizeof key.credential], &key.windows[sizeof key.windows],
                           &key.not_with[sizeof key.not_with], &key.current_mask[sizeof key.current_mask],
                           &key.proof.code[sizeof key.proof.code], &key.proof.request_id[sizeof key.proof.request_id],
                           &key.proof.detail[sizeof key.proof.detail], &key.doubt.detail[sizeof key.doubt.detail]};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        texts[i][-1] = '\0';
    int64_t *const numbers[] = {&key.every_ms, &key.grace_ms, &key.probe_every_ms, &key.jitter_ms, &key.proof.elapsed_ms};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = INT64_MIN + 1;
    key.rotation_state = 1;
    key.rotate_cause = VAULT_CAUSE_PERIOD;
    key.rotate_hold = VAULT_HOLD_NOT_WITH;
    key.proof.verdict = VAULT_UNKNOWN;
    bool *const truths[] = {&key.rotate_dead, &key.wipe_dead, &key.needs_receipts, &key.without_overlap,
                            &key.waits_for_person, &key.alarm, &key.missing};
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++)
        *truths[i] = false;
    buf_printf(&names, "%s,current.version,current.since,proof.verdict,proof.at,doubt.times,doubt.detail,rotation.id,rotation.state", every_member);
    assert_int_equal(encode_key_fields(buf_text(&names), &form, &err), ERR_OK);
    encode_key_as(&out, &key, &form);
    assert_true(buf_ok(&out));
    assert_true(out.length < encode_key_most(&key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_has_every_member_in_its_order),
        cmocka_unit_test(test_all_members_by_name_are_the_whole_key),
        cmocka_unit_test(test_rows_have_the_values_in_the_order_asked_for),
        cmocka_unit_test(test_parts_of_what_is_not_there_are_null),
        cmocka_unit_test(test_a_doubt_is_how_often_and_why),
        cmocka_unit_test(test_fields_that_are_none_or_stand_twice_are_refused),
        cmocka_unit_test(test_the_longest_key_fits_the_room_that_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
