/* What waits for whom, since when, and what to do. */
#include "agent.h"
#include "field.h"
#include "keys.h"
#include "labels.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

struct status {
    json_t *health, *rotations, *revocations, *notices, *labels;
    struct key_rows keys;
    int64_t now_ms;
    size_t waiting, working, alarms;
};

static void status_release(struct status *status)
{
    json_decref(status->health);
    json_decref(status->rotations);
    json_decref(status->revocations);
    json_decref(status->notices);
    json_decref(status->labels);
    key_rows_release(&status->keys);
}

static bool status_is_open(const struct status *status)
{
    return strcmp(field_text(status->health, "status"), "unlocked") == 0;
}

static enum err_code status_read(struct cli *cli, struct status *status, struct err *err)
{
    TRY(agent_get(cli, "/v1/health", &status->health, err));
    if (!status_is_open(status))
        return ERR_OK;
    TRY(agent_list(cli, "/v1/rotations?state=open", "rotations", &status->rotations, err));
    TRY(agent_list(cli, "/v1/revocations?state=open", "revocations", &status->revocations, err));
    TRY(agent_list(cli, "/v1/notices", "notices", &status->notices, err));
    TRY(agent_list(cli, "/v1/labels", "labels", &status->labels, err));
    static const struct keys_query all = {.extent = KEYS_WHOLE};
    return keys_read(cli, &all, &status->keys, err);
}

static void status_print_agent(const struct status *status)
{
    OWN_BUF struct buf short_path = {0};
    OWN_BUF struct buf up = {0};
    const char *state = field_text(status->health, "status");
    say_seconds(&up, field_seconds(status->health, "uptime_s"));
    if (strcmp(state, "absent") == 0)
        printf("There is no vault yet. Make one: keyturn init\n");
    else if (strcmp(state, "locked") == 0)
        printf("The vault is locked: nothing rotates. Open it: keyturn unlock\n");
    else
        printf("The vault is open: %zu key%s.\n", status->keys.count, status->keys.count == 1 ? "" : "s");
    printf("  %s, agent %s, up %s\n", say_path(field_text(status->health, "store"), &short_path),
           field_text(status->health, "version"), buf_text(&up));
}

static void status_line(const struct status *status, const json_t *job, const char *what, int64_t number,
                        const char *text, const char *command)
{
    OWN_BUF struct buf age = {0};
    OWN_BUF struct buf doubt = {0};
    say_age(&age, field_time(job, "since"), status->now_ms);
    say_doubt(&doubt, job, status->now_ms);
    printf("  %s  %s %lld, %s%s%s\n", field_text(job, "key"), what, (long long)number,
           buf_text(&age), text[0] ? ": " : "", text);
    if (command)
        printf("      keyturn %s %s\n", command, field_text(job, "key"));
    if (doubt.length > 0)
        printf("      %s\n", buf_text(&doubt));
}

/* The text is what the person should do, else what the agent says happens. */
static void status_rotation(const struct status *status, const json_t *rotation, bool waits)
{
    OWN_BUF struct buf text = {0};
    bool attention = strcmp(field_text(rotation, "state"), "attention") == 0;
    if (waits && !attention)
        say_instructions(&text, json_object_get(rotation, "instructions"));
    if (text.length == 0)
        buf_text_add(&text, waits ? field_text(rotation, "detail") : field_text(rotation, "state"));
    const char *command = !waits ? NULL : attention ? "rotate" : "stage";
    status_line(status, rotation, "rotation", field_number(rotation, "rotation"), buf_text(&text), command);
}

static void status_revocation(const struct status *status, const json_t *revocation, bool waits)
{
    OWN_BUF struct buf text = {0};
    if (waits)
        say_instructions(&text, json_object_get(revocation, "instructions"));
    if (text.length == 0)
        buf_text_add(&text, waits ? field_text(revocation, "detail") : field_text(revocation, "state"));
    status_line(status, revocation, "revoke version", field_number(revocation, "version"), buf_text(&text),
                NULL);
}

static size_t status_print_jobs(const struct status *status, bool waits, const char *title)
{
    size_t count = 0;
    size_t index = 0;
    const json_t *job = NULL;
    json_array_foreach (status->revocations, index, job) {
        if (field_true(job, "waits_for_person") != waits)
            continue;
        if (count++ == 0)
            printf("%s\n", title);
        status_revocation(status, job, waits);
    }
    json_array_foreach (status->rotations, index, job) {
        /* A rotation that retires waits for the revocation that is listed above. */
        bool retiring = strcmp(field_text(job, "state"), "retiring") == 0;
        if (retiring || field_true(job, "waits_for_person") != waits)
            continue;
        if (count++ == 0)
            printf("%s\n", title);
        status_rotation(status, job, waits);
    }
    return count;
}

