/* A store in a temporary folder, and rows to put into it. */
#ifndef KEYTURN_TESTS_STORE_FIXTURE_H
#define KEYTURN_TESTS_STORE_FIXTURE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char folder[256];
    char path[300];
    struct store *store; /* a writer, or NULL */
    struct err err;
};

#define assert_ok(fixture, call)                                                                   \
    do {                                                                                           \
        enum err_code assert_code = (call);                                                        \
        if (assert_code != ERR_OK)                                                                 \
            fail_msg("%s: %s: %s", #call, err_code_name(assert_code), (fixture)->err.message);     \
    } while (0)

#define assert_code(fixture, want, call)                                                           \
    do {                                                                                           \
        enum err_code assert_got = (call);                                                         \
        if (assert_got != (want))                                                                  \
            fail_msg("%s: wanted %s, got %s: %s", #call, err_code_name(want),                      \
                     err_code_name(assert_got), (fixture)->err.message);                           \
    } while (0)

#define assert_says(fixture, text)                                                                 \
    do {                                                                                           \
        if (!strstr((fixture)->err.message, (text)))                                               \
            fail_msg("message lacks '%s': %s", (text), (fixture)->err.message);                    \
    } while (0)

static inline int fixture_remove(const char *name, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(name);
}

/* A folder without a store. */
static inline int fixture_folder(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const char *root = getenv("TMPDIR");
    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "%s/keyturn-store-XXXXXX",
                   root && strlen(root) < 200 ? root : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store", fixture->folder);
    *state = fixture;
    return 0;
}

/* A folder with an empty store, open for writing. */
static inline int fixture_store(void **state)
{
    fixture_folder(state);
    struct fixture *fixture = *state;
    assert_ok(fixture, store_create(fixture->path, &fixture->err));
    assert_ok(fixture, store_open_writer(fixture->path, &fixture->store, &fixture->err));
    return 0;
}

static inline int fixture_end(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    (void)nftw(fixture->folder, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* path and suffix; valid until the next call. */
static inline const char *beside(const struct fixture *fixture, const char *suffix)
{
    static char name[400];
    (void)snprintf(name, sizeof name, "%s%s", fixture->path, suffix);
    return name;
}

static inline void close_store(struct fixture *fixture)
{
    fixture->store = store_close(fixture->store);
}

static inline void open_store(struct fixture *fixture)
{
    assert_ok(fixture, store_open_writer(fixture->path, &fixture->store, &fixture->err));
}

/* Bytes that follow from a number: an id, an index, a sealed blob. */
enum { SEALED_BYTES = 128 };
static inline const uint8_t *id_of(unsigned number)
{
    static uint8_t ids[4][STORE_ID_BYTES];
    static unsigned next;
    uint8_t *id = ids[next++ % 4];
    memset(id, 0, STORE_ID_BYTES);
    id[0] = (uint8_t)(number >> 8);
    id[1] = (uint8_t)number;
    memset(id + 2, 0x5a, STORE_ID_BYTES - 2);
    return id;
}

static inline const uint8_t *sealed_of(unsigned number)
{
    static uint8_t blobs[4][SEALED_BYTES];
    static unsigned next;
    uint8_t *blob = blobs[next++ % 4];
    for (unsigned i = 0; i < SEALED_BYTES; i++)
        blob[i] = (uint8_t)(number * 31 + i * 7 + (number >> 8));
    return blob;
}

static inline struct store_row key_row(unsigned number)
{
    struct store_row row = {.has_index = true, .revision = 1, .meta_length = SEALED_BYTES};
    memcpy(row.id, id_of(number), STORE_ID_BYTES);
    memset(row.index, 0x11, STORE_INDEX_BYTES);
    memcpy(row.index, row.id, 2);
    row.meta = sealed_of(number);
    return row;
}

/* A version of key number parent. */
static inline struct store_row version_row(unsigned number, unsigned parent)
{
    struct store_row row = key_row(number);
    row.has_parent = true;
    memcpy(row.parent, id_of(parent), STORE_ID_BYTES);
    row.secret = sealed_of(number + 1);
    row.secret_length = SEALED_BYTES;
    return row;
}

static inline void insert_committed(struct fixture *fixture, enum store_table table, struct store_row row)
{
    assert_ok(fixture, store_begin(fixture->store, &fixture->err));
    assert_ok(fixture, store_insert(fixture->store, table, &row, &fixture->err));
    assert_ok(fixture, store_commit(fixture->store, &fixture->err));
}

static inline void assert_same_row(const struct store_row *got, const struct store_row *want)
{
    assert_memory_equal(got->id, want->id, STORE_ID_BYTES);
    assert_int_equal(got->has_parent, want->has_parent);
    assert_memory_equal(got->parent, want->parent, STORE_ID_BYTES);
    assert_int_equal(got->has_index, want->has_index);
    assert_memory_equal(got->index, want->index, STORE_INDEX_BYTES);
    assert_true(got->revision == want->revision);
    assert_true(got->due_at_ms == want->due_at_ms);
    assert_int_equal(got->meta_length, want->meta_length);
    assert_memory_equal(got->meta, want->meta, want->meta_length);
    assert_int_equal(got->secret_length, want->secret_length);
    if (want->secret)
        assert_memory_equal(got->secret, want->secret, want->secret_length);
    else
        assert_null(got->secret);
}

/* The whole file into memory, and back as the store. */
static inline uint8_t *slurp(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), (size_t)length);
    fclose(file);
    *ret_length = (size_t)length;
    return bytes;
}

static inline void spill(const char *path, const void *bytes, size_t length)
{
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

/* Remove the files that an earlier opening left beside the store. */
static inline void remove_beside(const struct fixture *fixture)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ".lock", ".new", ".new-journal",
                                           ".new-wal", ".new-shm", ".before-2", ".before-2-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        (void)unlink(beside(fixture, suffixes[i]));
}

#endif
