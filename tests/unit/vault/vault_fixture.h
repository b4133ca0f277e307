/* A vault in a folder of its own, with clock and randomness in the test's hands,
 * and the hands of somebody who writes its files behind the agent's back. */
#ifndef KEYTURN_TEST_VAULT_FIXTURE_H
#define KEYTURN_TEST_VAULT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vault/vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char folder[256];
    char store_path[300];
    char audit_path[300];
    int64_t wall_ms;
    int64_t monotonic_ms;
    struct clock clock;
    struct vault *vault;
    struct secret *passphrase;
    uint64_t most_keys; /* from the next opening on; 0: as many as may be */
};

static inline int64_t fixture_wall(void *context)
{
    return ((struct fixture *)context)->wall_ms;
}
static inline int64_t fixture_monotonic(void *context)
{
    return ((struct fixture *)context)->monotonic_ms;
}

#define GOOD(call)                                                                                 \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        enum err_code good_code = (call);                                                          \
        if (good_code != ERR_OK)                                                                   \
            fail_msg("%s: %s: %s", #call, err_code_name(good_code), err.message);                  \
    } while (0)

/* The call fails with that code and its message has that text in it. */
#define REFUSED(expected, text, call)                                                              \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        enum err_code refused_code = (call);                                                       \
        if (refused_code != (expected) || !strstr(err.message, text))                              \
            fail_msg("%s: %s, not %s with \"%s\": %s", #call, err_code_name(refused_code),         \
                     err_code_name(expected), text, err.message);                                  \
    } while (0)

static inline struct secret *fixture_secret(const char *text)
{
    struct secret *secret = secret_new(strlen(text) + 1);
    assert_non_null(secret);
    assert_int_equal(secret_set(secret, text, strlen(text)), ERR_OK);
    return secret;
}

static inline void fixture_open(struct fixture *fixture)
{
    struct vault_options options = {.store_path = fixture->store_path,
                                    .audit_path = fixture->audit_path,
                                    .clock = &fixture->clock,
                                    .random = &random_system,
                                    .most_keys = fixture->most_keys};
    GOOD(vault_open(&options, &fixture->vault, &err));
}

/* Once per program, before the first secret. */
static inline int fixture_start(void **state)
{
    (void)state;
    GOOD(secret_init(&err));
    return 0;
}

/* A new, unlocked vault. A key file is its slot: Argon2id has tests of its own. */
static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(fixture);
    (void)snprintf(fixture->folder, sizeof fixture->folder, "%s/keyturn-vault-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->store_path, sizeof fixture->store_path, "%s/vault.db", fixture->folder);
    (void)snprintf(fixture->audit_path, sizeof fixture->audit_path, "%s/audit.jsonl", fixture->folder);
    fixture->wall_ms = 1795442527123;
    fixture->monotonic_ms = 1000;
    fixture->clock = (struct clock){fixture_wall, fixture_monotonic, fixture};
    fixture->passphrase = fixture_secret("a key file of thirty-two bytes at least");
    fixture_open(fixture);
    GOOD(vault_init(fixture->vault, "uid:0(root)", VAULT_SLOT_KEY_FILE, fixture->passphrase, true, &err));
    *state = fixture;
    return 0;
}

static inline void fixture_remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries))
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        (void)closedir(entries);
    (void)rmdir(folder);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    vault_close(fixture->vault);
    secret_free(fixture->passphrase);
    fixture_remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

static inline enum err_code fixture_unlock(struct fixture *fixture, uint64_t accept, struct err *err)
{
    struct secret *root = NULL;
    enum err_code code = vault_try_slots(fixture->vault, vault_writer(fixture->vault), VAULT_SLOT_KEY_FILE,
                                         fixture->passphrase, &root, err);
    if (code == ERR_OK)
        code = vault_unlock(fixture->vault, root, accept, "uid:0(root)", err);
    secret_free(root);
    return code;
}

/* Inside a transaction. */
static inline enum err_code fixture_add_slot(struct fixture *fixture, enum vault_slot_kind kind,
                                             const struct secret *material, uint32_t *ret_number, struct err *err)
{
    struct vault_new_slot slot = {0};
    *ret_number = vault_slot_next(fixture->vault);
    enum err_code code = vault_slot_make(fixture->vault, *ret_number, kind, material, true, &slot, err);
    if (code == ERR_OK)
        code = vault_slot_add(fixture->vault, &slot, err);
    buf_release(&slot.blob);
    return code;
}

/* Close, which locks, and open again, locked. */
static inline void fixture_reopen(struct fixture *fixture)
{
    fixture->vault = vault_close(fixture->vault);
    fixture_open(fixture);
}

/* --- Changes, each a group of one step ----------------------------------------- */

static inline void fixture_begin(struct fixture *fixture)
{
    GOOD(vault_begin(fixture->vault, &err));
    GOOD(vault_step_begin(fixture->vault, &err));
}

static inline void fixture_commit(struct fixture *fixture)
{
    GOOD(vault_step_end(fixture->vault, &err));
    GOOD(vault_commit(fixture->vault, &err));
}

static inline struct vault_key fixture_key(const char *environment, const char *name)
{
    struct vault_key key = {.class = VAULT_CLASS_LIVE, .created_at_ms = 1, .grace_ms = 5000};
    (void)snprintf(key.environment, sizeof key.environment, "%s", environment);
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    (void)snprintf(key.provider, sizeof key.provider, "amps");
    return key;
}

/* Inside a step: a key with one current version. */
static inline void fixture_add(struct fixture *fixture, const char *environment, const char *name,
                               const char *value, struct vault_key *ret_key, struct vault_version *ret_version)
{
    struct vault_key key = fixture_key(environment, name);
    struct vault_version version = {.number = 1, .state = VAULT_CURRENT};
    struct audit_entry entry = {.who = "uid:0(root)", .what = "key.add", .environment = environment,
                                .name = name, .version = 1};
    struct secret *secret = fixture_secret(value);
    GOOD(vault_insert(fixture->vault, VAULT_KEY, &key.row, NULL, &err));
    memcpy(version.row.parent, key.row.id, sizeof key.row.id);
    GOOD(vault_insert(fixture->vault, VAULT_VERSION, &version.row, secret, &err));
    key.current_number = 1;
    key.last_number = 1;
    memcpy(key.current_id, version.row.id, sizeof key.current_id);
    GOOD(vault_update(fixture->vault, VAULT_KEY, &key.row, &err));
    GOOD(vault_audit(fixture->vault, &entry, &err));
    secret_free(secret);
    if (ret_key)
        *ret_key = key;
    if (ret_version)
        *ret_version = version;
}

static inline void fixture_add_committed(struct fixture *fixture, const char *environment, const char *name,
                                         const char *value, struct vault_key *ret_key,
                                         struct vault_version *ret_version)
{
    fixture_begin(fixture);
    fixture_add(fixture, environment, name, value, ret_key, ret_version);
    fixture_commit(fixture);
}

/* --- Files ------------------------------------------------------------------------ */

/* A whole file, NUL-terminated; the caller frees it. */
static inline char *fixture_read(const char *path, size_t *ret_length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    char *bytes = calloc(1, (size_t)status.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
    (void)close(fd);
    if (ret_length)
        *ret_length = (size_t)status.st_size;
    return bytes;
}

static inline void fixture_write(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    (void)close(fd);
}

static inline size_t fixture_count(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

/* How often the log says so. */
static inline size_t fixture_log_count(const struct fixture *fixture, const char *part)
{
    char *log = fixture_read(fixture->audit_path, NULL);
    size_t count = fixture_count(log, part);
    free(log);
    return count;
}

#endif
