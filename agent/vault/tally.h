/* The digests of all rows, as unlocking compares them with the head's. One thread reads the rows and, from the
 * first full batch on, another one hashes them, for both take about as long. */
#ifndef KEYTURN_VAULT_TALLY_H
#define KEYTURN_VAULT_TALLY_H

#include "schemas.h"

#include "base/err.h"
#include "seal/digest.h"
#include "store/store.h"

/* Adds to the digests, one for each table, and to *key_count. Blocks; whatever it returns, the other thread has
 * ended. The errors of store_scan_tags; ERR_MEMORY. */
enum err_code tally_rows(struct store *store, const struct seal_keys *keys, struct seal_digest *digests,
                         uint64_t *key_count, struct err *err) ERR_MUST_CHECK;

#endif
