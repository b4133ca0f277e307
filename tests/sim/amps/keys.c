#include "keys.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Three intrusive hash tables over the same keys; doubled when full. */
enum by { BY_SECRET, BY_ID, BY_NAME, BY_COUNT };

struct keys {
    const struct clock *clock;
    const struct random *random;
    struct key **all; /* in the order of making */
    size_t count;
    size_t capacity;
    size_t not_revoked;
    struct key **chains[BY_COUNT];
    size_t chain_count; /* a power of two */
};

static const char *const environment_names[] = {[KEY_SANDBOX] = "sandbox", [KEY_LIVE] = "live"};
static const char *const state_names[] = {
    [KEY_ACTIVE] = "active", [KEY_DISABLED] = "disabled", [KEY_REVOKED] = "revoked"};
static const char *const prefixes[AMPS_PREFIX_STYLES][2] = {
    [AMPS_PREFIX_TEST] = {[KEY_SANDBOX] = "sk_test_", [KEY_LIVE] = "sk_live_"},
    [AMPS_PREFIX_SANDBOX] = {[KEY_SANDBOX] = "sk_sandbox_", [KEY_LIVE] = "sk_live_"},
    [AMPS_PREFIX_AMPS_SK] = {[KEY_SANDBOX] = "amps_sk_test_", [KEY_LIVE] = "amps_sk_live_"},
};

const char *key_environment_name(enum key_environment environment)
{
    return environment_names[environment];
}

