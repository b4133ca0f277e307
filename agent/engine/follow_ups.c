/* What a step causes in other jobs: a rotation condemns a version, whose death its rotation hears of.
 * They belong to the step: all of them are done in it, or none of it happened. However many there
 * are, none is left out; when there is no memory for one the step fails and comes again. */
#include "follow_ups.h"

#include "engine_private.h"
#include "revoke.h"
#include "rotate.h"

#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_FIRST = 16 };

void follow_ups_clear(struct follow_ups *follow_ups)
{
    follow_ups->first = follow_ups->end = 0;
    follow_ups->lost = false;
}

void follow_ups_release(struct follow_ups *follow_ups)
{
    free(follow_ups->items);
}

static bool make_room(struct follow_ups *follow_ups)
{
    if (follow_ups->end < follow_ups->room)
        return true;
    size_t room = follow_ups->room ? 2 * follow_ups->room : ROOM_AT_FIRST;
    struct follow_up *items = reallocarray(follow_ups->items, room, sizeof *items);
    if (!items)
        return false;
    follow_ups->items = items;
    follow_ups->room = room;
    return true;
}

void follow_up_add(struct engine *engine, bool revocation, const uint8_t id[VAULT_ID_BYTES], int event,
                   const char *who, uint32_t incident)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    if (!make_room(follow_ups)) {
        follow_ups->lost = true;
        return;
    }
    struct follow_up *follow_up = &follow_ups->items[follow_ups->end++];
    *follow_up = (struct follow_up){.revocation = revocation, .event = event, .incident = incident};
    memcpy(follow_up->id, id, VAULT_ID_BYTES);
    COPY_TEXT(follow_up->who, who);
}

static enum err_code follow(struct engine *engine, const struct follow_up *follow_up, struct err *err)
{
    if (follow_up->revocation) {
        struct revocation_input input = {.event = (enum revocation_event)follow_up->event,
                                         .who = follow_up->who,
                                         .incident = follow_up->incident,
                                         .retry_after_ms = -1};
        return revocation_step(engine, follow_up->id, &input, err);
    }
    struct rotation_input input = {.event = (enum rotation_event)follow_up->event,
                                   .who = follow_up->who,
                                   .incident = follow_up->incident,
                                   .retry_after_ms = -1};
    enum err_code code = rotation_step(engine, follow_up->id, &input, NULL, err);
    /* A rotation that has ended or moved on meanwhile has no use for the news, nor for the time. */
    bool may_be_late = follow_up->event == ROTATION_ON_OLD_DEAD || follow_up->event == ROTATION_ON_TIME ||
                       follow_up->event == ROTATION_ON_ROLL_BACK;
    return code == ERR_STATE && may_be_late ? ERR_OK : code;
}

enum err_code follow_up_run(struct engine *engine, struct err *err)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    while (follow_ups->first < follow_ups->end) {
        struct follow_up next = follow_ups->items[follow_ups->first++];
        if (follow_ups->first == follow_ups->end)
            follow_ups->first = follow_ups->end = 0;
        TRY(follow(engine, &next, err));
    }
    return follow_ups->lost ? err_set(err, ERR_MEMORY, "out of memory for what a step leads to") : ERR_OK;
}
