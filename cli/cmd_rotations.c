#include "agent.h"
#include "field.h"
#include "say.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

static const struct table_column rotations_columns[] = {
    {"KEY", TABLE_NAME},    {"ROTATION", TABLE_WHOLE}, {"STATE", TABLE_WHOLE}, {"FOR", TABLE_WHOLE},
    {"ASKED BY", TABLE_CUT}, {"NEXT", TABLE_CUT},
};

/* What is waited for, or what happened last. */
static void rotations_say(struct buf *out, const json_t *rotation, int64_t now_ms)
{
    bool waits = field_true(rotation, "waits_for_person");
    if (waits && strcmp(field_text(rotation, "state"), "staging") == 0)
        buf_printf(out, "waits for you: keyturn stage %s", field_text(rotation, "key"));
    else if (waits)
        buf_printf(out, "waits for you: %s", field_text(rotation, "detail"));
    else if (strcmp(field_text(rotation, "state"), "retiring") == 0)
        buf_printf(out, "until version %lld is dead: keyturn revocations",
                   (long long)field_number(rotation, "old_version"));
    else
        say_doubt(out, rotation, now_ms);
    if (out->length == 0)
        buf_text_add(out, field_text(rotation, "detail"));
}

static enum err_code rotations_add(struct table *table, const json_t *rotation, int64_t now_ms,
                                   struct err *err)
{
    char number[24];
    OWN_BUF struct buf age = {0};
    OWN_BUF struct buf next = {0};
    (void)snprintf(number, sizeof number, "%lld", (long long)field_number(rotation, "rotation"));
    say_age(&age, field_time(rotation, "since"), now_ms);
    rotations_say(&next, rotation, now_ms);
    const char *cells[] = {field_text(rotation, "key"), number,
                           field_text(rotation, "state"), buf_text(&age),
                           field_text(rotation, "asked_by"), buf_text(&next)};
    return table_add(table, cells, field_true(rotation, "waits_for_person"), err);
}

static enum err_code rotations_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *rotations = NULL;
    OWN(table_free) struct table *table = NULL;
    bool all = args_has(args, "all");
    TRY(agent_list(cli, all ? "/v1/rotations?state=all" : "/v1/rotations?state=open", "rotations",
                   &rotations, err));
    if (args_has(args, "json")) {
        printf("{\"rotations\":");
        (void)json_dumpf(rotations, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    TRY(table_new(rotations_columns, sizeof rotations_columns / sizeof rotations_columns[0], &table, err));
    size_t index = 0;
    const json_t *rotation = NULL;
    json_array_foreach (rotations, index, rotation)
        TRY(rotations_add(table, rotation, clock_wall_ms(cli->clock), err));
    if (json_array_size(rotations) == 0)
        (void)fprintf(stderr, all ? "No rotations yet.\n" : "No open rotations.\n");
    return table_print(table, err);
}

const struct command command_rotations = {
    .name = "rotations",
    .group = GROUP_ROTATION,
    .summary = "the open rotations, and what waits for whom",
    .usage = "[--all] [--json]",
    .example = "keyturn rotations",
    .options = {{"all", NULL, "those that ended, too"}, OPTION_JSON},
    .run = rotations_run,
};
