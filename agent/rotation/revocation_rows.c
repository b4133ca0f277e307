/* The revocation table itself, in the order of its states. A row's parts share
 * the design's id and differ in their last letter; K13 and on are additions.
 * README.md is compared with this file, and this file with the design. */
#include "rotation/revocation.h"

#include "revocation_conditions.h"
#include "rows.h"

#define S(state) TABLE_BIT(REVOCATION_##state)
#define ON(event) TABLE_BIT(REVOCATION_ON_##event)
#define IF(condition) TABLE_BIT(REVOCATION_IF_##condition)
#define DO(effect) TABLE_BIT(REVOCATION_DO_##effect)
#define TELL(effect) TABLE_BIT(REVOCATION_TELL_##effect)
#define GO(state) .goes_to = REVOCATION_##state
#define STAY .goes_to = TABLE_SAME

#define ON_NO_PROOF (ON(UNKNOWN) | ON(UNCERTAIN))
#define AGAIN (DO(BACK_OFF) | TELL(STUCK))

static const struct table_row rows[] = {
    /* requested */
    { "K01", S(REQUESTED), ON(START), .needs = IF(REVERSIBLE),
      GO(DISABLING), .effects = DO(DISABLE) },
    { "K02", S(REQUESTED), ON(START), .needs = IF(CAN_REVOKE), .bars = IF(REVERSIBLE),
      GO(REVOKING), .effects = DO(REVOKE) },
    { "K03", S(REQUESTED), ON(START), .bars = IF(CAN_REVOKE),
      GO(WAITING), .effects = DO(PROBE) | TELL(WHERE) },
    { "K13", S(REQUESTED), ON(ROLL_BACK), .needs = IF(MAY_RETURN),
      GO(RESTORED), .effects = DO(RESTORE) },
    { "K14", S(REQUESTED), ON(EMERGENCY),
      GO(REQUESTED) },

    /* disabling */
    { "K04", S(DISABLING), ON(DISABLED) | ON(TIME), .needs = IF(WATCHED),
      GO(REVOKING), .effects = DO(REVOKE) },
    { "K05", S(DISABLING), ON(ROLL_BACK), .needs = IF(MAY_RETURN),
      GO(ENABLING), .effects = DO(ENABLE) },
    { "K15", S(DISABLING), ON(DISABLED), .bars = IF(WATCHED),
      GO(DISABLING), .effects = DO(WAIT) },
    { "K16", S(DISABLING), ON(TIME), .bars = IF(ACCEPTED),
      GO(DISABLING), .effects = DO(DISABLE) },
    { "K17", S(DISABLING), ON(TIME), .needs = IF(ACCEPTED), .bars = IF(WATCHED),
      GO(DISABLING), .effects = DO(WAIT) },
    { "K18", S(DISABLING) | S(ENABLING), ON(ALREADY_GONE),
      GO(BURYING), .effects = DO(PROBE) },
    { "K19", S(DISABLING) | S(ENABLING), ON(EMERGENCY),
      GO(REVOKING), .effects = DO(REVOKE) },

    { "K55", S(DISABLING), ON(SLOT_NEEDED), .needs = IF(ACCEPTED), .bars = IF(MAY_RETURN),
      GO(REVOKING), .effects = DO(REVOKE) },

    /* enabling */
    { "K06", S(ENABLING), ON(ALIVE), .needs = IF(PROVED_ALIVE),
      GO(RESTORED), .effects = DO(RESTORE) },
    { "K20", S(ENABLING), ON(ACCEPTED),
      GO(ENABLING), .effects = DO(PROBE) },
    { "K21", S(ENABLING), ON(ALIVE), .needs = IF(ACCEPTED), .bars = IF(PROVED_ALIVE),
      GO(ENABLING), .effects = DO(PROBE) },
    { "K22", S(ENABLING), ON(ALIVE), .bars = IF(ACCEPTED),
      GO(ENABLING), .effects = DO(BACK_OFF) | DO(ENABLE) },
    { "K23", S(ENABLING), ON(DEAD) | ON(UNFIT), .bars = IF(PROPAGATED),
      GO(ENABLING), .effects = DO(BACK_OFF) | DO(PROBE) },
    { "K24", S(ENABLING), ON(DEAD) | ON(UNFIT), .needs = IF(PROPAGATED),
      GO(ENABLING), .effects = AGAIN | DO(ENABLE) },
    { "K25", S(ENABLING), ON(TIME), .needs = IF(ACCEPTED),
      GO(ENABLING), .effects = DO(PROBE) },
    { "K26", S(ENABLING), ON(TIME), .bars = IF(ACCEPTED),
      GO(ENABLING), .effects = DO(ENABLE) },

    /* revoking: a revoke is repeated until it is accepted, never rolled back (S4) */
    { "K07", S(REVOKING), ON(ACCEPTED) | ON(ALREADY_GONE),
      GO(BURYING), .effects = DO(PROBE) },
    { "K27", S(REVOKING), ON(TIME) | ON(EMERGENCY),
      GO(REVOKING), .effects = DO(REVOKE) },
    { "K28", S(REVOKING), ON(SAID_DONE), .bars = IF(CAN_DISABLE),
      GO(REVOKING), .effects = DO(PROBE) },
    { "K29", S(REVOKING), ON(DEAD), .needs = IF(PROVED_DEAD), .bars = IF(CAN_DISABLE),
      GO(DEAD), .effects = DO(RECORD_DEATH) },
    { "K30", S(REVOKING), ON(DEAD), .bars = IF(PROVED_DEAD) | IF(CAN_DISABLE),
      GO(REVOKING), .effects = DO(PROBE) },
    { "K31", S(REVOKING), ON(ALIVE) | ON(UNFIT),
      GO(REVOKING), .effects = DO(BACK_OFF) | DO(REVOKE) },

    /* no proof either way: again, for ever */
    { "K08a", S(DISABLING), ON_NO_PROOF, .bars = IF(ACCEPTED),
      STAY, .effects = AGAIN | DO(DISABLE) },
    { "K08b", S(DISABLING), ON_NO_PROOF, .needs = IF(ACCEPTED),
      STAY, .effects = DO(WAIT) },
    { "K08c", S(ENABLING), ON_NO_PROOF, .bars = IF(ACCEPTED),
      STAY, .effects = AGAIN | DO(ENABLE) },
    { "K08d", S(ENABLING), ON_NO_PROOF, .needs = IF(ACCEPTED),
      STAY, .effects = AGAIN | DO(PROBE) },
    { "K08e", S(REVOKING), ON_NO_PROOF,
      STAY, .effects = AGAIN | DO(REVOKE) },
    { "K08f", S(BURYING) | S(WAITING), ON_NO_PROOF,
      STAY, .effects = AGAIN | DO(PROBE) },

    /* burying, waiting */
    { "K09", S(BURYING) | S(WAITING), ON(DEAD), .needs = IF(PROVED_DEAD),
      GO(DEAD), .effects = DO(RECORD_DEATH) },
    { "K10", S(BURYING), ON(ALIVE), .needs = IF(PROPAGATED),
      GO(REVOKING), .effects = DO(REVOKE) | TELL(ALIVE) },
    { "K11", S(WAITING), ON(ALIVE),
      GO(WAITING), .effects = DO(BACK_OFF) | DO(PROBE) | TELL(REMIND) },
    { "K32", S(BURYING) | S(WAITING), ON(DEAD), .bars = IF(PROVED_DEAD),
      STAY, .effects = DO(PROBE) },
    { "K33", S(BURYING), ON(ALIVE) | ON(UNFIT), .bars = IF(PROPAGATED),
      GO(BURYING), .effects = DO(BACK_OFF) | DO(PROBE) },
    { "K34", S(BURYING), ON(UNFIT), .needs = IF(PROPAGATED),
      GO(REVOKING), .effects = DO(REVOKE) | TELL(ALIVE) },
    { "K35", S(WAITING), ON(UNFIT),
      GO(WAITING), .effects = DO(BACK_OFF) | DO(PROBE) | TELL(REMIND) },
    { "K36", S(BURYING) | S(WAITING), ON(TIME) | ON(SAID_DONE),
      STAY, .effects = DO(PROBE) },
    { "K37", S(BURYING), ON(EMERGENCY),
      GO(BURYING), .effects = DO(PROBE) },
    { "K38", S(WAITING), ON(EMERGENCY),
      GO(WAITING), .effects = DO(PROBE) | TELL(WHERE) },

    /* attention: the credential; the key itself can still be probed */
    { "K12", S(DISABLING) | S(ENABLING) | S(REVOKING) | S(BURYING) | S(WAITING),
      ON(REFUSED_CREDENTIAL), GO(ATTENTION), .effects = TELL(CREDENTIAL) },
    { "K39", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_DISABLING),
      .bars = IF(EMERGENCY) | IF(ACCEPTED), GO(DISABLING), .effects = DO(DISABLE) },
    { "K40", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_DISABLING) | IF(ACCEPTED),
      .bars = IF(EMERGENCY), GO(DISABLING), .effects = DO(WAIT) },
    { "K41", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_ENABLING),
      .bars = IF(EMERGENCY) | IF(ACCEPTED), GO(ENABLING), .effects = DO(ENABLE) },
    { "K42", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_ENABLING) | IF(ACCEPTED),
      .bars = IF(EMERGENCY), GO(ENABLING), .effects = DO(PROBE) },
    { "K43", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_REVERSIBLE) | IF(EMERGENCY),
      GO(REVOKING), .effects = DO(REVOKE) },
    { "K44", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_REVOKING),
      GO(REVOKING), .effects = DO(REVOKE) },
    { "K45", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_BURYING),
      GO(BURYING), .effects = DO(PROBE) },
    { "K46", S(ATTENTION), ON(CREDENTIAL_CHANGED), .needs = IF(FROM_WAITING),
      GO(WAITING), .effects = DO(PROBE) },
    { "K47", S(ATTENTION), ON(REFUSED_CREDENTIAL) | ON(ALIVE) | ON(UNFIT) | ON_NO_PROOF,
      GO(ATTENTION), .effects = TELL(STUCK) },
    { "K48", S(ATTENTION), ON(EMERGENCY),
      GO(ATTENTION), .effects = TELL(CREDENTIAL) },
    { "K49", S(ATTENTION), ON(ROLL_BACK), .needs = IF(FROM_DISABLING) | IF(MAY_RETURN),
      GO(ENABLING), .effects = DO(ENABLE) },
    { "K50", S(ATTENTION), ON(TIME), .needs = IF(PROVABLE),
      GO(ATTENTION), .effects = DO(PROBE) | TELL(REMIND) },
    { "K51", S(ATTENTION), ON(TIME), .bars = IF(PROVABLE),
      GO(ATTENTION), .effects = TELL(REMIND) },
    { "K52", S(ATTENTION), ON(SAID_DONE), .needs = IF(PROVABLE),
      GO(ATTENTION), .effects = DO(PROBE) },
    { "K53", S(ATTENTION), ON(DEAD), .needs = IF(PROVABLE) | IF(PROVED_DEAD),
      GO(DEAD), .effects = DO(RECORD_DEATH) },
    { "K54", S(ATTENTION), ON(DEAD), .needs = IF(PROVABLE), .bars = IF(PROVED_DEAD),
      GO(ATTENTION), .effects = DO(PROBE) },
};

