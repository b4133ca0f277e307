/* All commands, in the order of the help. */
#include "command.h"
#include "suggest.h"

#include <string.h>

extern const struct command command_list, command_show, command_add, command_get, command_set, command_probe,
    command_deliver, command_consumers, command_history, command_remove, command_apply, command_export;
extern const struct command command_rotate, command_stage, command_rotations, command_plan, command_retry, command_rollback,
    command_cancel, command_go_on, command_reconcile;
extern const struct command command_revoke, command_identify, command_scan, command_revocations, command_incidents,
    command_incident;
extern const struct command command_status, command_init, command_unlock, command_lock, command_slots,
    command_providers, command_provider, command_audit;
extern const struct command command_help, command_version, command_completion;

const struct command *const commands[] = {
    &command_list,        &command_show,     &command_add,         &command_get,       &command_set,
    &command_probe,       &command_deliver,  &command_consumers, &command_history,     &command_remove,
    &command_apply,       &command_export,   &command_rotate,
    &command_stage,       &command_rotations, &command_plan, &command_retry,      &command_rollback,  &command_cancel,
    &command_go_on,       &command_reconcile, &command_revoke,   &command_identify,    &command_scan,     &command_revocations,
    &command_incidents,   &command_incident, &command_status,      &command_init,      &command_unlock,
    &command_lock,        &command_slots,    &command_providers,   &command_provider,  &command_audit,
    &command_help,        &command_version,  &command_completion,
};
const size_t commands_count = sizeof commands / sizeof commands[0];

const char *const command_group_titles[GROUP_COUNT] = {
    [GROUP_KEYS] = "Keys",
    [GROUP_ROTATION] = "Rotation",
    [GROUP_EMERGENCY] = "Emergency",
    [GROUP_VAULT] = "Vault and agent",
    [GROUP_OTHER] = "This program",
};

const struct cli_option command_common_options[] = {
    {"socket", "PATH", "the agent's socket"},
    {"no-start", NULL, "do not start an agent where none runs"},
    {"help", NULL, "this help"},
};
const size_t command_common_count = sizeof command_common_options / sizeof command_common_options[0];

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

enum err_code command_unknown(const char *name, struct err *err)
{
    struct suggestion nearest = suggest_begin(name, strlen(name));
    for (size_t i = 0; i < commands_count; i++)
        suggest_offer(&nearest, commands[i]->name);
    const char *best = suggest_best(&nearest);
    if (best)
        return err_set(err, ERR_INVALID, "there is no command “%.64s”. Did you mean %s?", name, best);
    return err_set(err, ERR_INVALID, "there is no command “%.64s”. See keyturn help", name);
}
