/* A key's policy from the options of `add` and `set`. */
#ifndef KEYTURN_CLI_POLICY_H
#define KEYTURN_CLI_POLICY_H

#include "base/buf.h"
#include "cli.h"

#define OPTIONS_POLICY                                                                             \
    {"title", "TEXT", "what people call it: “Production App”"},                                    \
        {"owner", "NAME", "who answers for it"},                                                   \
        {"every", "DURATION", "rotate it that often: 30d; never"},                                 \
        {"jitter", "DURATION", "a rotation opens up to so much before that, so that keys part: 12h"}, \
        {"window", "WINDOWS", "open rotations only then: “Tue..Thu 09:00-16:00 Europe/Berlin”; none"}, \
        {"not-with", "KEY", "do not rotate it on the same day as that one, nor that one on its; none"},     \
        {"expires", "DATE", "the provider ends the key then: 2027-03-01; it is rotated in time; never"},   \
        {"on-dead", "rotate|alarm", "what to do when the key in use is found dead: alarm"},        \
        {"grace", "DURATION", "how long the old key stays alive after a rotation: 24h"},           \
        {"probe-every", "DURATION", "prove it alive that often: 1h; never"},                       \
        {"credential", "KEY", "the key of the vault that the provider's requests use"},            \
        {"wipe-dead", "yes|no", "forget a version's secret once it is proved dead"}

/* Write every policy option that was given as members of the open object.
 * An error is one of usage. */
enum err_code policy_write(struct cli *cli, const struct args *args, struct buf *json, struct err *err)
    ERR_MUST_CHECK;

/* A date or time, or "never", as a member of the open object. */
enum err_code policy_write_date(const char *option, const char *text, const char *field, struct buf *json,
                                struct err *err) ERR_MUST_CHECK;

/* A NAME=VALUE label, split. name holds LIMIT_LABEL_NAME_BYTES + 1. */
enum err_code policy_split_label(struct cli *cli, const char *text, char *ret_name,
                                 const char **ret_value, struct err *err) ERR_MUST_CHECK;

#endif
