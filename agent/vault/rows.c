/* One way for all kinds: encode, seal at the row's place, and the digest. */
#include "session.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct seal_place row_place(enum store_table table, enum seal_part part, const struct store_row *row)
{
    return (struct seal_place){
        .table = (uint8_t)table,
        .part = part,
        .id = row->id,
        .parent = row->has_parent ? row->parent : NULL,
        .index = row->has_index ? row->index : NULL,
        .index_length = row->has_index ? STORE_INDEX_BYTES : 0,
        .revision = part == SEAL_PART_META ? row->revision : 0,
        .due_at_ms = part == SEAL_PART_META ? row->due_at_ms : 0,
    };
}

void row_index_key(const struct vault *vault, const char *environment, const char *name,
                   uint8_t ret_index[STORE_INDEX_BYTES])
{
    seal_index(vault->keys, "key", environment, strlen(environment), name, strlen(name), ret_index);
}

void row_index_fingerprint(const struct vault *vault, const uint8_t fingerprint[32],
                           uint8_t ret_index[STORE_INDEX_BYTES])
{
    seal_index(vault->keys, "fingerprint", fingerprint, SEAL_FINGERPRINT_BYTES, "", 0, ret_index);
}

void row_index_incident(const struct vault *vault, uint32_t number, uint8_t ret_index[STORE_INDEX_BYTES])
{
    char text[16];
    int length = snprintf(text, sizeof text, "%u", number);
    seal_index(vault->keys, "incident", text, (size_t)length, "", 0, ret_index);
}

static void row_fill(const struct store_row *row, struct vault_row *ret_row)
{
    memcpy(ret_row->id, row->id, sizeof ret_row->id);
    if (row->has_parent)
        memcpy(ret_row->parent, row->parent, sizeof ret_row->parent);
    ret_row->revision = row->revision;
    ret_row->due_at_ms = row->due_at_ms;
}

enum err_code row_open(struct vault_session *session, enum vault_kind kind, const struct store_row *row,
                       union vault_record *ret_record, struct err *err)
{
    char name[ROW_NAME_BYTES];
    const struct vault_shape *shape = vault_shape(kind);
    struct cached *cached = session->writer ? cache_find(&session->vault->cache, kind, row->id) : NULL;
    if (cached)
        return record_copy(kind, cached_row(cached), &ret_record->row, err);
    struct seal_place place = row_place(shape->table, SEAL_PART_META, row);
    struct err inner = {0};
    buf_clear(&session->plain);
    enum err_code code = seal_open_bytes(session->vault->keys, &place, row->meta, row->meta_length,
                                         &session->plain, &inner);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", row_name(shape->table, row->id, name), inner.message);
    memset(ret_record, 0, shape->schema->size);
    code = codec_decode(shape->schema, session->plain.data, session->plain.length, ret_record, &inner);
    if (code != ERR_OK) {
        vault_record_release(kind, &ret_record->row);
        return err_set(err, code, "%s: %s", row_name(shape->table, row->id, name), inner.message);
    }
    row_fill(row, &ret_record->row);
    return ERR_OK;
}

static const uint8_t *row_tag(const void *sealed, size_t length)
{
    return (const uint8_t *)sealed + length - SEAL_TAG_BYTES;
}

static struct seal_row row_element(enum store_table table, const struct store_row *row)
{
    return (struct seal_row){
        .table = (uint8_t)table,
        .id = row->id,
        .revision = row->revision,
        .meta_tag = row_tag(row->meta, row->meta_length),
        .secret_tag = row->secret ? row_tag(row->secret, row->secret_length) : NULL,
    };
}

void row_digest_add(struct vault *vault, enum store_table table, const struct store_row *row)
{
    struct seal_row element = row_element(table, row);
    seal_digest_add(vault->keys, &vault->head.digests[table], &element);
}

void row_digest_remove(struct vault *vault, enum store_table table, const struct store_row *row)
{
    struct seal_row element = row_element(table, row);
    seal_digest_remove(vault->keys, &vault->head.digests[table], &element);
}

const char *row_name(enum store_table table, const uint8_t id[STORE_ID_BYTES], char out[ROW_NAME_BYTES])
{
    char hex[TEXT_HEX_ID_BYTES];
    (void)snprintf(out, ROW_NAME_BYTES, "row %s of table %s", text_hex_id(id, hex), store_table_name(table));
    return out;
}
