/* A key's policy: from the options of `add` and `set` and the fields of an inventory to the agent, and back. */
#ifndef KEYTURN_CLI_POLICY_H
#define KEYTURN_CLI_POLICY_H

#include "base/buf.h"
#include "cli.h"

#include <jansson.h>

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
        {"wipe-dead", "yes|no", "forget a version's secret once it is proved dead"},               \
        {"receipts", "yes|no", "the old key lives until everybody who read it has read the new one"}, \
        {"without-overlap", "yes|no", "accept that its provider kills the old key when it makes the new one"}

/* Write every policy option that was given as members of the open object.
 * An error is one of usage. */
enum err_code policy_write(struct cli *cli, const struct args *args, struct buf *json, struct err *err)
    ERR_MUST_CHECK;

/* One of them, as typed, as a member of the open object; option is one of OPTIONS_POLICY. */
enum err_code policy_put(const char *option, const char *text, struct buf *json, struct err *err) ERR_MUST_CHECK;
/* The way back: what policy_put would take for the value that a key of the agent has, always written
 * in the same way. */
void policy_say(const char *option, const json_t *key, struct buf *out);

/* A date or time, or "never", as a member of the open object. */
enum err_code policy_write_date(const char *option, const char *text, const char *field, struct buf *json,
                                struct err *err) ERR_MUST_CHECK;

/* A NAME=VALUE label, split. name holds LIMIT_LABEL_NAME_BYTES + 1. */
enum err_code policy_split_label(struct cli *cli, const char *text, char *ret_name,
                                 const char **ret_value, struct err *err) ERR_MUST_CHECK;

#endif
