/* When a key's rotation opens by itself. rotate_due_ms is the time it is wished for, rotate_at_ms
 * the one it is planned at, and rotate_hold says what keeps the two apart. The plan is kept in the
 * record, so what people are shown is what will be done. */
#include "calendar.h"

#include "engine_private.h"
#include "subject.h"

#include "base/text.h"
#include "base/zone.h"

enum {
    MISSED_MS = 60 * 1000, /* later than that, the agent was away */
    SPREAD_SHARE = 10,     /* missed times are spread over this part of the period, */
    SPREAD_MOST_MS = 60 * 60 * 1000,
    APART_MOVES = 60,
    DAY_MS = 24 * 60 * 60 * 1000,
    WINDOW_SHARE = 4, /* of a window's length: what waited for it begins within that */
    EXPIRY_LEAD_PERSON_MS = 14 * 24 * 60 * 60 * 1000,
    EXPIRY_LEAD_MS = 3 * 24 * 60 * 60 * 1000,
    EXPIRY_SHARE = 3,
    EXPIRY_RETRY_SHARE = 4, /* of what is left */
    EXPIRY_RETRY_MOST_MS = 24 * 60 * 60 * 1000,
    EXPIRY_RETRY_LEAST_MS = 5 * 60 * 1000,
    FULL_RETRY_MS = 30 * 1000, /* is there room for one more rotation? */
    PROBE_SPREAD_MOST_MS = 5 * 60 * 1000, /* to ask costs little, and after a stop people want to know */
};

