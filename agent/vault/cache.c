#include "cache.h"

#include <stdlib.h>
#include <string.h>

/* --- Copies of records -------------------------------------------------------- */

static struct vault_text *record_text(const struct codec_field *field, struct vault_row *record)
{
    return field->type == CODEC_TEXT ? (void *)((char *)record + field->offset) : NULL;
}

/* Make text its own owner; without memory it is empty. */
static bool text_copy(struct vault_text *text)
{
    char *copy = malloc(text->length + 1);
    if (copy) {
        memcpy(copy, text->data, text->length);
        copy[text->length] = '\0';
    }
    *text = (struct vault_text){copy, copy ? text->length : 0};
    return copy != NULL;
}

enum err_code record_copy(enum vault_kind kind, const struct vault_row *record, struct vault_row *ret_copy,
                          struct err *err)
{
    const struct codec_schema *schema = vault_shape(kind)->schema;
    union vault_record copy;
    bool failed = false;
    memcpy(&copy, record, schema->size);
    for (size_t number = 0; number < schema->count; number++) {
        struct vault_text *text = record_text(&schema->fields[number], &copy.row);
        if (text && text->data)
            failed = !text_copy(text) || failed;
    }
    if (failed) {
        codec_release(schema, &copy);
        return err_set(err, ERR_MEMORY, "out of memory for a %s", vault_shape(kind)->name);
    }
    memcpy(ret_copy, &copy, schema->size);
    return ERR_OK;
}

/* --- The table and the order of use --------------------------------------------- */

static struct cached **cache_slot(struct cache *cache, const uint8_t id[STORE_ID_BYTES])
{
    /* Ids are random, so their first bytes are a hash already. */
    return &cache->slots[((size_t)id[0] | (size_t)id[1] << 8) % CACHE_SLOTS];
}

static void cache_use_link(struct cache *cache, struct cached *cached)
{
    cached->newer = NULL;
    cached->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = cached;
    else
        cache->oldest = cached;
    cache->newest = cached;
}

static void cache_use_unlink(struct cache *cache, struct cached *cached)
{
    *(cached->newer ? &cached->newer->older : &cache->newest) = cached->older;
    *(cached->older ? &cached->older->newer : &cache->oldest) = cached->newer;
}

static void cache_changed_link(struct cache *cache, struct cached *cached)
{
    cached->changed_after = NULL;
    cached->changed_before = cache->changed_last;
    *(cache->changed_last ? &cache->changed_last->changed_after : &cache->changed_first) = cached;
    cache->changed_last = cached;
    cache->changed_count++;
    cache->fresh_count += cached->fresh;
}

static void cache_changed_unlink(struct cache *cache, struct cached *cached)
{
    *(cached->changed_before ? &cached->changed_before->changed_after : &cache->changed_first) = cached->changed_after;
    *(cached->changed_after ? &cached->changed_after->changed_before : &cache->changed_last) = cached->changed_before;
    cache->changed_count--;
    cache->fresh_count -= cached->fresh;
}

static void cache_link(struct cache *cache, struct cached *cached)
{
    struct cached **slot = cache_slot(cache, cached->row.id);
    cached->next_in_slot = *slot;
    *slot = cached;
    cache_use_link(cache, cached);
    cache->count++;
    if (cached->changed)
        cache_changed_link(cache, cached);
}

static void cached_free(struct cached *cached)
{
    if (!cached)
        return;
    vault_record_release(cached->kind, cached_row(cached));
    free(cached);
}

struct cached *cache_find(struct cache *cache, enum vault_kind kind, const uint8_t id[STORE_ID_BYTES])
{
    struct cached *cached = *cache_slot(cache, id);
    while (cached && (cached->kind != kind || memcmp(cached->row.id, id, STORE_ID_BYTES) != 0))
        cached = cached->next_in_slot;
    if (cached && cached != cache->newest) {
        cache_use_unlink(cache, cached);
        cache_use_link(cache, cached);
    }
    return cached;
}

void cache_drop(struct cache *cache, struct cached *cached)
{
    struct cached **link = cache_slot(cache, cached->row.id);
    while (*link != cached)
        link = &(*link)->next_in_slot;
    *link = cached->next_in_slot;
    cache_use_unlink(cache, cached);
    cache->count--;
    if (cached->changed)
        cache_changed_unlink(cache, cached);
    cached_free(cached);
}

/* --- Records and their rows --------------------------------------------------------- */

static void cached_take_row(struct cached *cached, const struct store_row *row)
{
    cached->row = *row;
    cached->row.meta = NULL;
    cached->row.secret = NULL;
    cached->has_secret = row->secret != NULL;
    if (row->meta)
        memcpy(cached->meta_tag, (const uint8_t *)row->meta + row->meta_length - STORE_TAG_BYTES, STORE_TAG_BYTES);
    if (row->secret && row->secret != cached->secret_tag)
        memcpy(cached->secret_tag, (const uint8_t *)row->secret + row->secret_length - STORE_TAG_BYTES,
               STORE_TAG_BYTES);
}

