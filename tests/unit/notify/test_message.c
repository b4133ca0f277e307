/* A message as JSON and as a mail: nothing in it can become a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../agent/notify/channel.h"

#include <stdio.h>
#include <string.h>

static const struct notify_message plain = {.id = "0123456789abcdef0123456789abcdef",
                                            .about = NOTIFY_WAITS,
                                            .key = "live/reporting",
                                            .version = 8,
                                            .summary = "waits for a new key",
                                            .instructions = "",
                                            .link = "",
                                            .made_at_ms = 1795500000000};

static struct notify_channel *mail_channel(void)
{
    struct notify_channel *channel = NULL;
    struct err err = {0};
    char to_a[] = "a@example.org", to_b[] = "b@example.org";
    char *to[] = {to_a, to_b};
    const struct notify_draft draft = {
        .name = "mail", .mail = "smtp://127.0.0.1", .from = "k@example.org", .to = to, .to_count = 2};
    if (notify_channel_new(&draft, &channel, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return channel;
}

static void test_json_has_every_field_and_null_for_what_is_not_there(void **state)
{
    (void)state;
    OWN_BUF struct buf out = {0};
    notify_write_json(&out, &plain);
    assert_string_equal(buf_text(&out),
                        "{\"id\":\"0123456789abcdef0123456789abcdef\",\"about\":\"waits\",\"key\":\"live/reporting\","
                        "\"version\":8,\"incident\":null,\"summary\":\"waits for a new key\",\"instructions\":null,"
                        "\"link\":null,\"made_at\":\"2026-11-24T06:00:00.000Z\"}");
}

static void test_a_mail_has_its_headers_and_lines_that_end_in_cr_lf(void **state)
{
    (void)state;
    OWN(notify_channel_free) struct notify_channel *channel = mail_channel();
    OWN_BUF struct buf out = {0};
    struct notify_message message = plain;
    message.instructions = "1. make it\n2. name it\r\n.dot";
    message.link = "https://example.org/keys";
    notify_write_mail(&out, channel, &message);
    assert_string_equal(buf_text(&out),
                        "From: Keyturn <k@example.org>\r\nTo: <a@example.org>, <b@example.org>\r\n"
                        "Subject: [keyturn] live/reporting: waits for a new key\r\n"
                        "Date: Tue, 24 Nov 2026 06:00:00 +0000\r\n"
                        "Message-ID: <0123456789abcdef0123456789abcdef@keyturn.invalid>\r\n"
                        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                        "waits for a new key\r\n\r\nWhat to do:\r\n1. make it\r\n2. name it\r\n.dot\r\n\r\n"
                        "https://example.org/keys\r\n\r\nkeyturn show live/reporting\r\n");
}

static void test_a_line_feed_in_a_summary_begins_no_header(void **state)
{
    (void)state;
    OWN(notify_channel_free) struct notify_channel *channel = mail_channel();
    OWN_BUF struct buf out = {0};
    struct notify_message message = plain;
    message.summary = "it failed\r\nBcc: eve@example.org\r\n\r\nhello \xc3\xa9";
    notify_write_mail(&out, channel, &message);
    const char *body = strstr(buf_text(&out), "\r\n\r\n");
    const char *found = strstr(buf_text(&out), "\r\nBcc:");
    assert_non_null(body);
    assert_true(!found || found > body);
    assert_non_null(strstr(buf_text(&out), "Subject: [keyturn] live/reporting: it failed??Bcc: eve@example.org????hello ??\r\n"));
}

static void refuse(const struct notify_draft *draft, const char *text)
{
    struct notify_channel *channel = NULL;
    struct err err = {0};
    if (notify_channel_new(draft, &channel, &err) == ERR_OK || !strstr(err.message, text))
        fail_msg("not refused with \"%s\": %s", text, err.message);
    assert_null(channel);
}

static void test_limits_of_a_channel(void **state)
{
    (void)state;
    char word[] = "/bin/true";
    char *words[NOTIFY_ARGUMENTS + 1];
    for (int i = 0; i <= NOTIFY_ARGUMENTS; i++)
        words[i] = word;
    struct notify_draft draft = {.name = "p", .program = words, .program_count = NOTIFY_ARGUMENTS, .timeout = "5m"};
    struct notify_channel *channel = NULL;
    struct err err = {0};
    assert_int_equal(notify_channel_new(&draft, &channel, &err), ERR_OK);
    assert_true(notify_channel_wants(channel, NOTIFY_FAILED));
    notify_channel_free(channel);
    draft.program_count++;
    refuse(&draft, "at most 16 words");
    draft.program_count = 1;
    draft.timeout = "0";
    refuse(&draft, "timeout");
    draft.timeout = "5m1ms";
    refuse(&draft, "timeout");

    static const char *const addresses[] = {"a\r\nBcc: b@c", "a b@c", "<a@b>", "a@b,c@d", "@b", "a@"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char to_text[] = "b@example.org";
        char *to[] = {to_text};
        const struct notify_draft mail = {
            .name = "m", .mail = "smtp://h", .from = addresses[i], .to = to, .to_count = 1};
        refuse(&mail, "is not an address");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_has_every_field_and_null_for_what_is_not_there),
        cmocka_unit_test(test_a_mail_has_its_headers_and_lines_that_end_in_cr_lf),
        cmocka_unit_test(test_a_line_feed_in_a_summary_begins_no_header),
        cmocka_unit_test(test_limits_of_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
