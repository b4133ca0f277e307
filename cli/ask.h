/* Questions to the person at the terminal. */
#ifndef KEYTURN_CLI_ASK_H
#define KEYTURN_CLI_ASK_H

#include "base/secret.h"
#include "cli.h"

/* A secret from where the options say: --fd N, --stdin, a standard input that is
 * no terminal, else asked for on the terminal without echo, with prompt. At most
 * max_bytes. Starts libsodium (secret_init). ERR_INVALID when it is empty or
 * there is no terminal to ask on, ERR_LIMIT when it is too long. */
enum err_code ask_secret(struct cli *cli, const struct args *args, const char *prompt, const char *what,
                         size_t max_bytes, struct secret **ret_secret, struct err *err) ERR_MUST_CHECK;

/* The same twice where it comes from a terminal, until both are equal. */
enum err_code ask_new_passphrase(struct cli *cli, const struct args *args, struct secret **ret_secret,
                                 struct err *err) ERR_MUST_CHECK;

/* Go on? --yes answers. ERR_DENIED: the answer was no; with no terminal to ask
 * on it is an error of usage that names --yes. */
enum err_code ask_yes(struct cli *cli, const struct args *args, const char *question, struct err *err)
    ERR_MUST_CHECK;
/* Go on, by typing the word (a key's name)? */
enum err_code ask_by_name(struct cli *cli, const struct args *args, const char *word, struct err *err)
    ERR_MUST_CHECK;
/* The same on the terminal itself, where standard input is taken by something else. */
enum err_code ask_terminal_by_name(struct cli *cli, const char *word, struct err *err) ERR_MUST_CHECK;

#endif
