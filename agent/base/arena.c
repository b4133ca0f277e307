/* An arena: one guarded, locked region of blocks and, in ordinary memory, a
 * bitmap of the taken ones and a header for each block that may start a secret.
 * First fit: secrets are few and short-lived, and most take one block. So the
 * region's first pages are the ones in use; the others take up memory, and are
 * locked, from their first use on. */
#include "secret_private.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARENA_BLOCK_BYTES = 512, ARENA_WORD_BITS = 64 };

struct secret_arena {
    unsigned char *region;
    size_t blocks;
    struct secret *headers; /* one a block */
    uint64_t *taken;        /* one bit a block */
};

static size_t arena_blocks(size_t bytes)
{
    return (bytes + ARENA_BLOCK_BYTES - 1) / ARENA_BLOCK_BYTES;
}

/* What holds no secret goes back to the system. The region stays locked, so that each page is as soon as it
 * is touched. (A kernel before 5.18 says no, and the pages stay where they are.) */
static void arena_drop_pages(const struct secret_arena *arena)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (page - (uintptr_t)arena->region % page) % page; /* sodium's own bytes lie in the first */
    size_t bytes = arena->blocks * ARENA_BLOCK_BYTES;
    if (bytes > before + page)
        (void)madvise(arena->region + before, (bytes - before) / page * page, MADV_DONTNEED_LOCKED);
}

struct secret_arena *secret_arena_new(size_t bytes)
{
    size_t blocks = arena_blocks(bytes);
    if (blocks == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    OWN(secret_arena_free) struct secret_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->blocks = blocks;
    arena->headers = calloc(blocks, sizeof *arena->headers);
    arena->taken = calloc(blocks / ARENA_WORD_BITS + 1, sizeof *arena->taken);
    arena->region = secret_pages_new(blocks * ARENA_BLOCK_BYTES);
    if (!arena->headers || !arena->taken || !arena->region)
        return NULL;
    arena_drop_pages(arena);
    return GIVE(arena);
}

static bool arena_is_taken(const struct secret_arena *arena, size_t block)
{
    return arena->taken[block / ARENA_WORD_BITS] >> (block % ARENA_WORD_BITS) & 1;
}

static void arena_mark(struct secret_arena *arena, size_t first, size_t count, bool taken)
{
    for (size_t block = first; block < first + count; block++) {
        uint64_t bit = (uint64_t)1 << (block % ARENA_WORD_BITS);
        if (taken)
            arena->taken[block / ARENA_WORD_BITS] |= bit;
        else
            arena->taken[block / ARENA_WORD_BITS] &= ~bit;
    }
}

/* The first of count free blocks in a row, or arena->blocks. */
static size_t arena_find(const struct secret_arena *arena, size_t count)
{
    size_t run = 0;
    for (size_t block = 0; block < arena->blocks; block++) {
        if (block % ARENA_WORD_BITS == 0 && arena->taken[block / ARENA_WORD_BITS] == UINT64_MAX) {
            run = 0;
            block += ARENA_WORD_BITS - 1;
            continue;
        }
        run = arena_is_taken(arena, block) ? 0 : run + 1;
        if (run == count)
            return block + 1 - count;
    }
    return arena->blocks;
}

struct secret *arena_take(struct secret_arena *arena, size_t capacity)
{
    size_t count = arena_blocks(capacity);
    size_t first = arena_find(arena, count);
    if (first == arena->blocks)
        return NULL;
    arena_mark(arena, first, count, true);
    arena->headers[first] = (struct secret){
        .arena = arena,
        .bytes = arena->region + first * ARENA_BLOCK_BYTES,
        .capacity = capacity,
    };
    return &arena->headers[first];
}

void arena_return(struct secret_arena *arena, struct secret *secret)
{
    sodium_memzero(secret->bytes, secret->capacity);
    arena_mark(arena, (size_t)(secret - arena->headers), arena_blocks(secret->capacity), false);
    *secret = (struct secret){0};
}

static bool arena_is_empty(const struct secret_arena *arena)
{
    for (size_t word = 0; word <= arena->blocks / ARENA_WORD_BITS; word++)
        if (arena->taken[word])
            return false;
    return true;
}

void secret_arena_rest(struct secret_arena *arena)
{
    if (arena_is_empty(arena))
        arena_drop_pages(arena);
}

struct secret_arena *secret_arena_free(struct secret_arena *arena)
{
    if (!arena)
        return NULL;
    /* A secret that outlives its arena would read pages that are gone: a bug that must not stay hidden. */
    if (arena->taken && !arena_is_empty(arena))
        sodium_misuse();
    sodium_free(arena->region);
    free(arena->headers);
    free(arena->taken);
    free(arena);
    return NULL;
}
