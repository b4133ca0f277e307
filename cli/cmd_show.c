#include "agent.h"
#include "consumers.h"
#include "field.h"
#include "place.h"
#include "say.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

static void show_labels(const json_t *key)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *labels = json_object_get(key, "labels");
    if (json_object_size(labels) == 0)
        return;
    printf("labels ");
    json_object_foreach (labels, name, value)
        printf(" %s=%s", name, json_string_value(value) ? json_string_value(value) : "");
    printf("\n");
}

static void show_policy(const json_t *key)
{
    OWN_BUF struct buf text = {0};
    if (field_text(key, "owner")[0])
        buf_printf(&text, "   owner %s", field_text(key, "owner"));
    if (field_seconds(key, "every_s") > 0) {
        buf_text_add(&text, "   every ");
        say_seconds(&text, field_seconds(key, "every_s"));
        buf_text_add(&text, ", grace ");
    } else {
        buf_text_add(&text, "   rotated when asked, grace ");
    }
    say_seconds(&text, field_seconds(key, "grace_s"));
    printf("%s", buf_text(&text));
}

static void show_head(const json_t *key)
{
    const char *title = field_text(key, "title");
    char when[SAY_WHEN_BYTES];
    printf("%s", field_text(key, "key"));
    if (title[0])
        printf("   “%s”", title);
    printf("   %s, %s", field_text(key, "provider"), field_text(key, "class"));
    show_policy(key);
    printf("\n");
    if (field_given(key, "rotate_at"))
        printf("next rotation %s\n", say_when(field_time(key, "rotate_at"), when));
    if (field_given(key, "expires_at"))
        printf("expires %s\n", say_when(field_time(key, "expires_at"), when));
    if (field_given(key, "window"))
        printf("rotations open only %s\n", field_text(key, "window"));
    if (field_given(key, "not_with"))
        printf("not on the same day as %s\n", field_text(key, "not_with"));
    if (field_true(key, "receipts"))
        printf("an old version lives until everybody who read it has read the new one\n");
    if (field_true(key, "without_overlap"))
        printf("rotated although its provider kills the old key at once\n");
    if (field_given(key, "credential"))
        printf("its provider is asked with %s\n", field_text(key, "credential"));
    show_labels(key);
}

static const struct table_column show_versions_columns[] = {
    {"VERSION", TABLE_WHOLE}, {"STATE", TABLE_WHOLE}, {"KEY", TABLE_WHOLE},
    {"SINCE", TABLE_WHOLE},   {"PROOF", TABLE_CUT},
};

static enum err_code show_version(struct table *table, const json_t *version, struct err *err)
{
    char number[24];
    char since[SAY_WHEN_BYTES];
    OWN_BUF struct buf proof = {0};
    const json_t *evidence = json_object_get(version, "proof");
    const char *verdict = field_text(evidence, "verdict");
    (void)snprintf(number, sizeof number, "%lld", (long long)field_number(version, "version"));
    if (verdict[0]) {
        buf_printf(&proof, "%s  ", verdict);
        say_evidence(&proof, evidence);
    }
    const char *state = field_text(version, "state");
    const char *cells[] = {number, state, field_text(version, "mask"),
                           say_when(field_time(version, "since"), since), buf_text(&proof)};
    bool alarming = strcmp(state, "current") == 0 && strcmp(verdict, "dead") == 0;
    return table_add(table, cells, alarming || strcmp(state, "condemned") == 0, err);
}

/* The newest first. */
static enum err_code show_versions(const json_t *key, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    const json_t *versions = json_object_get(key, "versions");
    int64_t newest = 0;
    size_t index = 0;
    const json_t *version = NULL;
    TRY(table_new(show_versions_columns, 5, &table, err));
    json_array_foreach (versions, index, version)
        if (field_number(version, "version") > newest)
            newest = field_number(version, "version");
    for (int64_t number = newest; number > 0; number--)
        json_array_foreach (versions, index, version)
            if (field_number(version, "version") == number)
                TRY(show_version(table, version, err));
    return table_print(table, err);
}

static const struct table_column show_deliveries_columns[] = {
    {"DELIVERY", TABLE_WHOLE}, {"TO", TABLE_NAME}, {"HOLDS", TABLE_WHOLE}, {"SINCE", TABLE_WHOLE},
    {"LAST", TABLE_CUT},
};

