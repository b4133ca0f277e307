/* Looking for the keys of labels that are kept, and what is done with one that is found. */
#ifndef KEYTURN_ENGINE_LABEL_LOOKS_H
#define KEYTURN_ENGINE_LABEL_LOOKS_H

#include "flights.h"
#include "rotation/label.h"
#include "subject.h"

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
/* One is due; argument: its id. */
enum err_code label_step(struct engine *engine, void *argument, struct err *err) ERR_MUST_CHECK;
enum err_code label_record(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;

#endif
