#include "args.h"

#include "suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option *args_find_in(const struct cli_option *options, size_t count,
                                             const char *name, size_t length)
{
    for (size_t i = 0; i < count && options[i].name; i++)
        if (strncmp(options[i].name, name, length) == 0 && options[i].name[length] == '\0')
            return &options[i];
    return NULL;
}

static const struct cli_option *args_find(const struct command *command, const char *name, size_t length)
{
    const struct cli_option *option =
        args_find_in(command->options, COMMAND_OPTIONS, name, length);
    return option ? option
                  : args_find_in(command_common_options, command_common_count, name, length);
}

static enum err_code args_unknown(const struct command *command, const char *word, size_t length,
                                  struct err *err)
{
    struct suggestion nearest = suggest_begin(word, length);
    for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name; i++)
        suggest_offer(&nearest, command->options[i].name);
    for (size_t i = 0; i < command_common_count; i++)
        suggest_offer(&nearest, command_common_options[i].name);
    const char *best = suggest_best(&nearest);
    if (best)
        return err_set(err, ERR_INVALID, "keyturn %s has no option --%.*s. Did you mean --%s?",
                       command->name, (int)length, word, best);
    return err_set(err, ERR_INVALID, "keyturn %s has no option --%.*s. See keyturn %s --help",
                   command->name, (int)length, word, command->name);
}

/* One option at words[*at]; *at is moved past the value it took. */
static enum err_code args_take_option(struct args *args, int count, char *const *words, int *at,
                                      struct err *err)
{
    const char *word = words[*at] + 2;
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *option = args_find(args->command, word, length);
    if (!option)
        return args_unknown(args->command, word, length, err);
    if (equals && !option->value)
        return err_set(err, ERR_INVALID, "--%s takes no value", option->name);
    const char *value = equals ? equals + 1 : NULL;
    if (option->value && !value) {
        if (*at + 1 >= count)
            return err_set(err, ERR_INVALID, "--%s needs a value: --%s %s", option->name,
                           option->name, option->value);
        value = words[++*at];
    }
    args->given[args->given_count++] = (struct given_option){option, value};
    return ERR_OK;
}

static enum err_code args_take_all(struct args *args, int count, char *const *words, struct err *err)
{
    bool only_words = false;
    for (int at = 0; at < count; at++) {
        const char *word = words[at];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (!only_words && strcmp(word, "-h") == 0) {
            args->given[args->given_count++] = (struct given_option){
                args_find(args->command, "help", strlen("help")), NULL};
        } else if (!only_words && strncmp(word, "--", 2) == 0) {
            TRY(args_take_option(args, count, words, &at, err));
        } else if (!only_words && word[0] == '-' && word[1] != '\0') {
            return err_set(err, ERR_INVALID,
                           "%s is no option: options have two dashes. See keyturn %s --help", word,
                           args->command->name);
        } else {
            args->words[args->word_count++] = word;
        }
    }
    return ERR_OK;
}

static enum err_code args_check_count(const struct args *args, struct err *err)
{
    const struct command *command = args->command;
    if (args_has(args, "help"))
        return ERR_OK;
    if (args->word_count < command->least)
        return err_set(err, ERR_INVALID, "too little was given. Usage: keyturn %s %s", command->name,
                       command->usage);
    if (args->word_count > command->most)
        return err_set(err, ERR_INVALID, "“%s” is one argument too many. Usage: keyturn %s %s",
                       args->words[command->most], command->name, command->usage);
    return ERR_OK;
}

enum err_code args_parse(const struct command *command, int count, char *const *words,
                         struct args *ret_args, struct err *err)
{
    OWN_ARGS struct args args = {.command = command};
    args.words = calloc((size_t)count + 1, sizeof *args.words);
    args.given = calloc((size_t)count + 1, sizeof *args.given);
    if (!args.words || !args.given)
        return err_set(err, ERR_MEMORY, "out of memory");
    TRY(args_take_all(&args, count, words, err));
    TRY(args_check_count(&args, err));
    *ret_args = args;
    args.words = NULL;
    args.given = NULL;
    return ERR_OK;
}

void args_release(struct args *args)
{
    free(args->words);
    free(args->given);
    args->words = NULL;
    args->given = NULL;
}

const char *args_word(const struct args *args, size_t index)
{
    return index < args->word_count ? args->words[index] : NULL;
}

bool args_has(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            return true;
    return false;
}

const char *args_value(const struct args *args, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            value = args->given[i].value;
    return value;
}

const char *args_next(const struct args *args, const char *name, size_t *at)
{
    while (*at < args->given_count) {
        const struct given_option *given = &args->given[(*at)++];
        if (strcmp(given->option->name, name) == 0)
            return given->value;
    }
    return NULL;
}

enum err_code args_number(const struct args *args, const char *name, int64_t least, int64_t most,
                          int64_t *ret_value, struct err *err)
{
    const char *text = args_value(args, name);
    if (!text)
        return ERR_OK;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most)
        return err_set(err, ERR_INVALID, "--%s is to be a whole number from %lld to %lld, not “%s”",
                       name, (long long)least, (long long)most, text);
    *ret_value = value;
    return ERR_OK;
}
