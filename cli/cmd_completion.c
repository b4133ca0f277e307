#include "cli.h"
#include "completion.h"

#include <stdio.h>
#include <string.h>

/* "--title --owner …" of one command, with what all take. */
static void completion_print_options(const struct command *command)
{
    for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name; i++)
        printf("--%s ", command->options[i].name);
    for (size_t i = 0; i < command_common_count; i++)
        printf("%s--%s", i > 0 ? " " : "", command_common_options[i].name);
}

static void completion_print_words(const struct command *command)
{
    for (size_t i = 0; i < COMMAND_ALIAS_WORDS && command->words[i]; i++)
        printf("%s%s", i > 0 ? " " : "", command->words[i]);
}

void completion_print_bash(void)
{
    printf("# bash completion for keyturn, written by: keyturn completion bash\n"
           "_keyturn() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    local options='' words='' keys=''\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; i < commands_count; i++)
        printf("%s%s", i > 0 ? " " : "", commands[i]->name);
    printf("' -- \"$current\")\n"
           "        return\n"
           "    fi\n"
           "    case $previous in\n"
           "    --key-file | --socket)\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
           "        return\n"
           "        ;;\n"
           "    esac\n"
           "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("    %s)\n        options='", commands[i]->name);
        completion_print_options(commands[i]);
        printf("'\n");
        if (commands[i]->words[0]) {
            printf("        words='");
            completion_print_words(commands[i]);
            printf("'\n");
        }
        if (commands[i]->completes_key)
            printf("        keys=1\n");
        printf("        ;;\n");
    }
    printf("    esac\n"
           "    if [[ $current == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
           "    elif [[ -n $keys ]] && ((COMP_CWORD == 2)); then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$(keyturn list --names --no-start 2>/dev/null)\" -- "
           "\"$current\")\n"
           "    else\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "    fi\n"
           "}\n"
           "complete -F _keyturn keyturn\n");
}

/* Text inside of single quotes, where ' itself has to leave them. brackets:
 * [ ] and : have a meaning of their own there. */
static void completion_print_quoted(const char *text, bool brackets)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\'')
            printf("'\\''");
        else if (brackets && strchr("[]:", *at))
            printf("\\%c", *at);
        else
            putchar(*at);
    }
}

static void completion_print_zsh_option(const struct cli_option *option)
{
    printf(" \\\n                '--%s[", option->name);
    completion_print_quoted(option->help, true);
    printf("]");
    if (option->value) {
        printf(":");
        completion_print_quoted(option->value, true);
        printf(":%s", strcmp(option->value, "PATH") == 0 ? "_files" : "");
    }
    printf("'");
}

static void completion_print_zsh_command(const struct command *command)
{
    printf("        %s)\n            _arguments", command->name);
    for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name; i++)
        completion_print_zsh_option(&command->options[i]);
    for (size_t i = 0; i < command_common_count; i++)
        completion_print_zsh_option(&command_common_options[i]);
    if (command->completes_key)
        printf(" \\\n                '1:key:_keyturn_keys'");
    if (command->words[0]) {
        printf(" \\\n                '%d:what:(", command->completes_key ? 2 : 1);
        completion_print_words(command);
        printf(")'");
    }
    printf("\n            ;;\n");
}

void completion_print_zsh(void)
{
    printf("#compdef keyturn\n"
           "# zsh completion for keyturn, written by: keyturn completion zsh\n"
           "_keyturn_keys() {\n"
           "    local -a keys\n"
           "    keys=(${(f)\"$(keyturn list --names --no-start 2>/dev/null)\"})\n"
           "    compadd -a keys\n"
           "}\n"
           "_keyturn() {\n"
           "    local -a commands\n"
           "    commands=(\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("        '%s:", commands[i]->name);
        completion_print_quoted(commands[i]->summary, true);
        printf("'\n");
    }
    printf("    )\n"
           "    if ((CURRENT == 2)); then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    ((CURRENT--))\n"
           "    case $command in\n");
    for (size_t i = 0; i < commands_count; i++)
        completion_print_zsh_command(commands[i]);
    printf("    esac\n"
           "}\n"
           "_keyturn \"$@\"\n");
}

static void completion_print_fish_text(const char *text)
{
    printf(" -d '");
    for (const char *at = text; *at; at++)
        printf(*at == '\'' ? "\\%c" : "%c", *at);
    printf("'");
}

static void completion_print_fish_option(const char *command, const struct cli_option *option)
{
    printf("complete -c keyturn -n '__fish_seen_subcommand_from %s' -l %s", command, option->name);
    if (option->value)
        printf(strcmp(option->value, "PATH") == 0 ? " -r -F" : " -x");
    completion_print_fish_text(option->help);
    printf("\n");
}

static void completion_print_fish_command(const struct command *command)
{
    printf("complete -c keyturn -n __fish_use_subcommand -a %s", command->name);
    completion_print_fish_text(command->summary);
    printf("\n");
    if (command->completes_key)
        printf("complete -c keyturn -n '__fish_seen_subcommand_from %s' -a '(keyturn list --names --no-start "
               "2>/dev/null)'\n",
               command->name);
    if (command->words[0]) {
        printf("complete -c keyturn -n '__fish_seen_subcommand_from %s' -a '", command->name);
        completion_print_words(command);
        printf("'\n");
    }
    for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name; i++)
        completion_print_fish_option(command->name, &command->options[i]);
}

void completion_print_fish(void)
{
    printf("# fish completion for keyturn, written by: keyturn completion fish\n"
           "complete -c keyturn -f\n");
    for (size_t i = 0; i < command_common_count; i++) {
        printf("complete -c keyturn -l %s", command_common_options[i].name);
        completion_print_fish_text(command_common_options[i].help);
        printf(command_common_options[i].value ? " -r -F\n" : "\n");
    }
    for (size_t i = 0; i < commands_count; i++)
        completion_print_fish_command(commands[i]);
}

static const struct {
    const char *shell;
    void (*print)(void);
} completion_shells[] = {
    {"bash", completion_print_bash},
    {"zsh", completion_print_zsh},
    {"fish", completion_print_fish},
};

static enum err_code completion_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *shell = args_word(args, 0);
    for (size_t i = 0; i < sizeof completion_shells / sizeof completion_shells[0]; i++) {
        if (strcmp(completion_shells[i].shell, shell) != 0)
            continue;
        completion_shells[i].print();
        return ERR_OK;
    }
    return cli_misuse(cli, err, "completion is there for bash, zsh and fish, not for “%s”", shell);
}

const struct command command_completion = {
    .name = "completion",
    .group = GROUP_OTHER,
    .summary = "print a completion script for a shell",
    .usage = "bash | zsh | fish",
    .example = "keyturn completion bash > ~/.local/share/bash-completion/completions/keyturn",
    .words = {"bash", "zsh", "fish"},
    .least = 1,
    .most = 1,
    .run = completion_run,
};
