/* Who may do what with which key. Today root and the agent's own user may do
 * all, and everybody else may ask whether the agent is well. */
#ifndef KEYTURN_API_ACCESS_H
#define KEYTURN_API_ACCESS_H

#include "base/err.h"
#include "peer.h"

enum access_what {
    ACCESS_HEALTH,
    ACCESS_LIST,   /* see records, never a secret */
    ACCESS_READ,   /* read a secret */
    ACCESS_ROTATE, /* open, stage and steer rotations */
    ACCESS_REVOKE, /* kill; does not imply read */
    ACCESS_ADMIN,  /* the vault, policies, deliveries */
};

/* Root, or the user that the agent runs as. */
bool access_is_owner(uid_t uid);

/* environment and name: the key in question, or NULL where the request names none. ERR_DENIED. */
enum err_code access_check(const struct peer *peer, enum access_what what, const char *environment,
                           const char *name, struct err *err) ERR_MUST_CHECK;

#endif
