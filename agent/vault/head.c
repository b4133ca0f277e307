/* The head: sealed like a row of a table that is none, at revision 0; which
 * head is the newest is what its generation and the audit log say. */
#include "session.h"

enum { HEAD_TABLE = 128 };

static struct seal_place head_place(void)
{
    static const uint8_t no_id[SEAL_ID_BYTES] = {0};
    return (struct seal_place){.table = HEAD_TABLE, .part = SEAL_PART_META, .id = no_id};
}

enum err_code head_load(struct vault *vault, struct vault_head *ret_head, struct err *err)
{
    struct vault_session *session = &vault->writer;
    const void *sealed = NULL;
    size_t length = 0;
    TRY(store_head_get(vault->store, &sealed, &length, err));
    struct seal_place place = head_place();
    buf_clear(&session->plain);
    enum err_code code = seal_open_bytes(vault->keys, &place, sealed, length, &session->plain, err);
    if (code == ERR_TAMPERED)
        return err_set(err, ERR_TAMPERED, "the store's head does not open: it was edited, or is of another vault");
    TRY(code);
    struct vault_head head = {0};
    TRY(codec_decode(&vault_head_schema, session->plain.data, session->plain.length, &head, err));
    *ret_head = head;
    return ERR_OK;
}

enum err_code head_store(struct vault *vault, struct err *err)
{
    struct buf *plain = &vault->writer.plain;
    struct buf *sealed = &vault->group.sealed;
    struct seal_place place = head_place();
    buf_clear(plain);
    buf_clear(sealed);
    TRY(codec_encode(&vault_head_schema, &vault->head, plain, err));
    TRY(seal_bytes(vault->keys, vault->random, &place, plain->data, plain->length, sealed, err));
    return store_head_put(vault->store, sealed->data, sealed->length, err);
}
