/* The deliveries of a key. */
#ifndef KEYTURN_ENGINE_KEY_PLACES_H
#define KEYTURN_ENGINE_KEY_PLACES_H

#include "engine/engine.h"

/* Behind the others of the key. ret_delivery may be NULL. ERR_INVALID, ERR_LIMIT. */
enum err_code place_insert(struct engine *engine, const struct vault_key *key, const char *definition,
                           struct vault_delivery *ret_delivery, struct err *err) ERR_MUST_CHECK;

#endif
