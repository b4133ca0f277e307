/* Keys that were asked for and may still come: looked for until their end is known. */
#ifndef KEYTURN_ENGINE_LABELS_H
#define KEYTURN_ENGINE_LABELS_H

#include "flights.h"
#include "rotation/label.h"
#include "subject.h"

/* The label of the rotation's latest attempt, whose end is not known, is looked for from now on,
 * whatever becomes of the rotation. One that is kept already is left as it is. */
enum err_code label_keep(struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation,
                         const char *who, struct err *err) ERR_MUST_CHECK;
/* The end of the attempt of that label is known after all; fine where it is not kept. */
enum err_code label_settle(struct engine *engine, const struct vault_key *key, const char *label, const char *text,
                           struct err *err) ERR_MUST_CHECK;

/* A key under a label, as the provider tells of it. */
struct label_finding {
    const char *id;              /* or NULL */
    const struct secret *secret; /* or NULL */
};
/* The facts of a finding but whether the horizon has passed. */
enum err_code label_facts_of(struct engine *engine, const struct vault_key *key, const char *label,
                             const struct label_finding *finding, struct label_facts *ret_facts, struct err *err)
    ERR_MUST_CHECK;
/* Seal a finding as a version of the subject's key, and condemn it; the label is closed. The
 * subject is not to be saved after it. */
enum err_code label_condemn(struct engine *engine, struct subject *subject, const char *label, uint32_t number,
                            const struct label_finding *finding, struct err *err) ERR_MUST_CHECK;
/* *number, or where a version of the key has it already, a new one. */
enum err_code version_free_number(struct engine *engine, struct subject *subject, uint32_t *number, struct err *err)
    ERR_MUST_CHECK;
/* One is due; argument: its id. */
enum err_code label_step(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;
enum err_code label_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

#endif
