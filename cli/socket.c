#include "socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char socket_system[] = "/run/keyturn/agent.sock";

static enum err_code socket_take(struct socket_choice *choice, const char *folder, const char *rest,
                                 struct err *err)
{
    int length = snprintf(choice->path, sizeof choice->path, "%s%s", folder, rest);
    if (length < 0 || (size_t)length >= sizeof choice->path)
        return err_set(err, ERR_LIMIT,
                       "the socket's path %s%s is too long: the system allows %zu bytes", folder, rest,
                       sizeof choice->path - 1);
    return ERR_OK;
}

static enum err_code socket_take_own(struct socket_choice *choice, struct err *err)
{
    choice->own = true;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && runtime[0] == '/')
        return socket_take(choice, runtime, "/keyturn/agent.sock", err);
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return socket_take(choice, home, "/.local/share/keyturn/agent.sock", err);
    return err_set(err, ERR_INVALID,
                   "HOME is not set, so the agent's socket cannot be found; name it: --socket PATH");
}

enum err_code socket_choose(const char *option, struct socket_choice *ret_choice, struct err *err)
{
    struct socket_choice choice = {0};
    if (!option)
        option = getenv("KEYTURN_SOCKET");
    if (option && option[0] != '\0') {
        TRY(socket_take(&choice, option, "", err));
        *ret_choice = choice;
        return ERR_OK;
    }
    TRY(socket_take_own(&choice, err));
    if (access(choice.path, F_OK) != 0 && access(socket_system, F_OK) == 0) {
        choice.own = false;
        TRY(socket_take(&choice, socket_system, "", err));
    }
    *ret_choice = choice;
    return ERR_OK;
}
