/* The list of what the step under way causes in other jobs: a rotation condemns a version, whose death its rotation
 * hears of. However many there are, none is left out; when there is no memory for one the step fails and comes again. */
#include "follow_ups.h"

#include "engine_private.h"

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
