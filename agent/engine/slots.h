/* How many of the provider's keys this key's versions hold. */
#ifndef KEYTURN_ENGINE_SLOTS_H
#define KEYTURN_ENGINE_SLOTS_H

#include "subject.h"

/* The keys that the provider lets live are counted as this key's versions that are not proved dead, so that
 * what is full is full for certain; others of the account are not looked at. */
struct slots {
    unsigned held;
    bool full;
    bool coming; /* a version that holds one is being revoked without a person */
    char names[160]; /* "1 (current), 3 (condemned)" */
};
enum err_code slots_read(struct engine *engine, const struct subject *subject, struct slots *ret_slots, struct err *err)
    ERR_MUST_CHECK;
/* Tell the revocations of this key that watch a disabled version to revoke it now. */
enum err_code slots_free(struct engine *engine, const struct subject *subject, const char *who, struct err *err)
    ERR_MUST_CHECK;

#endif
