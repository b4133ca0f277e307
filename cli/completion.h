/* Completion scripts, written from the commands' rows, so that they cannot fall
 * behind. packaging/completions holds what these write. */
#ifndef KEYTURN_CLI_COMPLETION_H
#define KEYTURN_CLI_COMPLETION_H

void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

#endif
