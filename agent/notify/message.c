/* A message as JSON and as a mail (RFC 5322 with a body of UTF-8, RFC 2045; header RFC 2047). */
#include "channel.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void put_text_or_null(struct buf *out, const char *name, const char *text)
{
    json_put_string(out, name, text && text[0] ? text : NULL);
}

static void put_number_or_null(struct buf *out, const char *name, uint32_t number)
{
    if (number)
        json_put_integer(out, name, number);
    else
        json_put_null(out, name);
}

void notify_write_json(struct buf *out, const struct notify_message *message)
{
    json_put_object_open(out, NULL);
    json_put_string(out, "id", message->id);
    json_put_string(out, "about", notify_about_name(message->about));
    put_text_or_null(out, "key", message->key);
    put_number_or_null(out, "version", message->version);
    put_number_or_null(out, "incident", message->incident);
    json_put_string(out, "summary", message->summary);
    put_text_or_null(out, "instructions", message->instructions);
    put_text_or_null(out, "link", message->link);
    json_put_time(out, "made_at", message->made_at_ms);
    json_put_object_close(out);
}

/* Every line ended by CR LF, whatever ended it before. libcurl doubles a dot that begins a line. */
static void put_lines(struct buf *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\r\n");
        buf_add(out, text, length);
        buf_text_add(out, "\r\n");
        text += length;
        text += *text == '\r';
        text += *text == '\n';
    }
}

/* A line feed in a header would begin another one; what is not ASCII is left out of the subject,
 * and stands in the body. */
static void put_header_text(struct buf *out, const char *text)
{
    enum { SUBJECT_BYTES = 200 };
    for (size_t i = 0; text[i] && i < SUBJECT_BYTES; i++) {
        bool plain = text[i] >= ' ' && text[i] < 0x7f;
        buf_add(out, plain ? &text[i] : "?", 1);
    }
}

static void put_mail_date(struct buf *out, int64_t made_at_ms)
{
    /* strftime's names follow the locale; a mail's do not. */
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t moment = (time_t)(made_at_ms / 1000);
    struct tm utc;
    if (!gmtime_r(&moment, &utc))
        return;
    buf_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[utc.tm_wday], utc.tm_mday,
               months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static void put_mail_headers(struct buf *out, const struct notify_channel *channel,
                             const struct notify_message *message)
{
    buf_printf(out, "From: Keyturn <%s>\r\nTo: ", channel->from);
    for (size_t i = 0; i < channel->to_count; i++)
        buf_printf(out, "%s<%s>", i ? ", " : "", channel->to[i]);
    buf_text_add(out, "\r\nSubject: [keyturn] ");
    put_header_text(out, message->key[0] ? message->key : notify_about_name(message->about));
    buf_text_add(out, ": ");
    put_header_text(out, message->summary);
    buf_text_add(out, "\r\n");
    put_mail_date(out, message->made_at_ms);
    buf_printf(out, "Message-ID: <%s@keyturn.invalid>\r\nAuto-Submitted: auto-generated\r\n"
                    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: 8bit\r\n\r\n", message->id);
}

void notify_write_mail(struct buf *out, const struct notify_channel *channel, const struct notify_message *message)
{
    put_mail_headers(out, channel, message);
    put_lines(out, message->summary);
    if (message->instructions[0]) {
        buf_text_add(out, "\r\nWhat to do:\r\n");
        put_lines(out, message->instructions);
    }
    if (message->link[0]) {
        buf_text_add(out, "\r\n");
        put_lines(out, message->link);
    }
    if (message->key[0])
        buf_printf(out, "\r\nkeyturn show %s\r\n", message->key);
    else if (message->incident)
        buf_printf(out, "\r\nkeyturn incident show %u\r\n", message->incident);
}
