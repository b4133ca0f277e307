/* The conditions that guards of the rotation table are made of. */
#ifndef KEYTURN_ROTATION_ROTATION_CONDITIONS_H
#define KEYTURN_ROTATION_ROTATION_CONDITIONS_H

/* Facts as they come, and facts derived from several; rotation.c derives them. */
enum rotation_condition {
    ROTATION_IF_OTHER_OPEN,
    ROTATION_IF_CAN_ISSUE,
    ROTATION_IF_CAN_FIND,
    ROTATION_IF_UNCERTAIN,       /* the latest attempt has no known end */
    ROTATION_IF_LOOKING,         /* uncertain, and the provider can find */
    ROTATION_IF_REPLACES,        /* issuing kills old in the act */
    ROTATION_IF_REPLACING,       /* in staging: an attempt that may have killed old has no known end */
    ROTATION_IF_YOUNG,           /* new was put to use unproved, and may not be seen everywhere yet */
    ROTATION_IF_SLOTS_FULL,
    ROTATION_IF_SLOT_COMING,     /* one will be free by itself, and before the deadline */
    ROTATION_IF_FITS,            /* what was supplied fits */
    ROTATION_IF_SEALED,          /* new is in the store */
    ROTATION_IF_NEW_CONDEMNED,
    ROTATION_IF_HAS_OLD,
    ROTATION_IF_OLD_LOST,        /* old is condemned or dead: it cannot be put back */
    ROTATION_IF_OLD_BURIED,      /* condemned and dead: nothing is left to revoke */
    ROTATION_IF_OLD_REVERSIBLE,
    ROTATION_IF_PROPAGATED,
    ROTATION_IF_DEADLINE,
    ROTATION_IF_PROVED,          /* settle alive answers in a row */
    ROTATION_IF_MAY_RETIRE,      /* emergency; or grace, readers and proof are all there */
    ROTATION_IF_MAY_GO_ON,       /* the same, but a person answers for the readers */
    ROTATION_IF_ONLY_PROOF_LEFT, /* grace and readers are there, the proof is not */
    ROTATION_IF_USAGE_DUE,       /* only old's use holds it up, and may be asked about now */
    ROTATION_IF_MOOT,            /* in attention: what it waits for is no longer asked for */
    ROTATION_IF_FROM_STAGING,
    ROTATION_IF_FROM_PROVING,
    ROTATION_IF_FROM_DELIVERING,
    ROTATION_IF_FROM_UNDOING,
    ROTATION_IF_FROM_SETTLING,
    ROTATION_IF_FROM_BEFORE,     /* from staging or proving: new was put nowhere */
    ROTATION_IF_FROM_PUT,        /* from delivering or settling: new was put somewhere */
    ROTATION_CONDITION_COUNT
};

#endif
