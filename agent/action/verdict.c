/* The verdicts' names, as definitions, the API and the audit log write them. */
#include "judge.h"

#include <string.h>

static const char *const action_verdict_names[ACTION_VERDICT_COUNT] = {
    [ACTION_UNKNOWN] = "unknown",
    [ACTION_DONE] = "done",
    [ACTION_GONE] = "gone",
    [ACTION_REFUSED] = "refused",
    [ACTION_CREDENTIAL_REFUSED] = "credential_refused",
    [ACTION_ALIVE] = "alive",
    [ACTION_UNFIT] = "unfit",
    [ACTION_DEAD] = "dead",
    [ACTION_FOUND] = "found",
    [ACTION_NOT_FOUND] = "not_found",
    [ACTION_LISTED] = "listed",
    [ACTION_MORE] = "more",
};

const char *action_verdict_name(enum action_verdict verdict)
{
    return (unsigned)verdict < ACTION_VERDICT_COUNT ? action_verdict_names[verdict] : "unknown";
}

enum action_verdict judge_verdict_find(const char *name, bool *ret_known)
{
    *ret_known = false;
    for (unsigned i = 0; name && i < ACTION_VERDICT_COUNT; i++) {
        if (strcmp(action_verdict_names[i], name) == 0) {
            *ret_known = true;
            return (enum action_verdict)i;
        }
    }
    return ACTION_UNKNOWN;
}
