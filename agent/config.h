/* The agent's configuration: a YAML file, then the command line, which wins.
 * schema/config.schema.json describes the file. */
#ifndef KEYTURN_CONFIG_H
#define KEYTURN_CONFIG_H

#include "base/err.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "notify/notify.h"

#include <stdbool.h>

enum { CONFIG_FOLDERS = 8, CONFIG_ENVIRONMENTS = 64 };

struct config_folders {
    char paths[CONFIG_FOLDERS][LIMIT_PATH_BYTES];
    size_t count;
};

struct config {
    char config_path[LIMIT_PATH_BYTES];
    bool config_named; /* --config was given: the file must be there */
    char store[LIMIT_PATH_BYTES];
    char audit[LIMIT_PATH_BYTES];
    char socket[LIMIT_PATH_BYTES];
    char socket_group[LIMIT_NAME_BYTES + 1];
    char key_file[LIMIT_PATH_BYTES]; /* "" none: unlocked by a person */
    char ca_file[LIMIT_PATH_BYTES];  /* "" none: the system's */
    char log_file[LIMIT_PATH_BYTES]; /* "" standard error */
    struct config_folders provider_folders;
    struct config_folders delivery_folders;
    struct engine_environment environments[CONFIG_ENVIRONMENTS];
    size_t environment_count;
    struct notify_channel *channels[NOTIFY_CHANNELS]; /* owned */
    size_t channel_count;
    int64_t remind_ms;
    int64_t reconcile_every_ms; /* < 0: never */
    unsigned workers;
    unsigned parallel;
    unsigned api_threads;
    bool debug;

    /* From the command line alone. */
    bool system;
    bool background;
    int ready_fd; /* -1: nobody waits */
    bool check_only;
    const char *check_provider; /* of argv: look this definition over, and nothing else; or NULL */
    bool help;
    bool version;
};

/* Read the command line and the file. ERR_INVALID names the option, or file, line and field. */
enum err_code config_load(int argc, char **argv, struct config *ret_config, struct err *err) ERR_MUST_CHECK;
/* Free what the configuration owns. */
void config_release(struct config *config);
extern const char config_help[];

#endif