static struct cached *cached_new(enum vault_kind kind, const struct vault_row *record, struct err *err)
{
    struct cached *cached = calloc(1, sizeof *cached + vault_shape(kind)->schema->size);
    if (!cached) {
        (void)err_set(err, ERR_MEMORY, "out of memory for a %s", vault_shape(kind)->name);
        return NULL;
    }
    cached->kind = kind;
    if (record_copy(kind, record, cached_row(cached), err) == ERR_OK)
        return cached;
    free(cached);
    return NULL;
}

enum err_code cache_add(struct cache *cache, enum vault_kind kind, const struct vault_row *record,
                        const struct store_row *row, struct cached **ret_cached, struct err *err)
{
    struct cached *cached = cached_new(kind, record, err);
    if (!cached)
        return ERR_MEMORY;
    cached_take_row(cached, row);
    cache_link(cache, cached);
    *ret_cached = cached;
    return ERR_OK;
}

void cache_fresh(struct cache *cache, struct cached *cached)
{
    cached->fresh = true;
    cached->changed = true;
    cache_changed_link(cache, cached);
}

enum err_code cache_change(struct cache *cache, struct cached *cached, const struct vault_row *record,
                           struct err *err)
{
    union vault_record copy;
    TRY(record_copy(cached->kind, record, &copy.row, err));
    vault_record_release(cached->kind, cached_row(cached));
    memcpy(cached->record, &copy, vault_shape(cached->kind)->schema->size);
    if (!cached->changed) {
        cached->changed = true;
        cache_changed_link(cache, cached);
    }
    return ERR_OK;
}

void cache_written(struct cache *cache, struct cached *cached, const struct store_row *row)
{
    if (cached->changed)
        cache_changed_unlink(cache, cached);
    cached->changed = false;
    cached->fresh = false;
    cached_take_row(cached, row);
}

/* --- Steps and groups ------------------------------------------------------------------ */

static struct cached *cached_copy(const struct cached *cached, struct err *err)
{
    const struct vault_row *record = (const struct vault_row *)(const void *)cached->record;
    struct cached *copy = cached_new(cached->kind, record, err);
    if (!copy)
        return NULL;
    copy->changed = cached->changed;
    copy->fresh = cached->fresh;
    copy->row = cached->row;
    copy->has_secret = cached->has_secret;
    memcpy(copy->meta_tag, cached->meta_tag, STORE_TAG_BYTES);
    memcpy(copy->secret_tag, cached->secret_tag, STORE_TAG_BYTES);
    return copy;
}

static enum err_code cache_note_room(struct cache *cache, struct err *err)
{
    if (cache->note_count < cache->note_capacity)
        return ERR_OK;
    size_t capacity = cache->note_capacity ? 2 * cache->note_capacity : 32;
    struct cache_note *notes = reallocarray(cache->notes, capacity, sizeof *notes);
    if (!notes)
        return err_set(err, ERR_MEMORY, "out of memory for a step of the vault");
    cache->notes = notes;
    cache->note_capacity = capacity;
    return ERR_OK;
}

enum err_code cache_note(struct cache *cache, struct cached *cached, struct err *err)
{
    cache->touched = true;
    if (!cache->in_step || cached->step == cache->step)
        return ERR_OK;
    TRY(cache_note_room(cache, err));
    struct cached *saved = NULL;
    if (cached->changed && !(saved = cached_copy(cached, err)))
        return ERR_MEMORY;
    struct cache_note *note = &cache->notes[cache->note_count++];
    *note = (struct cache_note){.kind = cached->kind, .saved = saved};
    memcpy(note->id, cached->row.id, STORE_ID_BYTES);
    cached->step = cache->step;
    return ERR_OK;
}

void cache_step_begin(struct cache *cache)
{
    cache->step++;
    cache->in_step = true;
}

void cache_step_end(struct cache *cache)
{
    while (cache->note_count > 0)
        cached_free(cache->notes[--cache->note_count].saved);
    cache->in_step = false;
}

/* Backwards: what was forgotten in the step and read again was noted twice, and the first note holds. */
void cache_step_undo(struct cache *cache)
{
    while (cache->note_count > 0) {
        struct cache_note *note = &cache->notes[--cache->note_count];
        struct cached *cached = cache_find(cache, note->kind, note->id);
        if (cached)
            cache_drop(cache, cached);
        if (note->saved)
            cache_link(cache, note->saved);
    }
    cache->in_step = false;
}

void cache_trim(struct cache *cache)
{
    struct cached *cached = cache->oldest;
    while (cached && cache->count > CACHE_KEPT) {
        struct cached *newer = cached->newer;
        if (!cached->changed)
            cache_drop(cache, cached);
        cached = newer;
    }
}

void cache_committed(struct cache *cache)
{
    cache->touched = false;
    cache_trim(cache);
}

void cache_rolled_back(struct cache *cache)
{
    cache_step_end(cache);
    if (cache->touched)
        cache_clear(cache);
    cache->touched = false;
}

void cache_clear(struct cache *cache)
{
    while (cache->oldest)
        cache_drop(cache, cache->oldest);
}

void cache_release(struct cache *cache)
{
    cache_step_end(cache);
    cache_clear(cache);
    free(cache->notes);
    cache->notes = NULL;
    cache->note_capacity = 0;
}
