/* The secrets that a flight needs, read when it is started. */
#ifndef KEYTURN_ENGINE_FLIGHT_SECRETS_H
#define KEYTURN_ENGINE_FLIGHT_SECRETS_H

#include "flights.h"

/* The version that an action is about: its secret, and its id and name at the provider. */
enum err_code flight_read_version(struct engine *engine, struct flight *flight, struct err *err) ERR_MUST_CHECK;
/* That of a version alone. */
enum err_code version_read_secret(struct engine *engine, const uint8_t id[VAULT_ID_BYTES], uint32_t number,
                                  struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;
/* The secret of the key that the flight uses as its credential, into it. */
enum err_code flight_read_credential(struct engine *engine, struct flight *flight, const char *credential,
                                     struct err *err) ERR_MUST_CHECK;

#endif
