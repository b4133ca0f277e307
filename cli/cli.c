#include "cli.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum err_code key_parse(struct cli *cli, const char *text, struct key_name *ret_key, struct err *err)
{
    struct key_name key = {0};
    enum err_code code = text_split_key(text, key.environment, key.name, err);
    if (code != ERR_OK)
        return cli_misused(cli, err_prefix(err, "“%.80s” is no key", text));
    (void)snprintf(key.text, sizeof key.text, "%s/%s", key.environment, key.name);
    *ret_key = key;
    return ERR_OK;
}

enum err_code cli_misuse(struct cli *cli, struct err *err, const char *format, ...)
{
    char message[ERR_MESSAGE_BYTES];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(message, sizeof message, format, values);
    va_end(values);
    cli->misused = true;
    return err_set(err, ERR_INVALID, "%s", message);
}

enum err_code cli_misused(struct cli *cli, enum err_code code)
{
    cli->misused = code != ERR_OK;
    return code;
}

enum err_code cli_write(struct cli *cli, const void *bytes, size_t length, struct err *err)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t wrote = write(STDOUT_FILENO, at, length);
        if (wrote < 0 && errno != EINTR) {
            cli->reached_nobody = false;
            return err_set_errno(err, errno, "cannot write to standard output");
        }
        if (wrote > 0) {
            at += wrote;
            length -= (size_t)wrote;
        }
    }
    return ERR_OK;
}

/* Codes that are not here mean: it failed. */
static const enum cli_exit exits[ERR_COUNT] = {
    [ERR_NOT_FOUND] = EXIT_NOT_FOUND,
    [ERR_DENIED] = EXIT_DENIED,
    [ERR_WRONG_KEY] = EXIT_DENIED,
    [ERR_LOCKED] = EXIT_LOCKED,
};

enum cli_exit cli_exit_of(const struct cli *cli, enum err_code code)
{
    if (code == ERR_OK)
        return cli->waits ? EXIT_WAITS : EXIT_DONE;
    if (cli->misused)
        return EXIT_USAGE;
    if (cli->reached_nobody)
        return EXIT_UNREACHABLE;
    return exits[code] != EXIT_DONE ? exits[code] : EXIT_FAILED;
}
