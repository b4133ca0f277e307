/* The inventory, read row by row as it streams in. */
#ifndef KEYTURN_CLI_KEYS_H
#define KEYTURN_CLI_KEYS_H

#include "cli.h"

#include "base/buf.h"

/* An expiry is worth a word from then on. */
static const int64_t KEYS_EXPIRY_NEAR_MS = 14LL * 24 * 60 * 60 * 1000;

/* What the tables show of a key. Texts are borrowed and never NULL, times are wall milliseconds, 0 for none. */
struct key_row {
    const char *key, *provider, *state;
    const char *verdict;        /* "" when never proved */
    const char *rotation_state; /* "" when none is open */
    const char *rotate_cause; /* period, expiry, dead, asked; "" when nothing is planned */
    const char *rotate_hold;  /* why it is not rotated when it was wished for; "" */
    const char *doubt;        /* what proved nothing since; "" */
    int64_t doubt_times, probe_at_ms;
    int64_t version;          /* 0: none current */
    int64_t since_ms, proved_at_ms;
    int64_t rotate_due_ms, rotate_at_ms; /* wished for, and planned */
    int64_t expires_at_ms;
    bool waits_for_person, alarm, missing;
};

/* How much of each is asked for; what is not is empty. */
enum keys_extent { KEYS_NAMED, KEYS_LISTED, KEYS_WHOLE };

struct keys_query {
    const char *environment, *provider; /* only of these; NULL: of any */
    enum keys_extent extent;
};

/* Each as it comes, in no order; the row is visit's until it returns. Blocks. */
typedef enum err_code keys_visit(void *context, const struct key_row *row, struct err *err);
enum err_code keys_each(struct cli *cli, const struct keys_query *query, keys_visit *visit, void *context,
                        struct err *err) ERR_MUST_CHECK;

/* Rows that stay. */
struct key_texts;
struct key_rows {
    struct key_row *rows; /* owned */
    size_t count, capacity;
    struct key_texts *texts; /* what their texts lie in; owned */
};
void key_rows_release(struct key_rows *rows);
#define OWN_KEY_ROWS __attribute__((cleanup(key_rows_release)))
/* Keep a copy: a visit whose context is a struct key_rows. */
enum err_code key_rows_keep(void *rows, const struct key_row *row, struct err *err) ERR_MUST_CHECK;
/* By key, for bsearch. */
int key_row_compare(const void *a, const void *b);
/* All of them, sorted by key. Blocks. */
enum err_code keys_read(struct cli *cli, const struct keys_query *query, struct key_rows *ret_rows, struct err *err)
    ERR_MUST_CHECK;

/* "/v1/keys" with all of each key that the query asks for, for who reads it himself. */
void keys_path(struct buf *path, const struct keys_query *query);

#endif
