/* The command line: finds the command's row, checks what was given, runs it,
 * and turns the error into a message and an exit status. */
#include "cli.h"
#include "help.h"
#include "plain.h"

#include <stdio.h>
#include <string.h>

/* Words that people type for a command at first. */
static const char *main_command_name(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version" : word;
}

/* "keyturn: what. " and its further lines indented below. */
static void main_print_error(const struct err *err)
{
    (void)fputs("keyturn: ", stderr);
    for (const char *at = err->message; *at; at++) {
        (void)fputc(*at, stderr);
        if (*at == '\n' && at[1] != ' ')
            (void)fputs("  ", stderr);
    }
    (void)fputc('\n', stderr);
}

/* Output that did not arrive is a failure (a full disk). */
static enum err_code main_flush(struct err *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return err_set(err, ERR_IO, "cannot write to standard output");
    return ERR_OK;
}

static enum err_code main_run(struct cli *cli, const struct command *command, int count, char *const *words,
                              struct err *err)
{
    OWN_ARGS struct args args = {0};
    enum err_code code = args_parse(command, count, words, &args, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    if (args_has(&args, "help")) {
        help_print_command(stdout, command);
        return ERR_OK;
    }
    cli->command = command;
    cli->socket_option = args_value(&args, "socket");
    cli->may_start = !command->needs_no_start && !args_has(&args, "no-start");
    return command->run(cli, &args, err);
}

static enum err_code main_dispatch(struct cli *cli, int argc, char *const *argv, struct err *err)
{
    if (argc < 2) {
        help_print_all(stderr);
        cli->misused = true;
        return ERR_INVALID;
    }
    const struct command *command = command_find(main_command_name(argv[1]));
    if (!command)
        return cli_misused(cli, command_unknown(argv[1], err));
    return main_run(cli, command, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct cli cli = {.client = CLIENT_NONE, .clock = &clock_system};
    enum err_code code = main_dispatch(&cli, argc, argv, &err);
    if (code == ERR_OK)
        code = main_flush(&err);
    else
        (void)main_flush(NULL);
    client_release(&cli.client);
    if (code != ERR_OK && err.message[0] != '\0') {
        plain_text(err.message);
        main_print_error(&err);
    }
    return (int)cli_exit_of(&cli, code);
}
