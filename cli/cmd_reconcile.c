/* What providers list, held against the store; and what a person knows of a key that may have been made. */
#include "agent.h"
#include "args.h"
#include "base/text.h"
#include "field.h"
#include "follow.h"
#include "labels.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- Labels ----------------------------------------------------------------------------------- */

/* "live/reporting-8": the environment and the label. */
static enum err_code find_label(struct cli *cli, const json_t *labels, const char *wanted, const json_t **ret_label,
                                struct err *err)
{
    size_t index = 0;
    const json_t *label = NULL;
    const char *name = strchr(wanted, '/');
    if (!name)
        return cli_misuse(cli, err, "ENVIRONMENT/LABEL, as keyturn status shows it");
    json_array_foreach (labels, index, label) {
        const char *key = field_text(label, "key");
        size_t length = strcspn(key, "/");
        if (strcmp(field_text(label, "label"), name + 1) == 0 && (size_t)(name - wanted) == length &&
            strncmp(key, wanted, length) == 0) {
            *ret_label = label;
            return ERR_OK;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "no key of the label %.200s is looked for. See keyturn status", wanted);
}

static enum err_code reconcile_forget(struct cli *cli, const char *wanted, struct err *err)
{
    OWN(json_free) json_t *labels = NULL;
    OWN_BUF struct buf path = {0};
    const json_t *label = NULL;
    TRY(agent_list(cli, "/v1/labels", "labels", &labels, err));
    TRY(find_label(cli, labels, wanted, &label, err));
    buf_printf(&path, "/v1/labels/%s", field_text(label, "id"));
    TRY(agent_send(cli, "DELETE", buf_text(&path), NULL, NULL, err));
    printf("%s: %s is not looked for any longer.\n", field_text(label, "key"), field_text(label, "label"));
    return ERR_OK;
}

/* Those that nobody lists are asked for one by one. */
static enum err_code look_now(struct cli *cli, const json_t *labels, const char *provider, struct err *err)
{
    size_t index = 0;
    const json_t *label = NULL;
    json_array_foreach (labels, index, label) {
        OWN_BUF struct buf path = {0};
        if (provider && strcmp(field_text(label, "provider"), provider) != 0)
            continue;
        buf_printf(&path, "/v1/labels/%s/look", field_text(label, "id"));
        enum err_code code = agent_send(cli, "POST", buf_text(&path), NULL, NULL, err);
        if (code != ERR_OK && code != ERR_NOT_FOUND)
            return code;
    }
    return ERR_OK;
}

/* --- The comparison ----------------------------------------------------------------------------- */

static void say_progress(const json_t *latest)
{
    size_t index = 0, answered = 0;
    const json_t *place = NULL;
    const json_t *places = json_object_get(latest, "places");
    json_array_foreach (places, index, place)
        answered += strcmp(field_text(place, "state"), "asked") != 0;
    if (isatty(STDERR_FILENO) && json_array_size(places) > 0)
        (void)fprintf(stderr, "\r%zu of %zu accounts have answered", answered, json_array_size(places));
}

static void end_progress(const json_t *latest)
{
    if (isatty(STDERR_FILENO) && json_array_size(json_object_get(latest, "places")) > 0)
        (void)fprintf(stderr, "\r\x1b[K");
}

/* Until it has ended, or ^C: *ret_latest is NULL then. */
static enum err_code await_end(struct cli *cli, json_t **ret_latest, struct err *err)
{
    OWN_FOLLOW struct follow follow = {0};
    TRY(follow_begin(&follow, cli->clock, 0, err));
    for (;;) {
        OWN(json_free) json_t *latest = NULL;
        TRY(agent_get(cli, "/v1/reconciliation", &latest, err));
        bool runs = strcmp(field_text(latest, "state"), "running") == 0;
        if (!runs) {
            end_progress(latest);
            *ret_latest = GIVE(latest);
            return ERR_OK;
        }
        say_progress(latest);
        if (follow_pause(&follow, FOLLOW_PAUSE_MS) != FOLLOW_GOES_ON) {
            printf("\nIt goes on by itself; what it finds is in the audit log and in keyturn status.\n");
            return ERR_OK;
        }
    }
}

static const struct table_column place_columns[] = {
    {"PROVIDER", TABLE_NAME}, {"ENVIRONMENT", TABLE_WHOLE}, {"CREDENTIAL", TABLE_NAME}, {"LISTED", TABLE_WHOLE},
    {"OURS", TABLE_WHOLE},    {"CONDEMNED", TABLE_WHOLE},   {"NOT OURS", TABLE_WHOLE},  {"MISSING", TABLE_WHOLE},
};

static enum err_code add_place(struct table *table, const json_t *place, struct err *err)
{
    static const char *const figures[] = {"listed", "ours", "condemned", "foreign", "missing"};
    enum { FIGURES = sizeof figures / sizeof figures[0] };
    char numbers[FIGURES][24];
    bool compared = strcmp(field_text(place, "state"), "compared") == 0;
    for (size_t i = 0; i < FIGURES; i++)
        (void)snprintf(numbers[i], sizeof numbers[i], compared ? "%lld" : "?", (long long)field_number(place, figures[i]));
    const char *cells[] = {field_text(place, "provider"), field_text(place, "environment"), field_text(place, "credential"),
                           numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
    return table_add(table, cells, !compared || field_number(place, "missing") > 0, err);
}

static void print_finding(const json_t *finding, bool dry_run)
{
    const char *found = field_text(finding, "found");
    const char *key = field_text(finding, "key");
    const char *label = field_text(finding, "label");
    if (strcmp(found, "late") == 0)
        printf("%s: %s came after it was given up; it %s\n", key, label,
               dry_run ? "would be revoked" : "is being revoked: keyturn show");
    else if (strcmp(found, "missing") == 0)
        printf("%s: version %lld%s%s is held alive, and its provider does not list it. Look there: was it deleted, or is it of "
               "another account?\n", key, (long long)field_number(finding, "version"), label[0] ? ", " : "", label);
    else
        printf("%s: %s is at the provider, and may be another's. Look there, revoke it if it is none of yours\n", key, label);
}

/* What could not be compared is the error; what needs a person is the exit status. */
static enum err_code judge(struct cli *cli, const json_t *latest, struct err *err)
{
    size_t index = 0, unknown = 0;
    const json_t *row = NULL;
    const char *name = "";
    const char *detail = "";
    json_array_foreach (json_object_get(latest, "places"), index, row) {
        if (strcmp(field_text(row, "state"), "compared") == 0)
            continue;
        unknown++;
        name = field_text(row, "provider");
        detail = field_text(row, "detail");
    }
    json_array_foreach (json_object_get(latest, "findings"), index, row)
        cli->waits = cli->waits || strcmp(field_text(row, "found"), "late") != 0;
    if (unknown > 0)
        return err_set(err, ERR_STATE, "%zu account%s not compared; of %s: %s", unknown, unknown == 1 ? " was" : "s were",
                       name, detail);
    return ERR_OK;
}

static enum err_code print_latest(const json_t *latest, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    size_t index = 0;
    const json_t *row = NULL;
    const json_t *places = json_object_get(latest, "places");
    TRY(table_new(place_columns, sizeof place_columns / sizeof place_columns[0], &table, err));
    json_array_foreach (places, index, row)
        TRY(add_place(table, row, err));
    if (json_array_size(places) == 0)
        printf("No key is of a provider that can list.\n");
    TRY(table_print(table, err));
    (void)fflush(stdout);
    json_array_foreach (json_object_get(latest, "findings"), index, row)
        print_finding(row, field_true(latest, "dry_run"));
    return ERR_OK;
}

static enum err_code ask(struct cli *cli, const char *provider, bool dry_run, json_t **ret_latest, struct err *err)
{
    OWN_BUF struct buf body = {0};
    json_put_object_open(&body, NULL);
    if (provider)
        json_put_string(&body, "provider", provider);
    json_put_boolean(&body, "dry_run", dry_run);
    json_put_object_close(&body);
    TRY(agent_send(cli, "POST", "/v1/reconciliation", &body, NULL, err));
    return await_end(cli, ret_latest, err);
}

static enum err_code reconcile(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *labels = NULL;
    OWN(json_free) json_t *latest = NULL;
    const char *provider = args_word(args, 0);
    bool dry_run = args_has(args, "dry-run");
    TRY(agent_list(cli, "/v1/labels", "labels", &labels, err));
    TRY(ask(cli, provider, dry_run, &latest, err));
    if (!dry_run)
        TRY(look_now(cli, labels, provider, err));
    if (!latest)
        return ERR_OK;
    if (args_has(args, "json")) {
        (void)json_dumpf(latest, stdout, JSON_COMPACT);
        printf("\n");
        return judge(cli, latest, err);
    }
    TRY(print_latest(latest, err));
    json_decref(GIVE(labels));
    TRY(agent_list(cli, "/v1/labels", "labels", &labels, err));
    labels_print(labels, "May have been made, and are looked for:", clock_wall_ms(cli->clock));
    return judge(cli, latest, err);
}

static enum err_code reconcile_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *forget = args_value(args, "forget");
    if (forget && args_word(args, 0))
        return cli_misuse(cli, err, "--forget stands alone");
    return forget ? reconcile_forget(cli, forget, err) : reconcile(cli, args, err);
}

const struct command command_reconcile = {
    .name = "reconcile",
    .group = GROUP_ROTATION,
    .summary = "compare what providers list with the store, and look for keys that came late",
    .usage = "[PROVIDER] [--dry-run] [--json] | --forget ENVIRONMENT/LABEL",
    .notes = "A create whose answer was lost can work late, also after its rotation has ended: such a key is found by its\n"
             "label, and revoked. A key that is held alive and not listed is told. What is listed and has no label of\n"
             "yours is not touched. The agent does this once a day by itself (reconcile_every in the configuration), and\n"
             "looks for each single label more often. Where an API can be asked for neither, a person looks, revokes the\n"
             "key where it is, and says so with --forget. Exit status 1 when an account could not be compared, 6 when a\n"
             "person must look.",
    .example = "keyturn reconcile --dry-run\nkeyturn reconcile openai\nkeyturn reconcile --forget live/reporting-8",
    .options = {{"dry-run", NULL, "show what would be done"},
                OPTION_JSON,
                {"forget", "ENVIRONMENT/LABEL", "no key lives under this label: look for it no longer"}},
    .most = 1,
    .run = reconcile_run,
};
