#include "agent.h"

#include <stdio.h>

static enum err_code lock_run(struct cli *cli, const struct args *args, struct err *err)
{
    (void)args;
    TRY(agent_send(cli, "POST", "/v1/vault/lock", NULL, NULL, err));
    printf("The vault is locked. Nothing rotates until it is open again: keyturn unlock\n");
    return ERR_OK;
}

const struct command command_lock = {
    .name = "lock",
    .group = GROUP_VAULT,
    .summary = "lock the vault: the agent forgets the root key",
    .usage = "",
    .example = "keyturn lock",
    .needs_no_start = true,
    .run = lock_run,
};