bool key_environment_parse(const char *text, enum key_environment *ret)
{
    for (enum key_environment i = KEY_SANDBOX; i <= KEY_LIVE; i++) {
        if (strcmp(text, environment_names[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

const char *key_state_name(enum key_state state)
{
    return state_names[state];
}

bool key_works(const struct key *key, int64_t now_ms)
{
    return now_ms >= key->works_at_ms && (key->state == KEY_ACTIVE || now_ms < key->dies_at_ms);
}

/* --- the indexes --------------------------------------------------------- */

static const char *indexed_text(const struct key *key, enum by by)
{
    switch (by) {
    case BY_SECRET:
        return key->secret;
    case BY_ID:
        return key->id;
    case BY_NAME:
    case BY_COUNT:
        break;
    }
    return key->name;
}

/* FNV-1a, 64 bit. */
static size_t chain_of(const struct keys *keys, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ (hash >> 32)) & (keys->chain_count - 1);
}

static void enter(struct keys *keys, struct key *key, enum by by)
{
    struct key **chain = &keys->chains[by][chain_of(keys, indexed_text(key, by))];
    key->next[by] = *chain;
    *chain = key;
}

static void leave(struct keys *keys, struct key *key, enum by by)
{
    struct key **at = &keys->chains[by][chain_of(keys, indexed_text(key, by))];
    while (*at != key)
        at = &(*at)->next[by];
    *at = key->next[by];
}

static struct key *first_in_chain(struct key *key, enum by by, const char *text)
{
    while (key && strcmp(indexed_text(key, by), text) != 0)
        key = key->next[by];
    return key;
}

static struct key *find(const struct keys *keys, enum by by, const char *text)
{
    return first_in_chain(keys->chains[by][chain_of(keys, text)], by, text);
}

/* New chains of twice the number, entered in the order of making, so that the
 * newest stays first of its name. */
static bool grow(struct keys *keys, size_t capacity)
{
    struct key **all = realloc(keys->all, capacity * sizeof *all);
    if (all)
        keys->all = all;
    struct key **chains = calloc(BY_COUNT * capacity, sizeof *chains);
    if (!all || !chains) {
        free(chains);
        return false;
    }
    free(keys->chains[0]);
    for (enum by by = BY_SECRET; by < BY_COUNT; by++)
        keys->chains[by] = chains + by * capacity;
    keys->capacity = keys->chain_count = capacity;
    for (size_t i = 0; i < keys->count; i++)
        for (enum by by = BY_SECRET; by < BY_COUNT; by++)
            enter(keys, keys->all[i], by);
    return true;
}

/* --- making and changing ------------------------------------------------- */

struct keys *keys_new(const struct clock *clock, const struct random *random)
{
    struct keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    keys->clock = clock;
    keys->random = random;
    return grow(keys, 1024) ? keys : keys_free(keys);
}

struct keys *keys_free(struct keys *keys)
{
    if (!keys)
        return NULL;
    for (size_t i = 0; i < keys->count; i++)
        free(keys->all[i]);
    free(keys->chains[0]);
    free(keys->all);
    free(keys);
    return NULL;
}

void keys_random_text(const struct random *random, char *out, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned char bytes[KEY_RANDOM_LENGTH_MAX];
    random_bytes(random, bytes, length);
    /* The first letters come a little more often; nobody guesses 24 of them for it. */
    for (size_t i = 0; i < length; i++)
        out[i] = letters[bytes[i] % (sizeof letters - 1)];
    out[length] = '\0';
}

static enum err_code check_name(const char *name, struct err *err)
{
    if (name[0] == '\0')
        return err_set(err, ERR_INVALID, "name must not be empty");
    return text_check_utf8(name, KEY_NAME_BYTES - 1, "name", err);
}

static void write_secret(const struct keys *keys, const struct key_wish *wish, struct key *key)
{
    const char *prefix = prefixes[wish->prefix_style][wish->environment];
    size_t length = strlen(prefix);
    memcpy(key->secret, prefix, length);
    keys_random_text(keys->random, key->secret + length, wish->random_length);
}

enum err_code keys_make(struct keys *keys, const struct key_wish *wish, struct key **ret_key, struct err *err)
{
    TRY(check_name(wish->name, err));
    if (wish->max_keys > 0 && keys->not_revoked >= (size_t)wish->max_keys)
        return err_set(err, ERR_STATE, "there are %lld keys already, and more are not allowed",
                       (long long)wish->max_keys);
    struct key *key = calloc(1, sizeof *key);
    if (!key || (keys->count == keys->capacity && !grow(keys, 2 * keys->capacity))) {
        free(key);
        return err_set(err, ERR_MEMORY, "out of memory for a key");
    }
    memcpy(key->id, "key_", 4);
    keys_random_text(keys->random, key->id + 4, 16);
    memcpy(key->name, wish->name, strlen(wish->name));
    write_secret(keys, wish, key);
    key->environment = wish->environment;
    key->permissions = key->live_access = true;
    key->made_wall_ms = clock_wall_ms(keys->clock);
    key->works_at_ms = clock_monotonic_ms(keys->clock) + wish->birth_lag_ms;
    for (enum by by = BY_SECRET; by < BY_COUNT; by++)
        enter(keys, key, by);
    keys->all[keys->count++] = key;
    keys->not_revoked++;
    *ret_key = key;
    return ERR_OK;
}

enum err_code keys_rename(struct keys *keys, struct key *key, const char *name, struct err *err)
{
    TRY(check_name(name, err));
    leave(keys, key, BY_NAME);
    memcpy(key->name, name, strlen(name) + 1);
    enter(keys, key, BY_NAME);
    return ERR_OK;
}

bool keys_revoke(struct keys *keys, struct key *key, int64_t lag_ms)
{
    if (key->state == KEY_REVOKED)
        return false;
    /* One that was disabled is not woken for the lag. */
    if (key->state == KEY_ACTIVE)
        key->dies_at_ms = clock_monotonic_ms(keys->clock) + lag_ms;
    key->state = KEY_REVOKED;
    key->revoked_wall_ms = clock_wall_ms(keys->clock);
    keys->not_revoked--;
    return true;
}

bool keys_disable(struct keys *keys, struct key *key, int64_t lag_ms)
{
    if (key->state != KEY_ACTIVE)
        return false;
    key->state = KEY_DISABLED;
    key->dies_at_ms = clock_monotonic_ms(keys->clock) + lag_ms;
    return true;
}

bool keys_enable(struct keys *keys, struct key *key, int64_t lag_ms)
{
    if (key->state != KEY_DISABLED)
        return false;
    key->state = KEY_ACTIVE;
    key->works_at_ms = clock_monotonic_ms(keys->clock) + lag_ms;
    return true;
}

/* --- finding ------------------------------------------------------------- */

struct key *keys_by_secret(const struct keys *keys, const char *secret)
{
    return find(keys, BY_SECRET, secret);
}

struct key *keys_by_id(const struct keys *keys, const char *id)
{
    return find(keys, BY_ID, id);
}

struct key *keys_by_name(const struct keys *keys, const char *name)
{
    return find(keys, BY_NAME, name);
}

struct key *keys_next_of_name(const struct key *key)
{
    return first_in_chain(key->next[BY_NAME], BY_NAME, key->name);
}

size_t keys_count(const struct keys *keys)
{
    return keys->count;
}

struct key *keys_at(const struct keys *keys, size_t at)
{
    return keys->all[at];
}
