/* What readers have just read, kept for a moment: the row of a key's current version, still sealed,
 * and the little of the key's metadata that a read needs. A read that finds it here asks the store
 * nothing; the secret is opened anew each time. Any thread.
 *
 * A reading is good while no commit has changed its key or version since the state of the store that
 * it was read from, and for READING_FRESH_MS, so that a row that somebody else changed in the file is
 * found when it is read a moment later.
 *
 * Marks say which generation changed a key last; keys share them by their id's first bytes, which
 * costs a needless read at times. The writer sets them after its commit and before it publishes the
 * generation: whoever saw the new generation sees the marks, and whoever read the store before the
 * commit saw an older generation than they say. */
#ifndef KEYTURN_VAULT_READINGS_H
#define KEYTURN_VAULT_READINGS_H

#include "base/own.h"
#include "base/text.h"
#include "store/store.h"
#include "vault/vault.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    READING_FRESH_MS = 1000,
    READING_MOST_BYTES = 2048, /* a larger one is not kept */
    READINGS_SETS = 256,
    READINGS_WAYS = 8,
    READINGS_MARKS = 1024,
};

struct reading {
    struct vault_reading shown; /* first: what callers hold */
    atomic_uint holders;
    char key[TEXT_KEY_BYTES];    /* "environment/name" */
    uint64_t hash;               /* of it */
    uint64_t generation;         /* published before it was read */
    int64_t read_at_ms;          /* monotonic */
    struct store_row row;        /* the version's, without metadata; its secret lies behind */
    uint8_t sealed[];
};

struct readings {
    pthread_mutex_t mutex; /* over kept */
    struct reading *kept[READINGS_SETS][READINGS_WAYS];
    atomic_uint_least64_t marks[READINGS_MARKS]; /* generations */
};

void readings_init(struct readings *readings);
/* Forget all. Nobody may be between readings_find and readings_keep. */
void readings_clear(struct readings *readings);
void readings_release(struct readings *readings);

/* A reading of that key from the row of its version; the secret is copied, receipts are taken over.
 * Held once, by the caller. NULL: out of memory. */
struct reading *reading_new(const char *key, const struct store_row *row, struct vault_text *receipts);
struct reading *reading_hold(struct reading *reading);
struct reading *reading_drop(struct reading *reading);
OWN_DEFINE(struct reading, reading_drop);

/* A good one, held for the caller; NULL: there is none. */
struct reading *readings_find(struct readings *readings, const char *key, int64_t now_ms);
void readings_keep(struct readings *readings, struct reading *reading);
/* Forget those that are too old to be found. */
void readings_prune(struct readings *readings, int64_t now_ms);

/* Which keys a transaction touches, until it is committed. */
struct readings_touched {
    uint64_t bits[READINGS_MARKS / 64];
    bool any;
};
void readings_touch(struct readings_touched *touched, const uint8_t key_id[VAULT_ID_BYTES]);
/* They were changed by that generation, which is committed and not yet published. */
void readings_mark(struct readings *readings, struct readings_touched *touched, uint64_t generation);

#endif
