#include "finder.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FINDER_BLOCKS = 65536, FINDER_NONE = -1 };

struct finder_word {
    char *bytes; /* owned */
    size_t length;
    int32_t next; /* of those with the same block */
};

struct finder {
    uint8_t shift[FINDER_BLOCKS]; /* how far on the window may move; 0: look closer */
    int32_t first[FINDER_BLOCKS]; /* the first word whose window ends in this block */
    size_t window;                /* the shortest word's length */
    struct finder_word *words;
    size_t count;
};

static size_t finder_block(const unsigned char *at)
{
    return (size_t)at[0] | (size_t)at[1] << 8;
}

/* The block that ends i bytes into a word may be reached by a shift of what is left of the window. */
static void finder_enter(struct finder *finder, int32_t index)
{
    struct finder_word *word = &finder->words[index];
    const unsigned char *bytes = (const unsigned char *)word->bytes;
    for (size_t i = 0; i + 2 <= finder->window; i++) {
        uint8_t *shift = &finder->shift[finder_block(bytes + i)];
        size_t left = finder->window - 2 - i;
        *shift = left < *shift ? (uint8_t)left : *shift;
    }
    int32_t *first = &finder->first[finder_block(bytes + finder->window - 2)];
    word->next = *first;
    *first = index;
}

static enum err_code finder_fill(struct finder *finder, const char *const *words, size_t count, struct err *err)
{
    finder->window = FINDER_MOST_BYTES;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        if (length < FINDER_LEAST_BYTES || length > FINDER_MOST_BYTES)
            return err_set(err, ERR_INVALID, "a string to be found has %d to %d bytes, not %zu",
                           FINDER_LEAST_BYTES, FINDER_MOST_BYTES, length);
        finder->words[i] = (struct finder_word){.bytes = strdup(words[i]), .length = length};
        if (!finder->words[finder->count++].bytes)
            return err_set(err, ERR_MEMORY, "out of memory");
        finder->window = length < finder->window ? length : finder->window;
    }
    memset(finder->shift, (int)(finder->window - 1), sizeof finder->shift);
    for (size_t i = 0; i < FINDER_BLOCKS; i++)
        finder->first[i] = FINDER_NONE;
    for (size_t i = 0; i < count; i++)
        finder_enter(finder, (int32_t)i);
    return ERR_OK;
}

enum err_code finder_new(const char *const *words, size_t count, struct finder **ret_finder, struct err *err)
{
    OWN(finder_free) struct finder *finder = calloc(1, sizeof *finder);
    if (!finder)
        return err_set(err, ERR_MEMORY, "out of memory");
    finder->words = calloc(count + 1, sizeof *finder->words);
    if (!finder->words)
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(finder_fill(finder, words, count, err));
    *ret_finder = GIVE(finder);
    return ERR_OK;
}

struct finder *finder_free(struct finder *finder)
{
    if (!finder)
        return NULL;
    for (size_t i = 0; i < finder->count; i++)
        free(finder->words[i].bytes);
    free(finder->words);
    free(finder);
    return NULL;
}

static bool finder_match(const struct finder *finder, const unsigned char *text, size_t length, size_t start,
                         struct finder_hit *ret_hit)
{
    int32_t index = finder->first[finder_block(text + start + finder->window - 2)];
    for (; index != FINDER_NONE; index = finder->words[index].next) {
        const struct finder_word *word = &finder->words[index];
        if (word->length > length - start || memcmp(text + start, word->bytes, word->length) != 0)
            continue;
        *ret_hit = (struct finder_hit){start, word->length};
        return true;
    }
    return false;
}

bool finder_next(const struct finder *finder, const unsigned char *text, size_t length, size_t from,
                 struct finder_hit *ret_hit)
{
    size_t window = finder->window;
    if (finder->count == 0)
        return false;
    for (size_t start = from; start + window <= length;) {
        size_t shift = finder->shift[finder_block(text + start + window - 2)];
        if (shift == 0 && finder_match(finder, text, length, start, ret_hit))
            return true;
        start += shift > 0 ? shift : 1;
    }
    return false;
}
