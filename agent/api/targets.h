/* Which keys a request means to kill: named one by one, or selected. */
#ifndef KEYTURN_API_TARGETS_H
#define KEYTURN_API_TARGETS_H

#include "engine/engine.h"
#include "request.h"

#include <jansson.h>

struct target {
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    uint32_t version; /* 0: every one that is not dead */
};

struct targets {
    struct target *items; /* owned */
    size_t count, capacity;
};
void targets_release(struct targets *targets);
#define OWN_TARGETS __attribute__((cleanup(targets_release)))

/* From "targets" ([{"key","version"}]) or "select" ({"environment","provider","labels","all"}),
 * exactly one of which is given (the other NULL). A selection's parts hold together; one without
 * parts says "all": true. Of a selection come the keys that have a version that is not dead.
 * There is no limit but the vault's: an emergency never has to be split.
 * ERR_INVALID, ERR_NOT_FOUND nothing is selected. */
enum err_code targets_read(struct request *request, const json_t *targets, const json_t *select,
                           struct targets *ret_targets, struct err *err) ERR_MUST_CHECK;

#endif
