/* A message that only the holder of a private key can open: crypto_box_seal of
 * libsodium (X25519, XSalsa20-Poly1305, an ephemeral sender). Services that take
 * secrets "encrypted with the public key" mean this. */
#ifndef KEYTURN_BASE_SEALED_BOX_H
#define KEYTURN_BASE_SEALED_BOX_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum { SEALED_BOX_KEY_BYTES = 32, SEALED_BOX_MORE_BYTES = 48 };

/* A public key as services write it: base64 with padding (RFC 4648, section 4). False when it is
 * not one, also when it is a point of small order, to which sealing would seal nothing. */
bool sealed_box_key(const char *base64, unsigned char ret_key[SEALED_BOX_KEY_BYTES]);

/* Seal message; the box holds its SEALED_BOX_MORE_BYTES more. False: the key is worthless, and
 * nothing was written. */
bool sealed_box_seal(const unsigned char key[SEALED_BOX_KEY_BYTES], const unsigned char *message,
                     size_t length, unsigned char *ret_box);

#endif
