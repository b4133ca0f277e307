#include "agent.h"
#include "ask.h"

#include <stdio.h>

static enum err_code remove_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    OWN_BUF struct buf path = {0};
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    buf_printf(&path, "/v1/keys/%s", key.text);
    OWN(json_free) json_t *row = NULL;
    TRY(agent_get(cli, buf_text(&path), &row, err));
    (void)fprintf(stderr, "This forgets %s and all its versions; its provider is not asked anything.\n",
                  key.text);
    TRY(ask_by_name(cli, args, key.text, err));
    TRY(agent_send(cli, "DELETE", buf_text(&path), NULL, NULL, err));
    printf("%s is removed.\n", key.text);
    return ERR_OK;
}

const struct command command_remove = {
    .name = "remove",
    .group = GROUP_KEYS,
    .summary = "forget a key whose versions are dead",
    .usage = "KEY [--yes]",
    .notes = "A key that is still alive at its provider is refused: revoke it first, or nobody could.",
    .example = "keyturn remove sandbox/old-ci",
    .options = {OPTION_YES},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = remove_run,
};
