/* The configuration's file: what may stand in it, and where what is wrong stands. */
#ifndef KEYTURN_CONFIG_FILE_H
#define KEYTURN_CONFIG_FILE_H

#include "config.h"

/* Read config->config_path. A file that was not asked for by name may be missing. Messages name file,
 * line and field. */
enum err_code config_read_file(struct config *config, struct err *err) ERR_MUST_CHECK;

#endif
