/* A provider's limits: what a definition leaves out has a default. */
#include "definition.h"

#include "base/text.h"

struct limit_number {
    const char *name;
    const unsigned *given;
    unsigned fallback, least, most;
};

struct limit_time {
    const char *name;
    const char *given;
    int64_t fallback_ms, most_ms;
};

static const int64_t limit_second_ms = 1000;
static const int64_t limit_day_ms = INT64_C(24) * 60 * 60 * 1000;

static enum err_code limit_number(const struct limit_number *limit, unsigned *ret_number, struct err *err)
{
    unsigned number = limit->given ? *limit->given : limit->fallback;
    if (number < limit->least || number > limit->most)
        return err_set(err, ERR_INVALID, "limits.%s: is %u; expected %u to %u", limit->name, number,
                       limit->least, limit->most);
    *ret_number = number;
    return ERR_OK;
}

static enum err_code limit_time(const struct limit_time *limit, int64_t *ret_ms, struct err *err)
{
    int64_t ms = limit->fallback_ms;
    if (limit->given && text_parse_duration(limit->given, &ms, err) != ERR_OK)
        return err_prefix(err, "limits.%s", limit->name);
    if (ms > limit->most_ms)
        return err_set(err, ERR_INVALID, "limits.%s: is %s; expected at most %lld days", limit->name,
                       limit->given, (long long)(limit->most_ms / limit_day_ms));
    *ret_ms = ms;
    return ERR_OK;
}

enum err_code definition_limits(const struct definition *definition, struct provider_limits *ret_limits,
                                struct err *err)
{
    static const struct definition_limits none = {0};
    const struct definition_limits *given = definition->limits ? definition->limits : &none;
    struct provider_limits limits;
    const struct {
        struct limit_number limit;
        unsigned *to;
    } numbers[] = {
        {{"parallel", given->parallel, 8, 1, 1024}, &limits.parallel},
        {{"per_second", given->per_second, 0, 0, 1000000}, &limits.per_second},
        {{"keys", given->keys, 0, 0, 1000000}, &limits.keys},
        {{"settle", given->settle, 2, 1, 100}, &limits.settle},
    };
    const struct {
        struct limit_time limit;
        int64_t *to;
    } times[] = {
        {{"settle_interval", given->settle_interval, limit_second_ms, limit_day_ms},
         &limits.settle_interval_ms},
        {{"propagation", given->propagation, 60 * limit_second_ms, limit_day_ms}, &limits.propagation_ms},
        {{"proving_deadline", given->proving_deadline, 3600 * limit_second_ms, 30 * limit_day_ms},
         &limits.proving_deadline_ms},
        {{"watch", given->watch, 600 * limit_second_ms, 30 * limit_day_ms}, &limits.watch_ms},
        {{"usage_lag", given->usage_lag, 600 * limit_second_ms, 30 * limit_day_ms}, &limits.usage_lag_ms},
        {{"horizon", given->horizon, 7 * limit_day_ms, 366 * limit_day_ms}, &limits.horizon_ms},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        TRY(limit_number(&numbers[i].limit, numbers[i].to, err));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        TRY(limit_time(&times[i].limit, times[i].to, err));
    *ret_limits = limits;
    return ERR_OK;
}
