/* What a configuration is put together from, for those who read one. */
#ifndef KEYTURN_CONFIG_PARTS_H
#define KEYTURN_CONFIG_PARTS_H

#include "config.h"

/* Copy text, cut to size; NULL leaves out as it is. */
void config_put(char *out, size_t size, const char *text);
#define CONFIG_PUT(out, text) config_put((out), sizeof(out), (text))

/* ERR_LIMIT: there are CONFIG_FOLDERS. */
enum err_code config_add_folder(struct config_folders *folders, const char *folder, struct err *err) ERR_MUST_CHECK;
/* class is "live" or "test". ERR_INVALID: it is another, or the name is none; ERR_EXISTS: it is there. */
enum err_code config_add_environment(struct config *config, const char *name, const char *class,
                                     struct err *err) ERR_MUST_CHECK;

#endif
