/* Events that a step causes in other jobs. */
#ifndef KEYTURN_ENGINE_FOLLOW_UPS_H
#define KEYTURN_ENGINE_FOLLOW_UPS_H

#include "engine/engine.h"

/* First come, first done (step.c). */
struct follow_up {
    bool revocation;
    uint8_t id[VAULT_ID_BYTES];
    int event;
    char who[LIMIT_NAME_BYTES + 1];
    uint32_t incident;
};
struct follow_ups {
    struct follow_up *items; /* owned; the first to be done is at first */
    size_t first, end, room;
    bool lost; /* for want of memory: the step is taken back */
};
void follow_ups_clear(struct follow_ups *follow_ups);
void follow_ups_release(struct follow_ups *follow_ups);

void follow_up_add(struct engine *engine, bool revocation, const uint8_t id[VAULT_ID_BYTES], int event,
                   const char *who, uint32_t incident);

#endif
