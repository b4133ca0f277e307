/* revocation_next(): facts to conditions, conditions to a row, a row to a decision. */
#include "rotation/revocation.h"

#include "revocation_conditions.h"
#include "rotation/table.h"
#include "rows.h"

#define IF(condition) REVOCATION_IF_##condition

static uint32_t bit_if(bool holds, enum revocation_condition condition)
{
    return holds ? TABLE_BIT(condition) : 0;
}

static uint32_t plain_conditions(const struct revocation_facts *facts)
{
    bool reversible = facts->can_disable && facts->can_revoke && !facts->emergency;
    bool alive = facts->step_accepted && facts->alive_in_row >= facts->settle;
    return bit_if(facts->can_disable, IF(CAN_DISABLE)) |
           bit_if(facts->can_revoke, IF(CAN_REVOKE)) | bit_if(facts->emergency, IF(EMERGENCY)) |
           bit_if(reversible, IF(REVERSIBLE)) | bit_if(facts->step_accepted, IF(ACCEPTED)) |
           bit_if(facts->step_accepted && facts->watch_passed, IF(WATCHED)) |
           bit_if(facts->may_roll_back && !facts->emergency, IF(MAY_RETURN)) |
           bit_if(facts->propagation_passed, IF(PROPAGATED)) |
           bit_if(facts->dead_in_row >= facts->settle, IF(PROVED_DEAD)) |
           bit_if(alive, IF(PROVED_ALIVE));
}

/* A disabled key may answer as a dead one does, and yet can be enabled again. So where disabling
 * is possible, dead proves death only once the revoke was accepted. */
static bool death_is_provable(const struct revocation_facts *facts)
{
    enum revocation_state from = facts->resume_state;
    return from == REVOCATION_BURYING || from == REVOCATION_WAITING ||
           (from == REVOCATION_REVOKING && !facts->can_disable);
}

static uint32_t origin_conditions(const struct revocation_facts *facts)
{
    enum revocation_state from = facts->resume_state;
    bool reversible = from == REVOCATION_DISABLING || from == REVOCATION_ENABLING;
    return bit_if(death_is_provable(facts), IF(PROVABLE)) |
           bit_if(from == REVOCATION_DISABLING, IF(FROM_DISABLING)) |
           bit_if(from == REVOCATION_ENABLING, IF(FROM_ENABLING)) |
           bit_if(from == REVOCATION_REVOKING, IF(FROM_REVOKING)) |
           bit_if(from == REVOCATION_BURYING, IF(FROM_BURYING)) |
           bit_if(from == REVOCATION_WAITING, IF(FROM_WAITING)) |
           bit_if(reversible, IF(FROM_REVERSIBLE));
}

static uint32_t revocation_conditions(enum revocation_state state,
                                      const struct revocation_facts *facts)
{
    uint32_t conditions = plain_conditions(facts);
    return state == REVOCATION_ATTENTION ? conditions | origin_conditions(facts) : conditions;
}

struct revocation_decision revocation_next(enum revocation_state state, enum revocation_event event,
                                           const struct revocation_facts *facts)
{
    const struct table_row *row =
        table_find(&revocation_table, state, event, revocation_conditions(state, facts));
    struct revocation_decision decision = {
        .answer = row->id ? REVOCATION_MOVED : REVOCATION_REFUSED,
        .row = row->id,
        .reason = row->reason,
        .next = row->goes_to == TABLE_SAME ? state : (enum revocation_state)row->goes_to,
        .effects = row->effects,
    };
    return decision;
}

unsigned revocation_rows_holding(enum revocation_state state, enum revocation_event event,
                                 const struct revocation_facts *facts)
{
    return table_count(&revocation_table, state, event, revocation_conditions(state, facts));
}

bool revocation_state_is_open(enum revocation_state state)
{
    return state != REVOCATION_RESTORED && state != REVOCATION_DEAD;
}

const char *revocation_state_name(enum revocation_state state)
{
    return table_word(&revocation_table.states, state);
}

const char *revocation_event_name(enum revocation_event event)
{
    return table_word(&revocation_table.events, event);
}

const char *revocation_effect_name(enum revocation_effect effect)
{
    return table_word(&revocation_table.effects, effect);
}

bool revocation_state_parse(const char *name, enum revocation_state *ret_state)
{
    unsigned number;
    if (!table_parse(&revocation_table.states, name, &number))
        return false;
    *ret_state = (enum revocation_state)number;
    return true;
}

bool revocation_event_parse(const char *name, enum revocation_event *ret_event)
{
    unsigned number;
    if (!table_parse(&revocation_table.events, name, &number))
        return false;
    *ret_event = (enum revocation_event)number;
    return true;
}
