/* Which socket the agent is looked for on. */
#ifndef KEYTURN_CLI_SOCKET_H
#define KEYTURN_CLI_SOCKET_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/un.h>

struct socket_choice {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    bool own; /* the user's own at its usual place: an agent may be started there */
};

/* option (--socket, may be NULL), else $KEYTURN_SOCKET, else the user's own
 * ($XDG_RUNTIME_DIR/keyturn/agent.sock, or ~/.local/share/keyturn/agent.sock)
 * when it exists, else /run/keyturn/agent.sock when that exists, else the user's.
 * ERR_LIMIT when the path does not fit a socket's address, ERR_INVALID when
 * there is neither a path nor a home folder to find one in. */
enum err_code socket_choose(const char *option, struct socket_choice *ret_choice, struct err *err)
    ERR_MUST_CHECK;

#endif
