/* A pending row: the entries of one generation, one a line, sealed at a row
 * whose id begins with the generation (big endian, so that rows come in the order
 * of generations) and whose revision is the generation. */
#include "session.h"

#include <string.h>

static void pending_id(uint64_t generation, uint8_t ret_id[STORE_ID_BYTES])
{
    memset(ret_id, 0, STORE_ID_BYTES);
    for (size_t i = 0; i < 8; i++)
        ret_id[i] = (uint8_t)(generation >> (8 * (7 - i)));
}

enum err_code pending_put(struct vault *vault, struct err *err)
{
    const struct buf *entries = &vault->group.entries;
    struct buf *sealed = &vault->group.sealed;
    if (entries->length == 0)
        return ERR_OK;
    struct store_row row = {.revision = vault->head.generation};
    pending_id(row.revision, row.id);
    struct seal_place place = row_place(STORE_PENDING, SEAL_PART_META, &row);
    buf_clear(sealed);
    TRY(seal_bytes(vault->keys, vault->random, &place, entries->data, entries->length, sealed, err));
    row.meta = sealed->data;
    row.meta_length = sealed->length;
    TRY(store_insert(vault->store, STORE_PENDING, &row, err));
    row_digest_add(vault, STORE_PENDING, &row);
    return ERR_OK;
}

/* A generation whose group had no entries has no row. */
static enum err_code pending_remove_one(struct vault *vault, uint64_t generation, struct err *err)
{
    uint8_t id[STORE_ID_BYTES];
    struct store_row row;
    pending_id(generation, id);
    enum err_code code = store_get(vault->store, STORE_PENDING, id, false, &row, err);
    if (code == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(code);
    row_digest_remove(vault, STORE_PENDING, &row);
    return store_remove(vault->store, STORE_PENDING, id, generation, err);
}

enum err_code pending_remove(struct vault *vault, uint64_t up_to_generation, struct err *err)
{
    for (uint64_t generation = vault->oldest_pending; generation <= up_to_generation; generation++)
        TRY(pending_remove_one(vault, generation, err));
    return ERR_OK;
}

/* --- After a crash --------------------------------------------------------- */

struct pending_replay {
    struct vault *vault;
    const struct audit_findings *findings;
    size_t next_group; /* of the findings */
    uint64_t oldest;
    struct buf entries;
};

/* How many entries of that generation the log has. Both come in ascending order. */
static size_t replay_found(struct pending_replay *replay, uint64_t generation)
{
    const struct audit_findings *findings = replay->findings;
    while (replay->next_group < findings->count &&
           findings->groups[replay->next_group].generation < generation)
        replay->next_group++;
    if (replay->next_group < findings->count &&
        findings->groups[replay->next_group].generation == generation)
        return findings->groups[replay->next_group].entries;
    return 0;
}

/* A group's lines are written in order, so the ones that the log has are its first. */
static enum err_code replay_rest(struct pending_replay *replay, size_t found, struct err *err)
{
    const char *at = replay->entries.data;
    const char *stop = at + replay->entries.length;
    for (; found > 0 && at < stop; found--) {
        const char *feed = memchr(at, '\n', (size_t)(stop - at));
        at = feed ? feed + 1 : stop;
    }
    if (at == stop)
        return ERR_OK;
    return audit_log_append(&replay->vault->log, replay->vault->keys, at, (size_t)(stop - at), err);
}

static int replay_row(void *context, const struct store_row *row, struct err *err)
{
    struct pending_replay *replay = context;
    struct seal_place place = row_place(STORE_PENDING, SEAL_PART_META, row);
    buf_clear(&replay->entries);
    TRY_VISIT(seal_open_bytes(replay->vault->keys, &place, row->meta, row->meta_length, &replay->entries, err));
    if (replay->oldest == 0)
        replay->oldest = row->revision;
    return (int)replay_rest(replay, replay_found(replay, row->revision), err);
}

enum err_code pending_replay(struct vault *vault, const struct audit_findings *findings, struct err *err)
{
    struct pending_replay replay = {.vault = vault, .findings = findings};
    enum err_code code = store_scan(vault->store, STORE_PENDING, NULL, replay_row, &replay, err);
    buf_release(&replay.entries);
    TRY(code);
    vault->oldest_pending = replay.oldest > 0 ? replay.oldest : vault->head.generation + 1;
    return ERR_OK;
}
