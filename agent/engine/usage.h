/* When the old version was used last, asked of its provider. */
#ifndef KEYTURN_ENGINE_USAGE_H
#define KEYTURN_ENGINE_USAGE_H

#include "flights.h"
#include "subject.h"

/* Old begins to retire: from when is its provider asked, if it can tell of this version at all? */
void usage_begin(const struct subject *subject, const struct vault_version *old, struct vault_rotation *rotation);
/* Did old fall out of use, or can nobody tell? */
bool usage_is_quiet(const struct engine *engine, const struct subject *subject, const struct vault_rotation *rotation);
bool usage_is_due(const struct engine *engine, const struct vault_rotation *rotation);
/* What is known of it, for people: "version 1 was used last 2026-...". */
void usage_say(const struct vault_rotation *rotation, char *ret_text, size_t size);
/* What the answer says, into the rotation, which is saved. */
enum err_code usage_note(struct engine *engine, const struct flight *flight, struct vault_rotation *rotation,
                         struct err *err) ERR_MUST_CHECK;

#endif
