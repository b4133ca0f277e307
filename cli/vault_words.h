/* What `init`, `unlock` and `slots add` have in common: a slot, from options. */
#ifndef KEYTURN_CLI_VAULT_WORDS_H
#define KEYTURN_CLI_VAULT_WORDS_H

#include "cli.h"

#include "base/buf.h"
#include "base/secret.h"

/* The agent stretches a passphrase for seconds; silence of so long is borne. */
enum { VAULT_TIMEOUT_MS = 180000 };

/* The absolute path of --key-file, written as the member "key_file". */
enum err_code vault_write_key_file(const char *path, struct buf *json, struct err *err) ERR_MUST_CHECK;

#endif
