#include "agent.h"
#include "field.h"
#include "revocation_table.h"
#include "say.h"
#include "table.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static enum err_code incident_number(struct cli *cli, const char *word, unsigned long *ret_number, struct err *err)
{
    char *end = NULL;
    *ret_number = strtoul(word, &end, 10);
    if (*end != '\0' || *ret_number == 0 || *ret_number > UINT32_MAX)
        return cli_misuse(cli, err, "an incident is a number, as keyturn incident list shows them, not “%s”", word);
    return ERR_OK;
}

static enum err_code incident_print(const json_t *incident, int64_t now_ms, struct err *err)
{
    char opened[SAY_WHEN_BYTES];
    printf("incident %lld, opened %s by %s: “%s”\n", (long long)field_number(incident, "incident"),
           say_when(field_time(incident, "opened_at"), opened), field_text(incident, "asked_by"),
           field_text(incident, "reason"));
    (void)fflush(stdout);
    TRY(revocation_table_print(json_object_get(incident, "revocations"), now_ms, err));
    watch_print_report(incident);
    return ERR_OK;
}

static enum err_code incident_show(struct cli *cli, const struct args *args, const char *word, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *incident = NULL;
    unsigned long number = 0;
    TRY(incident_number(cli, word, &number, err));
    buf_printf(&path, "/v1/incidents/%lu", number);
    TRY(agent_get(cli, buf_text(&path), &incident, err));
    if (!args_has(args, "json"))
        return incident_print(incident, clock_wall_ms(cli->clock), err);
    (void)json_dumpf(incident, stdout, JSON_COMPACT);
    printf("\n");
    return ERR_OK;
}

static enum err_code incident_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *word = args_word(args, 0);
    const char *number = args_word(args, 1);
    if (strcmp(word, "list") == 0 && !number)
        return incidents_run(cli, args, err);
    if (strcmp(word, "show") == 0 && number)
        return incident_show(cli, args, number, err);
    if (number || strcmp(word, "show") == 0)
        return cli_misuse(cli, err, "usage: keyturn incident %s", cli->command->usage);
    return incident_show(cli, args, word, err);
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
    .usage = "show NUMBER | list [--json]",
    .notes = "The same report as at the end of keyturn revoke: what is dead and after how long, what is not,\n"
             "and what a person must do.",
    .example = "keyturn incident show 3",
    .options = {OPTION_JSON},
    .words = {"show", "list"},
    .least = 1,
    .most = 2,
    .run = incident_run,
};
