#include "access.h"

#include <unistd.h>

static const char *const access_names[] = {
    [ACCESS_HEALTH] = "ask for its health", [ACCESS_LIST] = "list",     [ACCESS_READ] = "read",
    [ACCESS_ROTATE] = "rotate",             [ACCESS_REVOKE] = "revoke", [ACCESS_ADMIN] = "administer",
};

bool access_is_owner(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

enum err_code access_check(const struct peer *peer, enum access_what what, const char *environment,
                           const char *name, struct err *err)
{
    if (what == ACCESS_HEALTH || access_is_owner(peer->uid))
        return ERR_OK;
    if (environment && name)
        return err_set(err, ERR_DENIED, "%s may not %s %s/%s; this agent serves root and its own user, uid %u",
                       peer->name, access_names[what], environment, name, (unsigned)geteuid());
    return err_set(err, ERR_DENIED, "%s may not %s; this agent serves root and its own user, uid %u", peer->name,
                   access_names[what], (unsigned)geteuid());
}
