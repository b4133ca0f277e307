#include "ask.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_TRIES = 3, ASK_PASSPHRASE_BYTES = 1024 };

/* readpassphrase writes straight into the locked pages; the one byte at a time
 * it reads passes through its stack, no more. */
static enum err_code ask_terminal(const char *prompt, const char *what, size_t max_bytes,
                                  struct secret **ret_secret, struct err *err)
{
    OWN(secret_free) struct secret *secret = secret_new(max_bytes + 2);
    if (!secret)
        return err_set(err, ERR_MEMORY, "no locked memory for %s", what);
    char *typed = (char *)secret_fill(secret);
    errno = 0;
    if (!readpassphrase(prompt, typed, max_bytes + 2, RPP_REQUIRE_TTY))
        return errno == EINTR ? err_set(err, ERR_DENIED, "stopped; nothing was done")
                              : err_set_errno(err, errno, "cannot ask for %s on the terminal", what);
    size_t length = strnlen(typed, max_bytes + 2);
    if (length == 0)
        return err_set(err, ERR_INVALID, "%s is empty; nothing was done", what);
    if (length > max_bytes)
        return err_set(err, ERR_LIMIT, "%s has more than %zu bytes", what, max_bytes);
    secret_set_length(secret, length);
    *ret_secret = GIVE(secret);
    return ERR_OK;
}

static enum err_code ask_has_terminal(struct cli *cli, const char *what, struct err *err)
{
    OWN_FD int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal >= 0)
        return ERR_OK;
    return cli_misuse(cli, err, "there is no terminal to ask for %s on; give it with --stdin or --fd N",
                      what);
}

static bool ask_comes_by_descriptor(const struct args *args)
{
    return args_has(args, "fd") || args_has(args, "stdin") || isatty(STDIN_FILENO) == 0;
}

static enum err_code ask_descriptor(struct cli *cli, const struct args *args, const char *what,
                                    size_t max_bytes, struct secret **ret_secret, struct err *err)
{
    int64_t fd = STDIN_FILENO;
    enum err_code code = args_number(args, "fd", 0, 65535, &fd, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    code = secret_read_fd((int)fd, max_bytes, what, ret_secret, err);
    /* Nothing was typed into a pipe: whoever called us forgot it. */
    if (code == ERR_INVALID && !args_has(args, "fd") && !args_has(args, "stdin"))
        return cli_misuse(cli, err, "%s is empty: standard input is no terminal and holds nothing", what);
    return code;
}

enum err_code ask_secret(struct cli *cli, const struct args *args, const char *prompt, const char *what,
                         size_t max_bytes, struct secret **ret_secret, struct err *err)
{
    TRY(secret_init(err));
    secret_lock_all();
    if (ask_comes_by_descriptor(args))
        return ask_descriptor(cli, args, what, max_bytes, ret_secret, err);
    TRY(ask_has_terminal(cli, what, err));
    return ask_terminal(prompt, what, max_bytes, ret_secret, err);
}

enum err_code ask_new_passphrase(struct cli *cli, const struct args *args, struct secret **ret_secret,
                                 struct err *err)
{
    static const char what[] = "the passphrase";
    if (ask_comes_by_descriptor(args))
        return ask_secret(cli, args, NULL, what, ASK_PASSPHRASE_BYTES, ret_secret, err);
    for (int try = 0; try < ASK_TRIES; try++) {
        OWN(secret_free) struct secret *first = NULL;
        OWN(secret_free) struct secret *second = NULL;
        TRY(ask_secret(cli, args, "Passphrase for the vault: ", what, ASK_PASSPHRASE_BYTES, &first, err));
        TRY(ask_secret(cli, args, "Again: ", what, ASK_PASSPHRASE_BYTES, &second, err));
        if (secret_equal(first, second)) {
            *ret_secret = GIVE(first);
            return ERR_OK;
        }
        (void)fprintf(stderr, "These differ. Once more.\n");
    }
    return err_set(err, ERR_INVALID, "the two passphrases differ; nothing was done");
}

/* An answer's line from standard input; a longer one is no answer we know. */
static bool ask_line(const char *question, char *line, size_t capacity)
{
    (void)fputs(question, stderr);
    (void)fflush(stderr);
    if (!fgets(line, (int)capacity, stdin))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static enum err_code ask_may_ask(struct cli *cli, const char *action, struct err *err)
{
    if (isatty(STDIN_FILENO) == 1)
        return ERR_OK;
    return cli_misuse(cli, err, "this asks before it goes on, and there is nobody at standard input; %s",
                      action);
}

enum err_code ask_yes(struct cli *cli, const struct args *args, const char *question, struct err *err)
{
    if (args_has(args, "yes"))
        return ERR_OK;
    TRY(ask_may_ask(cli, "--yes answers it", err));
    char line[16];
    (void)fprintf(stderr, "%s\n", question);
    if (ask_line("Go on? [y/N] ", line, sizeof line) &&
        (strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0))
        return ERR_OK;
    return err_set(err, ERR_DENIED, "not confirmed; nothing was done");
}

enum err_code ask_by_name(struct cli *cli, const struct args *args, const char *word, struct err *err)
{
    if (args_has(args, "yes"))
        return ERR_OK;
    TRY(ask_may_ask(cli, "--yes answers it", err));
    char question[2 * LIMIT_NAME_BYTES + 32];
    char line[2 * LIMIT_NAME_BYTES + 4];
    (void)snprintf(question, sizeof question, "Type %s to go on: ", word);
    if (ask_line(question, line, sizeof line) && strcmp(line, word) == 0)
        return ERR_OK;
    return err_set(err, ERR_DENIED, "not confirmed; nothing was done");
}

enum err_code ask_terminal_by_name(struct cli *cli, const char *word, struct err *err)
{
    char line[2 * LIMIT_NAME_BYTES + 4];
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (!terminal)
        return cli_misuse(cli, err, "this asks before it goes on, and there is no terminal; --yes answers it");
    (void)fprintf(terminal, "Type %s to go on: ", word);
    (void)fflush(terminal);
    bool typed = fgets(line, sizeof line, terminal) != NULL;
    (void)fclose(terminal);
    if (typed)
        line[strcspn(line, "\n")] = '\0';
    if (typed && strcmp(line, word) == 0)
        return ERR_OK;
    return err_set(err, ERR_DENIED, "not confirmed; nothing was done");
}
