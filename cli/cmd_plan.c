/* What will happen when, and what waits for what. It is read from the times that the agent has
 * set, so it cannot differ from what the agent will do. */
#include "agent.h"
#include "field.h"
#include "keys.h"
#include "say.h"
#include "table.h"
#include "timeline.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_DAYS = 30, PLAN_DAYS_MOST = 3650, PLAN_DAY_MS = 24 * 60 * 60 * 1000, PLAN_LATE_MS = 60 * 1000 };

struct plan_entry {
    char key[2 * LIMIT_NAME_BYTES + 2];
    const char *what;
    int64_t at_ms; /* 0: nothing but a person moves it */
    char why[320];
};

struct plan {
    struct plan_entry *entries; /* owned */
    size_t count;
};

static void plan_release(struct plan *plan)
{
    free(plan->entries);
}
#define OWN_PLAN __attribute__((cleanup(plan_release)))

static void plan_add(struct plan *plan, const char *key, const char *what, int64_t at_ms, const char *why)
{
    struct plan_entry *entry = &plan->entries[plan->count++];
    (void)snprintf(entry->key, sizeof entry->key, "%s", key);
    (void)snprintf(entry->why, sizeof entry->why, "%s", why);
    entry->what = what;
    entry->at_ms = at_ms;
}

/* What a rotation's state waits for, where its own words do not say it. */
static const char *plan_state_why(const char *state)
{
    static const char *const reasons[][2] = {
        {"staging", "the new key is not here yet"},
        {"settling", "the grace of the old key has not passed"},
        {"attention", "it needs a decision"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(state, reasons[i][0]) == 0)
            return reasons[i][1];
    return "it is under way";
}

static void plan_add_rotation(struct plan *plan, const json_t *rotation)
{
    const char *key = field_text(rotation, "key");
    const char *state = field_text(rotation, "state");
    const char *detail = field_text(rotation, "detail");
    char why[320];
    (void)snprintf(why, sizeof why, "%s%s%s", plan_state_why(state), detail[0] ? ": " : "", detail);
    if (strcmp(state, "retiring") == 0)
        return; /* the revocation that it waits for says more */
    if (field_true(rotation, "waits_for_person"))
        plan_add(plan, key, "waits for you", 0, why);
    else if (strcmp(state, "settling") == 0 && detail[0])
        plan_add(plan, key, "asks you", field_time(rotation, "deadline_at"), detail); /* its readers have until then */
    else if (strcmp(state, "settling") == 0)
        plan_add(plan, key, "old key dies", field_time(rotation, "due_at"), why);
    else
        plan_add(plan, key, "goes on", field_time(rotation, "due_at"), why);
}

struct plan_words {
    const char *name;
    const char *words;
};

static const char *plan_words(const struct plan_words *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].words;
    return "";
}

/* A revocation that its rotation waits for stands there alone, as what it waits for. */
static void plan_add_revocation(struct plan *plan, const json_t *revocation)
{
    char why[320];
    const char *detail = field_text(revocation, "detail");
    (void)snprintf(why, sizeof why, "version %lld is to die: %s", (long long)field_number(revocation, "version"),
                   detail[0] ? detail : field_text(revocation, "state"));
    if (field_true(revocation, "waits_for_person"))
        plan_add(plan, field_text(revocation, "key"), "waits for you", 0, why);
    else
        plan_add(plan, field_text(revocation, "key"), "revokes", field_time(revocation, "due_at"), why);
}

/* Why it is planned, that it is late, and what it waits for. */
static void plan_say_why(struct buf *out, const struct key_row *row, int64_t now_ms)
{
    static const struct plan_words causes[] = {
        {"period", "its period ends"},
        {"expiry", "it expires"},
        {"dead", "it was found dead"},
        {"asked", "a replacement was asked for"},
    };
    static const struct plan_words holds[] = {
        {"window", "; it waits for its window"},
        {"not_with", "; the key that it is kept apart from is rotated on the day before"},
        {"full", "; as many rotations are open as there may be"},
        {"missed", "; the agent was away, and what it missed is spread out"},
    };
    buf_text_add(out, plan_words(causes, sizeof causes / sizeof causes[0], row->rotate_cause));
    if (row->rotate_due_ms != 0 && row->rotate_due_ms < now_ms - PLAN_LATE_MS) {
        buf_text_add(out, ", overdue by ");
        say_age(out, row->rotate_due_ms, now_ms);
    }
    buf_text_add(out, plan_words(holds, sizeof holds / sizeof holds[0], row->rotate_hold));
}

static void plan_add_key(struct plan *plan, const struct key_row *row, int64_t now_ms)
{
    if (row->alarm)
        plan_add(plan, row->key, "waits for you", 0, "alarm: its current version is dead or unfit");
    if (row->expires_at_ms != 0)
        plan_add(plan, row->key, "expires", row->expires_at_ms, "its provider ends it then");
    if (row->rotate_at_ms == 0 || row->rotation_state[0] != '\0')
        return;
    OWN_BUF struct buf why = {0};
    plan_say_why(&why, row, now_ms);
    plan_add(plan, row->key, "rotates", row->rotate_at_ms, buf_text(&why));
}

/* First what waits for a person, then by time. */
static int plan_compare(const void *a, const void *b)
{
    const struct plan_entry *left = a;
    const struct plan_entry *right = b;
    if (left->at_ms != right->at_ms)
        return left->at_ms < right->at_ms ? -1 : 1;
    return strcmp(left->key, right->key);
}

/* Add each job whose key is among the rows. */
static void plan_add_jobs(struct plan *plan, const struct key_rows *rows, const json_t *jobs,
                          void (*add)(struct plan *plan, const json_t *job))
{
    size_t index = 0;
    const json_t *job = NULL;
    json_array_foreach (jobs, index, job) {
        struct key_row wanted = {.key = field_text(job, "key")};
        if (rows->count > 0 && bsearch(&wanted, rows->rows, rows->count, sizeof wanted, key_row_compare))
            add(plan, job);
    }
}

