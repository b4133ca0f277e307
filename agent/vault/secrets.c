/* Secrets of versions: the engine's own use, and reads of consumers. */
#include "session.h"

#include "audit_line.h"

#include <string.h>

void vault_fingerprint(const struct secret *secret, uint8_t ret_fingerprint[32])
{
    seal_fingerprint(secret, ret_fingerprint);
}

/* The row's metadata says whether a secret must be there. */
static enum err_code secret_open(struct vault_session *session, const struct store_row *row, bool wiped,
                                 struct secret **ret_secret, struct err *err)
{
    char name[ROW_NAME_BYTES];
    if (wiped)
        return err_set(err, ERR_NOT_FOUND, "the secret was wiped");
    if (!row->secret)
        return err_set(err, ERR_TAMPERED, "the secret of %s was taken out", row_name(STORE_VERSION, row->id, name));
    struct seal_place place = row_place(STORE_VERSION, SEAL_PART_SECRET, row);
    struct err inner = {0};
    enum err_code code = seal_open_secret(session->vault->keys, &place, row->secret, row->secret_length,
                                          session->arena, ret_secret, &inner);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", row_name(STORE_VERSION, row->id, name), inner.message);
    return ERR_OK;
}

/* A version and its secret, from one row. */
static enum err_code secret_get(struct vault_session *session, const uint8_t id[VAULT_ID_BYTES],
                                struct vault_version *ret_version, struct secret **ret_secret, struct err *err)
{
    struct store_row row;
    union vault_record record;
    TRY(store_get(session->store, STORE_VERSION, id, true, &row, err));
    TRY(row_open(session, VAULT_VERSION, &row, &record, err));
    TRY(secret_open(session, &row, record.version.wiped, ret_secret, err));
    *ret_version = record.version;
    return ERR_OK;
}

enum err_code vault_version_secret(struct vault_session *session, const struct vault_version *version,
                                   struct secret **ret_secret, struct err *err)
{
    OWN(session_leave) struct vault_session *entered = NULL;
    TRY(session_enter(session, &entered, err));
    struct vault_version found;
    enum err_code code = secret_get(session, version->row.id, &found, ret_secret, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the secret of version %u is gone", version->number);
    return code;
}

/* --- Reads of consumers ---------------------------------------------------- */

/* Which version is meant. */
static enum err_code secret_choose(struct vault_session *session, const char *environment, const char *name,
                                   uint32_t number, struct vault_key *key, uint8_t ret_id[VAULT_ID_BYTES],
                                   struct err *err)
{
    struct vault_version version;
    TRY(vault_key_find(session, environment, name, key, err));
    if (number == 0 && key->current_number == 0)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no current version", environment, name);
    if (number == 0 || number == key->current_number) {
        memcpy(ret_id, key->current_id, VAULT_ID_BYTES);
        return ERR_OK;
    }
    TRY(vault_version_by_number(session, key, number, &version, err));
    memcpy(ret_id, version.row.id, VAULT_ID_BYTES);
    return ERR_OK;
}

static enum err_code secret_find(struct vault_session *session, const char *environment, const char *name,
                                 uint32_t number, struct vault_key *key, struct vault_version *ret_version,
                                 struct secret **ret_secret, struct err *err)
{
    uint8_t id[VAULT_ID_BYTES];
    TRY(secret_choose(session, environment, name, number, key, id, err));
    struct err inner = {0};
    enum err_code code = secret_get(session, id, ret_version, ret_secret, &inner);
    if (code == ERR_NOT_FOUND)
        return err_set(err, code, "the secret of %s/%s was wiped, or its version is gone", environment, name);
    if (code != ERR_OK)
        return err_set(err, code, "%s/%s: %s", environment, name, inner.message);
    return ERR_OK;
}

/* A reader's key and version come from one state of the store. The writer's
 * session may be in the middle of a group, which is its state. */
static enum err_code secret_find_together(struct vault_session *session, const char *environment,
                                          const char *name, uint32_t number, struct vault_key *key,
                                          struct vault_version *ret_version, struct secret **ret_secret,
                                          struct err *err)
{
    bool transaction = !session->writer && session->depth == 1;
    if (transaction)
        TRY(store_begin(session->store, err));
    enum err_code code = secret_find(session, environment, name, number, key, ret_version, ret_secret, err);
    if (transaction)
        store_rollback(session->store); /* nothing was written; this cannot fail */
    return code;
}

static enum err_code secret_record_read(struct vault_session *session, const struct audit_entry *entry,
                                        struct err *err)
{
    struct vault *vault = session->vault;
    buf_clear(&session->entry);
    audit_line_write(&session->entry, entry, clock_wall_ms(vault->clock), vault_generation(vault), false);
    if (!buf_ok(&session->entry))
        return err_set(err, ERR_MEMORY, "out of memory for an audit entry");
    return audit_log_append(&vault->log, vault->keys, session->entry.data, session->entry.length, err);
}

static void secret_key_release(struct vault_key *key)
{
    vault_record_release(VAULT_KEY, &key->row);
}

/* The entry is in the log before the secret leaves; a log that cannot be written keeps it in (S9). */
enum err_code vault_read_secret(struct vault_session *session, const char *who, const char *environment,
                                const char *name, uint32_t number, struct vault_key *ret_key,
                                struct vault_version *ret_version, struct secret **ret_secret, struct err *err)
{
    OWN(session_leave) struct vault_session *entered = NULL;
    OWN(secret_free) struct secret *secret = NULL;
    __attribute__((cleanup(secret_key_release))) struct vault_key key = {0};
    struct vault_version version;
    TRY(session_enter(session, &entered, err));
    TRY(secret_find_together(session, environment, name, number, &key, &version, &secret, err));
    struct audit_entry entry = {
        .who = who,
        .what = "key.read",
        .environment = environment,
        .name = name,
        .version = version.number,
        .state = vault_version_state_name((enum vault_version_state)version.state),
    };
    TRY(secret_record_read(session, &entry, err));
    if (ret_key) {
        *ret_key = key;
        key = (struct vault_key){0};
    }
    if (ret_version)
        *ret_version = version;
    if (ret_secret)
        *ret_secret = GIVE(secret);
    return ERR_OK;
}
