#include "agent.h"
#include "field.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

static const struct table_column providers_columns[] = {
    {"PROVIDER", TABLE_WHOLE}, {"TITLE", TABLE_CUT},  {"ENVIRONMENTS", TABLE_CUT},
    {"ISSUE", TABLE_WHOLE},    {"REVOKE", TABLE_WHOLE}, {"FILE", TABLE_NAME},
};

static const char *providers_action(const json_t *provider, const char *action)
{
    const char *kind = field_text(json_object_get(provider, "actions"), action);
    return strcmp(kind, "manual") == 0 ? "a person" : strcmp(kind, "http") == 0 ? "by itself" : kind;
}

static enum err_code providers_add(struct table *table, const json_t *provider, struct err *err)
{
    OWN_BUF struct buf environments = {0};
    size_t index = 0;
    const json_t *environment = NULL;
    json_array_foreach (json_object_get(provider, "environments"), index, environment)
        buf_printf(&environments, "%s%s", index > 0 ? ", " : "", field_text(environment, "name"));
    const char *cells[] = {field_text(provider, "name"),         field_text(provider, "title"),
                           buf_text(&environments),              providers_action(provider, "issue"),
                           providers_action(provider, "revoke"), field_text(provider, "file")};
    return table_add(table, cells, false, err);
}

static enum err_code providers_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *providers = NULL;
    OWN(table_free) struct table *table = NULL;
    TRY(agent_list(cli, "/v1/providers", "providers", &providers, err));
    if (args_has(args, "json")) {
        printf("{\"providers\":");
        (void)json_dumpf(providers, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    TRY(table_new(providers_columns, sizeof providers_columns / sizeof providers_columns[0], &table, err));
    size_t index = 0;
    const json_t *provider = NULL;
    json_array_foreach (providers, index, provider)
        TRY(providers_add(table, provider, err));
    return table_print(table, err);
}

const struct command command_providers = {
    .name = "providers",
    .group = GROUP_VAULT,
    .summary = "whose keys the agent knows how to handle",
    .usage = "[--json]",
    .example = "keyturn providers",
    .options = {OPTION_JSON},
    .run = providers_run,
};
