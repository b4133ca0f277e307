/* Whether a delivery may be configured where it wants to be. */
#ifndef KEYTURN_ENGINE_PLACE_CHECK_H
#define KEYTURN_ENGINE_PLACE_CHECK_H

#include "engine/engine.h"

/* On the loop: is the definition good for the key, and its place, by its words, no other delivery's? Sets the
 * record's target. ERR_INVALID. */
enum err_code place_check(struct engine *engine, const struct vault_key *key, const char *definition,
                          struct vault_delivery *record, struct err *err) ERR_MUST_CHECK;
/* Before that, on the caller's thread, for it may block: is its file another's by another path? ERR_INVALID. */
enum err_code place_look(struct engine *engine, const char *definition, struct err *err) ERR_MUST_CHECK;

#endif
