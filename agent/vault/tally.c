#include "tally.h"

#include "base/own.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ROWS = 512 };

struct tally_row {
    enum store_table table;
    bool has_secret;
    uint8_t id[STORE_ID_BYTES];
    uint64_t revision;
    uint8_t meta_tag[STORE_TAG_BYTES];
    uint8_t secret_tag[STORE_TAG_BYTES];
};

struct tally_batch {
    size_t count;
    struct tally_row rows[BATCH_ROWS];
};

/* One batch is filled while the other is hashed. The digests are the hashing thread's until it has ended. */
struct tally {
    const struct seal_keys *keys;
    struct seal_digest *digests;
    uint64_t *key_count;
    bool started;
    pthread_t hasher;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct tally_batch *given; /* to the hasher, until it is done with it */
    bool ended;
    struct tally_batch *filling;
    struct tally_batch batches[2];
};

static void tally_hash(const struct tally *tally, const struct tally_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct tally_row *row = &batch->rows[i];
        struct seal_row element = {
            .table = (uint8_t)row->table,
            .id = row->id,
            .revision = row->revision,
            .meta_tag = row->meta_tag,
            .secret_tag = row->has_secret ? row->secret_tag : NULL,
        };
        seal_digest_add(tally->keys, &tally->digests[row->table], &element);
    }
}

static void *tally_loop(void *context)
{
    struct tally *tally = context;
    pthread_mutex_lock(&tally->mutex);
    while (tally->given || !tally->ended) {
        if (!tally->given) {
            pthread_cond_wait(&tally->changed, &tally->mutex);
            continue;
        }
        pthread_mutex_unlock(&tally->mutex);
        tally_hash(tally, tally->given);
        pthread_mutex_lock(&tally->mutex);
        tally->given = NULL;
        pthread_cond_signal(&tally->changed);
    }
    pthread_mutex_unlock(&tally->mutex);
    return NULL;
}

/* When it returns, the other batch is done with. */
static enum err_code tally_give(struct tally *tally, struct err *err)
{
    if (!tally->started && pthread_create(&tally->hasher, NULL, tally_loop, tally) != 0)
        return err_set(err, ERR_MEMORY, "a thread could not be started to check the rows");
    tally->started = true;
    pthread_mutex_lock(&tally->mutex);
    while (tally->given)
        pthread_cond_wait(&tally->changed, &tally->mutex);
    tally->given = tally->filling;
    pthread_cond_signal(&tally->changed);
    pthread_mutex_unlock(&tally->mutex);
    tally->filling = &tally->batches[tally->filling == &tally->batches[0]];
    tally->filling->count = 0;
    return ERR_OK;
}

static int tally_take(void *context, const struct store_tags *tags, struct err *err)
{
    struct tally *tally = context;
    struct tally_row *row = &tally->filling->rows[tally->filling->count++];
    row->table = tags->table;
    row->has_secret = tags->secret_tag != NULL;
    memcpy(row->id, tags->id, sizeof row->id);
    row->revision = tags->revision;
    memcpy(row->meta_tag, tags->meta_tag, sizeof row->meta_tag);
    if (tags->secret_tag)
        memcpy(row->secret_tag, tags->secret_tag, sizeof row->secret_tag);
    *tally->key_count += tags->table == STORE_KEY;
    return tally->filling->count < BATCH_ROWS ? (int)ERR_OK : (int)tally_give(tally, err);
}

static void tally_end(struct tally *tally)
{
    if (!tally->started)
        return;
    pthread_mutex_lock(&tally->mutex);
    tally->ended = true;
    pthread_cond_signal(&tally->changed);
    pthread_mutex_unlock(&tally->mutex);
    (void)pthread_join(tally->hasher, NULL);
}

enum err_code tally_rows(struct store *store, const struct seal_keys *keys, struct seal_digest *digests,
                         uint64_t *key_count, struct err *err)
{
    struct tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return err_set(err, ERR_MEMORY, "out of memory for the check of the rows");
    tally->keys = keys;
    tally->digests = digests;
    tally->key_count = key_count;
    tally->filling = &tally->batches[0];
    (void)pthread_mutex_init(&tally->mutex, NULL);
    (void)pthread_cond_init(&tally->changed, NULL);
    enum err_code code = store_scan_tags(store, tally_take, tally, err);
    tally_end(tally);
    if (code == ERR_OK)
        tally_hash(tally, tally->filling);
    (void)pthread_cond_destroy(&tally->changed);
    (void)pthread_mutex_destroy(&tally->mutex);
    free(tally);
    return code;
}
