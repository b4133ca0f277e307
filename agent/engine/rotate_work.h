/* Between rotate.c, which asks the table, and rotate_effects.c and its parts, which do what it says. */
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

/* --- rotate_asks.c ------------------------------------------------------------ */

rotation_effect_function rotation_do_back_off, rotation_do_issue, rotation_do_free_slot,
    rotation_do_ask_operator, rotation_do_find, rotation_do_probe_new, rotation_do_ask_usage;
/* Plan a flight now, or be due after the delay. */
enum err_code rotation_plan(struct rotation_work *work, enum flight_kind kind, struct err *err) ERR_MUST_CHECK;
/* What kills the old version, or leaves a key without one, is first in every queue. */
bool rotation_is_urgent(const struct rotation_work *work);

/* --- rotate_places.c ---------------------------------------------------------- */

rotation_effect_function rotation_do_deliver, rotation_do_undo, rotation_tell_places;

/* --- rotate_waits.c ----------------------------------------------------------- */

rotation_effect_function rotation_do_wait, rotation_tell_readers;
/* Does the policy ask for receipts, and has somebody who read the old version not read the new one? */
bool rotation_lacks_receipts(const struct vault_rotation *rotation, const struct vault_key *key);

/* --- rotate_tells.c ----------------------------------------------------------- */

rotation_effect_function rotation_tell_label, rotation_tell_unknown, rotation_tell_unfit,
    rotation_tell_old_dead, rotation_tell_new_dead, rotation_tell_no_key, rotation_tell_given_up,
    rotation_tell_done, rotation_tell_refused, rotation_tell_slots, rotation_tell_remind;
/* The rotation's detail is text, and what the event says of it. */
enum err_code rotation_tell(struct rotation_work *work, bool loud, const char *text) ERR_MUST_CHECK;

#endif
