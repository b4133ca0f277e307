/* An engine on a thread of its own, with a real vault and a provider that is a
 * shell script over a folder: a key is a file there, named by its label. What
 * the script is asked stands in <folder>/log, a file <folder>/<action>.answer is its
 * answer instead of the truth, and it waits while there is <folder>/<action>.hold or
 * <folder>/<action>.<label>.hold. A file <folder>/<action>.once is its answer one time. */
#ifndef KEYTURN_TEST_ENGINE_FIXTURE_H
#define KEYTURN_TEST_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "action/action.h"
#include "engine/engine.h"
#include "http/http.h"
#include "rotation/revocation.h"
#include "rotation/rotation.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    char folder[200];
    struct vault *vault;
    struct provider_set *providers;
    struct engine *engine;
    struct secret *key_file;
    pthread_t thread;
    struct vault_session *session;
    int64_t programs_ms;   /* the same: so long programs run on at the end; 0: as long as usual */
    size_t open_rotations; /* from the next start on; 0: as many as may be */
    size_t parallel;       /* the same */
};

#define GOOD(call)                                                                                 \
    do {                                                                                           \
        struct err good_err = {0};                                                                 \
        enum err_code good_code = (call);                                                          \
        if (good_code != ERR_OK)                                                                   \
            fail_msg("%s: %s: %s", #call, err_code_name(good_code), good_err.message);             \
    } while (0)

#define REFUSED(expected, text, call)                                                              \
    do {                                                                                           \
        struct err good_err = {0};                                                                 \
        enum err_code refused_code = (call);                                                       \
        if (refused_code != (expected) || !strstr(good_err.message, text))                         \
            fail_msg("%s: %s, not %s with \"%s\": %s", #call, err_code_name(refused_code),         \
                     err_code_name(expected), text, good_err.message);                             \
    } while (0)

static inline void fixture_write(const struct fixture *fixture, const char *name, const char *text, mode_t mode)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static inline bool fixture_exists(const struct fixture *fixture, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    return access(path, F_OK) == 0;
}

static inline void fixture_remove(const struct fixture *fixture, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    assert_int_equal(unlink(path), 0);
}

static inline void fixture_read(const struct fixture *fixture, const char *name, char *out, size_t size)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(out, 1, size - 1, file) : 0;
    out[length] = '\0';
    if (file)
        fclose(file);
}

/* The system's clock, and so much ahead of it. Turned while no engine runs, as after a stop. */
static int64_t fixture_ahead_ms;
/* While they are not 0, the clocks stand there: what waits for a time waits for ever. */
static _Atomic int64_t fixture_frozen_ms, fixture_frozen_wall_ms;
static inline int64_t fixture_wall_ms(void *context)
{
    (void)context;
    int64_t frozen_ms = fixture_frozen_wall_ms;
    return frozen_ms ? frozen_ms : clock_wall_ms(&clock_system) + fixture_ahead_ms;
}
static inline int64_t fixture_monotonic_ms(void *context)
{
    (void)context;
    int64_t frozen_ms = fixture_frozen_ms;
    return frozen_ms ? frozen_ms : clock_monotonic_ms(&clock_system);
}
static inline void fixture_freeze(bool frozen)
{
    fixture_frozen_wall_ms = frozen ? clock_wall_ms(&clock_system) + fixture_ahead_ms : 0;
    fixture_frozen_ms = frozen ? clock_monotonic_ms(&clock_system) : 0;
}
static const struct clock fixture_clock = {.wall_ms = fixture_wall_ms, .monotonic_ms = fixture_monotonic_ms};

static const char fixture_script[] =
    "#!/bin/sh\n"
    "# provider.sh ACTION FOLDER\n"
    "input=$(cat)\n"
    "value() { printf %s \"$input\" | sed -nE \"s/.*\\\"$1\\\":\\\"([^\\\"]*)\\\".*/\\1/p\"; }\n"
    "label=$(value label)\n"
    "secret=$(value secret)\n"
    "owner() { grep -lxF -- \"$1\" \"$2\"/keys/* 2>/dev/null | head -n 1; }\n"
    "if [ \"$1\" = probe ]; then\n"
    "  file=$(owner \"$secret\" \"$2\")\n"
    "  echo \"probe ${file##*/}\" >>\"$2/log\"\n"
    "else\n"
    "  echo \"$1 $label\" >>\"$2/log\"\n"
    "fi\n"
    "while [ -e \"$2/$1.hold\" ] || [ -e \"$2/$1.$label.hold\" ]; do sleep 0.02; done\n"
    "[ ! -e \"$2/$1.slow\" ] || sleep \"$(cat \"$2/$1.slow\")\"\n"
    "if mv \"$2/$1.once\" \"$2/$1.said\" 2>/dev/null; then cat \"$2/$1.said\"; exit 0; fi\n"
    "if [ -e \"$2/$1.answer\" ]; then cat \"$2/$1.answer\"; exit 0; fi\n"
    "case $1 in\n"
    "issue)\n"
    "  made=fs_live_$label-0123456789abcdef\n"
    "  echo \"$made\" >\"$2/keys/$label\"\n"
    "  [ ! -e \"$2/issue.lost\" ] || exit 1\n"
    "  printf '{\"verdict\":\"done\",\"secret\":\"%s\",\"id\":\"%s\"}' \"$made\" \"$label\" ;;\n"
    "find)\n"
    "  if [ -e \"$2/keys/$label\" ]; then printf '{\"verdict\":\"found\",\"id\":\"%s\"}' \"$label\"\n"
    "  else printf '{\"verdict\":\"not_found\"}'; fi ;;\n"
    "revoke)\n"
    "  if [ -e \"$2/keys/$label\" ]; then rm \"$2/keys/$label\"; printf '{\"verdict\":\"done\"}'\n"
    "  else printf '{\"verdict\":\"gone\"}'; fi ;;\n"
    "probe)\n"
    "  if [ -n \"$file\" ]; then printf '{\"verdict\":\"alive\"}'; else printf '{\"verdict\":\"dead\"}'; fi ;;\n"
    "esac\n";

