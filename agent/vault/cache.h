/* The writer's records, opened: what the engine reads and changes again and again
 * in the steps of a job is opened once, and sealed and written once a group.
 *
 * A record that was changed is "changed" until change.c has written it, at the
 * latest before the commit. "New" is one that is in no row yet. What a step
 * changes is noted, so that the step can be taken back: of a record that was
 * changed before the step a copy is kept; any other is forgotten, and read again
 * from the store, whose savepoint is taken back, too.
 *
 * Bounded: the records used last are kept, and only of the writer's own use, so
 * it does not grow with the store. */
#ifndef KEYTURN_VAULT_CACHE_H
#define KEYTURN_VAULT_CACHE_H

#include "schemas.h"

#include "base/err.h"
#include "store/store.h"

#include <stdalign.h>

enum {
    CACHE_SLOTS = 1024,
    CACHE_KEPT = 512,     /* records that stay after a commit */
    CACHE_CHANGED = 1024, /* more of them are written before the commit */
};

/* A record, and its row as the store has it (within the present transaction). */
struct cached {
    struct cached *next_in_slot;
    struct cached *newer, *older;                    /* by their last use */
    struct cached *changed_before, *changed_after;   /* by their first change */
    enum vault_kind kind;
    bool changed; /* not as in the store */
    bool fresh;   /* in no row yet */
    uint64_t step; /* noted in that step */
    struct store_row row; /* of the store, without its blobs; of a fresh one what goes there */
    bool has_secret;
    uint8_t meta_tag[STORE_TAG_BYTES];
    uint8_t secret_tag[STORE_TAG_BYTES];
    alignas(max_align_t) uint8_t record[]; /* the kind's struct, its texts owned */
};

struct cache_note {
    enum vault_kind kind;
    uint8_t id[STORE_ID_BYTES];
    struct cached *saved; /* NULL: as the store has it, or not there */
};

struct cache {
    struct cached *slots[CACHE_SLOTS];
    struct cached *newest, *oldest;
    struct cached *changed_first, *changed_last;
    size_t count;
    size_t changed_count;
    size_t fresh_count;
    uint64_t step; /* the number of the present or the last one */
    bool in_step;
    bool touched; /* by the present group */
    struct cache_note *notes; /* of the present step */
    size_t note_count;
    size_t note_capacity;
};

static inline struct vault_row *cached_row(struct cached *cached)
{
    return (struct vault_row *)(void *)cached->record;
}

/* NULL when it is not here. */
struct cached *cache_find(struct cache *cache, enum vault_kind kind, const uint8_t id[STORE_ID_BYTES]);
/* Keep a copy of record. row: as the store has it, or is to have it (fresh). Counts as unchanged. ERR_MEMORY. */
enum err_code cache_add(struct cache *cache, enum vault_kind kind, const struct vault_row *record,
                        const struct store_row *row, struct cached **ret_cached, struct err *err) ERR_MUST_CHECK;
void cache_drop(struct cache *cache, struct cached *cached);

/* Before any change of a record, of what is known of its row, or of its being here: note it for the
 * step. ERR_MEMORY, and nothing may change. */
enum err_code cache_note(struct cache *cache, struct cached *cached, struct err *err) ERR_MUST_CHECK;
/* One that was just added and noted is in no row yet. */
void cache_fresh(struct cache *cache, struct cached *cached);
/* Take over a changed record (copied); noted before. ERR_MEMORY leaves it as it was. */
enum err_code cache_change(struct cache *cache, struct cached *cached, const struct vault_row *record,
                           struct err *err) ERR_MUST_CHECK;
/* It was written: row is what the store has now. */
void cache_written(struct cache *cache, struct cached *cached, const struct store_row *row);

void cache_step_begin(struct cache *cache);
void cache_step_end(struct cache *cache);
void cache_step_undo(struct cache *cache);
/* After a commit: what is here is what the store has. */
void cache_committed(struct cache *cache);
/* After a rollback: forget all, unless the group touched nothing. */
void cache_rolled_back(struct cache *cache);
/* Forget the ones that were used longest ago, down to CACHE_KEPT; changed ones stay. */
void cache_trim(struct cache *cache);
void cache_clear(struct cache *cache);
void cache_release(struct cache *cache);

/* A copy of a record that owns its texts; released by the caller. ERR_MEMORY. */
enum err_code record_copy(enum vault_kind kind, const struct vault_row *record, struct vault_row *ret_copy,
                          struct err *err) ERR_MUST_CHECK;

#endif
