/* Changes of records, one way for all kinds. A changed record stays in the cache and is sealed and written
 * once, before the commit: a rotation changes its rows two or three times in one group. What the store might
 * refuse is written at once. */
#include "session.h"

#include <string.h>

/* What the store takes, from a record: clear columns now, sealed ones later. */
static struct store_row change_row(enum vault_kind kind, const struct vault_row *record)
{
    struct store_row row = {
        .has_parent = kind != VAULT_KEY && kind != VAULT_INCIDENT && kind != VAULT_NOTICE,
        .revision = record->revision,
        .due_at_ms = record->due_at_ms,
    };
    memcpy(row.id, record->id, sizeof row.id);
    if (row.has_parent)
        memcpy(row.parent, record->parent, sizeof row.parent);
    return row;
}

/* The blind indexes that follow from the record itself; a version's follows from its secret. */
static void change_index(const struct vault *vault, enum vault_kind kind, const void *record,
                         struct store_row *row)
{
    const struct vault_key *key = record;
    const struct vault_incident *incident = record;
    switch (kind) {
    case VAULT_KEY:
        row_index_key(vault, key->environment, key->name, row->index);
        row->has_index = true;
        break;
    case VAULT_INCIDENT:
        row_index_incident(vault, incident->number, row->index);
        row->has_index = true;
        break;
    case VAULT_VERSION:
    case VAULT_DELIVERY:
    case VAULT_ROTATION:
    case VAULT_REVOCATION:
    case VAULT_NOTICE:
    case VAULT_LABEL:
        break;
    }
}

static enum err_code change_seal(struct vault *vault, enum vault_kind kind, const void *record,
                                 struct store_row *row, struct err *err)
{
    const struct vault_shape *shape = vault_shape(kind);
    struct buf *plain = &vault->writer.plain;
    struct buf *sealed = &vault->group.sealed;
    struct seal_place place = row_place(shape->table, SEAL_PART_META, row);
    buf_clear(plain);
    buf_clear(sealed);
    TRY(codec_encode(shape->schema, record, plain, err));
    TRY(seal_bytes(vault->keys, vault->random, &place, plain->data, plain->length, sealed, err));
    row->meta = sealed->data;
    row->meta_length = sealed->length;
    return ERR_OK;
}

static enum err_code change_seal_secret(struct vault *vault, const struct secret *secret, struct store_row *row,
                                        struct err *err)
{
    struct buf *sealed = &vault->group.sealed_secret;
    struct seal_place place = row_place(STORE_VERSION, SEAL_PART_SECRET, row);
    buf_clear(sealed);
    TRY(seal_secret_in(vault->keys, vault->random, &place, secret, vault->writer.arena, sealed, err));
    row->secret = sealed->data;
    row->secret_length = sealed->length;
    return ERR_OK;
}

static enum err_code change_exists(enum vault_kind kind, const void *record, struct err *err)
{
    const struct vault_key *key = record;
    if (kind == VAULT_KEY)
        return err_set(err, ERR_EXISTS, "there is a key %s/%s already", key->environment, key->name);
    if (kind == VAULT_VERSION)
        return err_set(err, ERR_EXISTS, "this secret is in the vault already");
    return err_set(err, ERR_EXISTS, "there is such a %s already", vault_shape(kind)->name);
}

static enum err_code change_room(const struct vault *vault, enum vault_kind kind, struct err *err)
{
    if (kind != VAULT_KEY || vault->key_count < vault->most_keys)
        return ERR_OK;
    return err_set(err, ERR_LIMIT, "the vault holds %llu keys, the most it can; let go of keys that are dead: keyturn remove",
                   (unsigned long long)vault->key_count);
}

/* The group has changed this record. What was read of its key is old once that is committed. */
static void change_done(struct vault *vault, enum vault_kind kind, const struct vault_row *record)
{
    vault->group.changed = true;
    if (kind == VAULT_KEY || kind == VAULT_VERSION)
        readings_touch(&vault->group.touched, kind == VAULT_KEY ? record->id : record->parent);
}

/* --- Reading before changing -------------------------------------------------------- */

