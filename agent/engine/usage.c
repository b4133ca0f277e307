/* When the old version was used last, where its provider tells. The guard of R15:
 * old is quiet when it was not used since its promotion, or for a whole grace
 * again, at least QUIET_LEAST_MS: a reader that moved within the grace must not
 * hold it up for ever, and one that uses it now and then must.
 *
 * Figures of use come late: an answer counts up to usage_lag before it was asked
 * for, so that it is asked first when the grace and the lag have passed. An answer
 * that does not say is no answer (S2): what was said before still counts, as long
 * as it is fresh. */
#include "usage.h"

#include "engine_private.h"
#include "flights.h"
#include "subject.h"

#include "base/log.h"
#include "base/text.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUIET_LEAST_MS = 5 * 60 * 1000,
    ASK_LEAST_MS = 100,
    FRESH_MS = 60 * 60 * 1000, /* an answer counts so long, and what is used is asked about as often */
};

static int64_t quiet_ms(const struct subject *subject)
{
    return subject->key.grace_ms > QUIET_LEAST_MS ? subject->key.grace_ms : QUIET_LEAST_MS;
}

void usage_begin(const struct subject *subject, const struct vault_version *old, struct vault_rotation *rotation)
{
    rotation->asks_usage = subject->provider && provider_can(subject->provider, PROVIDER_USAGE) && old->provider_id[0];
    rotation->usage_due_at_ms = rotation->promoted_at_ms + subject->key.grace_ms + subject->limits->usage_lag_ms;
    rotation->usage_asked_at_ms = rotation->usage_told_at_ms = rotation->last_used_at_ms = 0;
    rotation->usage_failures = 0;
    rotation->last_used_by[0] = '\0';
}

static bool is_asked(const struct subject *subject, const struct vault_rotation *rotation)
{
    return rotation->asks_usage && !rotation->replace && !rotation->old_dead && subject->provider &&
           provider_can(subject->provider, PROVIDER_USAGE);
}

bool usage_is_quiet(const struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation)
{
    int64_t told_until_ms = rotation->usage_told_at_ms - subject->limits->usage_lag_ms;
    if (!is_asked(subject, rotation))
        return true;
    if (!rotation->usage_told_at_ms || told_until_ms < rotation->promoted_at_ms + subject->key.grace_ms ||
        engine_now(engine) - rotation->usage_told_at_ms >= FRESH_MS)
        return false;
    return rotation->last_used_at_ms <= rotation->promoted_at_ms ||
           told_until_ms - rotation->last_used_at_ms >= quiet_ms(subject);
}

bool usage_is_due(const struct engine *engine, const struct vault_rotation *rotation)
{
    return engine_now(engine) >= rotation->usage_due_at_ms;
}

void usage_say(const struct vault_rotation *rotation, char *ret_text, size_t size)
{
    char when[TEXT_TIME_BYTES];
    bool by = rotation->last_used_by[0] != '\0';
    if (!rotation->usage_told_at_ms)
        (void)snprintf(ret_text, size, "its provider has not said yet when version %u was used last", rotation->old_number);
    else if (!rotation->last_used_at_ms)
        (void)snprintf(ret_text, size, "version %u was never used", rotation->old_number);
    else
        (void)snprintf(ret_text, size, "version %u was used last %s%s%s", rotation->old_number,
                       text_format_time(rotation->last_used_at_ms, when), by ? " by " : "", rotation->last_used_by);
    size_t length = strlen(ret_text);
    if (rotation->usage_failures && length < size)
        (void)snprintf(ret_text + length, size - length, "; the last %d times it was asked it did not say",
                       (int)rotation->usage_failures);
}

/* "2026-11-23T14:02:07Z", or seconds or milliseconds since 1970, perhaps with a fraction. */
static bool read_time(const char *text, int64_t *ret_ms)
{
    const double seconds_end = 1e11; /* what is more are milliseconds */
    char *end = NULL;
    double number = strtod(text, &end);
    if (text_parse_date(text, ret_ms, NULL) == ERR_OK)
        return true;
    if (end == text || *end != '\0' || !(number > 0 && number < 1e15))
        return false;
    *ret_ms = (int64_t)(number < seconds_end ? number * 1000 : number);
    return true;
}

/* Does the answer say when? *ret_ms 0: never. */
static bool says_when(const struct flight *flight, int64_t *ret_ms)
{
    const char *text = flight->result.values ? action_values_text(flight->result.values, "last_used_at") : NULL;
    *ret_ms = 0;
    if (flight->result.verdict == ACTION_NOT_FOUND)
        return true;
    if (flight->result.verdict != ACTION_FOUND || !text)
        return false;
    if (read_time(text, ret_ms))
        return true;
    log_warning("engine", "%s: the provider's answer says when the key was used last in a way not known here",
                flight->key);
    return false;
}

/* Not sooner than the provider is asked anything twice, and not later than an answer counts. */
static void ask_in(struct engine *engine, const struct subject *subject, int64_t delay_ms, int64_t least_ms,
                   struct vault_rotation *rotation)
{
    int64_t interval_ms = subject->limits->settle_interval_ms > ASK_LEAST_MS ? subject->limits->settle_interval_ms
                                                                             : ASK_LEAST_MS;
    delay_ms = delay_ms < interval_ms ? interval_ms : delay_ms;
    delay_ms = delay_ms > FRESH_MS ? FRESH_MS : delay_ms;
    rotation->usage_due_at_ms = engine_now(engine) + (delay_ms < least_ms ? least_ms : delay_ms);
}

/* What the other side says goes into words for people. */
static void copy_printable(char *out, size_t size, const char *text)
{
    size_t at = 0;
    for (; text && text[at] && at + 1 < size; at++)
        out[at] = text[at] >= 0x20 && text[at] < 0x7F ? text[at] : '?';
    out[at] = '\0';
}

static void note_told(struct engine *engine, const struct subject *subject, const struct flight *flight,
                      int64_t last_used_at_ms, struct vault_rotation *rotation)
{
    const char *by = flight->result.values ? action_values_text(flight->result.values, "last_used_by") : NULL;
    rotation->usage_failures = 0;
    rotation->usage_told_at_ms = rotation->usage_asked_at_ms;
    rotation->last_used_at_ms = last_used_at_ms;
    copy_printable(rotation->last_used_by, sizeof rotation->last_used_by, last_used_at_ms ? by : NULL);
    /* Asked again when it can be quiet at the soonest; of what stays in use people see how it goes. */
    int64_t quiet_at_ms = last_used_at_ms + quiet_ms(subject) + subject->limits->usage_lag_ms;
    bool quiet = usage_is_quiet(engine, subject, rotation);
    ask_in(engine, subject, quiet ? FRESH_MS : quiet_at_ms - engine_now(engine), 0, rotation);
}

static void note_untold(struct engine *engine, const struct subject *subject, const struct flight *flight,
                        struct vault_rotation *rotation)
{
    int64_t delay_ms = backoff_ms(engine, ++rotation->usage_failures, subject->limits->settle_interval_ms, FRESH_MS);
    ask_in(engine, subject, delay_ms, flight->result.retry_after_ms, rotation);
}

enum err_code usage_note(struct engine *engine, const struct flight *flight, struct vault_rotation *rotation,
                         struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    int64_t last_used_at_ms = 0;
    TRY(subject_load(engine, rotation->row.parent, &subject, err));
    if (says_when(flight, &last_used_at_ms))
        note_told(engine, &subject, flight, last_used_at_ms, rotation);
    else
        note_untold(engine, &subject, flight, rotation);
    return vault_update(engine->vault, VAULT_ROTATION, &rotation->row, err);
}
