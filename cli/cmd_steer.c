/* The four things a person may say to an open rotation (R17, R19, R20, R21). */
#include "agent.h"
#include "ask.h"
#include "field.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>

static enum err_code steer_read(struct cli *cli, const struct key_name *key, json_t **ret_rotation,
                                struct err *err)
{
    char id[TEXT_HEX_ID_BYTES];
    OWN_BUF struct buf path = {0};
    TRY(progress_find_open(cli, key, id, err));
    buf_printf(&path, "/v1/rotations/%s", id);
    return agent_get(cli, buf_text(&path), ret_rotation, err);
}

/* What cannot be undone is asked first. */
static enum err_code steer_ask(struct cli *cli, const struct args *args, const json_t *rotation,
                               const char *version, const char *consequence, struct err *err)
{
    char question[256];
    if (!consequence || !field_given(rotation, version))
        return ERR_OK;
    (void)snprintf(question, sizeof question, "%s: version %lld %s.", field_text(rotation, "key"),
                   (long long)field_number(rotation, version), consequence);
    return ask_yes(cli, args, question, err);
}

static enum err_code steer(struct cli *cli, const struct args *args, const char *version,
                           const char *consequence, const char *said, struct err *err)
{
    struct key_name key;
    OWN(json_free) json_t *rotation = NULL;
    OWN_BUF struct buf path = {0};
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    TRY(steer_read(cli, &key, &rotation, err));
    TRY(steer_ask(cli, args, rotation, version, consequence, err));
    buf_printf(&path, "/v1/rotations/%s/%s", field_text(rotation, "id"), args->command->name);
    TRY(agent_send(cli, "POST", buf_text(&path), NULL, NULL, err));
    printf("%s: rotation %lld %s. Look: keyturn show %s\n", key.text,
           (long long)field_number(rotation, "rotation"), said, key.text);
    return ERR_OK;
}

static enum err_code cancel_run(struct cli *cli, const struct args *args, struct err *err)
{
    return steer(cli, args, "new_version", "will be revoked, and the old one stays", "is given up", err);
}

static enum err_code retry_run(struct cli *cli, const struct args *args, struct err *err)
{
    return steer(cli, args, NULL, NULL, "goes on where it stopped", err);
}

static enum err_code rollback_run(struct cli *cli, const struct args *args, struct err *err)
{
    return steer(cli, args, "new_version", "will be revoked after the old one was put back",
                 "puts the old version back", err);
}

static enum err_code go_on_run(struct cli *cli, const struct args *args, struct err *err)
{
    return steer(cli, args, "old_version", "will be revoked now, whoever still uses it",
                 "goes on to revoke the old version", err);
}

const struct command command_cancel = {
    .name = "cancel",
    .group = GROUP_ROTATION,
    .summary = "give up a key's open rotation; the old key stays",
    .usage = "KEY [--yes]",
    .example = "keyturn cancel live/reporting",
    .options = {OPTION_YES},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = cancel_run,
};

const struct command command_retry = {
    .name = "retry",
    .group = GROUP_ROTATION,
    .summary = "let a rotation that needed you try again",
    .usage = "KEY",
    .example = "keyturn retry live/reporting",
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = retry_run,
};

const struct command command_rollback = {
    .name = "rollback",
    .group = GROUP_ROTATION,
    .summary = "put the old key back while it is still alive",
    .usage = "KEY [--yes]",
    .example = "keyturn rollback live/reporting",
    .options = {OPTION_YES},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = rollback_run,
};

const struct command command_go_on = {
    .name = "go-on",
    .group = GROUP_ROTATION,
    .summary = "revoke the old key although it is still in use",
    .usage = "KEY [--yes]",
    .example = "keyturn go-on live/reporting",
    .options = {OPTION_YES},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = go_on_run,
};