/* Three providers: fs issues, revokes and finds by itself; blind cannot find; manual leaves all to a person. */
static inline void fixture_provider(const struct fixture *fixture, const char *name, size_t automatic)
{
    char text[4000], file[64];
    size_t length = (size_t)snprintf(
        text, sizeof text,
        "name: %s\ntitle: %s\n"
        "environments:\n"
        "  - {name: live, class: live, base_url: 'http://127.0.0.1:1', key_pattern: '^fs_live_.+$'}\n"
        "  - {name: sandbox, class: test, base_url: 'http://127.0.0.1:1', key_pattern: '^fs_test_.+$'}\n"
        "limits: {parallel: 8, settle: 2, settle_interval: 10ms, propagation: 50ms, horizon: 1h}\n"
        "actions:\n"
        "  probe:\n    program: {command: ['%s/provider.sh', probe, '%s'], timeout: 10m}\n",
        name, name, fixture->folder, fixture->folder);
    static const char *const actions[] = {"issue", "revoke", "find"};
    for (size_t i = 0; i < (automatic == 3 ? 3u : 2u); i++) {
        if (!automatic)
            length += (size_t)snprintf(
                text + length, sizeof text - length,
                "  %s:\n    manual: {instructions: '%s {{label}} by hand', link: 'https://example.org/keys'}\n",
                actions[i], actions[i]);
        else
            length += (size_t)snprintf(
                text + length, sizeof text - length,
                "  %s:\n    program: {command: ['%s/provider.sh', %s, '%s'], timeout: 10m}\n",
                actions[i], fixture->folder, actions[i], fixture->folder);
    }
    snprintf(file, sizeof file, "providers/%s.yaml", name);
    fixture_write(fixture, file, text, 0600);
}

static inline void *fixture_loop(void *context)
{
    struct fixture *fixture = context;
    struct err err = {0};
    if (engine_run(fixture->engine, &err) != ERR_OK)
        fprintf(stderr, "%s\n", err.message);
    return NULL;
}

static inline void fixture_start(struct fixture *fixture)
{
    static const struct engine_environment environments[] = {{"live", VAULT_CLASS_LIVE},
                                                             {"sandbox", VAULT_CLASS_TEST}};
    static char store[300], audit[300], providers[300];
    snprintf(store, sizeof store, "%s/vault.db", fixture->folder);
    snprintf(audit, sizeof audit, "%s/audit.jsonl", fixture->folder);
    snprintf(providers, sizeof providers, "%s/providers", fixture->folder);
    const char *folders[] = {providers};
    struct vault_options vault = {
        .store_path = store, .audit_path = audit, .clock = &fixture_clock, .random = &random_system};
    GOOD(provider_set_load(folders, 1, &fixture->providers, &good_err));
    GOOD(vault_open(&vault, &fixture->vault, &good_err));
    struct engine_options options = {.vault = fixture->vault,
                                     .providers = fixture->providers,
                                     .environments = environments,
                                     .environment_count = 2,
                                     .clock = &fixture_clock,
                                     .random = &random_system,
                                     .open_rotations = fixture->open_rotations,
                                     .parallel = fixture->parallel,
                                     .drain_ms = 1,
                                     .programs_ms = fixture->programs_ms};
    GOOD(engine_new(&options, &fixture->engine, &good_err));
    assert_int_equal(pthread_create(&fixture->thread, NULL, fixture_loop, fixture), 0);
}

static inline void fixture_unlock(struct fixture *fixture)
{
    struct secret *root = NULL;
    GOOD(vault_session_new(fixture->vault, NULL, &fixture->session, &good_err));
    GOOD(vault_try_slots(fixture->vault, fixture->session, VAULT_SLOT_KEY_FILE, fixture->key_file, &root, &good_err));
    GOOD(engine_unlock(fixture->engine, "test", root, 0, &good_err));
    secret_free(root);
}

