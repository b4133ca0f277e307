/* The command line of amps-sim. */
#ifndef KEYTURN_SIM_AMPS_OPTIONS_H
#define KEYTURN_SIM_AMPS_OPTIONS_H

#include "settings.h"

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct options {
    uint16_t api_port; /* 0: any free one */
    uint16_t dashboard_port;
    const char *ready_file;     /* NULL: none; these borrow from argv */
    const char *journal_file;   /* NULL: in memory only */
    const char *admin_key_file; /* NULL: one is made */
    bool key_api;
    bool no_journal;
    bool until_stdin_closes;
    bool help;
    struct amps_settings settings;
};

extern const char options_usage[];

/* ERR_INVALID names the option. */
enum err_code options_read(int argc, char **argv, struct options *ret_options, struct err *err) ERR_MUST_CHECK;

#endif
