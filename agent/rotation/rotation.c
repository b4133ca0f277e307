/* rotation_next(): facts to conditions, conditions to a row, a row to a decision. */
#include "rotation/rotation.h"

#include "rotation/table.h"
#include "rotation_conditions.h"
#include "rows.h"

#define IF(condition) ROTATION_IF_##condition
#define DO(effect) TABLE_BIT(ROTATION_DO_##effect)
#define TELL(effect) TABLE_BIT(ROTATION_TELL_##effect)

static uint32_t bit_if(bool holds, enum rotation_condition condition)
{
    return holds ? TABLE_BIT(condition) : 0;
}

static bool old_is_lost(const struct rotation_facts *facts)
{
    return facts->has_old && (facts->old_condemned || facts->old_dead);
}

static uint32_t plain_conditions(const struct rotation_facts *facts)
{
    return bit_if(facts->other_open, IF(OTHER_OPEN)) |
           bit_if(facts->provider_can_issue, IF(CAN_ISSUE)) |
           bit_if(facts->provider_can_find, IF(CAN_FIND)) |
           bit_if(facts->attempt_uncertain, IF(UNCERTAIN)) |
           bit_if(facts->attempt_uncertain && facts->provider_can_find, IF(LOOKING)) |
           bit_if(facts->replaces_old, IF(REPLACES)) |
           bit_if(facts->replaces_old && !facts->propagation_passed, IF(YOUNG)) |
           bit_if(facts->slots_full, IF(SLOTS_FULL)) |
           bit_if(facts->slots_full && facts->slot_coming && !facts->deadline_passed, IF(SLOT_COMING)) |
           bit_if(facts->supplied_fits, IF(FITS)) | bit_if(facts->new_exists, IF(SEALED)) |
           bit_if(facts->new_condemned, IF(NEW_CONDEMNED)) |
           bit_if(facts->has_old, IF(HAS_OLD)) | bit_if(old_is_lost(facts), IF(OLD_LOST)) |
           bit_if(facts->old_condemned && facts->old_dead, IF(OLD_BURIED)) |
           bit_if(facts->old_reversible, IF(OLD_REVERSIBLE)) |
           bit_if(facts->propagation_passed, IF(PROPAGATED)) |
           bit_if(facts->deadline_passed, IF(DEADLINE));
}

/* S1 is decided here: what must be true before old may be condemned. */
static uint32_t retiring_conditions(const struct rotation_facts *facts)
{
    bool proved = facts->alive_in_row >= facts->settle;
    bool moved = facts->grace_passed && facts->receipts_in;
    bool waited = facts->old_dead || (moved && facts->old_quiet);
    bool in_use = !facts->old_dead && moved && !facts->old_quiet;
    return bit_if(proved, IF(PROVED)) |
           bit_if(facts->emergency || (waited && proved), IF(MAY_RETIRE)) |
           bit_if(facts->emergency || ((facts->old_dead || facts->grace_passed) && proved), IF(MAY_GO_ON)) |
           bit_if(!facts->emergency && waited && !proved, IF(ONLY_PROOF_LEFT)) |
           bit_if(!facts->emergency && in_use && facts->usage_due, IF(USAGE_DUE));
}

static uint32_t origin_conditions(enum rotation_state from)
{
    bool before = from == ROTATION_STAGING || from == ROTATION_PROVING;
    bool put = from == ROTATION_DELIVERING || from == ROTATION_SETTLING;
    return bit_if(from == ROTATION_STAGING, IF(FROM_STAGING)) |
           bit_if(from == ROTATION_PROVING, IF(FROM_PROVING)) |
           bit_if(from == ROTATION_DELIVERING, IF(FROM_DELIVERING)) |
           bit_if(from == ROTATION_UNDOING, IF(FROM_UNDOING)) |
           bit_if(from == ROTATION_SETTLING, IF(FROM_SETTLING)) |
           bit_if(before, IF(FROM_BEFORE)) | bit_if(put, IF(FROM_PUT));
}

static uint32_t rotation_conditions(enum rotation_state state, const struct rotation_facts *facts)
{
    uint32_t conditions = plain_conditions(facts) | retiring_conditions(facts);
    if (state == ROTATION_STAGING)
        return conditions | bit_if(facts->replaces_old && facts->attempt_uncertain, IF(REPLACING));
    if (state != ROTATION_ATTENTION)
        return conditions;

    conditions |= origin_conditions(facts->resume_state);
    if (facts->resume_state != ROTATION_SETTLING)
        conditions &= ~TABLE_BIT(IF(USAGE_DUE));
    bool may_retire = (conditions & TABLE_BIT(IF(MAY_RETIRE))) != 0;
    bool moot = (facts->resume_state == ROTATION_SETTLING && may_retire) ||
                (facts->resume_state == ROTATION_UNDOING && old_is_lost(facts));
    return conditions | bit_if(moot, IF(MOOT));
}

/* Leave out what has no object: rows may then say "condemn new" without asking whether there is
 * one. */
static uint32_t effects_with_object(uint32_t effects, const struct rotation_facts *facts)
{
    bool old_lives = facts->has_old && !old_is_lost(facts);
    if (!facts->attempt_uncertain)
        effects &= ~DO(KEEP_LABEL);
    if (!facts->new_exists)
        effects &= ~DO(CONDEMN_NEW);
    if (!facts->has_old)
        effects &= ~(DO(CONDEMN_OLD) | DO(RESTORE_OLD));
    if (facts->old_condemned)
        effects &= ~TELL(OLD_DEAD);
    if (old_lives)
        effects &= ~(DO(DUE_NOW) | TELL(NO_KEY));
    if (effects & DO(DUE_NOW))
        effects &= ~DO(SET_NEXT_DUE);
    return effects;
}

struct rotation_decision rotation_next(enum rotation_state state, enum rotation_event event,
                                       const struct rotation_facts *facts)
{
    const struct table_row *row =
        table_find(&rotation_table, state, event, rotation_conditions(state, facts));
    struct rotation_decision decision = {
        .answer = row->id ? ROTATION_MOVED
                          : (row->remembered ? ROTATION_REMEMBERED : ROTATION_REFUSED),
        .row = row->id,
        .reason = row->reason,
        .next = row->goes_to == TABLE_SAME ? state : (enum rotation_state)row->goes_to,
        .effects = effects_with_object(row->effects, facts),
    };
    return decision;
}

unsigned rotation_rows_holding(enum rotation_state state, enum rotation_event event,
                               const struct rotation_facts *facts)
{
    return table_count(&rotation_table, state, event, rotation_conditions(state, facts));
}

bool rotation_state_is_open(enum rotation_state state)
{
    return state != ROTATION_IDLE && state != ROTATION_DONE && state != ROTATION_FAILED;
}

const char *rotation_state_name(enum rotation_state state)
{
    return table_word(&rotation_table.states, state);
}

const char *rotation_event_name(enum rotation_event event)
{
    return table_word(&rotation_table.events, event);
}

const char *rotation_effect_name(enum rotation_effect effect)
{
    return table_word(&rotation_table.effects, effect);
}

bool rotation_state_parse(const char *name, enum rotation_state *ret_state)
{
    unsigned number;
    if (!table_parse(&rotation_table.states, name, &number))
        return false;
    *ret_state = (enum rotation_state)number;
    return true;
}

bool rotation_event_parse(const char *name, enum rotation_event *ret_event)
{
    unsigned number;
    if (!table_parse(&rotation_table.events, name, &number))
        return false;
    *ret_event = (enum rotation_event)number;
    return true;
}
