/* The help, written from the commands' rows. */
#ifndef KEYTURN_CLI_HELP_H
#define KEYTURN_CLI_HELP_H

#include "command.h"

#include <stdio.h>

void help_print_all(FILE *out);
void help_print_command(FILE *out, const struct command *command);

#endif
