/* What was typed, checked against the command's row. All strings are borrowed
 * from argv. */
#ifndef KEYTURN_CLI_ARGS_H
#define KEYTURN_CLI_ARGS_H

#include "command.h"

#include <stdint.h>

struct given_option {
    const struct cli_option *option;
    const char *value; /* NULL when it takes none */
};

struct args {
    const struct command *command;
    const char **words; /* owned array; arguments that are no options */
    size_t word_count;
    struct given_option *given; /* owned array, in the order typed */
    size_t given_count;
};

/* Parse count words after the command's name. "--name value", "--name=value"
 * and "--" are understood. ERR_INVALID names the option or argument, with the
 * nearest there is. --help among them stops the check of the arguments' number. */
enum err_code args_parse(const struct command *command, int count, char *const *words,
                         struct args *ret_args, struct err *err) ERR_MUST_CHECK;
void args_release(struct args *args);
#define OWN_ARGS __attribute__((cleanup(args_release)))

/* The word at index, or NULL. */
const char *args_word(const struct args *args, size_t index);
bool args_has(const struct args *args, const char *name);
/* The last value given for the option, or NULL. */
const char *args_value(const struct args *args, const char *name);
/* Each value of an option that may be given several times: *at begins at 0. */
const char *args_next(const struct args *args, const char *name, size_t *at);
/* A whole number from least to most. Left untouched when the option is not given. */
enum err_code args_number(const struct args *args, const char *name, int64_t least, int64_t most,
                          int64_t *ret_value, struct err *err) ERR_MUST_CHECK;

#endif
