/* Slots: how they lie in the store, trying them, adding and removing. */
#include "session.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)VAULT_SLOT_PASSPHRASE == (int)SEAL_SLOT_PASSPHRASE &&
                   (int)VAULT_SLOT_KEY_FILE == (int)SEAL_SLOT_KEY_FILE &&
                   (int)VAULT_SLOT_CREDENTIAL == (int)SEAL_SLOT_CREDENTIAL,
               "kinds of slots");

enum { SLOT_TRIES_FREE = 3, SLOT_WAIT_MOST_S = 60 };

/* --- Encoding ------------------------------------------------------------ */

static enum err_code slot_encode(const struct seal_slot *slot, struct buf *out, struct err *err)
{
    struct vault_slot plain = {
        .number = slot->number,
        .kind = slot->kind,
        .passes = slot->passes,
        .memory_bytes = slot->memory_bytes,
        .created_at_ms = slot->created_at_ms,
    };
    memcpy(plain.salt, slot->salt, sizeof plain.salt);
    memcpy(plain.wrapped, slot->wrapped, sizeof plain.wrapped);
    return codec_encode(&vault_slot_schema, &plain, out, err);
}

static enum err_code slot_decode(const void *blob, size_t length, struct seal_slot *ret_slot, struct err *err)
{
    struct vault_slot plain = {0};
    TRY(codec_decode(&vault_slot_schema, blob, length, &plain, err));
    *ret_slot = (struct seal_slot){
        .number = plain.number,
        .kind = (enum seal_slot_kind)plain.kind,
        .passes = plain.passes,
        .memory_bytes = plain.memory_bytes,
        .created_at_ms = plain.created_at_ms,
    };
    memcpy(ret_slot->salt, plain.salt, sizeof plain.salt);
    memcpy(ret_slot->wrapped, plain.wrapped, sizeof plain.wrapped);
    return ERR_OK;
}

/* --- The digest of the slots ----------------------------------------------- */

/* Where a table's number stands in elements of its digest. It is in sums that are stored, so it
 * stays when tables are added; the slots have a sum of their own. */
enum { SLOT_ELEMENT = 8 };

/* A slot lies in clear and has no tag of ours, so a keyed hash of all of it stands in for one. */
static void slot_element(const struct seal_keys *keys, uint32_t number, const void *blob, size_t length,
                         uint8_t id[SEAL_ID_BYTES], uint8_t tag[SEAL_INDEX_BYTES])
{
    memset(id, 0, SEAL_ID_BYTES);
    memcpy(id, &number, sizeof number);
    seal_index(keys, "slot", blob, length, "", 0, tag);
}

struct slots_sum {
    const struct seal_keys *keys;
    struct seal_digest digest;
};

static int slots_sum_one(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    struct slots_sum *sum = context;
    uint8_t id[SEAL_ID_BYTES];
    uint8_t tag[SEAL_INDEX_BYTES];
    (void)err;
    slot_element(sum->keys, number, blob, length, id, tag);
    struct seal_row element = {.table = SLOT_ELEMENT, .id = id, .meta_tag = tag};
    seal_digest_add(sum->keys, &sum->digest, &element);
    return ERR_OK;
}

enum err_code slots_digest(struct vault *vault, struct seal_digest *ret_digest, struct err *err)
{
    struct slots_sum sum = {.keys = vault->keys};
    TRY(store_slots(vault->store, slots_sum_one, &sum, err));
    *ret_digest = sum.digest;
    return ERR_OK;
}

/* --- Listing and trying ---------------------------------------------------- */

struct slots_visit {
    struct vault_session *session;
    vault_visit_slot *visit;
    void *context;
};

static int slots_visit_one(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    const struct slots_visit *visit = context;
    struct seal_slot slot;
    TRY_VISIT(slot_decode(blob, length, &slot, err));
    struct vault_slot_info info = {
        .number = number, .kind = (enum vault_slot_kind)slot.kind, .created_at_ms = slot.created_at_ms};
    return visit->visit(visit->context, &info);
}

enum err_code vault_slots(struct vault_session *session, vault_visit_slot *visit, void *context, struct err *err)
{
    struct slots_visit inner = {.session = session, .visit = visit, .context = context};
    TRY(session_need_store(session, err));
    return store_slots(session->store, slots_visit_one, &inner, err);
}

struct slots_try {
    enum vault_slot_kind kind;
    const struct secret *key_material;
    size_t tried;
    bool worked; /* a slot's key was derived, which is what takes the time */
    struct secret *root; /* owned; of the slot that opened */
    enum err_code failed; /* another reason than a wrong key */
    struct err err;
};

static bool slot_kind_is_known(enum seal_slot_kind kind)
{
    return kind == SEAL_SLOT_PASSPHRASE || kind == SEAL_SLOT_KEY_FILE || kind == SEAL_SLOT_CREDENTIAL;
}

