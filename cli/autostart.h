/* Starting the user's own agent where none listens, as gpg does with its own. */
#ifndef KEYTURN_CLI_AUTOSTART_H
#define KEYTURN_CLI_AUTOSTART_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

/* Start keyturnd on that socket in the background and wait until it is ready
 * (at most 30 s). It is looked for beside this program, then in ../libexec,
 * ../sbin and PATH. ERR_NOT_FOUND: there is none; ERR_IO: it did not come up;
 * the message says why. */
enum err_code autostart_agent(const char *socket_path, struct err *err) ERR_MUST_CHECK;
/* The keyturnd beside this program, or in ../libexec or ../sbin. false: there is none, look in PATH. */
bool autostart_find_beside(char program[PATH_MAX]);

#endif