static size_t status_print_alarms(const struct status *status)
{
    size_t count = 0;
    if (field_given(status->health, "audit_problem")) {
        printf("Alarm:\n  %s. Look: keyturn audit --verify\n", field_text(status->health, "audit_problem"));
        count++;
    }
    for (size_t i = 0; i < status->keys.count; i++) {
        const struct key_row *row = &status->keys.rows[i];
        if (!row->alarm)
            continue;
        if (count++ == 0)
            printf("Alarm:\n");
        if (row->missing) {
            printf("  %s  is not among the keys that its provider lists. Look there: keyturn show %s\n", row->key, row->key);
            continue;
        }
        printf("  %s  version %lld is %s. Look: keyturn show %s   Replace it: keyturn rotate %s\n", row->key,
               (long long)row->version, row->verdict[0] ? row->verdict : "in doubt", row->key, row->key);
    }
    return count;
}

static void status_print_expiries(const struct status *status)
{
    size_t count = 0;
    for (size_t i = 0; i < status->keys.count; i++) {
        const struct key_row *row = &status->keys.rows[i];
        char date[SAY_WHEN_BYTES];
        if (row->expires_at_ms == 0 || row->expires_at_ms - status->now_ms > KEYS_EXPIRY_NEAR_MS)
            continue;
        if (count++ == 0)
            printf("Expires:\n");
        printf("  %s  version %lld %s %s\n", row->key, (long long)row->version,
               row->expires_at_ms <= status->now_ms ? "expired" : "expires", say_date(row->expires_at_ms, date));
    }
}

/* Keys in use whose probes got no clear answer; a provider that is down has many, and the first say why. */
static void status_print_doubts(const struct status *status)
{
    enum { NAMED_MOST = 5 };
    size_t count = 0;
    for (size_t i = 0; i < status->keys.count; i++) {
        const struct key_row *row = &status->keys.rows[i];
        OWN_BUF struct buf text = {0};
        if (row->doubt_times == 0 || count++ >= NAMED_MOST)
            continue;
        if (count == 1)
            printf("No clear answer:\n");
        say_unclear(&text, row->doubt, row->doubt_times, row->probe_at_ms, status->now_ms);
        printf("  %s  version %lld: %s\n", row->key, (long long)row->version, buf_text(&text));
    }
    if (count > NAMED_MOST)
        printf("  and %zu more\n", count - NAMED_MOST);
}

/* Whom the agent could not reach: nobody hears of what is above but by looking here. */
static void status_print_notices(const struct status *status)
{
    size_t count = 0;
    size_t index = 0;
    const json_t *notice = NULL;
    json_array_foreach (status->notices, index, notice) {
        if (field_number(notice, "failures") == 0)
            continue;
        if (count++ == 0)
            printf("Could not be told:\n");
        const char *about = field_text(notice, "about");
        const char *no_key = strcmp(about, "incident") == 0 ? "incident" : "the vault";
        printf("  %s  %s %s: %s\n", field_text(notice, "channel"),
               field_given(notice, "key") ? field_text(notice, "key") : no_key, about, field_text(notice, "detail"));
    }
}

static size_t status_count_waiting(const json_t *labels)
{
    size_t count = 0;
    size_t index = 0;
    const json_t *label = NULL;
    json_array_foreach (labels, index, label)
        count += field_true(label, "waits_for_person");
    return count;
}

static enum err_code status_print_json(const struct status *status, struct err *err)
{
    OWN(json_free) json_t *alarms = json_array();
    for (size_t i = 0; i < status->keys.count; i++)
        if (status->keys.rows[i].alarm)
            (void)json_array_append_new(alarms, json_string(status->keys.rows[i].key));
    OWN(json_free) json_t *document =
        json_pack("{sOsO?sO?sO?sO?sO}", "health", status->health, "rotations", status->rotations, "revocations",
                  status->revocations, "notices", status->notices, "labels", status->labels, "alarms", alarms);
    if (!document || json_dumpf(document, stdout, JSON_COMPACT) != 0)
        return err_set(err, ERR_IO, "cannot print the status");
    printf("\n");
    return ERR_OK;
}

static enum err_code status_print(struct cli *cli, const struct args *args, struct status *status,
                                  struct err *err)
{
    TRY(status_read(cli, status, err));
    status->now_ms = clock_wall_ms(cli->clock);
    if (args_has(args, "json"))
        return status_print_json(status, err);
    status_print_agent(status);
    if (!status_is_open(status))
        return ERR_OK;
    size_t alarms = status_print_alarms(status);
    status_print_expiries(status);
    size_t waiting = status_print_jobs(status, true, "Waits for you:");
    (void)status_print_jobs(status, false, "Under way:");
    labels_print(status->labels, "May have been made, and are looked for:", status->now_ms);
    waiting += status_count_waiting(status->labels);
    if (alarms + waiting == 0)
        printf("Nothing waits for you.\n");
    status_print_doubts(status);
    status_print_notices(status);
    return ERR_OK;
}

static enum err_code status_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct status status = {0};
    enum err_code code = status_print(cli, args, &status, err);
    status_release(&status);
    return code;
}

const struct command command_status = {
    .name = "status",
    .group = GROUP_VAULT,
    .summary = "what waits for whom, since when, and what to do",
    .usage = "[--json]",
    .notes = "Exit status 0 whether or not something waits; 5 only for commands that need an open vault.",
    .example = "keyturn status",
    .options = {OPTION_JSON},
    .run = status_run,
};
