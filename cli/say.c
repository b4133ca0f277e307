#include "say.h"

#include "base/text.h"
#include "field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *say_when(int64_t wall_ms, char out[SAY_WHEN_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    if (wall_ms == 0 || !localtime_r(&seconds, &local) ||
        strftime(out, SAY_WHEN_BYTES, "%Y-%m-%d %H:%M", &local) == 0)
        out[0] = '\0';
    return out;
}

const char *say_date(int64_t wall_ms, char out[SAY_WHEN_BYTES])
{
    say_when(wall_ms, out);
    out[strcspn(out, " ")] = '\0';
    return out;
}

const char *say_elapsed(int64_t ms, char out[SAY_WHEN_BYTES])
{
    long long seconds = (long long)(ms / 1000);
    if (seconds < 3600)
        (void)snprintf(out, SAY_WHEN_BYTES, "%lld:%02lld", seconds / 60, seconds % 60);
    else
        (void)snprintf(out, SAY_WHEN_BYTES, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                       seconds % 60);
    return out;
}

void say_age(struct buf *out, int64_t wall_ms, int64_t now_ms)
{
    char age[TEXT_DURATION_BYTES];
    if (wall_ms != 0)
        buf_text_add(out, text_format_duration(now_ms > wall_ms ? now_ms - wall_ms : 0, age));
}

void say_left(struct buf *out, int64_t wall_ms, int64_t now_ms)
{
    static const int64_t units_ms[] = {86400000, 3600000, 60000, 1000};
    char text[TEXT_DURATION_BYTES];
    int64_t left_ms = wall_ms > now_ms ? wall_ms - now_ms : 0;
    for (size_t i = 0; i < sizeof units_ms / sizeof units_ms[0]; i++) {
        if (left_ms < 2 * units_ms[i])
            continue;
        left_ms = (left_ms + units_ms[i] / 2) / units_ms[i] * units_ms[i];
        break;
    }
    buf_text_add(out, text_format_duration(left_ms, text));
}

void say_seconds(struct buf *out, double seconds)
{
    char text[TEXT_DURATION_BYTES];
    int64_t ms = (int64_t)(seconds * 1000);
    if (ms > 0 && ms < 1000)
        buf_printf(out, "%lldms", (long long)ms);
    else
        buf_text_add(out, ms == 0 ? "0s" : text_format_duration(ms, text));
}

void say_verdict(struct buf *out, const char *verdict, int64_t at_ms, int64_t now_ms)
{
    if (verdict[0] == '\0' || at_ms == 0) {
        buf_text_add(out, "not yet");
        return;
    }
    buf_text_add(out, verdict);
    buf_text_add(out, ", ");
    say_age(out, at_ms, now_ms);
}

static void say_word(struct buf *out, const char *word)
{
    if (word[0] != '\0')
        buf_printf(out, "%s%s", out->length > 0 ? " " : "", word);
}

static void say_times(struct buf *out, int64_t times)
{
    if (times == 2)
        buf_text_add(out, ", twice");
    else if (times > 2)
        buf_printf(out, ", %lld times", (long long)times);
}

void say_evidence(struct buf *out, const json_t *evidence)
{
    OWN_BUF struct buf text = {0};
    if (field_given(evidence, "status"))
        buf_printf(&text, "%lld", (long long)field_number(evidence, "status"));
    say_word(&text, field_text(evidence, "code"));
    say_word(&text, field_text(evidence, "request_id"));
    if (text.length == 0)
        say_word(&text, field_text(evidence, "detail"));
    say_times(&text, field_number(evidence, "times"));
    buf_text_add(out, buf_text(&text));
}

void say_unclear(struct buf *out, const char *detail, int64_t times, int64_t due_ms, int64_t now_ms)
{
    buf_text_add(out, detail);
    say_times(out, times);
    if (due_ms < now_ms + 1000)
        return;
    buf_text_add(out, "; asked again in ");
    say_left(out, due_ms, now_ms);
}

void say_doubt(struct buf *out, const json_t *job, int64_t now_ms)
{
    const json_t *doubt = json_object_get(job, "doubt");
    if (!json_is_object(doubt))
        return;
    buf_text_add(out, "no clear answer: ");
    say_unclear(out, field_text(doubt, "detail"), field_number(doubt, "times"), field_time(job, "due_at"), now_ms);
}

const char *say_path(const char *path, struct buf *out)
{
    const char *home = getenv("HOME");
    size_t length = home ? strlen(home) : 0;
    if (length < 2 || strncmp(path, home, length) != 0 || path[length] != '/')
        return path;
    buf_printf(out, "~%s", path + length);
    return buf_text(out);
}

void say_instructions(struct buf *out, const json_t *instructions)
{
    const char *text = field_text(instructions, "text");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
        length--;
    for (size_t i = 0; i < length; i++)
        buf_add(out, text[i] == '\n' ? " " : &text[i], 1);
    const char *link = field_text(instructions, "link");
    if (link[0] != '\0')
        buf_printf(out, "  (%s)", link);
}
