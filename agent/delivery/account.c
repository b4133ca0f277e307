/* Users and groups by name or number. Looking up a name blocks where accounts
 * come over a network. */
#include "delivery_private.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNT_BYTES = 16 * 1024 };

static bool account_parse_number(const char *text, unsigned *ret_number)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number >= UINT_MAX)
        return false;
    *ret_number = (unsigned)number;
    return true;
}

/* The directory of accounts may be on another machine and not answer: that is
 * no proof that there is no such account. */
static enum err_code account_error(const char *field, const char *name, int sys, struct err *err)
{
    if (sys == 0 || sys == ENOENT || sys == ESRCH)
        return err_set(err, ERR_NOT_FOUND, "%s: there is no %s here: make it, or correct the delivery", field,
                       name);
    return err_set(err, ERR_BUSY, "%s: cannot look up %s for now: %s", field, name, strerrordesc_np(sys));
}

enum err_code delivery_find_user(const char *name, uid_t *ret_uid, struct err *err)
{
    if (account_parse_number(name, ret_uid))
        return ERR_OK;
    char memory[ACCOUNT_BYTES];
    struct passwd account;
    struct passwd *found = NULL;
    int sys = getpwnam_r(name, &account, memory, sizeof memory, &found);
    if (!found)
        return account_error("owner", name, sys, err);
    *ret_uid = found->pw_uid;
    return ERR_OK;
}

enum err_code delivery_find_group(const char *name, gid_t *ret_gid, struct err *err)
{
    if (account_parse_number(name, ret_gid))
        return ERR_OK;
    char memory[ACCOUNT_BYTES];
    struct group account;
    struct group *found = NULL;
    int sys = getgrnam_r(name, &account, memory, sizeof memory, &found);
    if (!found)
        return account_error("group", name, sys, err);
    *ret_gid = found->gr_gid;
    return ERR_OK;
}
