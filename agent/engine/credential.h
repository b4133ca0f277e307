/* Keys that revoke others: they die after them. */
#ifndef KEYTURN_ENGINE_CREDENTIAL_H
#define KEYTURN_ENGINE_CREDENTIAL_H

#include "engine/engine.h"

/* The names of keys that revoke others. */
struct credential_names {
    char (*names)[2 * LIMIT_NAME_BYTES + 2];
    size_t count;
};
enum err_code credentials_read(struct engine *engine, struct credential_names *ret_names, struct err *err)
    ERR_MUST_CHECK;
void credentials_release(struct credential_names *names);
/* The key has a new current version: revocations that wait because theirs was refused go on with it (K12). */
enum err_code credential_changed(struct engine *engine, const struct vault_key *key, const char *who, struct err *err)
    ERR_MUST_CHECK;
bool credentials_have(const struct credential_names *names, const struct vault_key *key);
/* Do others of its incident still have to be revoked by this one's key? */
enum err_code credential_is_needed(struct engine *engine, const struct vault_revocation *revocation,
                                   bool *ret_needed, struct err *err) ERR_MUST_CHECK;
/* The newest version of a key that is condemned and not dead: one that is to die last still
 * serves the revoking of the others. ERR_STATE there is none. */
enum err_code credential_condemned(struct engine *engine, const struct vault_key *key,
                                   uint8_t ret_version_id[VAULT_ID_BYTES], struct err *err) ERR_MUST_CHECK;

#endif
