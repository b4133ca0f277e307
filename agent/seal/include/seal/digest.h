/* The record digest: finds deleted, duplicated and older rows, which no tag of a
 * single row can show (S8).
 *
 * The additive incremental multiset hash MSet-Add-Hash of Clarke, Devadas, van
 * Dijk, Gassend and Suh, "Incremental Multiset Hash Functions and Their
 * Application to Memory Integrity Checking", ASIACRYPT 2003: the sum modulo
 * 2^256 of a keyed BLAKE2b-256 of each row's (table, id, revision, tags), with
 * the number of rows beside it. Kept per table, so that a difference names one. */
#ifndef KEYTURN_SEAL_DIGEST_H
#define KEYTURN_SEAL_DIGEST_H

#include "seal/seal.h"

#include <stdbool.h>

struct seal_digest {
    uint8_t sum[32]; /* little endian */
    uint64_t rows;
};

/* One row's element. secret_tag may be NULL (the row has no secret). */
struct seal_row {
    uint8_t table;
    const uint8_t *id; /* SEAL_ID_BYTES */
    uint64_t revision;
    const uint8_t *meta_tag;   /* SEAL_TAG_BYTES: the end of the sealed metadata */
    const uint8_t *secret_tag; /* SEAL_TAG_BYTES or NULL */
};

void seal_digest_add(const struct seal_keys *keys, struct seal_digest *digest, const struct seal_row *row);
void seal_digest_remove(const struct seal_keys *keys, struct seal_digest *digest,
                        const struct seal_row *row);
bool seal_digest_equal(const struct seal_digest *a, const struct seal_digest *b);

#endif