static inline void fixture_stop(struct fixture *fixture)
{
    engine_stop(fixture->engine);
    pthread_join(fixture->thread, NULL);
    fixture->session = vault_session_free(fixture->session);
    fixture->engine = engine_free(fixture->engine);
    fixture->vault = vault_close(fixture->vault);
    fixture->providers = provider_set_free(fixture->providers);
}

/* Once for all tests of a program. */
static inline int fixture_libraries(void **state)
{
    (void)state;
    GOOD(secret_init(&good_err));
    GOOD(http_init(&good_err));
    action_init();
    return 0;
}

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture_ahead_ms = 0;
    fixture_freeze(false);
    const char *base = getenv("TMPDIR");
    char path[300];
    snprintf(fixture->folder, sizeof fixture->folder, "%s/keyturn-engine.XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(path, sizeof path, "%s/keys", fixture->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/providers", fixture->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    fixture_write(fixture, "provider.sh", fixture_script, 0700);
    fixture_provider(fixture, "fs", 3);
    fixture_provider(fixture, "blind", 2);
    fixture_provider(fixture, "manual", 0);
    fixture->key_file = secret_new(64);
    GOOD(secret_set(fixture->key_file, "0123456789abcdef0123456789abcdef", 32));
    fixture_start(fixture);
    GOOD(engine_init(fixture->engine, "test", VAULT_SLOT_KEY_FILE, fixture->key_file, true, &good_err));
    GOOD(vault_session_new(fixture->vault, NULL, &fixture->session, &good_err));
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[300];
    fixture_stop(fixture);
    secret_free(fixture->key_file);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    int status = system(command);
    free(fixture);
    return status;
}

static inline void fixture_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

static inline struct vault_key fixture_key(struct fixture *fixture, const char *name)
{
    struct vault_key key = {0};
    GOOD(vault_key_find(fixture->session, "live", name, &key, &good_err));
    struct vault_key copy = key;
    copy.labels = (struct vault_text){0};
    vault_record_release(VAULT_KEY, &key.row);
    return copy;
}

/* Wait until condition holds for the key; fail after two minutes. */
#define WAIT_FOR(fixture, name, condition)                                                         \
    do {                                                                                           \
        struct vault_key key = {0};                                                                \
        int left = 12000;                                                                          \
        do {                                                                                       \
            fixture_sleep();                                                                       \
            key = fixture_key(fixture, name);                                                      \
        } while (!(condition) && --left > 0);                                                      \
        if (!left)                                                                                 \
            fail_msg("%s never came: current %u, rotation state %d, open revocations %u",          \
                     #condition, key.current_number, key.rotation_state - 1, key.open_revocations); \
    } while (0)

static inline struct vault_version fixture_version(struct fixture *fixture, const char *name, uint32_t number)
{
    struct vault_key key = fixture_key(fixture, name);
    struct vault_version version = {0};
    GOOD(vault_version_by_number(fixture->session, &key, number, &version, &good_err));
    return version;
}

static inline struct vault_rotation fixture_rotation(struct fixture *fixture, const uint8_t *id)
{
    struct vault_rotation rotation = {0};
    GOOD(vault_get(fixture->session, VAULT_ROTATION, id, &rotation.row, &good_err));
    return rotation;
}

/* The place of the first line of the log that is text, or -1. */
static inline long fixture_logged(struct fixture *fixture, const char *text)
{
    static char log[64 * 1024];
    fixture_read(fixture, "log", log, sizeof log);
    const char *at = strstr(log, text);
    return at ? (long)(at - log) : -1;
}

static inline void fixture_wait_logged(struct fixture *fixture, const char *text)
{
    for (int left = 12000; fixture_logged(fixture, text) < 0 && left > 0; left--)
        fixture_sleep();
    if (fixture_logged(fixture, text) < 0)
        fail_msg("%s never came", text);
}

/* How often the text stands in the log. */
static inline size_t fixture_times_logged(struct fixture *fixture, const char *text)
{
    static char log[64 * 1024];
    size_t times = 0;
    fixture_read(fixture, "log", log, sizeof log);
    for (const char *at = log; (at = strstr(at, text)); at++)
        times++;
    return times;
}

/* The action of the script, or that of one label ("issue.api-2"), waits from here on until it is let go. */
static inline void fixture_hold(const struct fixture *fixture, const char *action)
{
    char file[96];
    snprintf(file, sizeof file, "%s.hold", action);
    fixture_write(fixture, file, "", 0600);
}

static inline void fixture_let_go(const struct fixture *fixture, const char *action)
{
    char file[96];
    snprintf(file, sizeof file, "%s.hold", action);
    fixture_remove(fixture, file);
}

static inline struct secret *fixture_secret(const char *text)
{
    struct secret *secret = secret_new(strlen(text));
    GOOD(secret_set(secret, text, strlen(text)));
    return secret;
}

#endif
