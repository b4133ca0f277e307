/* Pending rows: the entries of one generation, one a line, in as many rows as their length asks for.
 * A row's id begins with the generation and its part, from 0, both big endian, so that rows come
 * in the order of the lines; its revision is the generation. An emergency over a whole vault is one
 * generation of many megabytes. */
#include "session.h"

#include <string.h>

enum { PENDING_PART_BYTES = 512 * 1024 }; /* half of what a row may have */

static void pending_id(uint64_t generation, uint32_t part, uint8_t ret_id[STORE_ID_BYTES])
{
    memset(ret_id, 0, STORE_ID_BYTES);
    for (size_t i = 0; i < 8; i++)
        ret_id[i] = (uint8_t)(generation >> (8 * (7 - i)));
    for (size_t i = 0; i < 4; i++)
        ret_id[8 + i] = (uint8_t)(part >> (8 * (3 - i)));
}

static enum err_code pending_put_part(struct vault *vault, uint32_t part, const char *lines, size_t length,
                                      struct err *err)
{
    struct buf *sealed = &vault->group.sealed;
    struct store_row row = {.revision = vault->head.generation};
    pending_id(row.revision, part, row.id);
    struct seal_place place = row_place(STORE_PENDING, SEAL_PART_META, &row);
    buf_clear(sealed);
    TRY(seal_bytes(vault->keys, vault->random, &place, lines, length, sealed, err));
    row.meta = sealed->data;
    row.meta_length = sealed->length;
    TRY(store_insert(vault->store, STORE_PENDING, &row, err));
    row_digest_add(vault, STORE_PENDING, &row);
    return ERR_OK;
}

/* The length of the lines that make the next part, without the last one's line feed. */
static size_t pending_cut(const char *lines, size_t length)
{
    if (length <= PENDING_PART_BYTES)
        return length;
    const char *feed = memrchr(lines, '\n', PENDING_PART_BYTES);
    return feed ? (size_t)(feed - lines) : length;
}

enum err_code pending_put(struct vault *vault, struct err *err)
{
    const char *lines = vault->group.entries.data;
    size_t left = vault->group.entries.length;
    for (uint32_t part = 0; left > 0; part++) {
        size_t length = pending_cut(lines, left);
        TRY(pending_put_part(vault, part, lines, length, err));
        size_t taken = length < left ? length + 1 : length;
        lines += taken;
        left -= taken;
    }
    return ERR_OK;
}

/* A generation whose group had no entries has no row. */
static enum err_code pending_remove_one(struct vault *vault, uint64_t generation, struct err *err)
{
    for (uint32_t part = 0;; part++) {
        uint8_t id[STORE_ID_BYTES];
        struct store_row row;
        pending_id(generation, part, id);
        enum err_code code = store_get(vault->store, STORE_PENDING, id, false, &row, err);
        if (code == ERR_NOT_FOUND)
            return ERR_OK;
        TRY(code);
        row_digest_remove(vault, STORE_PENDING, &row);
        TRY(store_remove(vault->store, STORE_PENDING, id, generation, err));
    }
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
    uint64_t generation; /* of the row before */
    size_t found;        /* entries of that generation that the log has, and no row before held */
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
static enum err_code replay_rest(struct pending_replay *replay, struct err *err)
{
    const char *at = replay->entries.data;
    const char *stop = at + replay->entries.length;
    for (; replay->found > 0 && at < stop; replay->found--) {
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
    if (replay->generation != row->revision)
        replay->found = replay_found(replay, row->revision);
    replay->generation = row->revision;
    return (int)replay_rest(replay, err);
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
