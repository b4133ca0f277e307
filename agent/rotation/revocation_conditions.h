/* The conditions that guards of the revocation table are made of. */
#ifndef KEYTURN_ROTATION_REVOCATION_CONDITIONS_H
#define KEYTURN_ROTATION_REVOCATION_CONDITIONS_H

/* Facts as they come, and facts derived from several; revocation.c derives them. */
enum revocation_condition {
    REVOCATION_IF_CAN_DISABLE,
    REVOCATION_IF_CAN_REVOKE,
    REVOCATION_IF_EMERGENCY,
    REVOCATION_IF_REVERSIBLE,   /* can disable and revoke, and no emergency */
    REVOCATION_IF_ACCEPTED,     /* the state's request was accepted */
    REVOCATION_IF_WATCHED,      /* disabled, and the watch time has passed */
    REVOCATION_IF_MAY_RETURN,   /* its rotation is still retiring, and no emergency */
    REVOCATION_IF_PROPAGATED,
    REVOCATION_IF_PROVED_DEAD,  /* settle dead answers in a row */
    REVOCATION_IF_PROVED_ALIVE, /* enable accepted, then settle alive answers in a row */
    REVOCATION_IF_PROVABLE,     /* in attention: a dead answer would prove death */
    REVOCATION_IF_FROM_DISABLING,
    REVOCATION_IF_FROM_ENABLING,
    REVOCATION_IF_FROM_REVOKING,
    REVOCATION_IF_FROM_BURYING,
    REVOCATION_IF_FROM_WAITING,
    REVOCATION_IF_FROM_REVERSIBLE, /* from disabling or enabling */
    REVOCATION_CONDITION_COUNT
};

#endif
