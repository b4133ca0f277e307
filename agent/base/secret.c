#include "base/secret.h"

#include "secret_private.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* sodium_malloc ignores it when mlock fails. Locking the pages again tells us,
 * and counts nothing against the limit where it did succeed. */
unsigned char *secret_pages_new(size_t bytes)
{
    unsigned char *pages = sodium_malloc(bytes);
    if (pages && mlock(pages, bytes) != 0) {
        sodium_free(pages);
        return NULL;
    }
    return pages;
}

struct secret *secret_new(size_t capacity)
{
    return secret_new_in(NULL, capacity);
}

struct secret *secret_new_in(struct secret_arena *arena, size_t capacity)
{
    if (capacity < 1 || capacity > SECRET_MAX_BYTES)
        return NULL;
    struct secret *secret = arena ? arena_take(arena, capacity) : NULL;
    if (secret)
        return secret;
    secret = calloc(1, sizeof *secret);
    if (!secret)
        return NULL;
    secret->capacity = capacity;
    secret->bytes = secret_pages_new(capacity);
    if (!secret->bytes) {
        free(secret);
        return NULL;
    }
    return secret;
}

struct secret *secret_free(struct secret *secret)
{
    if (!secret)
        return NULL;
    if (secret->arena) {
        arena_return(secret->arena, secret);
        return NULL;
    }
    sodium_free(secret->bytes); /* wipes first */
    free(secret);
    return NULL;
}

size_t secret_length(const struct secret *secret)
{
    return secret->length;
}

size_t secret_capacity(const struct secret *secret)
{
    return secret->capacity;
}

const unsigned char *secret_peek(const struct secret *secret)
{
    return secret->bytes;
}

unsigned char *secret_fill(struct secret *secret)
{
    return secret->bytes;
}

void secret_set_length(struct secret *secret, size_t length)
{
    if (length > secret->capacity)
        sodium_misuse();
    secret->length = length;
}

enum err_code secret_set(struct secret *secret, const void *bytes, size_t length)
{
    if (length > secret->capacity)
        return ERR_LIMIT;
    if (length > 0)
        memmove(secret->bytes, bytes, length);
    secret->length = length;
    return ERR_OK;
}

enum err_code secret_append(struct secret *secret, const void *bytes, size_t length)
{
    if (length > secret->capacity - secret->length)
        return ERR_LIMIT;
    if (length > 0)
        memmove(secret->bytes + secret->length, bytes, length);
    secret->length += length;
    return ERR_OK;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->length == b->length && sodium_memcmp(a->bytes, b->bytes, a->length) == 0;
}

void secret_wipe(void *bytes, size_t length)
{
    sodium_memzero(bytes, length);
}

/* Fill secret until the end of fd, or of its line on a terminal (which has no
 * other end), or until it is full. */
static enum err_code secret_read_on(int fd, const char *what, struct secret *secret, struct err *err)
{
    bool terminal = isatty(fd);
    while (secret->length < secret->capacity) {
        ssize_t got = read(fd, secret->bytes + secret->length, secret->capacity - secret->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "cannot read %s", what);
        if (got == 0)
            return ERR_OK;
        secret->length += (size_t)got;
        if (terminal && secret->bytes[secret->length - 1] == '\n')
            return ERR_OK;
    }
    return ERR_OK;
}

enum err_code secret_read_fd(int fd, size_t max_bytes, const char *what, struct secret **ret_secret,
                             struct err *err)
{
    /* Room for the line feed, and for one byte that proves it too long. */
    OWN(secret_free) struct secret *secret = secret_new(max_bytes + 2);
    if (!secret)
        return err_set(err, ERR_MEMORY, "no locked memory to read %s into", what);
    TRY(secret_read_on(fd, what, secret, err));
    if (secret->length > 0 && secret->bytes[secret->length - 1] == '\n')
        secret->length--;
    if (secret->length > max_bytes)
        return err_set(err, ERR_LIMIT, "%s has more than %zu bytes", what, max_bytes);
    if (secret->length == 0)
        return err_set(err, ERR_INVALID, "%s is empty", what);
    *ret_secret = GIVE(secret);
    return ERR_OK;
}
