/* What is asked of a key, checked and written into its record. */
#ifndef KEYTURN_ENGINE_DRAFTS_H
#define KEYTURN_ENGINE_DRAFTS_H

#include "subject.h"

/* A key that is not stored yet. ERR_INVALID, ERR_LIMIT. */
enum err_code draft_new_key(struct engine *engine, const struct engine_key_draft *draft, struct subject *ret_subject,
                            struct err *err) ERR_MUST_CHECK;
/* The fields that are given. The same errors. */
enum err_code draft_apply(struct engine *engine, const struct engine_key_draft *draft, struct vault_key *key,
                          struct err *err) ERR_MUST_CHECK;
/* other: "environment/name", or "" for none; each of the two says so of the other. The key is saved by the caller. */
enum err_code key_keep_apart(struct engine *engine, struct vault_key *key, const char *other, struct err *err)
    ERR_MUST_CHECK;

#endif
