#include "rotation/label.h"

enum { LEAST_MS = 1000, DAY_MS = 24 * 60 * 60 * 1000 };

static enum label_move found_next(const struct label_facts *facts)
{
    if (facts->held)
        return facts->held_unproved ? LABEL_CONDEMN : LABEL_CLOSE_HELD;
    return facts->perhaps_held ? LABEL_ASK : LABEL_CONDEMN;
}

enum label_move label_next(enum label_answer answer, const struct label_facts *facts)
{
    if (facts->awaited)
        return LABEL_LEAVE;
    switch (answer) {
    case LABEL_FOUND:
        return found_next(facts);
    case LABEL_NOT_FOUND:
        return facts->horizon_passed ? LABEL_CLOSE_ABSENT : LABEL_LOOK_AGAIN;
    case LABEL_UNKNOWN:
        break;
    }
    return LABEL_LOOK_AGAIN;
}

int64_t label_look_after_ms(int64_t age_ms, int64_t propagation_ms, int64_t horizon_ms)
{
    /* As long again as it is old: the distance doubles. A clock that was put back makes it young. */
    int64_t after = age_ms > propagation_ms ? age_ms : propagation_ms;
    int64_t left = horizon_ms - age_ms;
    if (after > DAY_MS)
        after = DAY_MS;
    if (left > 0 && after > left)
        after = left;
    return after > LEAST_MS ? after : LEAST_MS;
}