#define S_BEGUN \
    (S(DISABLING) | S(ENABLING) | S(REVOKING) | S(BURYING) | S(WAITING) | S(ATTENTION))
#define ON_VERDICT (ON(ALIVE) | ON(UNFIT) | ON(DEAD))

#define REFUSED(...) { .goes_to = TABLE_SAME, __VA_ARGS__ }

/* What no row takes. */
static const struct table_row answers[] = {
    REFUSED(.states = S(RESTORED), .events = ~0u,
            .reason = "the version was restored; revoke it anew"),
    REFUSED(.states = S(DEAD), .events = ~0u, .reason = "the version is dead"),
    REFUSED(.states = S(REQUESTED), .events = ~(ON(START) | ON(ROLL_BACK) | ON(EMERGENCY)),
            .reason = "the revocation has not begun; start it"),
    REFUSED(.states = S_BEGUN, .events = ON(SLOT_NEEDED),
            .reason = "slot needed: there is no watch time to cut short"),
    REFUSED(.states = S_BEGUN, .events = ON(START), .reason = "the revocation has begun already"),

    REFUSED(.states = S_BEGUN & ~S(DISABLING), .events = ON(DISABLED),
            .reason = "no disable is under way"),
    REFUSED(.states = S(DISABLING) | S(BURYING) | S(WAITING) | S(ATTENTION),
            .events = ON(ACCEPTED), .reason = "no enable or revoke is under way"),
    REFUSED(.states = S(BURYING) | S(WAITING) | S(ATTENTION), .events = ON(ALREADY_GONE),
            .reason = "nothing is asked of the provider; only a probe proves death"),
    REFUSED(.states = S(DISABLING), .events = ON_VERDICT,
            .reason = "a disabled key is not judged: it may answer as a dead one does"),
    REFUSED(.states = S(REVOKING) | S(ATTENTION), .events = ON(DEAD),
            .reason = "dead: the key may only be disabled; its revoke was not accepted yet"),
    REFUSED(.states = S_BEGUN & ~S(ATTENTION), .events = ON(CREDENTIAL_CHANGED),
            .reason = "the revocation does not wait for a credential"),
    REFUSED(.states = S(ATTENTION), .events = ON(CREDENTIAL_CHANGED),
            .reason = "there is no state to go back to"),

    REFUSED(.states = S(REQUESTED) | S(DISABLING), .events = ON(ROLL_BACK),
            .reason = "roll back: it is an emergency, or its rotation is over"),
    REFUSED(.states = S(ENABLING), .events = ON(ROLL_BACK),
            .reason = "roll back: the version is being enabled already"),
    REFUSED(.states = S(REVOKING) | S(BURYING) | S(WAITING) | S(ATTENTION),
            .events = ON(ROLL_BACK), .reason = "roll back: only a disabled version can come back"),
    REFUSED(.states = S(DISABLING) | S(ENABLING), .events = ON(SAID_DONE),
            .reason = "said done: the version is only disabled; its revoke has not begun"),
    REFUSED(.states = S(REVOKING) | S(ATTENTION), .events = ON(SAID_DONE),
            .reason = "said done: a disabled key answers as a dead one does; its own revoke goes "
                      "on"),
};

