/* Secret values: the only way a secret is held in memory.
 *
 * A struct secret has guarded, locked memory (sodium_malloc), a capacity fixed
 * at birth, a length up to it, and is wiped when freed. Its bytes are reached
 * through secret_peek alone; no function takes a secret as char * but the user
 * of that borrow.
 *
 * sodium_malloc costs about 28 microseconds, so a thread that handles many
 * short-lived secrets owns a secret_arena: one guarded region that hands out
 * pieces and wipes each when its secret is freed. An arena and its secrets
 * belong to one thread; another thread may borrow (peek) meanwhile. */
#ifndef KEYTURN_BASE_SECRET_H
#define KEYTURN_BASE_SECRET_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct secret;
struct secret_arena;

/* Once per process, before anything else: starts libsodium, forbids core dumps
 * (RLIMIT_CORE 0, PR_SET_DUMPABLE 0) and checks that memory can be locked.
 * ERR_MEMORY with a remedy when it cannot. Children of fork lock nothing. */
enum err_code secret_init(struct err *err) ERR_MUST_CHECK;

/* After it, where secrets pass through libraries, for the sake of the copies that
 * those make: with CAP_IPC_LOCK or an unlimited RLIMIT_MEMLOCK all memory of the
 * process is locked as it is touched. A process that drops CAP_IPC_LOCK calls this
 * before. */
void secret_lock_all(void);

/* An empty secret of that capacity (1 to 1 MiB), or NULL when memory is short
 * or cannot be locked. arena may be NULL (pages of its own). When an arena is
 * full the secret gets pages of its own. */
struct secret *secret_new(size_t capacity) ERR_MUST_CHECK;
struct secret *secret_new_in(struct secret_arena *arena, size_t capacity) ERR_MUST_CHECK;
struct secret *secret_free(struct secret *secret);
OWN_DEFINE(struct secret, secret_free);

size_t secret_length(const struct secret *secret);
size_t secret_capacity(const struct secret *secret);

/* The one borrow: secret_length bytes, valid until the secret changes or is
 * freed. Not NUL-terminated. */
const unsigned char *secret_peek(const struct secret *secret);

/* For read(2), decryption and the like: capacity bytes to write into, then
 * secret_set_length (a length past the capacity is a bug and aborts). */
unsigned char *secret_fill(struct secret *secret);
void secret_set_length(struct secret *secret, size_t length);

/* Copy in. ERR_LIMIT when it does not fit; the secret is then unchanged. */
enum err_code secret_set(struct secret *secret, const void *bytes, size_t length) ERR_MUST_CHECK;
enum err_code secret_append(struct secret *secret, const void *bytes, size_t length) ERR_MUST_CHECK;

/* Constant time for equal lengths. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Wipe bytes somebody else's library left behind. */
void secret_wipe(void *bytes, size_t length);

/* Read a secret from a descriptor (terminal, pipe, file) to its end with
 * read(2), or of its line on a terminal; one trailing line feed is removed. ERR_LIMIT when longer than
 * max_bytes, ERR_INVALID when empty. Blocks. what names it in messages. */
enum err_code secret_read_fd(int fd, size_t max_bytes, const char *what, struct secret **ret_secret,
                             struct err *err) ERR_MUST_CHECK;

/* An arena of that many bytes (rounded up to blocks of 512), or NULL. So much may be locked, but only
 * what is used takes up memory. All its secrets must be freed before it: one that is left is a bug and
 * aborts. */
struct secret_arena *secret_arena_new(size_t bytes) ERR_MUST_CHECK;
/* Give the memory that was used back, unless a secret is in it. */
void secret_arena_rest(struct secret_arena *arena);
struct secret_arena *secret_arena_free(struct secret_arena *arena);
OWN_DEFINE(struct secret_arena, secret_arena_free);

#endif
