/* The fingerprint by which a vault knows a secret without being told it:
 * BLAKE2b-256 (RFC 7693) without a key. Clients compute it themselves, so that a
 * string to be identified never leaves them. */
#ifndef KEYTURN_BASE_FINGERPRINT_H
#define KEYTURN_BASE_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

enum { FINGERPRINT_BYTES = 32, FINGERPRINT_HEX_BYTES = 65 };

void fingerprint(const void *bytes, size_t length, uint8_t out[FINGERPRINT_BYTES]);

/* The same as 64 lower-case hex digits. */
const char *fingerprint_hex(const void *bytes, size_t length, char out[FINGERPRINT_HEX_BYTES]);

#endif
