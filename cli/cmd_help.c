#include "cli.h"
#include "help.h"
#include "suggest.h"

#include <string.h>

enum { HELP_OPTION_WIDTH = 28 };

void help_print_all(FILE *out)
{
    fprintf(out, "Keeps API keys, replaces them before they grow old, and kills them when they leak.\n\n"
                 "Usage: keyturn COMMAND [ARGUMENT]… [OPTION]…\n");
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "\n%s\n", command_group_titles[group]);
        for (size_t i = 0; i < commands_count; i++)
            if ((int)commands[i]->group == group)
                fprintf(out, "  %-12s  %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(out, "\nkeyturn COMMAND --help shows an example of each.\n"
                 "Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 locked,\n"
                 "6 waiting for a person, 7 agent not reachable.\n");
}

static void help_print_option(FILE *out, const struct cli_option *option)
{
    char left[64];
    (void)snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
                   option->value ? option->value : "");
    if (strlen(left) > HELP_OPTION_WIDTH)
        fprintf(out, "  %s\n  %-*s  %s\n", left, HELP_OPTION_WIDTH, "", option->help);
    else
        fprintf(out, "  %-*s  %s\n", HELP_OPTION_WIDTH, left, option->help);
}

void help_print_command(FILE *out, const struct command *command)
{
    fprintf(out, "keyturn %s: %s\n\nUsage: keyturn %s %s\n", command->name, command->summary, command->name,
            command->usage);
    if (command->notes)
        fprintf(out, "\n%s\n", command->notes);
    fprintf(out, "\nOptions\n");
    for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name; i++)
        help_print_option(out, &command->options[i]);
    for (size_t i = 0; i < command_common_count; i++)
        help_print_option(out, &command_common_options[i]);
    fprintf(out, "\nExample\n");
    for (const char *line = command->example; *line;) {
        size_t length = strcspn(line, "\n");
        fprintf(out, "  $ %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static enum err_code help_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *name = args_word(args, 0);
    if (!name) {
        help_print_all(stdout);
        return ERR_OK;
    }
    const struct command *command = command_find(name);
    if (!command)
        return cli_misused(cli, command_unknown(name, err));
    help_print_command(stdout, command);
    return ERR_OK;
}

const struct command command_help = {
    .name = "help",
    .group = GROUP_OTHER,
    .summary = "all commands, or one",
    .usage = "[COMMAND]",
    .example = "keyturn help rotate",
    .least = 0,
    .most = 1,
    .run = help_run,
};