static enum err_code plan_read(struct cli *cli, const struct args *args, int64_t now_ms, struct plan *plan,
                               struct err *err)
{
    const struct keys_query query = {args_value(args, "environment"), args_value(args, "provider"), KEYS_WHOLE};
    OWN_KEY_ROWS struct key_rows rows = {0};
    OWN(json_free) json_t *rotations = NULL;
    OWN(json_free) json_t *revocations = NULL;
    TRY(keys_read(cli, &query, &rows, err));
    TRY(agent_list(cli, "/v1/rotations?state=open", "rotations", &rotations, err));
    TRY(agent_list(cli, "/v1/revocations?state=open", "revocations", &revocations, err));
    /* A key is there at most with its alarm, its expiry and its time; a job once. */
    size_t most = 3 * rows.count + json_array_size(rotations) + json_array_size(revocations) + 1;
    plan->entries = calloc(most, sizeof *plan->entries);
    if (!plan->entries)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < rows.count; i++)
        plan_add_key(plan, &rows.rows[i], now_ms);
    plan_add_jobs(plan, &rows, rotations, plan_add_rotation);
    plan_add_jobs(plan, &rows, revocations, plan_add_revocation);
    qsort(plan->entries, plan->count, sizeof *plan->entries, plan_compare);
    return ERR_OK;
}

/* The entries up to a time; they are in the order of time. */
static void plan_cut(struct plan *plan, int64_t until_ms)
{
    while (plan->count > 0 && plan->entries[plan->count - 1].at_ms >= until_ms)
        plan->count--;
}

static enum err_code plan_print_json(const struct plan *plan, struct err *err)
{
    OWN(json_free) json_t *list = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_entry *entry = &plan->entries[i];
        char at[TEXT_TIME_BYTES] = "";
        if (entry->at_ms != 0)
            text_format_time(entry->at_ms, at);
        json_t *object = json_pack("{s:s, s:s, s:s?, s:s}", "key", entry->key, "what", entry->what, "at",
                                   entry->at_ms != 0 ? at : NULL, "why", entry->why);
        if (json_array_append_new(list, object) != 0)
            return err_set(err, ERR_MEMORY, "out of memory");
    }
    printf("{\"plan\":");
    (void)json_dumpf(list, stdout, JSON_COMPACT);
    printf("}\n");
    return ERR_OK;
}

static enum err_code plan_print_timeline(const struct plan *plan, int64_t now_ms, int64_t until_ms, struct err *err)
{
    char line[TIMELINE_PARTS + 1];
    char last_day[SAY_WHEN_BYTES];
    int64_t *times_ms = calloc(plan->count + 1, sizeof *times_ms);
    if (!times_ms)
        return err_set(err, ERR_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->entries[i].at_ms != 0)
            times_ms[count++] = plan->entries[i].at_ms;
    timeline_draw(times_ms, count, now_ms, until_ms, line);
    free(times_ms);
    printf("\nnow |%s| %s\n", line, say_date(until_ms, last_day));
    return ERR_OK;
}

static const struct table_column plan_columns[] = {
    {"WHEN", TABLE_WHOLE}, {"IN", TABLE_WHOLE}, {"KEY", TABLE_NAME}, {"WHAT", TABLE_WHOLE}, {"WHY", TABLE_CUT},
};

static enum err_code plan_print_table(const struct plan *plan, int64_t now_ms, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    TRY(table_new(plan_columns, sizeof plan_columns / sizeof plan_columns[0], &table, err));
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_entry *entry = &plan->entries[i];
        char when[SAY_WHEN_BYTES];
        OWN_BUF struct buf left = {0};
        if (entry->at_ms != 0)
            say_left(&left, entry->at_ms, now_ms);
        const char *cells[] = {entry->at_ms != 0 ? say_when(entry->at_ms, when) : "", buf_text(&left),
                               entry->key, entry->what, entry->why};
        TRY(table_add(table, cells, entry->at_ms == 0, err));
    }
    return table_print(table, err);
}

static enum err_code plan_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN_PLAN struct plan plan = {0};
    int64_t days = PLAN_DAYS;
    if (args_number(args, "days", 1, PLAN_DAYS_MOST, &days, err) != ERR_OK)
        return cli_misused(cli, err->code);
    int64_t now_ms = clock_wall_ms(cli->clock);
    int64_t until_ms = now_ms + days * PLAN_DAY_MS;
    TRY(plan_read(cli, args, now_ms, &plan, err));
    plan_cut(&plan, until_ms);
    if (args_has(args, "json"))
        return plan_print_json(&plan, err);
    if (plan.count == 0) {
        (void)fprintf(stderr, "Nothing is planned within %lld days. A schedule: keyturn set KEY --every 30d\n",
                      (long long)days);
        return ERR_OK;
    }
    TRY(plan_print_table(&plan, now_ms, err));
    return plan_print_timeline(&plan, now_ms, until_ms, err);
}

const struct command command_plan = {
    .name = "plan",
    .group = GROUP_ROTATION,
    .summary = "what will happen when, and what waits for what",
    .usage = "[--days N] [--environment NAME] [--provider NAME] [--json]",
    .notes = "The line below the table stands for all the days: how much happens in each sixtieth of them.",
    .example = "keyturn plan\nkeyturn plan --days 90 --environment live",
    .options = {{"days", "N", "so many days from now: 30"},
                {"environment", "NAME", "only keys of this environment"},
                {"provider", "NAME", "only keys of this provider"},
                OPTION_JSON},
    .run = plan_run,
};
