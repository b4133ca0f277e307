/* The life of a simulator's process: when it ends, and how others learn its ports. */
#ifndef KEYTURN_SIM_PROCESS_H
#define KEYTURN_SIM_PROCESS_H

#include "base/err.h"

#include <stdbool.h>

/* Blocks SIGTERM and SIGINT for process_wait and ignores SIGPIPE. Call it
 * before any thread starts. */
void process_prepare(void);

/* One line of text on standard output and, where path is not NULL, in a file
 * that appears whole or not at all. */
enum err_code process_announce(const char *line, const char *path, struct err *err) ERR_MUST_CHECK;

/* Blocks until SIGTERM or SIGINT and, where asked, the end of standard input. */
void process_wait(bool until_stdin_closes);

#endif