/* A version is read with its secret, whose tag the digest needs. */
enum err_code change_cached(struct vault *vault, enum vault_kind kind, const uint8_t id[VAULT_ID_BYTES],
                            struct cached **ret_cached, struct err *err)
{
    struct cached *cached = cache_find(&vault->cache, kind, id);
    if (cached) {
        *ret_cached = cached;
        return ERR_OK;
    }
    struct store_row row;
    union vault_record record;
    enum err_code code = store_get(vault->store, vault_shape(kind)->table, id, kind == VAULT_VERSION, &row, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no such %s", vault_shape(kind)->name);
    TRY(code);
    TRY(row_open(&vault->writer, kind, &row, &record, err));
    if (vault->cache.count >= CACHE_KEPT + CACHE_CHANGED)
        cache_trim(&vault->cache);
    code = cache_add(&vault->cache, kind, &record.row, &row, ret_cached, err);
    vault_record_release(kind, &record.row);
    return code;
}

/* The record as it is, which must be of that revision. */
static enum err_code change_old(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                                struct cached **ret_old, struct err *err)
{
    char name[ROW_NAME_BYTES];
    struct cached *old = NULL;
    enum err_code code = change_cached(vault, kind, record->id, &old, err);
    if (code == ERR_NOT_FOUND || (code == ERR_OK && cached_row(old)->revision != record->revision))
        return err_set(err, ERR_STALE, "%s changed since it was read",
                       row_name(vault_shape(kind)->table, record->id, name));
    TRY(code);
    *ret_old = old;
    return ERR_OK;
}

/* --- Writing ------------------------------------------------------------------------ */

static void change_digest(struct vault *vault, const struct cached *old, const struct store_row *row)
{
    enum store_table table = vault_shape(old->kind)->table;
    struct seal_row element = {.table = (uint8_t)table,
                               .id = old->row.id,
                               .revision = old->row.revision,
                               .meta_tag = old->meta_tag,
                               .secret_tag = old->has_secret ? old->secret_tag : NULL};
    if (!old->fresh)
        seal_digest_remove(vault->keys, &vault->head.digests[table], &element);
    if (row)
        row_digest_add(vault, table, row);
}

/* What the new row has as the old one. */
static unsigned change_keeps(const struct store_row *old, const struct store_row *row, bool had_secret)
{
    if (had_secret != (row->secret != NULL))
        return STORE_KEEP_NONE;
    if (old->has_index != row->has_index || (row->has_index && memcmp(old->index, row->index, sizeof row->index) != 0))
        return STORE_KEEP_SECRET;
    return old->due_at_ms == row->due_at_ms ? STORE_KEEP_DUE : STORE_KEEP_INDEX;
}

/* Write record, a newer one of the cached, or the cached one itself. The secret stays where it is, unless
 * the row has none. */
static enum err_code change_put(struct vault *vault, struct cached *cached, const struct vault_row *record,
                                struct store_row *row, struct err *err)
{
    enum store_table table = vault_shape(cached->kind)->table;
    struct vault_head before = vault->head;
    TRY(cache_note(&vault->cache, cached, err));
    TRY(group_writes(vault, err));
    TRY(change_seal(vault, cached->kind, record, row, err));
    change_digest(vault, cached, row);
    enum err_code code = cached->fresh ? store_insert(vault->store, table, row, err)
                                       : store_update(vault->store, table, row, cached->row.revision,
                                                      change_keeps(&cached->row, row, cached->has_secret), err);
    if (code != ERR_OK) {
        vault->head = before;
        return code == ERR_EXISTS ? change_exists(cached->kind, record, err) : code;
    }
    cache_written(&vault->cache, cached, row);
    return ERR_OK;
}

/* The row that a record of the cache is to have: index and secret are those that it has. */
static struct store_row change_next_row(const struct cached *cached, const struct vault_row *record)
{
    struct store_row row = cached->row;
    row.revision = record->revision;
    row.due_at_ms = record->due_at_ms;
    row.secret = cached->has_secret ? cached->secret_tag : NULL; /* for the digest: the store keeps its own */
    row.secret_length = cached->has_secret ? STORE_TAG_BYTES : 0;
    return row;
}

static enum err_code change_write(struct vault *vault, struct cached *cached, struct err *err)
{
    struct store_row row = change_next_row(cached, cached_row(cached));
    return change_put(vault, cached, cached_row(cached), &row, err);
}

typedef bool change_wanted(const struct cached *cached, enum vault_kind kind, int64_t now_ms);

static enum err_code change_write_wanted(struct vault *vault, change_wanted *wanted, enum vault_kind kind,
                                         int64_t now_ms, struct err *err)
{
    for (struct cached *cached = vault->cache.changed_first, *after; cached; cached = after) {
        after = cached->changed_after;
        if (wanted(cached, kind, now_ms))
            TRY(change_write(vault, cached, err));
    }
    return ERR_OK;
}

static bool change_is_fresh(const struct cached *cached, enum vault_kind kind, int64_t now_ms)
{
    (void)kind, (void)now_ms;
    return cached->fresh;
}

static bool change_is_fresh_of(const struct cached *cached, enum vault_kind kind, int64_t now_ms)
{
    (void)now_ms;
    return cached->fresh && cached->kind == kind;
}

static bool change_is_due(const struct cached *cached, enum vault_kind kind, int64_t now_ms)
{
    const struct vault_row *record = (const struct vault_row *)(const void *)cached->record;
    return cached->kind == kind && record->due_at_ms != 0 && record->due_at_ms <= now_ms;
}

static bool change_is_any(const struct cached *cached, enum vault_kind kind, int64_t now_ms)
{
    (void)cached, (void)kind, (void)now_ms;
    return true;
}

enum err_code change_write_fresh(struct vault *vault, struct err *err)
{
    return vault->cache.fresh_count ? change_write_wanted(vault, change_is_fresh, VAULT_KEY, 0, err) : ERR_OK;
}

enum err_code change_write_fresh_of(struct vault *vault, enum vault_kind kind, struct err *err)
{
    return vault->cache.fresh_count ? change_write_wanted(vault, change_is_fresh_of, kind, 0, err) : ERR_OK;
}

enum err_code change_write_due(struct vault *vault, enum vault_kind kind, int64_t now_ms, struct err *err)
{
    return change_write_wanted(vault, change_is_due, kind, now_ms, err);
}

enum err_code change_write_all(struct vault *vault, struct err *err)
{
    return change_write_wanted(vault, change_is_any, VAULT_KEY, 0, err);
}

/* A group that changes very many records does not hold all of them. */
static enum err_code change_begin(struct vault *vault, struct err *err)
{
    TRY(group_need(vault, err));
    if (vault->cache.changed_count < CACHE_CHANGED)
        return ERR_OK;
    TRY(change_write_all(vault, err));
    cache_trim(&vault->cache);
    return ERR_OK;
}

/* --- Inserting ---------------------------------------------------------------------- */

/* A row that can be refused is written at once, so that who inserts it hears of it: one with an index that
 * may be taken, or with a parent that is gone. The parent's record changes in the same step as a rule, so it is
 * read now. */
static bool change_may_wait(struct vault *vault, const struct store_row *row)
{
    struct cached *parent = NULL;
    if (row->has_index || row->secret)
        return false;
    return !row->has_parent || change_cached(vault, VAULT_KEY, row->parent, &parent, NULL) == ERR_OK;
}

static enum err_code change_insert_later(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                                         const struct store_row *row, struct err *err)
{
    struct cached *cached = NULL;
    TRY(codec_fits(vault_shape(kind)->schema, record, err));
    TRY(cache_add(&vault->cache, kind, record, row, &cached, err));
    enum err_code code = cache_note(&vault->cache, cached, err);
    if (code != ERR_OK) {
        cache_drop(&vault->cache, cached);
        return code;
    }
    cache_fresh(&vault->cache, cached);
    return ERR_OK;
}

static enum err_code change_insert_now(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                                       struct store_row *row, struct err *err)
{
    struct cached *cached = NULL;
    TRY(group_writes(vault, err));
    TRY(change_seal(vault, kind, record, row, err));
    enum err_code code = store_insert(vault->store, vault_shape(kind)->table, row, err);
    if (code == ERR_EXISTS)
        return change_exists(kind, record, err);
    TRY(code);
    row_digest_add(vault, vault_shape(kind)->table, row);
    vault->cache.touched = true;
    TRY(cache_add(&vault->cache, kind, record, row, &cached, err));
    code = cache_note(&vault->cache, cached, err);
    if (code != ERR_OK)
        cache_drop(&vault->cache, cached);
    return code;
}

static enum err_code change_insert(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                                   struct store_row *row, const struct secret *secret, struct err *err)
{
    change_index(vault, kind, record, row);
    if (secret) {
        uint8_t fingerprint[SEAL_FINGERPRINT_BYTES];
        seal_fingerprint(secret, fingerprint);
        row_index_fingerprint(vault, fingerprint, row->index);
        row->has_index = true;
        TRY(change_seal_secret(vault, secret, row, err));
    }
    return change_may_wait(vault, row) ? change_insert_later(vault, kind, record, row, err)
                                       : change_insert_now(vault, kind, record, row, err);
}

enum err_code vault_insert(struct vault *vault, enum vault_kind kind, struct vault_row *record,
                           const struct secret *secret, struct err *err)
{
    TRY(change_begin(vault, err));
    /* A version whose secret was lost on its way to us has none and says so. */
    bool wants_secret = kind == VAULT_VERSION && !((const struct vault_version *)record)->wiped;
    if (wants_secret != (secret != NULL))
        return err_set(err, ERR_INTERNAL, "a secret goes with a version that is not wiped, and only with one");
    TRY(change_room(vault, kind, err));
    struct vault_row before = *record;
    random_bytes(vault->random, record->id, sizeof record->id);
    record->revision = 1;
    struct store_row row = change_row(kind, record);
    enum err_code code = change_insert(vault, kind, record, &row, secret, err);
    if (code != ERR_OK) {
        *record = before;
        return code;
    }
    vault->key_count += kind == VAULT_KEY;
    change_done(vault, kind, record);
    return ERR_OK;
}

/* --- Updating and removing -------------------------------------------------------------- */

/* Has the record another name, and so another blind index, which may be taken? */
static bool change_renames(const struct cached *old, const struct vault_row *record)
{
    const struct vault_key *key = (const struct vault_key *)record;
    const struct vault_key *old_key = (const struct vault_key *)(const void *)old->record;
    const struct vault_incident *incident = (const struct vault_incident *)record;
    const struct vault_incident *old_incident = (const struct vault_incident *)(const void *)old->record;
    if (old->kind == VAULT_KEY)
        return strcmp(key->environment, old_key->environment) != 0 || strcmp(key->name, old_key->name) != 0;
    return old->kind == VAULT_INCIDENT && incident->number != old_incident->number;
}

/* Write it now, as the row says. */
static enum err_code change_update_now(struct vault *vault, struct cached *old, const struct vault_row *record,
                                       struct store_row *row, struct err *err)
{
    TRY(cache_note(&vault->cache, old, err));
    TRY(change_put(vault, old, record, row, err));
    enum err_code code = cache_change(&vault->cache, old, record, err);
    if (code == ERR_OK)
        cache_written(&vault->cache, old, row);
    else
        cache_drop(&vault->cache, old); /* it is read again from its row */
    return code;
}

static enum err_code change_update_later(struct vault *vault, struct cached *old, const struct vault_row *record,
                                         struct err *err)
{
    TRY(codec_fits(vault_shape(old->kind)->schema, record, err));
    TRY(cache_note(&vault->cache, old, err));
    return cache_change(&vault->cache, old, record, err);
}

static enum err_code change_update(struct vault *vault, struct cached *old, const struct vault_row *record,
                                   struct err *err)
{
    if (!change_renames(old, record))
        return change_update_later(vault, old, record, err);
    struct store_row row = change_next_row(old, record);
    change_index(vault, old->kind, record, &row);
    return change_update_now(vault, old, record, &row, err);
}

enum err_code vault_update(struct vault *vault, enum vault_kind kind, struct vault_row *record, struct err *err)
{
    struct cached *old = NULL;
    TRY(change_begin(vault, err));
    TRY(change_old(vault, kind, record, &old, err));
    if (memcmp(old->record, record, vault_shape(kind)->schema->size) == 0)
        return ERR_OK;
    record->revision++;
    enum err_code code = change_update(vault, old, record, err);
    if (code != ERR_OK) {
        record->revision--;
        return code;
    }
    change_done(vault, kind, record);
    return ERR_OK;
}

/* The secret's fingerprint is known no more either. */
static enum err_code change_wipe(struct vault *vault, struct cached *old, const struct vault_row *record,
                                 struct err *err)
{
    struct store_row row = change_next_row(old, record);
    row.has_index = false;
    row.secret = NULL;
    row.secret_length = 0;
    return change_update_now(vault, old, record, &row, err);
}

enum err_code vault_version_wipe(struct vault *vault, struct vault_version *version, struct err *err)
{
    struct cached *old = NULL;
    TRY(change_begin(vault, err));
    TRY(change_old(vault, VAULT_VERSION, &version->row, &old, err));
    bool wiped = version->wiped;
    version->wiped = true;
    version->row.revision++;
    enum err_code code = change_wipe(vault, old, &version->row, err);
    if (code != ERR_OK) {
        version->wiped = wiped;
        version->row.revision--;
        return code;
    }
    change_done(vault, VAULT_VERSION, &version->row);
    return ERR_OK;
}

static enum err_code change_remove(struct vault *vault, struct cached *old, struct err *err)
{
    struct vault_head before = vault->head;
    TRY(cache_note(&vault->cache, old, err));
    if (old->fresh)
        return ERR_OK;
    TRY(group_writes(vault, err));
    change_digest(vault, old, NULL);
    enum err_code code =
        store_remove(vault->store, vault_shape(old->kind)->table, old->row.id, old->row.revision, err);
    if (code != ERR_OK)
        vault->head = before;
    return code;
}

enum err_code vault_remove(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                           struct err *err)
{
    struct cached *old = NULL;
    TRY(change_begin(vault, err));
    if (kind == VAULT_KEY)
        TRY(change_write_fresh(vault, err)); /* the store refuses while there are children */
    TRY(change_old(vault, kind, record, &old, err));
    TRY(change_remove(vault, old, err));
    cache_drop(&vault->cache, old);
    vault->key_count -= kind == VAULT_KEY;
    change_done(vault, kind, record);
    return ERR_OK;
}
