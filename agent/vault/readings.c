#include "readings.h"

#include <stdlib.h>
#include <string.h>

/* --- One reading ----------------------------------------------------------- */

/* FNV-1a. Who finds names that share a set has only made those slow. */
static uint64_t reading_hash(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * 0x100000001b3;
    return hash;
}

struct reading *reading_new(const char *key, const struct store_row *row, struct vault_text *receipts)
{
    struct reading *reading = calloc(1, sizeof *reading + row->secret_length);
    if (!reading)
        return NULL;
    atomic_init(&reading->holders, 1);
    memcpy(reading->key, key, strlen(key) + 1);
    reading->hash = reading_hash(key);
    reading->row = *row;
    reading->row.meta = NULL;
    reading->row.meta_length = 0;
    if (row->secret)
        reading->row.secret = memcpy(reading->sealed, row->secret, row->secret_length);
    reading->shown.receipts = *receipts;
    *receipts = (struct vault_text){0};
    return reading;
}

struct reading *reading_hold(struct reading *reading)
{
    (void)atomic_fetch_add(&reading->holders, 1);
    return reading;
}

struct reading *reading_drop(struct reading *reading)
{
    if (!reading || atomic_fetch_sub(&reading->holders, 1) > 1)
        return NULL;
    free(reading->shown.receipts.data);
    free(reading);
    return NULL;
}

struct vault_reading *vault_reading_free(struct vault_reading *reading)
{
    reading_drop((struct reading *)reading);
    return NULL;
}

static size_t reading_mark(const uint8_t key_id[VAULT_ID_BYTES])
{
    return ((size_t)key_id[0] << 8 | key_id[1]) % READINGS_MARKS;
}

/* --- Those that are kept --------------------------------------------------- */

void readings_init(struct readings *readings)
{
    /* It is held for less than a sleep takes. */
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    (void)pthread_mutex_init(&readings->mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

void readings_clear(struct readings *readings)
{
    pthread_mutex_lock(&readings->mutex);
    for (size_t set = 0; set < READINGS_SETS; set++)
        for (size_t way = 0; way < READINGS_WAYS; way++)
            readings->kept[set][way] = reading_drop(readings->kept[set][way]);
    pthread_mutex_unlock(&readings->mutex);
    for (size_t i = 0; i < READINGS_MARKS; i++)
        atomic_store(&readings->marks[i], 0);
}

void readings_release(struct readings *readings)
{
    readings_clear(readings);
    (void)pthread_mutex_destroy(&readings->mutex);
}

static bool readings_are_same(const struct reading *kept, uint64_t hash, const char *key)
{
    return kept && kept->hash == hash && strcmp(kept->key, key) == 0;
}

static bool readings_is_good(struct readings *readings, const struct reading *reading, int64_t now_ms)
{
    return now_ms - reading->read_at_ms < READING_FRESH_MS &&
           atomic_load(&readings->marks[reading_mark(reading->shown.key_id)]) <= reading->generation;
}

struct reading *readings_find(struct readings *readings, const char *key, int64_t now_ms)
{
    uint64_t hash = reading_hash(key);
    struct reading *found = NULL;
    pthread_mutex_lock(&readings->mutex);
    struct reading *const *set = readings->kept[hash % READINGS_SETS];
    for (size_t way = 0; way < READINGS_WAYS && !found; way++)
        if (readings_are_same(set[way], hash, key) && readings_is_good(readings, set[way], now_ms))
            found = reading_hold(set[way]);
    pthread_mutex_unlock(&readings->mutex);
    return found;
}

/* Its own place, else an empty one, else that of the one that was read longest ago. */
static struct reading **readings_place(struct reading **set, const struct reading *reading)
{
    struct reading **place = &set[0];
    for (size_t way = 0; way < READINGS_WAYS; way++) {
        if (readings_are_same(set[way], reading->hash, reading->key))
            return &set[way];
        if (*place && (!set[way] || set[way]->read_at_ms < (*place)->read_at_ms))
            place = &set[way];
    }
    return place;
}

void readings_keep(struct readings *readings, struct reading *reading)
{
    if (reading->row.secret_length + reading->shown.receipts.length > READING_MOST_BYTES)
        return;
    pthread_mutex_lock(&readings->mutex);
    struct reading **place = readings_place(readings->kept[reading->hash % READINGS_SETS], reading);
    struct reading *before = *place;
    *place = reading_hold(reading);
    pthread_mutex_unlock(&readings->mutex);
    reading_drop(before);
}

void readings_prune(struct readings *readings, int64_t now_ms)
{
    pthread_mutex_lock(&readings->mutex);
    for (size_t set = 0; set < READINGS_SETS; set++)
        for (size_t way = 0; way < READINGS_WAYS; way++) {
            struct reading **kept = &readings->kept[set][way];
            if (*kept && now_ms - (*kept)->read_at_ms >= READING_FRESH_MS)
                *kept = reading_drop(*kept);
        }
    pthread_mutex_unlock(&readings->mutex);
}

/* --- The writer's side ----------------------------------------------------- */

void readings_touch(struct readings_touched *touched, const uint8_t key_id[VAULT_ID_BYTES])
{
    size_t mark = reading_mark(key_id);
    touched->bits[mark / 64] |= (uint64_t)1 << mark % 64;
    touched->any = true;
}

void readings_mark(struct readings *readings, struct readings_touched *touched, uint64_t generation)
{
    for (size_t mark = 0; touched->any && mark < READINGS_MARKS; mark++)
        if (touched->bits[mark / 64] >> mark % 64 & 1)
            atomic_store(&readings->marks[mark], generation);
    *touched = (struct readings_touched){0};
}