/* Every slot of the kind is tried in full, whatever the ones before it gave, so that the time does not
 * tell which of them opened. A damaged slot must not hide a good one. */
static int slots_try_one(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    struct slots_try *try = context;
    struct seal_slot slot;
    struct secret *root = NULL;
    (void)err;
    if (slot_decode(blob, length, &slot, &try->err) != ERR_OK || slot.number != number ||
        !slot_kind_is_known(slot.kind)) {
        try->failed = ERR_FORMAT;
        return ERR_OK;
    }
    if ((enum vault_slot_kind)slot.kind != try->kind)
        return ERR_OK;
    try->tried++;
    enum err_code code = seal_slot_open(&slot, try->key_material, &root, &try->err);
    try->worked = try->worked || code == ERR_OK || code == ERR_WRONG_KEY;
    if (code != ERR_OK && code != ERR_WRONG_KEY)
        try->failed = code;
    if (code == ERR_OK && !try->root)
        try->root = GIVE(root);
    secret_free(root);
    return ERR_OK;
}

/* Where nothing could be tried, as the slot is damaged beyond that, it takes as long as if one had been wrong. */
static void tries_spend(struct slots_try *try)
{
    const struct seal_slot none = {.kind = (enum seal_slot_kind)try->kind,
                                   .passes = seal_slot_cost_default.passes,
                                   .memory_bytes = seal_slot_cost_default.memory_bytes};
    struct secret *root = NULL;
    if (!try->worked && seal_slot_open(&none, try->key_material, &root, &try->err) == ERR_MEMORY)
        try->failed = ERR_MEMORY;
    secret_free(root);
}

static enum err_code tries_check(struct vault *vault, struct err *err)
{
    int64_t wait_ms = vault->tries.next_at_ms - clock_monotonic_ms(vault->clock);
    if (vault->tries.wrong >= SLOT_TRIES_FREE && wait_ms > 0)
        return err_set(err, ERR_BUSY, "%u wrong tries; the next is possible in %lld s", vault->tries.wrong,
                       (long long)(wait_ms + 999) / 1000);
    return ERR_OK;
}

static enum err_code tries_wrong(struct vault *vault, struct err *err)
{
    unsigned wrong = ++vault->tries.wrong;
    int64_t wait_s = 0;
    if (wrong >= SLOT_TRIES_FREE) {
        unsigned doublings = wrong - SLOT_TRIES_FREE;
        wait_s = doublings < 6 ? (int64_t)1 << doublings : SLOT_WAIT_MOST_S;
    }
    vault->tries.next_at_ms = clock_monotonic_ms(vault->clock) + 1000 * wait_s;
    if (wait_s > 0)
        return err_set(err, ERR_WRONG_KEY,
                       "that is wrong, or its slot is damaged: no slot opens (%u wrong tries); the next try is "
                       "possible in %lld s",
                       wrong, (long long)wait_s);
    return err_set(err, ERR_WRONG_KEY, "that is wrong, or its slot is damaged: no slot opens (%u wrong %s)", wrong,
                   wrong == 1 ? "try" : "tries");
}

static enum err_code tries_judge(struct vault *vault, struct slots_try *try, struct secret **ret_root,
                                 struct err *err)
{
    if (try->root) {
        vault->tries.wrong = 0;
        *ret_root = GIVE(try->root);
        return ERR_OK;
    }
    if (try->failed == ERR_MEMORY)
        return err_set(err, ERR_MEMORY, "%s", try->err.message);
    if (try->tried == 0 && try->failed == ERR_OK)
        return err_set(err, ERR_NOT_FOUND, "the vault has no slot of kind %s",
                       seal_slot_kind_name((enum seal_slot_kind)try->kind));
    return tries_wrong(vault, err);
}

static enum err_code tries_run(struct vault_session *session, struct slots_try *try, struct secret **ret_root,
                               struct err *err)
{
    TRY(tries_check(session->vault, err));
    TRY(session_need_store(session, err));
    enum err_code code = store_slots(session->store, slots_try_one, try, err);
    tries_spend(try);
    if (code == ERR_OK)
        code = tries_judge(session->vault, try, ret_root, err);
    try->root = secret_free(try->root);
    return code;
}

enum err_code vault_try_slots(struct vault *vault, struct vault_session *session, enum vault_slot_kind kind,
                              const struct secret *key_material, struct secret **ret_root, struct err *err)
{
    struct slots_try try = {.kind = kind, .key_material = key_material};
    pthread_mutex_lock(&vault->tries.mutex);
    enum err_code code = tries_run(session, &try, ret_root, err);
    pthread_mutex_unlock(&vault->tries.mutex);
    return code;
}

