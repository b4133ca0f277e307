/* Secrets of versions: the engine's own use, and reads of consumers. */
#include "session.h"

#include "audit_line.h"

#include <string.h>

/* What a consumer asks for. */
struct secret_wish {
    const char *environment;
    const char *name;
    uint32_t number; /* 0: the current version */
    char key[TEXT_KEY_BYTES]; /* both */
};

void vault_fingerprint(const struct secret *secret, uint8_t ret_fingerprint[32])
{
    seal_fingerprint(secret, ret_fingerprint);
}

/* The row's metadata says whether a secret must be there. */
static enum err_code secret_is_there(const struct store_row *row, bool wiped, struct err *err)
{
    char name[ROW_NAME_BYTES];
    if (wiped)
        return err_set(err, ERR_NOT_FOUND, "the secret was wiped");
    if (!row->secret)
        return err_set(err, ERR_TAMPERED, "the secret of %s was taken out", row_name(STORE_VERSION, row->id, name));
    return ERR_OK;
}

static enum err_code secret_open(struct vault_session *session, const struct store_row *row,
                                 struct secret **ret_secret, struct err *err)
{
    char name[ROW_NAME_BYTES];
    struct seal_place place = row_place(STORE_VERSION, SEAL_PART_SECRET, row);
    struct err inner = {0};
    enum err_code code = seal_open_secret(session->vault->keys, &place, row->secret, row->secret_length,
                                          session->arena, ret_secret, &inner);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", row_name(STORE_VERSION, row->id, name), inner.message);
    return ERR_OK;
}

/* A version's secret, from one row. */
static enum err_code secret_get(struct vault_session *session, const uint8_t id[VAULT_ID_BYTES],
                                struct secret **ret_secret, struct err *err)
{
    struct store_row row;
    union vault_record record;
    TRY(store_get(session->store, STORE_VERSION, id, true, &row, err));
    TRY(row_open(session, VAULT_VERSION, &row, &record, err));
    TRY(secret_is_there(&row, record.version.wiped, err));
    return secret_open(session, &row, ret_secret, err);
}

