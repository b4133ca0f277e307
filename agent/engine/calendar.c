/* When a key's rotation opens by itself. rotate_due_ms is the time it is wished for, rotate_at_ms
 * the one it is planned at, and rotate_hold says what keeps the two apart. The plan is kept in the
 * record, so what people are shown is what will be done. */
#include "internal.h"

#include "base/zone.h"

enum {
    MISSED_MS = 60 * 1000, /* later than that, the agent was away */
    SPREAD_SHARE = 10,     /* missed times are spread over this part of the period, */
    SPREAD_MOST_MS = 60 * 60 * 1000,
    WINDOW_SHARE = 4, /* of a window's length: what waited for it begins within that */
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

static int64_t spread_ms(const struct vault_key *key)
{
    return key->every_ms ? least(key->every_ms / SPREAD_SHARE, SPREAD_MOST_MS) : SPREAD_MOST_MS;
}

/* Into a window: where it is still to open, into the first part of it, so that not all that wait
 * for it begin at once. */
static enum err_code place_in_window(struct engine *engine, struct vault_key *key, struct err *err)
{
    OWN(windows_free) struct windows *windows = NULL;
    struct window_span span;
    if (!key->windows[0])
        return ERR_OK;
    if (windows_parse(key->windows, ZONE_FOLDER, &windows, err) != ERR_OK)
        return err_prefix(err, "the windows of %s/%s", key->environment, key->name);
    if (!windows_next(windows, key->rotate_at_ms, &span))
        return err_set(err, ERR_STATE, "the windows of %s/%s never open", key->environment, key->name);
    if (span.opens_ms > key->rotate_at_ms)
        hold(key, span.opens_ms + random_ms(engine, least((span.closes_ms - span.opens_ms) / WINDOW_SHARE, spread_ms(key))),
             VAULT_HOLD_WINDOW);
    return ERR_OK;
}

/* At the first moment from then on at which the key's rules let a rotation open. */
static enum err_code place(struct engine *engine, struct vault_key *key, int64_t from_ms, enum vault_hold why,
                           struct err *err)
{
    hold(key, from_ms, why);
    return place_in_window(engine, key, err);
}

enum err_code calendar_plan(struct engine *engine, struct vault_key *key, int64_t from_ms, struct err *err)
{
    if (!key->every_ms) {
        calendar_clear(key);
        return ERR_OK;
    }
    /* Sooner, never later: the period is a promise. */
    key->rotate_due_ms = from_ms + key->every_ms - random_ms(engine, least(key->jitter_ms, key->every_ms));
    int64_t now = engine_now(engine);
    return place(engine, key, key->rotate_due_ms > now ? key->rotate_due_ms : now, VAULT_HOLD_NONE, err);
}

void calendar_plan_now(struct engine *engine, struct vault_key *key)
{
    key->rotate_due_ms = engine_now(engine);
    hold(key, key->rotate_due_ms, VAULT_HOLD_NONE);
}

void calendar_clear(struct vault_key *key)
{
    key->rotate_due_ms = 0;
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
    *ret_opens = is_pressing(key);
    if (*ret_opens)
        return ERR_OK;
    if (now - key->rotate_at_ms > MISSED_MS)
        return place(engine, key, now + random_ms(engine, spread_ms(key)), VAULT_HOLD_MISSED, err);
    TRY(place(engine, key, now, VAULT_HOLD_NONE, err));
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
