#include "policy.h"

#include "base/text.h"
#include "field.h"

#include <stdio.h>
#include <string.h>

enum policy_kind {
    POLICY_TEXT,
    POLICY_TEXT_OR_NONE,
    POLICY_PERIOD, /* a duration; 0 is never */
    POLICY_DURATION,
    POLICY_KEY,
    POLICY_YES_NO,
    POLICY_DATE,
    POLICY_ON_DEAD
};

static const struct policy_row {
    const char *option;
    const char *field;
    enum policy_kind kind;
} policy_fields[] = {
    {"title", "title", POLICY_TEXT},
    {"owner", "owner", POLICY_TEXT},
    {"every", "every_s", POLICY_PERIOD},
    {"jitter", "jitter_s", POLICY_DURATION},
    {"window", "window", POLICY_TEXT_OR_NONE},
    {"not-with", "not_with", POLICY_KEY},
    {"expires", "expires_at", POLICY_DATE},
    {"on-dead", "rotate_dead", POLICY_ON_DEAD},
    {"grace", "grace_s", POLICY_DURATION},
    {"probe-every", "probe_every_s", POLICY_PERIOD},
    {"credential", "credential", POLICY_KEY},
    {"wipe-dead", "wipe_dead", POLICY_YES_NO},
    {"receipts", "receipts", POLICY_YES_NO},
    {"without-overlap", "without_overlap", POLICY_YES_NO},
};
enum { POLICY_FIELDS = sizeof policy_fields / sizeof policy_fields[0] };

static const struct policy_row *policy_find(const char *option)
{
    size_t i = 0;
    while (i < POLICY_FIELDS && strcmp(policy_fields[i].option, option) != 0)
        i++;
    return i < POLICY_FIELDS ? &policy_fields[i] : NULL;
}

/* --- From text ---------------------------------------------------------------- */

static enum err_code policy_duration(const char *text, const char *field, struct buf *json, struct err *err)
{
    int64_t ms = 0;
    if (strcmp(text, "never") != 0)
        TRY(text_parse_duration(text, &ms, err));
    char seconds[32];
    int length = ms % 1000 == 0
                     ? snprintf(seconds, sizeof seconds, "%lld", (long long)(ms / 1000))
                     : snprintf(seconds, sizeof seconds, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
    json_put_raw(json, field, seconds, (size_t)length);
    return ERR_OK;
}

enum err_code policy_write_date(const char *option, const char *text, const char *field, struct buf *json,
                                struct err *err)
{
    int64_t wall_ms = 0;
    if (strcmp(text, "never") == 0) {
        json_put_null(json, field);
        return ERR_OK;
    }
    if (text_parse_date(text, &wall_ms, err) != ERR_OK)
        return err_prefix(err, "--%s", option);
    json_put_time(json, field, wall_ms);
    return ERR_OK;
}

static enum err_code policy_key(const char *text, const char *field, struct buf *json, struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    if (strcmp(text, "none") == 0) {
        json_put_null(json, field);
        return ERR_OK;
    }
    TRY(text_split_key(text, environment, name, err));
    json_put_string(json, field, text);
    return ERR_OK;
}

/* One of two words, as a boolean: true is the first. */
static enum err_code policy_word(const char *text, const char *yes, const char *no, const char *field,
                                 struct buf *json, struct err *err)
{
    if (strcmp(text, yes) != 0 && strcmp(text, no) != 0)
        return err_set(err, ERR_INVALID, "expected %s or %s, not “%.64s”", yes, no, text);
    json_put_boolean(json, field, strcmp(text, yes) == 0);
    return ERR_OK;
}

enum err_code policy_put(const char *option, const char *text, struct buf *json, struct err *err)
{
    const struct policy_row *row = policy_find(option);
    switch (row->kind) {
    case POLICY_TEXT:
        json_put_string(json, row->field, text);
        return ERR_OK;
    case POLICY_TEXT_OR_NONE:
        json_put_string(json, row->field, strcmp(text, "none") == 0 ? NULL : text);
        return ERR_OK;
    case POLICY_DATE:
        return policy_write_date(option, text, row->field, json, err);
    case POLICY_ON_DEAD:
        return policy_word(text, "rotate", "alarm", row->field, json, err);
    case POLICY_PERIOD:
    case POLICY_DURATION:
        return policy_duration(text, row->field, json, err);
    case POLICY_KEY:
        return policy_key(text, row->field, json, err);
    case POLICY_YES_NO:
        return policy_word(text, "yes", "no", row->field, json, err);
    }
    return ERR_OK;
}

enum err_code policy_write(struct cli *cli, const struct args *args, struct buf *json, struct err *err)
{
    for (size_t i = 0; i < POLICY_FIELDS; i++) {
        const char *option = policy_fields[i].option;
        const char *text = args_value(args, option);
        if (!text || policy_put(option, text, json, err) == ERR_OK)
            continue;
        if (policy_fields[i].kind != POLICY_DATE) /* which says so itself */
            (void)err_prefix(err, "--%s", option);
        return cli_misused(cli, err->code);
    }
    return ERR_OK;
}

/* --- Back to text ---------------------------------------------------------------- */

/* Exactly, in the units that text_parse_duration takes. */
static void policy_say_duration(double seconds, const char *nothing, struct buf *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    int64_t left_ms = (int64_t)(seconds * 1000 + 0.5);
    if (left_ms == 0)
        buf_text_add(out, nothing);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (left_ms >= units[i].ms)
            buf_printf(out, "%lld%s", (long long)(left_ms / units[i].ms), units[i].unit);
        left_ms %= units[i].ms;
    }
}

void policy_say(const char *option, const json_t *key, struct buf *out)
{
    const struct policy_row *row = policy_find(option);
    const char *text = field_text(key, row->field);
    switch (row->kind) {
    case POLICY_TEXT:
        buf_text_add(out, text);
        return;
    case POLICY_TEXT_OR_NONE:
    case POLICY_KEY:
        buf_text_add(out, text[0] ? text : "none");
        return;
    case POLICY_DATE:
        buf_text_add(out, text[0] ? text : "never");
        return;
    case POLICY_PERIOD:
        policy_say_duration(field_seconds(key, row->field), "never", out);
        return;
    case POLICY_DURATION:
        policy_say_duration(field_seconds(key, row->field), "0s", out);
        return;
    case POLICY_ON_DEAD:
        buf_text_add(out, field_true(key, row->field) ? "rotate" : "alarm");
        return;
    case POLICY_YES_NO:
        buf_text_add(out, field_true(key, row->field) ? "yes" : "no");
        return;
    }
}

enum err_code policy_split_label(struct cli *cli, const char *text, char *ret_name,
                                 const char **ret_value, struct err *err)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (length == 0 || length > LIMIT_LABEL_NAME_BYTES)
        return cli_misuse(cli, err, "--label is NAME=VALUE with a name of 1 to %d bytes, not “%s”",
                          LIMIT_LABEL_NAME_BYTES, text);
    memcpy(ret_name, text, length);
    ret_name[length] = '\0';
    *ret_value = equals + 1;
    return ERR_OK;
}
