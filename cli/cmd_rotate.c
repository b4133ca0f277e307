#include "agent.h"
#include "field.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>

/* One that is open already is as good as a new one: show where it is. */
static enum err_code rotate_open(struct cli *cli, const struct key_name *key, char id[TEXT_HEX_ID_BYTES],
                                 bool *ret_found, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *rotation = NULL;
    buf_printf(&path, "/v1/keys/%s/rotations", key->text);
    *ret_found = false;
    enum err_code code = agent_send(cli, "POST", buf_text(&path), NULL, &rotation, err);
    if (code == ERR_EXISTS || code == ERR_STATE) {
        struct err none;
        *ret_found = progress_find_open(cli, key, id, &none) == ERR_OK;
        return *ret_found ? ERR_OK : code;
    }
    TRY(code);
    (void)snprintf(id, TEXT_HEX_ID_BYTES, "%s", field_text(rotation, "id"));
    return ERR_OK;
}

static enum err_code rotate_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    char id[TEXT_HEX_ID_BYTES] = "";
    bool found = false;
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    TRY(rotate_open(cli, &key, id, &found, err));
    if (found)
        printf("%s has an open rotation already.\n", key.text);
    if (args_has(args, "no-wait")) {
        printf("%s: the rotation is open. Look: keyturn show %s\n", key.text, key.text);
        return ERR_OK;
    }
    return progress_follow(cli, &key, id, args_has(args, "wait") ? PROGRESS_END : PROGRESS_SETTLING, err);
}

const struct command command_rotate = {
    .name = "rotate",
    .group = GROUP_ROTATION,
    .summary = "replace a key by a new one",
    .usage = "KEY [--wait | --no-wait]",
    .notes = "Where the provider issues keys it follows the rotation until the new key is in use; where a\n"
             "person makes them it says what to do, and ends with status 6.",
    .example = "keyturn rotate live/reporting",
    .options = {{"wait", NULL, "follow it until the old key is proved dead"}, OPTION_NO_WAIT},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = rotate_run,
};
