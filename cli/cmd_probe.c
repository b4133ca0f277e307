#include "agent.h"
#include "field.h"
#include "proof.h"

#include <stdio.h>

static enum err_code probe_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf probe = {0};
    OWN(json_free) json_t *row = NULL;
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    buf_printf(&path, "/v1/keys/%s", key.text);
    buf_printf(&probe, "%s/probe", buf_text(&path));
    TRY(agent_get(cli, buf_text(&path), &row, err));
    const json_t *current = json_object_get(row, "current");
    bool proved = false;
    TRY(agent_send(cli, "POST", buf_text(&probe), NULL, NULL, err));
    printf("%s  version %lld  %s\n", key.text, (long long)field_number(current, "version"),
           field_text(current, "mask"));
    (void)fflush(stdout);
    TRY(proof_await(cli, &key, row, &proved, err));
    return proved ? ERR_OK : err_set(err, ERR_STATE, "%s was proved neither alive nor dead", key.text);
}

const struct command command_probe = {
    .name = "probe",
    .group = GROUP_KEYS,
    .summary = "ask its provider now whether a key is alive",
    .usage = "KEY",
    .notes = "Exit status 1 when it is not proved alive: dead, of no use, or no answer that proves anything.",
    .example = "keyturn probe live/reporting",
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = probe_run,
};
