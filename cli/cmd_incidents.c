#include "agent.h"
#include "field.h"
#include "revocation_table.h"
#include "say.h"
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct table_column incidents_columns[] = {
    {"INCIDENT", TABLE_WHOLE}, {"OPENED", TABLE_WHOLE}, {"DEAD", TABLE_WHOLE},
    {"ASKED BY", TABLE_CUT},   {"REASON", TABLE_CUT},
};

static enum err_code incidents_add(struct table *table, const json_t *row, struct err *err)
{
    char number[24];
    char opened[SAY_WHEN_BYTES];
    char dead[48];
    (void)snprintf(number, sizeof number, "%lld", (long long)field_number(row, "incident"));
    (void)snprintf(dead, sizeof dead, "%lld of %lld", (long long)field_number(row, "dead"),
                   (long long)field_number(row, "count"));
    const char *cells[] = {number, say_when(field_time(row, "opened_at"), opened), dead,
                           field_text(row, "asked_by"), field_text(row, "reason")};
    return table_add(table, cells, !field_given(row, "ended_at"), err);
}

static enum err_code incidents_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *incidents = NULL;
    OWN(table_free) struct table *table = NULL;
    TRY(agent_list(cli, "/v1/incidents", "incidents", &incidents, err));
    if (args_has(args, "json")) {
        printf("{\"incidents\":");
        (void)json_dumpf(incidents, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    TRY(table_new(incidents_columns, sizeof incidents_columns / sizeof incidents_columns[0], &table, err));
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach (incidents, index, row)
        TRY(incidents_add(table, row, err));
    if (json_array_size(incidents) == 0)
        (void)fprintf(stderr, "No incidents.\n");
    return table_print(table, err);
}

static enum err_code incident_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *word = args_word(args, 0);
    char *end = NULL;
    unsigned long number = strtoul(word, &end, 10);
    if (*end != '\0' || number == 0 || number > UINT32_MAX)
        return cli_misuse(cli, err, "an incident is a number, as keyturn incidents lists them, not “%s”", word);
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *incident = NULL;
    char opened[SAY_WHEN_BYTES];
    buf_printf(&path, "/v1/incidents/%lu", number);
    TRY(agent_get(cli, buf_text(&path), &incident, err));
    if (args_has(args, "json")) {
        (void)json_dumpf(incident, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    printf("incident %lu, opened %s by %s", number, say_when(field_time(incident, "opened_at"), opened),
           field_text(incident, "asked_by"));
    if (field_text(incident, "reason")[0])
        printf(": “%s”", field_text(incident, "reason"));
    printf("\n");
    (void)fflush(stdout);
    return revocation_table_print(json_object_get(incident, "revocations"), clock_wall_ms(cli->clock), err);
}

const struct command command_incidents = {
    .name = "incidents",
    .group = GROUP_EMERGENCY,
    .summary = "all emergencies so far",
    .usage = "[--json]",
    .example = "keyturn incidents",
    .options = {OPTION_JSON},
    .run = incidents_run,
};

const struct command command_incident = {
    .name = "incident",
    .group = GROUP_EMERGENCY,
    .summary = "one emergency, and how far each key in it is",
    .usage = "NUMBER [--json]",
    .example = "keyturn incident 3",
    .options = {OPTION_JSON},
    .least = 1,
    .most = 1,
    .run = incident_run,
};