enum err_code vault_version_secret(struct vault_session *session, const struct vault_version *version,
                                   struct secret **ret_secret, struct err *err)
{
    OWN(session_leave) struct vault_session *entered = NULL;
    TRY(session_enter(session, &entered, err));
    enum err_code code = secret_get(session, version->row.id, ret_secret, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the secret of version %u is gone", version->number);
    return code;
}

/* --- Reads of consumers ---------------------------------------------------- */

/* Which version is meant. */
static enum err_code secret_choose(struct vault_session *session, const struct vault_key *key, uint32_t number,
                                   uint8_t ret_id[VAULT_ID_BYTES], struct err *err)
{
    struct vault_version version;
    if (number == 0 && key->current_number == 0)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no current version", key->environment, key->name);
    if (number == 0 || number == key->current_number) {
        memcpy(ret_id, key->current_id, VAULT_ID_BYTES);
        return ERR_OK;
    }
    TRY(vault_version_by_number(session, key, number, &version, err));
    memcpy(ret_id, version.row.id, VAULT_ID_BYTES);
    return ERR_OK;
}

/* The version's row as a reading. It may not say that its secret is gone. */
static enum err_code secret_reading(struct vault_session *session, const char *name,
                                    const uint8_t id[VAULT_ID_BYTES], struct vault_key *key,
                                    struct reading **ret_reading, struct err *err)
{
    struct store_row row;
    union vault_record record;
    TRY(store_get(session->store, STORE_VERSION, id, true, &row, err));
    TRY(row_open(session, VAULT_VERSION, &row, &record, err));
    const struct vault_version *version = &record.version;
    TRY(secret_is_there(&row, version->wiped, err));
    struct reading *reading = reading_new(name, &row, &key->receipts);
    if (!reading)
        return err_set(err, ERR_MEMORY, "out of memory for a read");
    struct vault_reading *shown = &reading->shown;
    memcpy(shown->key_id, key->row.id, sizeof shown->key_id);
    shown->current_number = key->current_number;
    shown->needs_receipts = key->needs_receipts;
    shown->number = version->number;
    shown->state = version->state;
    memcpy(shown->mask, version->mask, sizeof shown->mask);
    *ret_reading = reading;
    return ERR_OK;
}

static void secret_key_release(struct vault_key *key)
{
    vault_record_release(VAULT_KEY, &key->row);
}

static enum err_code secret_find(struct vault_session *session, const struct secret_wish *wish,
                                 struct reading **ret_reading, struct err *err)
{
    __attribute__((cleanup(secret_key_release))) struct vault_key key = {0};
    uint8_t id[VAULT_ID_BYTES];
    TRY(vault_key_find(session, wish->environment, wish->name, &key, err));
    TRY(secret_choose(session, &key, wish->number, id, err));
    struct err inner = {0};
    enum err_code code = secret_reading(session, wish->key, id, &key, ret_reading, &inner);
    if (code == ERR_NOT_FOUND)
        return err_set(err, code, "the secret of %s was wiped, or its version is gone", wish->key);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", wish->key, inner.message);
    return ERR_OK;
}

/* Key and version come from one state of the store. */
static enum err_code secret_find_together(struct vault_session *session, const struct secret_wish *wish,
                                          struct reading **ret_reading, struct err *err)
{
    uint64_t generation = vault_generation(session->vault); /* before the state, see readings.h */
    int64_t now_ms = clock_monotonic_ms(session->vault->clock);
    OWN(vault_snapshot_end) struct vault_session *seen = NULL;
    TRY(vault_snapshot(session, &seen, err));
    TRY(secret_find(session, wish, ret_reading, err));
    (*ret_reading)->generation = generation;
    (*ret_reading)->read_at_ms = now_ms;
    return ERR_OK;
}

/* The secret and what is said of it; from the store where nothing good is kept. What does not open
 * is not kept. */
static enum err_code secret_read(struct vault_session *session, const struct secret_wish *wish,
                                 struct reading **ret_reading, struct secret **ret_secret, struct err *err)
{
    struct readings *readings = &session->vault->readings;
    bool keeps = wish->number == 0 && !session->writer;
    OWN(reading_drop) struct reading *reading =
        keeps ? readings_find(readings, wish->key, clock_monotonic_ms(session->vault->clock)) : NULL;
    bool found = reading != NULL;
    if (!found)
        TRY(secret_find_together(session, wish, &reading, err));
    struct err inner = {0};
    enum err_code code = secret_open(session, &reading->row, ret_secret, &inner);
    if (code != ERR_OK)
        return err_set(err, code, "%s: %s", wish->key, inner.message);
    if (keeps && !found)
        readings_keep(readings, reading);
    *ret_reading = GIVE(reading);
    return ERR_OK;
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

/* The entry is in the log before the secret leaves; a log that cannot be written keeps it in (S9). */
enum err_code vault_read_secret(struct vault_session *session, const char *who, const char *environment,
                                const char *name, uint32_t number, struct vault_reading **ret_reading,
                                struct secret **ret_secret, struct err *err)
{
    OWN(session_leave) struct vault_session *entered = NULL;
    OWN(secret_free) struct secret *secret = NULL;
    OWN(reading_drop) struct reading *reading = NULL;
    struct secret_wish wish = {.environment = environment, .name = name, .number = number};
    (void)text_join_key(environment, name, wish.key);
    TRY(session_enter(session, &entered, err));
    TRY(secret_read(session, &wish, &reading, &secret, err));
    struct audit_entry entry = {
        .who = who,
        .what = "key.read",
        .environment = environment,
        .name = name,
        .version = reading->shown.number,
        .state = vault_version_state_name((enum vault_version_state)reading->shown.state),
    };
    TRY(secret_record_read(session, &entry, err));
    *ret_secret = GIVE(secret);
    if (ret_reading)
        *ret_reading = &GIVE(reading)->shown;
    return ERR_OK;
}
