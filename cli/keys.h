/* The inventory, read row by row as it streams in. */
#ifndef KEYTURN_CLI_KEYS_H
#define KEYTURN_CLI_KEYS_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli.h"

/* An expiry is worth a word from then on. */
static const int64_t KEYS_EXPIRY_NEAR_MS = 14LL * 24 * 60 * 60 * 1000;

/* What the tables show of a key. Times are wall milliseconds, 0 for none. */
struct key_row {
    char key[2 * LIMIT_NAME_BYTES + 2];
    char provider[LIMIT_NAME_BYTES + 1];
    char state[16];
    char verdict[8];         /* "" when never proved */
    char rotation_state[16]; /* "" when none is open */
    char rotation_id[TEXT_HEX_ID_BYTES];
    int64_t version; /* 0: none current */
    int64_t since_ms, proved_at_ms;
    int64_t rotate_due_ms, rotate_at_ms; /* wished for, and planned */
    char rotate_cause[16];               /* period, expiry, dead, asked; "" when nothing is planned */
    char rotate_hold[16];                /* why the one is not the other; "" */
    int64_t expires_at_ms;
    int64_t open_revocations;
    bool waits_for_person, alarm, missing;
};

struct key_rows {
    struct key_row *rows; /* owned */
    size_t count, capacity;
};

void key_rows_release(struct key_rows *rows);
/* By key, for qsort and bsearch. */
int key_row_compare(const void *a, const void *b);
#define OWN_KEY_ROWS __attribute__((cleanup(key_rows_release)))

/* The members of a key that a list shows, and all that a row holds. */
#define KEYS_LISTED "key,provider,rotate_at,expires_at,current,proof,state,rotation,waits_for_person,alarm,missing"
#define KEYS_ROW KEYS_LISTED ",rotate_due,rotate_cause,rotate_hold,open_revocations"
/* Which keys: "/v1/keys" with the environment and provider asked for, or NULL, and the members that
 * are wanted of each, NULL for all. */
void keys_path(struct buf *path, const char *environment, const char *provider, const char *fields);
/* Read them, sorted by key; what was not asked for is empty. Blocks. */
enum err_code keys_read(struct cli *cli, const char *path, struct key_rows *ret_rows, struct err *err)
    ERR_MUST_CHECK;

#endif