/* --- Adding and removing --------------------------------------------------- */

static void slot_count(struct vault *vault, uint32_t number, const struct buf *blob, bool add)
{
    uint8_t id[SEAL_ID_BYTES];
    uint8_t tag[SEAL_INDEX_BYTES];
    struct seal_digest *digest = &vault->head.digests[VAULT_DIGEST_SLOTS];
    slot_element(vault->keys, number, blob->data, blob->length, id, tag);
    struct seal_row element = {.table = SLOT_ELEMENT, .id = id, .meta_tag = tag};
    if (add)
        seal_digest_add(vault->keys, digest, &element);
    else
        seal_digest_remove(vault->keys, digest, &element);
}

uint32_t vault_slot_next(const struct vault *vault)
{
    return vault->head.last_slot + 1;
}

/* Of one's own, so that locking needs not wait for Argon2id. */
static enum err_code slot_copy_root(struct vault *vault, struct secret **ret_root, struct err *err)
{
    OWN(secret_free) struct secret *copy = secret_new(SEAL_KEY_BYTES);
    if (!copy)
        return err_set(err, ERR_MEMORY, "no locked memory for the vault's keys");
    pthread_rwlock_rdlock(&vault->keys_lock);
    enum err_code code = vault->root
                             ? secret_set(copy, secret_peek(vault->root), secret_length(vault->root))
                             : err_set(err, ERR_LOCKED, "the vault is locked. Open it: keyturn unlock");
    pthread_rwlock_unlock(&vault->keys_lock);
    TRY(code);
    *ret_root = GIVE(copy);
    return ERR_OK;
}

enum err_code vault_slot_make(struct vault *vault, uint32_t number, enum vault_slot_kind kind,
                              const struct secret *key_material, bool low_cost, struct vault_new_slot *ret_slot,
                              struct err *err)
{
    OWN(secret_free) struct secret *root = NULL;
    OWN_BUF struct buf blob = {0};
    struct seal_slot slot;
    const struct seal_slot_cost *cost = low_cost ? &seal_slot_cost_minimum : &seal_slot_cost_default;
    TRY(slot_copy_root(vault, &root, err));
    pthread_mutex_lock(&vault->tries.mutex); /* one Argon2id at a time: each takes its memory */
    enum err_code code = seal_slot_make(vault->random, number, (enum seal_slot_kind)kind, cost, key_material, root,
                                        clock_wall_ms(vault->clock), &slot, err);
    pthread_mutex_unlock(&vault->tries.mutex);
    TRY(code);
    TRY(slot_encode(&slot, &blob, err));
    *ret_slot = (struct vault_new_slot){.number = number, .blob = blob};
    blob = (struct buf){0};
    return ERR_OK;
}

enum err_code vault_slot_add(struct vault *vault, const struct vault_new_slot *slot, struct err *err)
{
    TRY(group_need(vault, err));
    if (slot->number != vault_slot_next(vault))
        return err_set(err, ERR_BUSY, "another slot was added at the same time; try again");
    TRY(group_writes(vault, err));
    TRY(store_slot_put(vault->store, slot->number, slot->blob.data, slot->blob.length, err));
    slot_count(vault, slot->number, &slot->blob, true);
    vault->head.last_slot = slot->number;
    vault->group.changed = true;
    return ERR_OK;
}

struct slots_pick {
    uint32_t number;
    size_t slots;
    bool found;
    struct buf blob;
};

static int slots_pick_one(void *context, uint32_t number, const void *blob, size_t length, struct err *err)
{
    struct slots_pick *pick = context;
    pick->slots++;
    if (number != pick->number)
        return ERR_OK;
    pick->found = true;
    buf_add(&pick->blob, blob, length);
    return buf_ok(&pick->blob) ? ERR_OK : (int)err_set(err, ERR_MEMORY, "out of memory for a slot");
}

static enum err_code slot_remove(struct vault *vault, struct slots_pick *pick, struct err *err)
{
    TRY(store_slots(vault->store, slots_pick_one, pick, err));
    if (!pick->found)
        return err_set(err, ERR_NOT_FOUND, "there is no slot %u", pick->number);
    if (pick->slots == 1)
        return err_set(err, ERR_STATE, "slot %u is the last one; without it nothing opens the vault", pick->number);
    TRY(group_writes(vault, err));
    TRY(store_slot_remove(vault->store, pick->number, err));
    slot_count(vault, pick->number, &pick->blob, false);
    vault->group.changed = true;
    return ERR_OK;
}

enum err_code vault_slot_remove(struct vault *vault, uint32_t number, struct err *err)
{
    struct slots_pick pick = {.number = number};
    TRY(group_need(vault, err));
    enum err_code code = slot_remove(vault, &pick, err);
    buf_release(&pick.blob);
    return code;
}
