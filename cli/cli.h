/* What a command has at hand: the agent's client and how the program ends. */
#ifndef KEYTURN_CLI_CLI_H
#define KEYTURN_CLI_CLI_H

#include "args.h"
#include "base/clock.h"
#include "base/limits.h"
#include "client.h"
#include "socket.h"

/* Exit statuses, design section 9. */
enum cli_exit {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_DENIED = 4,
    EXIT_LOCKED = 5,
    EXIT_WAITS = 6, /* for a person */
    EXIT_UNREACHABLE = 7,
};

struct cli {
    const struct command *command;
    const char *socket_option; /* --socket, or NULL */
    struct socket_choice socket;
    struct client client;
    const struct clock *clock;
    bool may_start;      /* an agent may be started where none listens */
    bool waits;          /* it ended waiting for a person: EXIT_WAITS */
    bool misused;        /* the error is one of usage: EXIT_USAGE */
    bool reached_nobody; /* the error is that no agent answers: EXIT_UNREACHABLE */
};

/* A key as typed, checked. */
struct key_name {
    char environment[LIMIT_NAME_BYTES + 1];
    char name[LIMIT_NAME_BYTES + 1];
    char text[2 * LIMIT_NAME_BYTES + 2];
};
enum err_code key_parse(struct cli *cli, const char *text, struct key_name *ret_key, struct err *err)
    ERR_MUST_CHECK;

/* An error of usage: sets cli->misused and returns ERR_INVALID. */
enum err_code cli_misuse(struct cli *cli, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error that is filled already. */
enum err_code cli_misused(struct cli *cli, enum err_code code);

/* Bytes as they are to standard output, past stdio. That they do not arrive is no fault of the agent they came
 * from: cli->reached_nobody is false then. */
enum err_code cli_write(struct cli *cli, const void *bytes, size_t length, struct err *err) ERR_MUST_CHECK;

/* How the program ends. */
enum cli_exit cli_exit_of(const struct cli *cli, enum err_code code);

#endif
