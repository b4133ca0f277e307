/* What is written into a file. Each format is a template, so that the secret
 * passes through no other memory than the locked one the template is rendered to.
 *
 *   raw       the secret's bytes, no line feed after them
 *   env       VARIABLE=secret and a line feed, without quotes
 *   json      {"key":"…","version":N,"secret":"…"} and a line feed
 *   template  as the definition says
 *
 * The line of env must mean the same to each of its readers: sh (". file"),
 * systemd's EnvironmentFile=, docker's --env-file and compose. Quotes do not:
 * docker keeps them as part of the value. Bare values do, as long as they are of
 * letters, digits and a few marks that none of the readers treats specially; '~'
 * is among these only after a letter or digit (sh expands it at the beginning and
 * after ':' and '='). API keys are such values. Others are refused: what one
 * reader gets right and the next one wrong fails where nobody looks. */
#include "delivery_private.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static const char *const format_templates[DELIVERY_FORMAT_COUNT] = {
    [DELIVERY_RAW] = "{{secret}}",
    [DELIVERY_ENV] = "{{variable}}={{secret}}\n",
    [DELIVERY_JSON] = "{\"key\":\"{{key|json}}\",\"version\":{{version}},\"secret\":\"{{secret|json}}\"}\n",
};

static bool format_is_alphanumeric(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool format_is_bare(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool mark = bytes[i] != '\0' && strchr("_./:@%+=,-", bytes[i]);
        bool tilde = bytes[i] == '~' && i > 0 && format_is_alphanumeric(bytes[i - 1]);
        if (!format_is_alphanumeric(bytes[i]) && !mark && !tilde)
            return false;
    }
    return true;
}

static bool format_is_utf8(const unsigned char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t point;
        size_t step = utf8_step(bytes + at, length - at, &point);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

static enum err_code format_check(const struct delivery *delivery, const struct secret *secret,
                                  struct err *err)
{
    if (delivery->format == DELIVERY_ENV && !format_is_bare(secret_peek(secret), secret_length(secret)))
        return err_set(err, ERR_INVALID,
                       "the secret has characters that sh, systemd and docker read differently "
                       "(allowed: A-Z a-z 0-9 _ . / : @ %% + = , -): use format json, raw or template");
    if (delivery->format == DELIVERY_JSON && !format_is_utf8(secret_peek(secret), secret_length(secret)))
        return err_set(err, ERR_INVALID, "the secret is not UTF-8, which JSON must be: use format raw, "
                                         "or a template with {{secret|base64}}");
    return ERR_OK;
}

static enum err_code format_values(const struct delivery *delivery, const struct delivery_subject *subject,
                                   struct action_values *values, struct err *err)
{
    char version[16];
    (void)snprintf(version, sizeof version, "%u", subject->version);
    TRY(action_values_set(values, "key", subject->key, err));
    TRY(action_values_set(values, "environment", subject->environment, err));
    TRY(action_values_set(values, "name", subject->name, err));
    TRY(action_values_set(values, "version", version, err));
    if (delivery->variable)
        TRY(action_values_set(values, "variable", delivery->variable, err));
    return action_values_borrow_secret(values, "secret", subject->secret, err);
}

enum err_code delivery_render(const struct delivery *delivery, const struct delivery_subject *subject,
                              struct secret **ret_content, struct err *err)
{
    OWN(action_values_free) struct action_values *values = action_values_new();
    if (!values)
        return err_set(err, ERR_MEMORY, "out of memory for the file's content");
    TRY(format_check(delivery, subject->secret, err));
    TRY(format_values(delivery, subject, values, err));
    const char *text = delivery->format == DELIVERY_TEMPLATE ? delivery->template_text
                                                             : format_templates[delivery->format];
    return action_render_secret(text, values, "template", NULL, ret_content, err);
}
