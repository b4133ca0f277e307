/* What a secret is made of; shared by secret.c and arena.c alone. */
#ifndef KEYTURN_BASE_SECRET_PRIVATE_H
#define KEYTURN_BASE_SECRET_PRIVATE_H

#include "base/secret.h"

enum { SECRET_MAX_BYTES = 1024 * 1024 };

/* The header holds nothing secret and lies in ordinary memory, so that the bytes
 * end right at the guard page. */
struct secret {
    struct secret_arena *arena; /* the arena of its bytes, or NULL: pages of its own */
    unsigned char *bytes;
    size_t capacity;
    size_t length;
};

/* Guarded memory that is surely locked, or NULL. Freed with sodium_free. */
unsigned char *secret_pages_new(size_t bytes);

/* A piece of the arena, or NULL when it has no room. */
struct secret *arena_take(struct secret_arena *arena, size_t capacity);
/* Wipe the piece and take it back. */
void arena_return(struct secret_arena *arena, struct secret *secret);

#endif
