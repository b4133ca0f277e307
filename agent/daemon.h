/* Becoming a daemon: away from whoever started it, with a log, and a word to them when it is ready. */
#ifndef KEYTURN_DAEMON_H
#define KEYTURN_DAEMON_H

#include "config.h"

/* Go on in a child, in a session of its own, with nothing inherited open but the ready descriptor. */
enum err_code daemon_detach(const struct config *config, struct err *err) ERR_MUST_CHECK;
/* Standard error goes to the configured log file, if there is one. Made with mode 0600, as its folder with 0700. */
enum err_code daemon_open_log(const struct config *config, struct err *err) ERR_MUST_CHECK;
/* Make the folders, mode 0700, that path lies in. ERR_INVALID: it is not a whole path. */
enum err_code daemon_make_folder_of(const char *path, struct err *err) ERR_MUST_CHECK;
/* One line to the ready descriptor, which is closed then: "ready", or what failed. Nothing where nobody waits. */
void daemon_tell_ready(const struct config *config, const char *text);

#endif
