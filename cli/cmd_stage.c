#include "agent.h"
#include "ask.h"
#include "policy.h"
#include "progress.h"
#include "secret_json.h"

#include <stdio.h>

static enum err_code stage_send(struct cli *cli, const struct args *args, const char *id, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf json = {0};
    OWN(secret_free) struct secret *secret = NULL;
    OWN(secret_free) struct secret *body = NULL;
    json_put_object_open(&json, NULL);
    if (args_has(args, "unchecked"))
        json_put_boolean(&json, "unchecked", true);
    if (args_has(args, "expires") &&
        policy_write_date("expires", args_value(args, "expires"), "expires_at", &json, err) != ERR_OK)
        return cli_misused(cli, err->code);
    json_put_object_close(&json);
    TRY(ask_secret(cli, args, "New key (not shown): ", "the new key", LIMIT_SECRET_BYTES, &secret, err));
    TRY(secret_json_with(&json, "secret", secret, &body, err));
    buf_printf(&path, "/v1/rotations/%s/stage", id);
    return agent_send_secret(cli, buf_text(&path), body, 0, NULL, err);
}

static enum err_code stage_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    char id[TEXT_HEX_ID_BYTES];
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    TRY(progress_find_open(cli, &key, id, err));
    TRY(stage_send(cli, args, id, err));
    if (args_has(args, "no-wait")) {
        printf("%s: the new key is staged. Look: keyturn show %s\n", key.text, key.text);
        return ERR_OK;
    }
    return progress_follow(cli, &key, id, args_has(args, "wait") ? PROGRESS_END : PROGRESS_SETTLING, err);
}

const struct command command_stage = {
    .name = "stage",
    .group = GROUP_ROTATION,
    .summary = "hand in the new key that a rotation waits for",
    .usage = "KEY [--stdin | --fd N] [--unchecked] [--expires DATE] [--wait | --no-wait]",
    .notes = "It is asked for without echo. Then it is proved, delivered and put into use, and each step\n"
             "is shown; ^C ends the showing, not the rotation.",
    .example = "keyturn stage live/reporting",
    .options = {OPTION_STDIN,
                OPTION_FD,
                {"unchecked", NULL, "take a key whose shape the provider's definition does not know"},
                {"expires", "DATE", "the provider ends this key then: 2027-03-01"},
                {"wait", NULL, "follow it until the old key is proved dead"},
                OPTION_NO_WAIT},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = stage_run,
};
