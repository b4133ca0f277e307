#include "agent.h"
#include "field.h"

#include <stdio.h>
#include <string.h>

static enum err_code version_run(struct cli *cli, const struct args *args, struct err *err)
{
    (void)args;
    (void)err;
    OWN(json_free) json_t *health = NULL;
    printf("keyturn %s\n", KEYTURN_VERSION);
    /* The agent's is worth a line when it differs, as after an upgrade. */
    if (agent_get(cli, "/v1/health", &health, NULL) == ERR_OK &&
        strcmp(field_text(health, "version"), KEYTURN_VERSION) != 0)
        printf("agent   %s, on %s: restart it\n", field_text(health, "version"), cli->socket.path);
    return ERR_OK;
}

const struct command command_version = {
    .name = "version",
    .group = GROUP_OTHER,
    .summary = "the version of this program, and of the agent where it differs",
    .usage = "",
    .example = "keyturn version",
    .needs_no_start = true,
    .run = version_run,
};
