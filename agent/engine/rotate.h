/* One event of one rotation. */
#ifndef KEYTURN_ENGINE_ROTATE_H
#define KEYTURN_ENGINE_ROTATE_H

#include "flights.h"
#include "rotation/rotation.h"
#include "subject.h"

struct rotation_input {
    enum rotation_event event;
    const char *who;
    uint32_t incident;
    const struct secret *secret;     /* issued, supplied, stray */
    bool unchecked;                  /* supplied */
    const char *provider_id;         /* issued, found, stray; or NULL */
    int64_t expires_at_ms;           /* issued, supplied; 0: not known */
    const struct action_result *answer; /* a request's, whatever it says; or NULL */
    const struct vault_evidence *evidence; /* verdicts; or NULL */
    int64_t asked_at_ms;             /* an answer: when it was asked for; 0: now */
    const char *detail;              /* for people, or NULL */
    const char *stray_label;         /* stray: the label it stands under */
    uint32_t stray_number;           /* stray: the number of that attempt */
    bool last;                       /* emergency: what it condemns is a credential of others */
    int64_t retry_after_ms;          /* -1: none */
};
enum err_code rotation_open(struct engine *engine, struct subject *subject, const char *who,
                            enum rotation_event event, struct vault_rotation *ret_rotation,
                            struct err *err) ERR_MUST_CHECK;
enum err_code rotation_step(struct engine *engine, const uint8_t id[VAULT_ID_BYTES],
                            const struct rotation_input *input, struct vault_rotation *ret_rotation,
                            struct err *err) ERR_MUST_CHECK;
/* A delivery of this rotation ended. */
enum err_code rotation_delivered(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

#endif
