/* What the tests of deliveries share: a folder of their own, a pool, and one
 * call that parses a definition and carries an operation out. */
#ifndef KEYTURN_TESTS_DELIVERY_BENCH_H
#define KEYTURN_TESTS_DELIVERY_BENCH_H

#include "delivery/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BENCH_SECRET "sk_live_Zq81nV0tYxW3pLmR7c41f"

struct bench {
    char folder[256];
    char file[300];
    sem_t ended;
    struct work_pool *pool;
    struct action_runner runner;
    struct delivery_result result;
    bool done;
};

static inline void bench_wake(void *context)
{
    struct bench *bench = context;
    sem_post(&bench->ended);
}

static inline void bench_open(struct bench *bench)
{
    struct err err;
    const char *base = getenv("TMPDIR");
    memset(bench, 0, sizeof *bench);
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/keyturn-delivery-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->file, sizeof bench->file, "%s/amps.env", bench->folder);
    sem_init(&bench->ended, 0, 0);
    assert_int_equal(work_pool_new(2, bench_wake, bench, &bench->pool, &err), ERR_OK);
    bench->runner = (struct action_runner){.work = bench->pool, .clock = &clock_system};
}

static inline int bench_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void bench_close(struct bench *bench)
{
    work_pool_free(bench->pool);
    sem_destroy(&bench->ended);
    assert_int_equal(nftw(bench->folder, bench_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct delivery *bench_parse(const char *json)
{
    struct err err = {0};
    struct delivery *delivery = NULL;
    if (delivery_parse("delivery 1", json, strlen(json), NULL, &delivery, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return delivery;
}

static inline void bench_done(void *context, const struct delivery_result *result)
{
    struct bench *bench = context;
    bench->result = *result;
    bench->done = true;
}

static inline struct secret *bench_secret(const void *bytes, size_t length)
{
    struct secret *secret = secret_new(length > 0 ? length : 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, bytes, length), ERR_OK);
    return secret;
}

static inline void bench_operate(struct bench *bench, const char *json, enum delivery_operation operation,
                                 const struct secret *secret)
{
    struct err err = {0};
    OWN(delivery_free) struct delivery *delivery = bench_parse(json);
    const struct delivery_subject subject = {
        .key = "live/reporting", .environment = "live", .name = "reporting", .version = 8, .secret = secret};
    bench->done = false;
    assert_int_equal(delivery_start(&bench->runner, delivery, operation, &subject, false, bench_done, bench, &err),
                     ERR_OK);
    while (!bench->done)
        if (work_collect(bench->pool) == 0)
            (void)sem_wait(&bench->ended);
}

static inline void bench_put(struct bench *bench, const char *json, const char *secret_text)
{
    OWN(secret_free) struct secret *secret = bench_secret(secret_text, strlen(secret_text));
    bench_operate(bench, json, DELIVERY_PUT, secret);
}

/* A file delivery to bench->file; more is what follows the path, as ",\"mode\":\"0640\"". */
static inline const char *bench_file(const struct bench *bench, const char *more, char json[2048])
{
    (void)snprintf(json, 2048, "{\"kind\":\"file\",\"class\":\"live\",\"path\":\"%s\"%s}", bench->file, more);
    return json;
}

static inline void bench_put_file(struct bench *bench, const char *more, const char *secret_text)
{
    char json[2048];
    bench_put(bench, bench_file(bench, more, json), secret_text);
}

static inline void bench_write(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static inline size_t bench_read(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("cannot open %s", path);
    ssize_t got = read(fd, out, size - 1);
    (void)close(fd);
    assert_true(got >= 0);
    out[got] = '\0';
    return (size_t)got;
}

static inline void assert_content(const char *path, const char *expected)
{
    char content[4096];
    (void)bench_read(path, content, sizeof content);
    assert_string_equal(content, expected);
}

static inline void assert_done(const struct bench *bench, const char *detail)
{
    if (!bench->result.done)
        fail_msg("not done: %s", bench->result.detail);
    assert_string_equal(bench->result.detail, detail);
}

static inline void assert_failed(const struct bench *bench, bool transient, const char *says)
{
    assert_false(bench->result.done);
    if (!strstr(bench->result.detail, says))
        fail_msg("'%s' is not in: %s", says, bench->result.detail);
    assert_int_equal(bench->result.transient, transient);
}

/* How many names are in the folder, hidden ones included. */
static inline size_t bench_count(const char *folder)
{
    size_t count = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    (void)closedir(entries);
    return count;
}

static inline int bench_start(void **state)
{
    (void)state;
    struct err err;
    return secret_init(&err) == ERR_OK ? 0 : -1;
}

#endif