/* From 0 to most_ms. */
static int64_t random_ms(struct engine *engine, int64_t most_ms)
{
    const int64_t unit_ms = most_ms < UINT32_MAX ? 1 : 1000;
    return unit_ms * (int64_t)random_below(engine->options.random, (uint32_t)(most_ms / unit_ms) + 1);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void hold(struct vault_key *key, int64_t until_ms, enum vault_hold why)
{
    key->rotate_at_ms = until_ms;
    key->rotate_hold = (int32_t)why;
}

static int64_t spread_ms(struct engine *engine, const struct vault_key *key)
{
    int64_t spread = key->every_ms ? least(key->every_ms / SPREAD_SHARE, SPREAD_MOST_MS) : SPREAD_MOST_MS;
    int64_t left = key->expires_at_ms - engine_now(engine);
    if (key->expires_at_ms)
        spread = left > 0 ? least(spread, left / EXPIRY_RETRY_SHARE) : 0;
    return spread;
}

/* Into a window: where it is still to open, into the first part of it, so that not all that wait
 * for it begin at once. */
static enum err_code place_in_window(struct engine *engine, struct vault_key *key, const struct windows *windows,
                                     struct err *err)
{
    struct window_span span;
    if (!windows_next(windows, key->rotate_at_ms, &span))
        return err_set(err, ERR_STATE, "the windows of %s/%s never open", key->environment, key->name);
    if (span.opens_ms <= key->rotate_at_ms)
        return ERR_OK;
    if (key->expires_at_ms && span.opens_ms >= key->expires_at_ms)
        return ERR_OK; /* better outside of its windows than with a key that has ended */
    if (key->expires_at_ms)
        span.closes_ms = least(span.closes_ms, key->expires_at_ms);
    int64_t share_ms = (span.closes_ms - span.opens_ms) / WINDOW_SHARE;
    hold(key, span.opens_ms + random_ms(engine, least(share_ms, spread_ms(engine, key))), VAULT_HOLD_WINDOW);
    return ERR_OK;
}

/* Days are those of its first window's zone, else of UTC. */
static int64_t day_of(const struct windows *windows, int64_t at_ms)
{
    return windows ? windows_day(windows, at_ms) : at_ms / DAY_MS;
}

static int64_t day_begins_ms(const struct windows *windows, int64_t day)
{
    return windows ? windows_day_begins_ms(windows, day) : day * DAY_MS;
}

/* The key that it is kept apart from; *ret_other is zeros when there is none. */
static enum err_code find_other(struct engine *engine, const struct vault_key *key, struct vault_key *ret_other,
                                struct err *err)
{
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    if (!key->not_with[0])
        return ERR_OK;
    TRY(text_split_key(key->not_with, environment, name, err));
    enum err_code code = vault_key_find(engine->session, environment, name, ret_other, err);
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* Is the other one rotated on the day for which this one is planned? Today only what has opened
 * counts when this one is about to open: the other will look at it in turn. */
static bool meets(struct engine *engine, const struct vault_key *key, const struct vault_key *other,
                  const struct windows *windows, bool opening)
{
    int64_t day = day_of(windows, key->rotate_at_ms);
    bool today = day == day_of(windows, engine_now(engine));
    bool opened = other->opened_at_ms && day_of(windows, other->opened_at_ms) == day;
    bool planned = other->rotate_at_ms && !other->rotation_state && day_of(windows, other->rotate_at_ms) == day;
    return opened || (planned && !(opening && today));
}

static enum err_code place_apart(struct engine *engine, struct vault_key *key, const struct vault_key *other,
                                 const struct windows *windows, bool opening, struct err *err)
{
    for (int moves = 0; moves < APART_MOVES; moves++) {
        if (windows)
            TRY(place_in_window(engine, key, windows, err));
        if (!other->name[0] || !meets(engine, key, other, windows, opening))
            return ERR_OK;
        int64_t next_ms = day_begins_ms(windows, day_of(windows, key->rotate_at_ms) + 1);
        if (key->expires_at_ms && next_ms >= key->expires_at_ms)
            return ERR_OK;
        hold(key, next_ms + random_ms(engine, spread_ms(engine, key)), VAULT_HOLD_NOT_WITH);
    }
    return ERR_OK;
}

/* At the first moment from then on at which the key's rules let a rotation open. opening: is that
 * moment now? */
static enum err_code place(struct engine *engine, struct vault_key *key, int64_t from_ms, enum vault_hold why,
                           bool opening, struct err *err)
{
    OWN(windows_free) struct windows *windows = NULL;
    struct vault_key other = {0};
    hold(key, from_ms, why);
    if (key->windows[0] && windows_parse(key->windows, ZONE_FOLDER, &windows, err) != ERR_OK)
        return err_prefix(err, "the windows of %s/%s", key->environment, key->name);
    TRY(find_other(engine, key, &other, err));
    enum err_code code = place_apart(engine, key, &other, windows, opening, err);
    vault_record_release(VAULT_KEY, &other.row);
    return code;
}

/* Sooner, never later: the period is a promise. 0: none. */
static int64_t period_due_ms(struct engine *engine, const struct vault_key *key, int64_t from_ms)
{
    if (!key->every_ms)
        return 0;
    return from_ms + key->every_ms - random_ms(engine, least(key->jitter_ms, key->every_ms));
}

/* So long before its expiry that a person has two working weeks, or an outage of the provider's
 * API may last for days; of a short-lived one the last third. Where that is past already, after a
 * rotation that failed, or of one that is about to expire, again before long. 0: none. */
static int64_t expiry_due_ms(struct engine *engine, const struct vault_key *key, int64_t from_ms)
{
    if (!key->expires_at_ms)
        return 0;
    const struct provider *provider = provider_set_find(engine->options.providers, key->provider);
    bool by_person = !key_is_issued(provider, key);
    int64_t life = key->expires_at_ms - key->current_since_ms;
    int64_t lead = least(by_person ? EXPIRY_LEAD_PERSON_MS : EXPIRY_LEAD_MS, life > 0 ? life / EXPIRY_SHARE : 0);
    int64_t left = key->expires_at_ms - from_ms;
    int64_t pause = left > 0 ? least(left / EXPIRY_RETRY_SHARE, EXPIRY_RETRY_MOST_MS) : EXPIRY_RETRY_MOST_MS;
    if (pause < EXPIRY_RETRY_LEAST_MS)
        pause = EXPIRY_RETRY_LEAST_MS;
    int64_t due = key->expires_at_ms - lead;
    return due > from_ms + pause ? due : from_ms + pause;
}

enum err_code calendar_plan(struct engine *engine, struct vault_key *key, int64_t from_ms, struct err *err)
{
    int64_t period = period_due_ms(engine, key, from_ms);
    int64_t expiry = expiry_due_ms(engine, key, from_ms);
    calendar_clear(key);
    if (!period && !expiry)
        return ERR_OK;
    bool expires_first = expiry && (!period || expiry < period);
    key->rotate_due_ms = expires_first ? expiry : period;
    key->rotate_cause = expires_first ? VAULT_CAUSE_EXPIRY : VAULT_CAUSE_PERIOD;
    int64_t now = engine_now(engine);
    return place(engine, key, key->rotate_due_ms > now ? key->rotate_due_ms : now, VAULT_HOLD_NONE, false, err);
}

enum err_code calendar_plan_current(struct engine *engine, struct vault_key *key, struct err *err)
{
    if (!key->rotation_state)
        return calendar_plan(engine, key, key->current_since_ms ? key->current_since_ms : engine_now(engine), err);
    calendar_clear(key);
    return ERR_OK;
}

void calendar_plan_now(struct engine *engine, struct vault_key *key, enum vault_cause cause)
{
    key->rotate_due_ms = engine_now(engine);
    key->rotate_cause = (int32_t)cause;
    hold(key, key->rotate_due_ms, VAULT_HOLD_NONE);
}

void calendar_clear(struct vault_key *key)
{
    key->rotate_due_ms = 0;
    key->rotate_cause = VAULT_CAUSE_PERIOD;
    hold(key, 0, VAULT_HOLD_NONE);
}

/* Nothing holds up a key that somebody has in use although it is of no use, or that is to be replaced. */
static bool is_pressing(const struct vault_key *key)
{
    return key->replace_incident || key->alarm || !key->current_number;
}

enum err_code calendar_opens(struct engine *engine, struct vault_key *key, bool *ret_opens, struct err *err)
{
    int64_t now = engine_now(engine);
    *ret_opens = false;
    if (!engine_has_room(engine)) {
        hold(key, now + FULL_RETRY_MS + random_ms(engine, FULL_RETRY_MS), VAULT_HOLD_FULL);
        return ERR_OK;
    }
    *ret_opens = is_pressing(key);
    if (*ret_opens)
        return ERR_OK;
    if (now - key->rotate_at_ms > MISSED_MS)
        return place(engine, key, now + random_ms(engine, spread_ms(engine, key)), VAULT_HOLD_MISSED, false, err);
    TRY(place(engine, key, now, VAULT_HOLD_NONE, true, err));
    *ret_opens = key->rotate_at_ms <= now;
    return ERR_OK;
}

bool calendar_probes(struct engine *engine, struct vault_key *key)
{
    int64_t now = engine_now(engine);
    if (!key->probe_every_ms || is_pressing(key) || now - key->probe_at_ms <= MISSED_MS)
        return true;
    key->probe_at_ms = now + random_ms(engine, least(key->probe_every_ms / SPREAD_SHARE, PROBE_SPREAD_MOST_MS));
    return false;
}
