/* The fingerprint by which the agent knows a secret without being told it. */
#ifndef KEYTURN_CLI_FINGERPRINT_H
#define KEYTURN_CLI_FINGERPRINT_H

#include <stddef.h>

enum { FINGERPRINT_BYTES = 65 };

/* BLAKE2b-256 (RFC 7693, no key) of the bytes as 64 hex digits. */
const char *fingerprint(const unsigned char *bytes, size_t length, char out[FINGERPRINT_BYTES]);

#endif