static const char *const state_words[REVOCATION_STATE_COUNT] = {
    [REVOCATION_REQUESTED] = "requested",
    [REVOCATION_DISABLING] = "disabling",
    [REVOCATION_ENABLING] = "enabling",
    [REVOCATION_REVOKING] = "revoking",
    [REVOCATION_BURYING] = "burying",
    [REVOCATION_WAITING] = "waiting",
    [REVOCATION_RESTORED] = "restored",
    [REVOCATION_DEAD] = "dead",
    [REVOCATION_ATTENTION] = "attention",
};

static const char *const event_words[REVOCATION_EVENT_COUNT] = {
    [REVOCATION_ON_START] = "start",
    [REVOCATION_ON_DISABLED] = "disabled",
    [REVOCATION_ON_TIME] = "time",
    [REVOCATION_ON_ROLL_BACK] = "roll_back",
    [REVOCATION_ON_ACCEPTED] = "accepted",
    [REVOCATION_ON_ALREADY_GONE] = "already_gone",
    [REVOCATION_ON_UNCERTAIN] = "uncertain",
    [REVOCATION_ON_ALIVE] = "alive",
    [REVOCATION_ON_UNFIT] = "unfit",
    [REVOCATION_ON_DEAD] = "dead",
    [REVOCATION_ON_UNKNOWN] = "unknown",
    [REVOCATION_ON_REFUSED_CREDENTIAL] = "refused_credential",
    [REVOCATION_ON_CREDENTIAL_CHANGED] = "credential_changed",
    [REVOCATION_ON_SAID_DONE] = "said_done",
    [REVOCATION_ON_EMERGENCY] = "emergency",
    [REVOCATION_ON_SLOT_NEEDED] = "slot_needed",
};

