/* What is sent to a sink, and what its answers mean. */
#include "delivery_private.h"

#include "base/random.h"
#include "base/text.h"

#include <stdio.h>

static const char *requests_class_name(enum delivery_class class)
{
    switch (class) {
    case DELIVERY_CLASS_LIVE:
        return "live";
    case DELIVERY_CLASS_TEST:
        return "test";
    }
    return "";
}

/* A number used once: services that know a request by one do a repeated request once. */
static enum err_code requests_set_nonce(struct action_values *values, struct err *err)
{
    unsigned char random[16];
    char nonce[TEXT_HEX_ID_BYTES];
    random_bytes(&random_system, random, sizeof random);
    return action_values_set(values, "nonce", text_hex_id(random, nonce), err);
}

static enum err_code requests_set_texts(struct action_values *values, const struct delivery *delivery,
                                        const struct delivery_subject *subject, struct err *err)
{
    char version[16];
    (void)snprintf(version, sizeof version, "%u", subject->version);
    const struct {
        const char *name, *text;
    } texts[] = {{"key", subject->key},
                 {"environment", subject->environment},
                 {"name", subject->name},
                 {"version", version},
                 {"class", requests_class_name(delivery->place_class)},
                 {"check_url", delivery->check_url}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text)
            TRY(action_values_set(values, texts[i].name, texts[i].text, err));
    return requests_set_nonce(values, err);
}

enum err_code delivery_values(const struct delivery *delivery, const struct delivery_subject *subject,
                              struct action_values **ret_values, struct err *err)
{
    OWN(action_values_free) struct action_values *values = action_values_new();
    if (!values)
        return err_set(err, ERR_MEMORY, "no memory for values");
    TRY(requests_set_texts(values, delivery, subject, err));
    if (delivery->sink)
        TRY(sink_settings(delivery->sink, delivery->settings, values, err));
    if (subject->secret)
        TRY(action_values_borrow_secret(values, "secret", subject->secret, err));
    if (subject->credential)
        TRY(action_values_borrow_secret(values, "credential", subject->credential, err));
    *ret_values = GIVE(values);
    return ERR_OK;
}

static struct action_rule requests_check_url_rules[] = {
    {.status_class = (char[]){"2xx"}, .verdict = (char[]){"done"}, .because = (char[]){"check_url answers 2xx"}},
    {.status_class = (char[]){"4xx"}, .verdict = (char[]){"refused"}, .because = (char[]){"check_url answers 4xx"}},
};
static struct action_request requests_check_url[] = {{.method = (char[]){"GET"},
                                                      .url = (char[]){"{{check_url}}"},
                                                      .rules = requests_check_url_rules,
                                                      .rules_count = 2}};
const struct action_spec delivery_check_url_spec = {.requests = requests_check_url, .requests_count = 1};

/* An answer that the definition does not know may be another one next time. */
void delivery_judge(const struct action_result *answer, const char *wanted, struct delivery_result *ret_result)
{
    bool done = answer->verdict == ACTION_DONE || answer->verdict == ACTION_GONE;
    struct delivery_result result = {.done = done,
                                     .transient = answer->verdict == ACTION_UNKNOWN,
                                     .status = answer->status};
    if (done && answer->status)
        (void)snprintf(result.detail, sizeof result.detail, "%s, status %d", wanted, answer->status);
    else if (answer->verdict == ACTION_CREDENTIAL_REFUSED)
        (void)snprintf(result.detail, sizeof result.detail, "its credential is refused (status %d): %.120s",
                       answer->status, answer->detail);
    else if (answer->status)
        (void)snprintf(result.detail, sizeof result.detail, "status %d: %.160s", answer->status, answer->detail);
    else
        (void)snprintf(result.detail, sizeof result.detail, "%.190s", answer->detail);
    *ret_result = result;
}
