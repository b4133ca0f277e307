/* What people are told, and whether they were. */
#ifndef KEYTURN_ENGINE_NOTICES_H
#define KEYTURN_ENGINE_NOTICES_H

#include "flights.h"
#include "notify/notify.h"
#include "subject.h"

struct notice {
    enum vault_about about;
    const uint8_t *subject_id;
    const char *key;     /* or NULL */
    uint32_t version;
    uint32_t incident;
    bool again;          /* it comes back: not while the one before is still to be sent */
    const char *summary;
    const char *instructions; /* or NULL */
    const char *link;         /* or NULL */
};
/* One for each channel that wants it, in the present step. */
enum err_code notice_add(struct engine *engine, const struct notice *notice, struct err *err) ERR_MUST_CHECK;
enum err_code notice_add_of_key(struct engine *engine, const struct vault_key *key, struct notice notice,
                                struct err *err) ERR_MUST_CHECK;
/* With what the provider's definition tells a person to do for an action, if a person does it. */
enum err_code notice_add_manual(struct engine *engine, const struct subject *subject, enum provider_action action,
                                const char *label, const char *provider_id, struct notice notice, struct err *err)
    ERR_MUST_CHECK;
/* One is due; argument: its id. */
enum err_code notice_step(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;
enum err_code notice_start(struct engine *engine, struct flight *flight, notify_done *done, struct err *err)
    ERR_MUST_CHECK;
enum err_code notice_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* The vault is about to be locked: what is on its way with a credential is ended, and due again. */
void notice_drop_all(struct engine *engine);
/* The same where the agent ends: programs get no more than a moment. */
void notice_stop_all(struct engine *engine);
/* Is it time to tell again of what waits for a person since? *reminded_at_ms is kept in its job. */
bool notice_is_due(const struct engine *engine, bool waits, int64_t *reminded_at_ms, bool *ret_again);

#endif
