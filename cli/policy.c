#include "policy.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum policy_kind { POLICY_TEXT, POLICY_TEXT_OR_NONE, POLICY_DURATION, POLICY_KEY, POLICY_YES_NO, POLICY_DATE, POLICY_ON_DEAD };

static const struct {
    const char *option;
    const char *field;
    enum policy_kind kind;
} policy_fields[] = {
    {"title", "title", POLICY_TEXT},
    {"owner", "owner", POLICY_TEXT},
    {"every", "every_s", POLICY_DURATION},
    {"jitter", "jitter_s", POLICY_DURATION},
    {"window", "window", POLICY_TEXT_OR_NONE},
    {"not-with", "not_with", POLICY_KEY},
    {"expires", "expires_at", POLICY_DATE},
    {"on-dead", "rotate_dead", POLICY_ON_DEAD},
    {"grace", "grace_s", POLICY_DURATION},
    {"probe-every", "probe_every_s", POLICY_DURATION},
    {"credential", "credential", POLICY_KEY},
    {"wipe-dead", "wipe_dead", POLICY_YES_NO},
};

static enum err_code policy_duration(const char *option, const char *text, const char *field,
                                     struct buf *json, struct err *err)
{
    int64_t ms = 0;
    if (strcmp(text, "never") != 0 && text_parse_duration(text, &ms, err) != ERR_OK)
        return err_prefix(err, "--%s", option);
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

static enum err_code policy_key(const char *option, const char *text, const char *field, struct buf *json, struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    if (strcmp(text, "none") == 0) {
        json_put_null(json, field);
        return ERR_OK;
    }
    if (text_split_key(text, environment, name, err) != ERR_OK)
        return err_prefix(err, "--%s", option);
    json_put_string(json, field, text);
    return ERR_OK;
}

static enum err_code policy_field(size_t i, const char *text, struct buf *json, struct err *err)
{
    const char *option = policy_fields[i].option;
    const char *field = policy_fields[i].field;
    switch (policy_fields[i].kind) {
    case POLICY_TEXT:
        json_put_string(json, field, text);
        return ERR_OK;
    case POLICY_TEXT_OR_NONE:
        if (strcmp(text, "none") == 0)
            json_put_null(json, field);
        else
            json_put_string(json, field, text);
        return ERR_OK;
    case POLICY_DATE:
        return policy_write_date(option, text, field, json, err);
    case POLICY_ON_DEAD:
        if (strcmp(text, "rotate") != 0 && strcmp(text, "alarm") != 0)
            return err_set(err, ERR_INVALID, "--%s is rotate or alarm, not “%s”", option, text);
        json_put_boolean(json, field, strcmp(text, "rotate") == 0);
        return ERR_OK;
    case POLICY_DURATION:
        return policy_duration(option, text, field, json, err);
    case POLICY_KEY:
        return policy_key(option, text, field, json, err);
    case POLICY_YES_NO:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            return err_set(err, ERR_INVALID, "--%s is yes or no, not “%s”", option, text);
        json_put_boolean(json, field, strcmp(text, "yes") == 0);
        return ERR_OK;
    }
    return ERR_OK;
}

enum err_code policy_write(struct cli *cli, const struct args *args, struct buf *json, struct err *err)
{
    for (size_t i = 0; i < sizeof policy_fields / sizeof policy_fields[0]; i++) {
        const char *text = args_value(args, policy_fields[i].option);
        if (text && policy_field(i, text, json, err) != ERR_OK)
            return cli_misused(cli, err->code);
    }
    return ERR_OK;
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
