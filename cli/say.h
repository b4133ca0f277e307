/* How things are said to a person: times, ages, proofs, a person's next step. */
#ifndef KEYTURN_CLI_SAY_H
#define KEYTURN_CLI_SAY_H

#include "base/buf.h"

#include <jansson.h>
#include <stdint.h>

enum { SAY_WHEN_BYTES = 24 };

/* "2026-11-23 14:02" in the local zone, "2026-11-23" for the date; "" for 0. */
const char *say_when(int64_t wall_ms, char out[SAY_WHEN_BYTES]);
const char *say_date(int64_t wall_ms, char out[SAY_WHEN_BYTES]);
/* "0:41" */
const char *say_elapsed(int64_t ms, char out[SAY_WHEN_BYTES]);

/* "41d" since then; "" for 0. */
void say_age(struct buf *out, int64_t wall_ms, int64_t now_ms);
/* How long until then, rounded: "30d" for what is 29 days and 23 hours away. */
void say_left(struct buf *out, int64_t wall_ms, int64_t now_ms);
/* A duration in seconds: "24h". */
void say_seconds(struct buf *out, double seconds);
/* "alive, 3m" or "not proved yet" */
void say_verdict(struct buf *out, const char *verdict, int64_t at_ms, int64_t now_ms);
/* "401 INVALID_API_KEY req_71aa, twice": the evidence of a probe without its verdict. */
void say_evidence(struct buf *out, const json_t *evidence);
/* "503 INTERNAL, 7 times; asked again in 24s": the answers in a row that said neither yes nor no. due_ms: when it is
 * asked again, 0: not known. */
void say_unclear(struct buf *out, const char *detail, int64_t times, int64_t due_ms, int64_t now_ms);
/* "no clear answer: " and that, of a rotation's or revocation's requests; nothing where there is none. */
void say_doubt(struct buf *out, const json_t *job, int64_t now_ms);
/* "~/x" for what lies in the home folder. */
const char *say_path(const char *path, struct buf *out);
/* Instructions for a person, one line: the text and its link. "" for none. */
void say_instructions(struct buf *out, const json_t *instructions);

#endif
