/* A command of the program, as data: one row for each, beside its handler in
 * cmd_<name>.c, gathered in commands.c. Help, completion and the check of what
 * was given all read the row. */
#ifndef KEYTURN_CLI_COMMAND_H
#define KEYTURN_CLI_COMMAND_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct args;

struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in the help; NULL: it takes none */
    const char *help;
};

enum command_group { GROUP_KEYS, GROUP_ROTATION, GROUP_EMERGENCY, GROUP_VAULT, GROUP_OTHER, GROUP_COUNT };

enum { COMMAND_OPTIONS = 32, COMMAND_ALIAS_WORDS = 8 };

struct command {
    const char *name;
    enum command_group group;
    const char *summary; /* one line, no full stop */
    const char *usage;   /* what follows the name */
    const char *notes;   /* a paragraph or more for the help, or NULL */
    const char *example; /* lines as one would type them */
    struct cli_option options[COMMAND_OPTIONS]; /* ends at a row without a name */
    const char *words[COMMAND_ALIAS_WORDS];     /* fixed words an argument may be, for completion */
    bool completes_key;                         /* the first argument is a key */
    bool needs_no_start;                        /* an agent that does not run is left alone */
    size_t least, most;                         /* arguments */
    enum err_code (*run)(struct cli *cli, const struct args *args, struct err *err);
};

/* Rows that are the same for several commands. */
#define OPTION_JSON {"json", NULL, "print one JSON document"}
#define OPTION_YES {"yes", NULL, "ask nothing; the answer is yes"}
#define OPTION_STDIN {"stdin", NULL, "read the secret from standard input"}
#define OPTION_FD {"fd", "N", "read the secret from descriptor N"}
#define OPTION_NO_WAIT {"no-wait", NULL, "return at once; the agent goes on by itself"}

/* Options that every command takes. */
extern const struct cli_option command_common_options[];
extern const size_t command_common_count;

extern const struct command *const commands[];
extern const size_t commands_count;
extern const char *const command_group_titles[GROUP_COUNT];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);
/* ERR_INVALID, with the nearest command there is. */
enum err_code command_unknown(const char *name, struct err *err);

#endif
