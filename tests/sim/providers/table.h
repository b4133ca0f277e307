/* A provider's API as a table: what its documentation says it answers, and when.
 * The form of the file is in README.md. */
#ifndef KEYTURN_SIM_TABLE_H
#define KEYTURN_SIM_TABLE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { TABLE_NAME_BYTES = 64, TABLE_TEXT_BYTES = 256, TABLE_KEYS = 512 };

enum key_state { KEY_ACTIVE, KEY_DISABLED, KEY_DEAD };

/* A key that the API knows, dead ones too. Times are monotonic. */
struct sim_key {
    char name[TABLE_TEXT_BYTES];
    char id[TABLE_TEXT_BYTES];
    char secret[TABLE_TEXT_BYTES];
    enum key_state state;
    int64_t born_ms;  /* it works from then on */
    int64_t ended_ms; /* disabled or dead: it works until then */
};

struct table {
    char name[TABLE_NAME_BYTES];
    json_t *rows; /* the document */
    char admin[TABLE_TEXT_BYTES]; /* the secret of the credential, made at the start */
    bool deputies; /* keys may do what the credential may */
    struct sim_key *keys;
    size_t count;
};

/* ERR_INVALID names the file and the field. */
enum err_code table_load(const char *path, struct table *ret_table, struct err *err) ERR_MUST_CHECK;
void table_release(struct table *table);

/* A text of the table itself, or fallback. */
const char *table_text(const struct table *table, const char *name, const char *fallback);
int64_t table_number(const struct table *table, const char *name);

/* Random text by a pattern: <N> letters and digits, <xN> hex digits, <dN> digits. */
void table_random(const char *pattern, char out[TABLE_TEXT_BYTES]);

struct sim_key *table_make(struct table *table, const char *name, int64_t now_ms);
/* The newest by name; by id; by secret. NULL: none. */
struct sim_key *table_by_name(struct table *table, const char *name);
struct sim_key *table_by_id(struct table *table, const char *id);
struct sim_key *table_by_secret(struct table *table, const char *secret);
void table_end(struct table *table, struct sim_key *key, enum key_state state, int64_t now_ms);
/* Does the API take it, with what lag there is? */
bool table_works(const struct sim_key *key, int64_t now_ms);
/* How many an account holds: those that are not dead. */
int64_t table_held(const struct table *table);

#endif
