/* Changes of records, one way for all kinds. */
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

enum err_code vault_insert(struct vault *vault, enum vault_kind kind, struct vault_row *record,
                           const struct secret *secret, struct err *err)
{
    TRY(group_need(vault, err));
    /* A version whose secret was lost on its way to us has none and says so. */
    bool wants_secret = kind == VAULT_VERSION && !((const struct vault_version *)record)->wiped;
    if (wants_secret != (secret != NULL))
        return err_set(err, ERR_INTERNAL, "a secret goes with a version that is not wiped, and only with one");
    TRY(change_room(vault, kind, err));
    struct store_row row = change_row(kind, record);
    random_bytes(vault->random, row.id, sizeof row.id);
    row.revision = 1;
    change_index(vault, kind, record, &row);
    if (secret) {
        uint8_t fingerprint[SEAL_FINGERPRINT_BYTES];
        seal_fingerprint(secret, fingerprint);
        row_index_fingerprint(vault, fingerprint, row.index);
        row.has_index = true;
        TRY(change_seal_secret(vault, secret, &row, err));
    }
    TRY(change_seal(vault, kind, record, &row, err));
    enum err_code code = store_insert(vault->store, vault_shape(kind)->table, &row, err);
    if (code == ERR_EXISTS)
        return change_exists(kind, record, err);
    TRY(code);
    row_digest_add(vault, vault_shape(kind)->table, &row);
    vault->key_count += kind == VAULT_KEY;
    memcpy(record->id, row.id, sizeof record->id);
    record->revision = row.revision;
    change_done(vault, kind, record);
    return ERR_OK;
}

/* The old row, which must be of the record's revision. Its sealed columns are
 * borrowed from the store until its next call. */
static enum err_code change_old(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                                struct store_row *ret_old, struct err *err)
{
    char name[ROW_NAME_BYTES];
    enum store_table table = vault_shape(kind)->table;
    enum err_code code = store_get(vault->store, table, record->id, kind == VAULT_VERSION, ret_old, err);
    if (code == ERR_NOT_FOUND || (code == ERR_OK && ret_old->revision != record->revision))
        return err_set(err, ERR_STALE, "%s changed since it was read", row_name(table, record->id, name));
    return code;
}

/* A version's index cannot be computed from its metadata, so it is carried over
 * from the old row, but only from one that opens: the tag binds it. */
static enum err_code change_carry_index(struct vault *vault, const struct store_row *old, bool wipe,
                                        struct store_row *row, struct err *err)
{
    union vault_record opened;
    TRY(row_open(&vault->writer, VAULT_VERSION, old, &opened, err));
    vault_record_release(VAULT_VERSION, &opened.row);
    row->has_index = old->has_index && !wipe;
    memcpy(row->index, old->index, sizeof row->index);
    return ERR_OK;
}

/* Write record over its old row. wipe: without its secret and index. */
static enum err_code change_write(struct vault *vault, enum vault_kind kind, struct vault_row *record, bool wipe,
                                  struct err *err)
{
    enum store_table table = vault_shape(kind)->table;
    struct vault_head before = vault->head;
    struct store_row old;
    TRY(change_old(vault, kind, record, &old, err));
    struct store_row row = change_row(kind, record);
    row.revision++;
    change_index(vault, kind, record, &row);
    if (kind == VAULT_VERSION)
        TRY(change_carry_index(vault, &old, wipe, &row, err));
    TRY(change_seal(vault, kind, record, &row, err));
    row.secret = wipe ? NULL : old.secret; /* for the digest: the store keeps its own */
    row.secret_length = wipe ? 0 : old.secret_length;
    row_digest_remove(vault, table, &old);
    row_digest_add(vault, table, &row);
    enum err_code code = store_update(vault->store, table, &row, record->revision, !wipe, err);
    if (code != ERR_OK) {
        vault->head = before;
        return code == ERR_EXISTS ? change_exists(kind, record, err) : code;
    }
    record->revision = row.revision;
    change_done(vault, kind, record);
    return ERR_OK;
}

enum err_code vault_update(struct vault *vault, enum vault_kind kind, struct vault_row *record, struct err *err)
{
    TRY(group_need(vault, err));
    return change_write(vault, kind, record, false, err);
}

enum err_code vault_version_wipe(struct vault *vault, struct vault_version *version, struct err *err)
{
    TRY(group_need(vault, err));
    bool wiped = version->wiped;
    version->wiped = true;
    enum err_code code = change_write(vault, VAULT_VERSION, &version->row, true, err);
    if (code != ERR_OK)
        version->wiped = wiped;
    return code;
}

enum err_code vault_remove(struct vault *vault, enum vault_kind kind, const struct vault_row *record,
                           struct err *err)
{
    TRY(group_need(vault, err));
    enum store_table table = vault_shape(kind)->table;
    struct vault_head before = vault->head;
    struct store_row old;
    TRY(change_old(vault, kind, record, &old, err));
    row_digest_remove(vault, table, &old);
    enum err_code code = store_remove(vault->store, table, record->id, record->revision, err);
    if (code != ERR_OK) {
        vault->head = before;
        return code;
    }
    vault->key_count -= kind == VAULT_KEY;
    change_done(vault, kind, record);
    return ERR_OK;
}
