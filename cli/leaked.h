/* Which of our keys a text holds. The text stays in this process, in locked
 * memory: only fingerprints go to the agent. */
#ifndef KEYTURN_CLI_LEAKED_H
#define KEYTURN_CLI_LEAKED_H

#include "cli.h"

#include <jansson.h>

/* Read the descriptor to its end. Returns an array that the caller owns: what the agent said of each
 * fingerprint it knows, with the line it stood in first, in the order of lines. Blocks. */
enum err_code leaked_read(struct cli *cli, int fd, json_t **ret_matches, struct err *err) ERR_MUST_CHECK;

/* "line 14: sk_live_…c41f is live/app, version 1, current, alive, 12s" */
void leaked_print(const json_t *match, int64_t now_ms);

/* Fingerprints gathered and asked about in batches. */
struct leaked_batch {
    struct cli *cli;
    json_t *asked; /* owned: fingerprint → what it was found at, a number of the caller's */
    json_t *seen;  /* owned: fingerprint → true */
    json_t *found; /* owned: the matches, with "at" */
};
enum err_code leaked_batch_begin(struct cli *cli, struct leaked_batch *ret_batch, struct err *err) ERR_MUST_CHECK;
void leaked_batch_release(struct leaked_batch *batch);
#define OWN_LEAKED_BATCH __attribute__((cleanup(leaked_batch_release)))
void leaked_batch_add(struct leaked_batch *batch, const char *hex, int64_t at);
/* Ask about what gathered: whole batches, or all. */
enum err_code leaked_batch_flush(struct leaked_batch *batch, bool all, struct err *err) ERR_MUST_CHECK;

#endif
