/* Which delivery has which file, by whatever path. */
#ifndef KEYTURN_ENGINE_PLACES_H
#define KEYTURN_ENGINE_PLACES_H

#include "engine/engine.h"

#include <pthread.h>

/* Which delivery has which file (places.c): a table of 24 bytes for each, open addressing. */
struct place_claim {
    uint64_t spot; /* 0: free */
    uint8_t delivery_id[VAULT_ID_BYTES];
};
struct place_shared {
    uint8_t delivery_id[VAULT_ID_BYTES], holder_id[VAULT_ID_BYTES];
};
enum { PLACES_SHARED = 64 }; /* so many are shown; more are in the log */
struct places {
    pthread_mutex_t mutex; /* over all of it: workers claim, the api asks */
    struct place_claim *claims;
    size_t room, count; /* room is a power of two, or 0 */
    struct place_shared shared[PLACES_SHARED];
    size_t shared_count;
    bool looking; /* the loop's: a worker looks at all of them */
};

void places_init(struct places *places);
void places_release(struct places *places);
/* Of a delivery's flight, on its worker, for it may block: claims the file for it. ERR_EXISTS another has it, and
 * still leads there; then the message says whose it is, and nothing of the flight was begun. */
enum err_code places_may_touch(void *flight, uint64_t spot, struct err *err) ERR_MUST_CHECK;
/* Begins, on a worker of its own: claims what each delivery of the vault leads to, and says in the log which lead to
 * one file. One that still looks is left to it. */
void places_look(struct engine *engine);

#endif
