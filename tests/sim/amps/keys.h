/* The keys of the simulated Amps, found by secret, id and name.
 *
 * A revoked key stays known, so that the journal can name it when somebody
 * still uses it. Times ending in _at_ms are monotonic, those in _wall_ms are
 * wall time. A key lives as long as the keys. Not locked: the caller is. */
#ifndef KEYTURN_SIM_AMPS_KEYS_H
#define KEYTURN_SIM_AMPS_KEYS_H

#include "settings.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEY_ID_BYTES = 24,
    KEY_NAME_BYTES = 101, /* names of at most 100 bytes */
    KEY_SECRET_BYTES = 97,
    KEY_RANDOM_LENGTH = 24, /* of the part after the prefix, unless asked otherwise */
    KEY_RANDOM_LENGTH_MIN = 8,
    KEY_RANDOM_LENGTH_MAX = 64,
};

enum key_environment { KEY_SANDBOX, KEY_LIVE };
enum key_state { KEY_ACTIVE, KEY_DISABLED, KEY_REVOKED };

struct key {
    char id[KEY_ID_BYTES];
    char name[KEY_NAME_BYTES];
    char secret[KEY_SECRET_BYTES];
    enum key_environment environment;
    enum key_state state;
    bool expired;
    bool permissions;
    bool live_access;
    int64_t made_wall_ms;
    int64_t used_wall_ms;    /* 0: never */
    int64_t revoked_wall_ms; /* 0: not */
    int64_t works_at_ms;     /* birth, after its lag */
    int64_t dies_at_ms;      /* death, after its lag; meaningless while active */
    struct key *next[3];     /* in the three indexes */
};

const char *key_environment_name(enum key_environment environment); /* "sandbox", "live" */
bool key_environment_parse(const char *text, enum key_environment *ret);
const char *key_state_name(enum key_state state);

/* Is it recognised at this time, lags included? */
bool key_works(const struct key *key, int64_t now_ms);

struct keys;
struct keys *keys_new(const struct clock *clock, const struct random *random) ERR_MUST_CHECK;
struct keys *keys_free(struct keys *keys);

struct key_wish {
    const char *name;
    enum key_environment environment;
    enum amps_prefix_style prefix_style;
    size_t random_length;
    int64_t birth_lag_ms;
    int64_t max_keys; /* 0: no cap */
};
/* ERR_INVALID for a name that is empty or not printable UTF-8, ERR_LIMIT for
 * one that is too long, ERR_STATE at the cap. */
enum err_code keys_make(struct keys *keys, const struct key_wish *wish, struct key **ret_key, struct err *err)
    ERR_MUST_CHECK;

/* ERR_INVALID and ERR_LIMIT as keys_make. */
enum err_code keys_rename(struct keys *keys, struct key *key, const char *name, struct err *err) ERR_MUST_CHECK;

/* False when it is in that state already, or is revoked: nothing changed. */
bool keys_revoke(struct keys *keys, struct key *key, int64_t lag_ms);
bool keys_disable(struct keys *keys, struct key *key, int64_t lag_ms);
bool keys_enable(struct keys *keys, struct key *key, int64_t lag_ms);

/* NULL when there is none. Revoked ones are found. */
struct key *keys_by_secret(const struct keys *keys, const char *secret);
struct key *keys_by_id(const struct keys *keys, const char *id);
/* The newest of that name, and the next older one after it. */
struct key *keys_by_name(const struct keys *keys, const char *name);
struct key *keys_next_of_name(const struct key *key);

/* In the order of making, revoked ones too: 0 to keys_count - 1. */
size_t keys_count(const struct keys *keys);
struct key *keys_at(const struct keys *keys, size_t at);

/* Random letters and digits, and an end. */
void keys_random_text(const struct random *random, char *out, size_t length);

#endif
