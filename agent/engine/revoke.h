/* One event of one revocation. */
#ifndef KEYTURN_ENGINE_REVOKE_H
#define KEYTURN_ENGINE_REVOKE_H

#include "rotation/revocation.h"
#include "subject.h"

struct revocation_input {
    enum revocation_event event;
    const char *who;
    uint32_t incident;
    const struct action_result *answer; /* a request's, whatever it says; or NULL */
    const struct vault_evidence *evidence;
    int64_t asked_at_ms; /* an answer: when it was asked for; 0: now */
    const char *detail;
    int64_t retry_after_ms;
};
/* Condemn a version of the subject's key: its revocation is made (or, open already, becomes an
 * emergency where asked) and starts in this step. The subject's summary is changed, not saved. */
struct revocation_order {
    const uint8_t *version_id;
    const uint8_t *rotation_id; /* or NULL */
    bool emergency;
    bool last; /* its key is a credential: it starts when those that it revokes are dead */
    uint32_t incident;
    const char *who;
};
enum err_code revocation_open(struct engine *engine, struct subject *subject,
                              const struct revocation_order *order, struct err *err) ERR_MUST_CHECK;
enum err_code revocation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                              const struct revocation_input *input, struct err *err) ERR_MUST_CHECK;
/* The open revocation of a version; false: none. */
enum err_code revocation_of_version(struct engine *engine, const uint8_t key_id[VAULT_ID_BYTES],
                                    const uint8_t version_id[VAULT_ID_BYTES],
                                    struct vault_revocation *ret_revocation, bool *ret_found,
                                    struct err *err) ERR_MUST_CHECK;

#endif