static const char *const condition_words[REVOCATION_CONDITION_COUNT] = {
    [REVOCATION_IF_CAN_DISABLE] = "can disable",
    [REVOCATION_IF_CAN_REVOKE] = "can revoke",
    [REVOCATION_IF_EMERGENCY] = "emergency",
    [REVOCATION_IF_REVERSIBLE] = "reversible",
    [REVOCATION_IF_ACCEPTED] = "step accepted",
    [REVOCATION_IF_WATCHED] = "watched",
    [REVOCATION_IF_MAY_RETURN] = "may return",
    [REVOCATION_IF_PROPAGATED] = "propagation passed",
    [REVOCATION_IF_PROVED_DEAD] = "proved dead",
    [REVOCATION_IF_PROVED_ALIVE] = "proved alive",
    [REVOCATION_IF_PROVABLE] = "death provable",
    [REVOCATION_IF_FROM_DISABLING] = "from disabling",
    [REVOCATION_IF_FROM_ENABLING] = "from enabling",
    [REVOCATION_IF_FROM_REVOKING] = "from revoking",
    [REVOCATION_IF_FROM_BURYING] = "from burying",
    [REVOCATION_IF_FROM_WAITING] = "from waiting",
    [REVOCATION_IF_FROM_REVERSIBLE] = "from disabling or enabling",
};

