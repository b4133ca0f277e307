/* Between rotate.c, which asks the table, and rotate_effects.c, which does what it says. */
#ifndef KEYTURN_ENGINE_ROTATE_WORK_H
#define KEYTURN_ENGINE_ROTATE_WORK_H

#include "rotate.h"
#include "slots.h"

struct rotation_work {
    struct engine *engine;
    struct subject *subject;
    struct vault_rotation *rotation;
    const struct rotation_input *input;
    struct rotation_decision decision;
    struct slots slots; /* read where issuing is decided */
    int64_t delay_ms; /* effects start after it; 0: with the commit */
    bool summary_changed;
};

typedef enum err_code rotation_effect_function(struct rotation_work *work, struct err *err);

/* By enum rotation_effect; every one has a function. */
extern rotation_effect_function *const rotation_effects[ROTATION_EFFECT_COUNT];

/* Does the policy ask for receipts, and has somebody who read the old version not read the new one? */
bool rotation_lacks_receipts(const struct vault_rotation *rotation, const struct vault_key *key);

#endif