static enum err_code show_deliveries(const json_t *key, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    size_t index = 0;
    const json_t *delivery = NULL;
    TRY(table_new(show_deliveries_columns, 5, &table, err));
    json_array_foreach (json_object_get(key, "deliveries"), index, delivery) {
        char number[24];
        char holds[32] = "nothing";
        char since[SAY_WHEN_BYTES];
        OWN_BUF struct buf place = {0};
        (void)snprintf(number, sizeof number, "%lld", (long long)field_number(delivery, "delivery"));
        if (field_given(delivery, "holds_version"))
            (void)snprintf(holds, sizeof holds, "version %lld",
                           (long long)field_number(delivery, "holds_version"));
        buf_printf(&place, "%s %s", field_text(delivery, "kind"), field_text(delivery, "target"));
        const char *cells[] = {number, buf_text(&place), holds,
                               say_when(field_time(delivery, "put_at"), since),
                               field_text(delivery, "detail")};
        TRY(table_add(table, cells, false, err));
    }
    return table_print(table, err);
}

/* Why the current version was not proved since the proof in the table. */
static void show_doubt(const json_t *key, int64_t now_ms)
{
    OWN_BUF struct buf text = {0};
    const json_t *doubt = json_object_get(key, "doubt");
    if (!json_is_object(doubt))
        return;
    say_unclear(&text, field_text(doubt, "detail"), field_number(doubt, "times"), field_time(key, "probe_at"), now_ms);
    printf("no clear answer: %s\n", buf_text(&text));
}

/* In a line, and another for a doubt, which says more than the detail does. */
static void show_job(const json_t *job, const char *what, int64_t number, int64_t now_ms)
{
    static const char waits[] = "waits for you";
    static const char no_proof[] = "no proof";
    const char *detail = field_text(job, "detail");
    bool says_so = strncmp(detail, waits, sizeof waits - 1) == 0;
    OWN_BUF struct buf text = {0};
    OWN_BUF struct buf doubt = {0};
    say_doubt(&doubt, job, now_ms);
    if (doubt.length > 0 && strncmp(detail, no_proof, sizeof no_proof - 1) == 0)
        detail = "";
    buf_text_add(&text, field_text(job, "state"));
    if (field_true(job, "waits_for_person") && !says_so)
        buf_printf(&text, ", %s", waits);
    if (detail[0])
        buf_printf(&text, "%s%s", says_so ? ", " : ": ", detail);
    printf("%s %lld: %s\n", what, (long long)number, buf_text(&text));
    if (doubt.length > 0)
        printf("  %s\n", buf_text(&doubt));
}

static void show_open(const json_t *key, const char *list, const char *what, const char *number, int64_t now_ms)
{
    size_t index = 0;
    const json_t *job = NULL;
    json_array_foreach (json_object_get(key, list), index, job) {
        if (!field_given(job, "ended_at"))
            show_job(job, what, field_number(job, number), now_ms);
    }
}

static enum err_code show_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name name;
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *key = NULL;
    TRY(key_parse(cli, args_word(args, 0), &name, err));
    buf_printf(&path, "/v1/keys/%s", name.text);
    TRY(agent_get(cli, buf_text(&path), &key, err));
    if (args_has(args, "json")) {
        (void)json_dumpf(key, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    show_head(key);
    (void)fflush(stdout);
    TRY(show_versions(key, err));
    TRY(show_deliveries(key, err));
    place_say_problems(json_object_get(key, "deliveries"));
    TRY(consumers_print(key, err));
    int64_t now_ms = clock_wall_ms(cli->clock);
    show_doubt(key, now_ms);
    show_open(key, "rotations", "rotation", "rotation", now_ms);
    show_open(key, "revocations", "revocation of version", "version", now_ms);
    return ERR_OK;
}

const struct command command_show = {
    .name = "show",
    .group = GROUP_KEYS,
    .summary = "a key, its versions and their proofs, its deliveries",
    .usage = "KEY [--json]",
    .example = "keyturn show live/reporting",
    .options = {OPTION_JSON},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = show_run,
};
