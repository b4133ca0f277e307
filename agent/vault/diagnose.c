/* The slow pass after a digest did not hold: opens every row, and follows the references between
 * records, to name what was edited, is missing, or is older than what refers to it. An older row that
 * nothing refers to can only be named by its table. */
#include "session.h"

#include <string.h>

enum { DIAGNOSE_FINDINGS_MAX = 3 };

struct diagnose {
    struct vault *vault;
    enum vault_kind kind;
    size_t count;
    struct buf text;
};

static void diagnose_release(struct diagnose *diagnose)
{
    buf_release(&diagnose->text);
}
#define OWN_DIAGNOSE __attribute__((cleanup(diagnose_release)))

static void diagnose_add(struct diagnose *diagnose)
{
    if (diagnose->count++ > 0)
        buf_text_add(&diagnose->text, "; ");
}

#define FINDING(diagnose, ...)                                                                     \
    do {                                                                                           \
        if ((diagnose)->count < DIAGNOSE_FINDINGS_MAX) {                                           \
            diagnose_add(diagnose);                                                                \
            buf_printf(&(diagnose)->text, __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

static bool diagnose_zero(const uint8_t id[VAULT_ID_BYTES])
{
    static const uint8_t zero[VAULT_ID_BYTES] = {0};
    return memcmp(id, zero, sizeof zero) == 0;
}

static bool diagnose_missing(struct diagnose *diagnose, enum store_table table,
                             const uint8_t id[VAULT_ID_BYTES])
{
    struct store_row row;
    return !diagnose_zero(id) &&
           store_get(diagnose->vault->store, table, id, false, &row, NULL) == ERR_NOT_FOUND;
}

/* The key a record belongs to; false where it is missing or does not open. */
static bool diagnose_key(struct diagnose *diagnose, const struct vault_row *record, struct vault_key *ret_key)
{
    struct store_row row;
    union vault_record opened;
    if (store_get(diagnose->vault->store, STORE_KEY, record->parent, false, &row, NULL) != ERR_OK ||
        row_open(&diagnose->vault->writer, VAULT_KEY, &row, &opened, NULL) != ERR_OK)
        return false;
    *ret_key = opened.key;
    return true;
}

static void diagnose_of_key(struct diagnose *diagnose, const struct vault_key *key)
{
    if (diagnose_missing(diagnose, STORE_VERSION, key->current_id))
        FINDING(diagnose, "version %u of %s/%s, its current one, is missing", key->current_number,
                key->environment, key->name);
    if (diagnose_missing(diagnose, STORE_ROTATION, key->rotation_id))
        FINDING(diagnose, "the open rotation of %s/%s is missing", key->environment, key->name);
}

/* A scan leaves secrets out, so this one is read for itself. */
static void diagnose_secret(struct diagnose *diagnose, const struct vault_version *version,
                            const struct vault_key *key)
{
    struct store_row row;
    struct secret *secret = NULL;
    enum err_code code = store_get(diagnose->vault->store, STORE_VERSION, version->row.id, true, &row, NULL);
    if (version->wiped || code != ERR_OK)
        return;
    struct seal_place place = row_place(STORE_VERSION, SEAL_PART_SECRET, &row);
    if (!row.secret)
        FINDING(diagnose, "the secret of version %u of %s/%s was taken out", version->number, key->environment,
                key->name);
    else if (seal_open_secret(diagnose->vault->keys, &place, row.secret, row.secret_length, NULL, &secret, NULL) !=
             ERR_OK)
        FINDING(diagnose, "the secret of version %u of %s/%s was edited or swapped", version->number,
                key->environment, key->name);
    secret_free(secret);
}

static void diagnose_of_version(struct diagnose *diagnose, const struct vault_version *version,
                                const struct vault_key *key)
{
    diagnose_secret(diagnose, version, key);
    bool current = memcmp(key->current_id, version->row.id, VAULT_ID_BYTES) == 0;
    if (current != (version->state == VAULT_CURRENT))
        FINDING(diagnose, "version %u of %s/%s is %s, which its key does not say: one of the two is an older copy",
                version->number, key->environment, key->name,
                vault_version_state_name((enum vault_version_state)version->state));
    else if (version->number > key->last_number)
        FINDING(diagnose, "%s/%s is older than its version %u", key->environment, key->name, version->number);
}

static void diagnose_of_rotation(struct diagnose *diagnose, const struct vault_rotation *rotation,
                                 const struct vault_key *key)
{
    bool open = memcmp(key->rotation_id, rotation->row.id, VAULT_ID_BYTES) == 0;
    if (open && rotation->ended_at_ms != 0)
        FINDING(diagnose, "%s/%s is older than its rotation %u", key->environment, key->name, rotation->number);
    if (!open && rotation->ended_at_ms == 0)
        FINDING(diagnose, "rotation %u of %s/%s is an older copy, or its key is", rotation->number,
                key->environment, key->name);
    if (diagnose_missing(diagnose, STORE_VERSION, rotation->old_id))
        FINDING(diagnose, "version %u of %s/%s is missing", rotation->old_number, key->environment, key->name);
    if (diagnose_missing(diagnose, STORE_VERSION, rotation->new_id))
        FINDING(diagnose, "version %u of %s/%s is missing", rotation->new_number, key->environment, key->name);
}

static void diagnose_of_revocation(struct diagnose *diagnose, const struct vault_revocation *revocation,
                                   const struct vault_key *key)
{
    if (diagnose_missing(diagnose, STORE_VERSION, revocation->version_id))
        FINDING(diagnose, "version %u of %s/%s, which is being revoked, is missing", revocation->version_number,
                key->environment, key->name);
}

/* What a record says of others. */
static void diagnose_record(struct diagnose *diagnose, const union vault_record *record)
{
    char name[ROW_NAME_BYTES];
    struct vault_key key;
    if (diagnose->kind == VAULT_KEY) {
        diagnose_of_key(diagnose, &record->key);
        return;
    }
    if (diagnose->kind == VAULT_INCIDENT || diagnose->kind == VAULT_NOTICE)
        return;
    if (diagnose_missing(diagnose, STORE_KEY, record->row.parent))
        FINDING(diagnose, "the key of %s is missing",
                row_name(vault_shape(diagnose->kind)->table, record->row.id, name));
    if (!diagnose_key(diagnose, &record->row, &key))
        return;
    if (diagnose->kind == VAULT_VERSION)
        diagnose_of_version(diagnose, &record->version, &key);
    else if (diagnose->kind == VAULT_ROTATION)
        diagnose_of_rotation(diagnose, &record->rotation, &key);
    else if (diagnose->kind == VAULT_REVOCATION)
        diagnose_of_revocation(diagnose, &record->revocation, &key);
    vault_record_release(VAULT_KEY, &key.row);
}

static int diagnose_row(void *context, const struct store_row *row, struct err *err)
{
    struct diagnose *diagnose = context;
    union vault_record record;
    struct err inner;
    (void)err;
    if (row_open(&diagnose->vault->writer, diagnose->kind, row, &record, &inner) != ERR_OK) {
        FINDING(diagnose, "%s", inner.message);
        return ERR_OK;
    }
    diagnose_record(diagnose, &record);
    vault_record_release(diagnose->kind, &record.row);
    return ERR_OK;
}

/* A table whose rows are not those that the head counted. */
static void diagnose_table(struct diagnose *diagnose, enum store_table table, const struct seal_digest *found,
                           const struct seal_digest *expected)
{
    const char *name = store_table_name(table);
    if (seal_digest_equal(found, expected))
        return;
    if (found->rows < expected->rows)
        FINDING(diagnose, "table %s: rows are missing (%llu, of %llu)", name,
                (unsigned long long)found->rows, (unsigned long long)expected->rows);
    else if (found->rows > expected->rows)
        FINDING(diagnose, "table %s: rows were added (%llu, of %llu)", name,
                (unsigned long long)found->rows, (unsigned long long)expected->rows);
    else
        FINDING(diagnose, "table %s: a row was edited or is an older copy", name);
}

static void diagnose_slots(struct diagnose *diagnose, const struct seal_digest *found,
                           const struct seal_digest *expected)
{
    if (!seal_digest_equal(found, expected))
        FINDING(diagnose, "a slot was added, removed, edited or is an older copy (%llu slots, of %llu)",
                (unsigned long long)found->rows, (unsigned long long)expected->rows);
}

enum err_code diagnose(struct vault *vault, const struct seal_digest found[VAULT_DIGEST_COUNT], struct err *err)
{
    OWN_DIAGNOSE struct diagnose diagnose = {.vault = vault};
    const struct seal_digest *expected = vault->head.digests;
    for (diagnose.kind = VAULT_KEY; diagnose.kind <= VAULT_LABEL; diagnose.kind++)
        TRY(store_scan(vault->store, vault_shape(diagnose.kind)->table, NULL, diagnose_row, &diagnose, err));
    for (enum store_table table = STORE_KEY; table < STORE_TABLE_END; table++)
        diagnose_table(&diagnose, table, &found[table], &expected[table]);
    diagnose_slots(&diagnose, &found[VAULT_DIGEST_SLOTS], &expected[VAULT_DIGEST_SLOTS]);
    return err_set(err, ERR_TAMPERED, "the store was changed outside of the agent: %s",
                   buf_text(&diagnose.text));
}
