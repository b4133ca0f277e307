#include "agent.h"
#include "field.h"
#include "revocation_table.h"
#include "say.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

static const struct table_column revocation_columns[] = {
    {"KEY", TABLE_NAME},   {"VERSION", TABLE_WHOLE}, {"STATE", TABLE_WHOLE},
    {"FOR", TABLE_WHOLE},  {"INCIDENT", TABLE_WHOLE}, {"NEXT", TABLE_CUT},
};

static void revocation_say(struct buf *out, const json_t *row, int64_t now_ms)
{
    OWN_BUF struct buf doubt = {0};
    say_doubt(&doubt, row, now_ms);
    if (strcmp(field_text(row, "state"), "dead") == 0) {
        say_evidence(out, json_object_get(row, "evidence"));
    } else if (field_true(row, "waits_for_person")) {
        buf_text_add(out, "waits for you: ");
        say_instructions(out, json_object_get(row, "instructions"));
        buf_printf(out, "%s%s", doubt.length > 0 ? "; " : "", buf_text(&doubt));
    } else {
        buf_text_add(out, doubt.length > 0 ? buf_text(&doubt) : field_text(row, "detail"));
    }
}

static enum err_code revocation_add(struct table *table, const json_t *row, int64_t now_ms, struct err *err)
{
    char version[24];
    char incident[24] = "";
    OWN_BUF struct buf age = {0};
    OWN_BUF struct buf next = {0};
    (void)snprintf(version, sizeof version, "%lld", (long long)field_number(row, "version"));
    if (field_given(row, "incident"))
        (void)snprintf(incident, sizeof incident, "%lld", (long long)field_number(row, "incident"));
    say_age(&age, field_time(row, "since"), now_ms);
    revocation_say(&next, row, now_ms);
    const char *cells[] = {field_text(row, "key"), version, field_text(row, "state"),
                           buf_text(&age), incident, buf_text(&next)};
    return table_add(table, cells, field_true(row, "waits_for_person"), err);
}

enum err_code revocation_table_print(const json_t *revocations, int64_t now_ms, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    size_t index = 0;
    const json_t *row = NULL;
    TRY(table_new(revocation_columns, sizeof revocation_columns / sizeof revocation_columns[0], &table, err));
    json_array_foreach (revocations, index, row)
        TRY(revocation_add(table, row, now_ms, err));
    return table_print(table, err);
}

static enum err_code revocations_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *revocations = NULL;
    bool all = args_has(args, "all");
    TRY(agent_list(cli, all ? "/v1/revocations?state=all" : "/v1/revocations?state=open", "revocations",
                   &revocations, err));
    if (args_has(args, "json")) {
        printf("{\"revocations\":");
        (void)json_dumpf(revocations, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    if (json_array_size(revocations) == 0)
        (void)fprintf(stderr, all ? "No revocations yet.\n" : "No open revocations.\n");
    return revocation_table_print(revocations, clock_wall_ms(cli->clock), err);
}

const struct command command_revocations = {
    .name = "revocations",
    .group = GROUP_EMERGENCY,
    .summary = "what is being killed, and what waits for whom",
    .usage = "[--all] [--json]",
    .example = "keyturn revocations",
    .options = {{"all", NULL, "those that ended, too"}, OPTION_JSON},
    .run = revocations_run,
};
