/* The journal of a simulator: what it was asked, in order, and what came of it,
 * so that a test can prove the order of things.
 *
 * An entry gets its number under the caller's lock, before the answer leaves:
 * whoever has an answer finds its entry. The newest 65,536 are kept in memory;
 * with a file, each is also one line of JSON, appended in one write. A secret
 * is never in it. */
#ifndef KEYTURN_SIM_JOURNAL_H
#define KEYTURN_SIM_JOURNAL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { JOURNAL_TARGET_BYTES = 256, JOURNAL_NAME_BYTES = 104, JOURNAL_ID_BYTES = 32, JOURNAL_HASH_BYTES = 9 };

struct journal_entry {
    uint64_t sequence; /* from 1; set by journal_add */
    int64_t wall_ms;   /* set by journal_add */
    const char *port;  /* "api", "dashboard" */
    char method[16];
    char target[JOURNAL_TARGET_BYTES]; /* path and query, cut */
    const char *credential;            /* "key", "admin", "unknown", "none"; NULL at the dashboard */
    char hash[JOURNAL_HASH_BYTES];     /* of an unknown secret; else "" */
    char key_id[JOURNAL_ID_BYTES];     /* the key it is about; "" for none */
    char key_name[JOURNAL_NAME_BYTES];
    const char *environment;           /* NULL for none */
    char request_id[JOURNAL_ID_BYTES]; /* as the answer has it; "" for none */
    int status;              /* 0: no answer left */
    const char *code;        /* the provider's error code; NULL for none */
    const char *fault;       /* the kind that struck; NULL for none */
    const char *effect;      /* "made", "revoked", ...; NULL for none */
};

struct journal;

/* path may be NULL. ERR_IO and its kin when the file cannot be opened. clock is
 * borrowed. */
enum err_code journal_open(const char *path, const struct clock *clock, struct journal **ret_journal,
                           struct err *err) ERR_MUST_CHECK;
struct journal *journal_close(struct journal *journal);

/* journal may be NULL: nothing is kept. */
void journal_add(struct journal *journal, const struct journal_entry *entry);

/* What is kept after that number, as a JSON array, oldest first. */
void journal_write(const struct journal *journal, uint64_t since, struct buf *out);

#endif