static const char *const negated_words[REVOCATION_CONDITION_COUNT] = {
    [REVOCATION_IF_CAN_DISABLE] = "cannot disable",
    [REVOCATION_IF_CAN_REVOKE] = "cannot revoke",
    [REVOCATION_IF_EMERGENCY] = "no emergency",
    [REVOCATION_IF_MAY_RETURN] = "may not return",
    [REVOCATION_IF_PROPAGATED] = "before propagation",
};

static const char *const effect_words[REVOCATION_EFFECT_COUNT] = {
    [REVOCATION_DO_RECORD_DEATH] = "record_death",
    [REVOCATION_DO_RESTORE] = "restore",
    [REVOCATION_DO_BACK_OFF] = "back_off",
    [REVOCATION_DO_DISABLE] = "disable",
    [REVOCATION_DO_ENABLE] = "enable",
    [REVOCATION_DO_REVOKE] = "revoke",
    [REVOCATION_DO_PROBE] = "probe",
    [REVOCATION_DO_WAIT] = "wait",
    [REVOCATION_TELL_WHERE] = "tell_where",
    [REVOCATION_TELL_REMIND] = "tell_remind",
    [REVOCATION_TELL_STUCK] = "tell_stuck",
    [REVOCATION_TELL_ALIVE] = "tell_alive",
    [REVOCATION_TELL_CREDENTIAL] = "tell_credential",
};

const struct table revocation_table = {
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .answers = answers,
    .answer_count = sizeof answers / sizeof answers[0],
    .states = { state_words, REVOCATION_STATE_COUNT },
    .events = { event_words, REVOCATION_EVENT_COUNT },
    .conditions = { condition_words, REVOCATION_CONDITION_COUNT, negated_words },
    .effects = { effect_words, REVOCATION_EFFECT_COUNT },
};
