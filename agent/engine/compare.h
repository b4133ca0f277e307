/* One key, held against what was listed. */
#ifndef KEYTURN_ENGINE_COMPARE_H
#define KEYTURN_ENGINE_COMPARE_H

#include "accounts.h"

/* Of what is listed, in order; false: out of memory. */
bool compare_index(struct reconcile_place *place);
/* Hold one key against its place's list: condemn what came late, tell of what is missing. One step. */
enum err_code compare_key(struct engine *engine, struct reconciliation *run, const uint8_t key_id[VAULT_ID_BYTES],
                          struct err *err) ERR_MUST_CHECK;

#endif
