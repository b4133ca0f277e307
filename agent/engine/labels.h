/* Labels of keys that were asked for and may still come: kept until their end is known. */
#ifndef KEYTURN_ENGINE_LABELS_H
#define KEYTURN_ENGINE_LABELS_H

#include "subject.h"

/* The label of the rotation's latest attempt, whose end is not known, is looked for from now on,
 * whatever becomes of the rotation. One that is kept already is left as it is. */
enum err_code label_keep(struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation,
                         const char *who, struct err *err) ERR_MUST_CHECK;
/* The end of the attempt of that label is known after all; fine where it is not kept. */
enum err_code label_settle(struct engine *engine, const struct vault_key *key, const char *label, const char *text,
                           struct err *err) ERR_MUST_CHECK;

/* *number, or where a version of the key has it already, a new one. */
enum err_code version_free_number(struct engine *engine, struct subject *subject, uint32_t *number, struct err *err)
    ERR_MUST_CHECK;

/* What the parts that look for them share. Is the label kept? */
struct label_search {
    const char *label;
    struct vault_label found;
    bool is_there;
};
enum err_code label_find(struct engine *engine, const struct vault_key *key, struct label_search *search,
                         struct err *err) ERR_MUST_CHECK;
enum err_code label_close(struct engine *engine, const struct vault_key *key, struct vault_label *label,
                          const char *who, const char *what, const char *text, struct err *err) ERR_MUST_CHECK;
enum err_code label_audit(struct engine *engine, const struct vault_key *key, const struct vault_label *label,
                          const char *who, const char *what, const char *text, struct err *err) ERR_MUST_CHECK;
/* Does the key's open rotation wait for a key of this label, by itself or with a person? */
enum err_code label_is_awaited(struct engine *engine, const struct vault_key *key, const char *label,
                               struct vault_rotation *ret_rotation, bool *ret_awaited, struct err *err) ERR_MUST_CHECK;

#endif
