/* Making the vault match an inventory. What goes, goes first, so that its place
 * is free for what comes (S5); then keys are added, those that others need before them; then
 * policies are set; then deliveries are added. Each step is one request that can be left out when it
 * was done before, so a run that broke is simply run again. */
#include "agent.h"
#include "ask.h"
#include "difference.h"
#include "field.h"
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPLY_DELIVERIES = 64 };

struct apply {
    struct cli *cli;
    const struct args *args;
    json_t *wanted;
    struct holdings held;
    json_t *changes;
    json_t *pending; /* changes whose keys are yet to be added, by key */
    size_t failed;
};

static void apply_release(struct apply *apply)
{
    json_decref(apply->wanted);
    json_decref(apply->changes);
    json_decref(apply->pending);
    holdings_release(&apply->held);
}
#define OWN_APPLY __attribute__((cleanup(apply_release)))

static bool apply_is(const json_t *change, const char *what)
{
    return strcmp(field_text(change, "change"), what) == 0;
}

static enum err_code apply_send(struct apply *apply, const char *method, const char *key, const char *rest,
                                const struct buf *body, struct err *err)
{
    OWN_BUF struct buf path = {0};
    buf_printf(&path, "/v1/keys%s%s%s", key[0] ? "/" : "", key, rest);
    return agent_send(apply->cli, method, buf_text(&path), body, NULL, err);
}

/* --- Steps: each of one change ------------------------------------------------------ */

/* The held deliveries of a changed key that have to go; those of an open rotation wait. */
static enum err_code apply_delivery_removals(struct apply *apply, const json_t *change, struct err *err)
{
    const char *key = field_text(change, "key");
    const json_t *from = json_object_get(json_object_get(apply->held.keys, key), "deliveries");
    const json_t *to = json_object_get(json_object_get(apply->wanted, key), "deliveries");
    bool stay[APPLY_DELIVERIES] = {false};
    size_t kept = 0;
    if (!apply_is(change, "set") || field_given(change, "waits"))
        return ERR_OK;
    difference_deliveries(from, to, stay, APPLY_DELIVERIES, &kept);
    for (size_t i = 0; i < json_array_size(from) && i < APPLY_DELIVERIES; i++) {
        char rest[48];
        const json_t *number = json_array_get(json_object_get(apply->held.numbers, key), i);
        (void)snprintf(rest, sizeof rest, "/deliveries/%lld", (long long)json_integer_value(number));
        if (!stay[i])
            TRY(apply_send(apply, "DELETE", key, rest, NULL, err));
    }
    return ERR_OK;
}

static enum err_code apply_remove(struct apply *apply, const json_t *change, struct err *err)
{
    if (!apply_is(change, "remove"))
        return ERR_OK;
    return apply_send(apply, "DELETE", field_text(change, "key"), "", NULL, err);
}

static void apply_put_json(const char *name, const json_t *value, struct buf *json)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json->failed = json->failed || !text;
    json_put_raw(json, name, text ? text : "", text ? strlen(text) : 0);
    free(text);
}

/* Every policy and the labels of an entry; not_with names a key that may be yet to come. */
static enum err_code apply_put_policies(const json_t *entry, bool not_with, struct buf *json, struct err *err)
{
    for (size_t i = 0; i < inventory_field_count; i++) {
        const struct inventory_field *field = &inventory_fields[i];
        if (field->kind == INVENTORY_LABELS)
            apply_put_json("labels", json_object_get(entry, "labels"), json);
        if (field->kind == INVENTORY_POLICY && (not_with || strcmp(field->name, "not_with") != 0))
            TRY(policy_put(field->option, field_text(entry, field->name), json, err));
    }
    return ERR_OK;
}

static enum err_code apply_add(struct apply *apply, const json_t *change, struct err *err)
{
    const char *key = field_text(change, "key");
    const json_t *entry = json_object_get(apply->wanted, key);
    struct key_name name;
    OWN_BUF struct buf json = {0};
    TRY(key_parse(apply->cli, key, &name, err));
    json_put_object_open(&json, NULL);
    json_put_string(&json, "environment", name.environment);
    json_put_string(&json, "name", name.name);
    json_put_string(&json, "provider", field_text(entry, "provider"));
    TRY(apply_put_policies(entry, false, &json, err));
    apply_put_json("deliveries", json_object_get(entry, "deliveries"), &json);
    json_put_object_close(&json);
    return apply_send(apply, "POST", "", "", &json, err);
}

/* Whom a key was kept apart from is let go before somebody else is told to keep apart from it. */
static enum err_code apply_let_go(struct apply *apply, const json_t *change, struct err *err)
{
    const char *key = field_text(change, "key");
    const char *before = field_text(json_object_get(apply->held.keys, key), "not_with");
    const char *after = field_text(json_object_get(apply->wanted, key), "not_with");
    OWN_BUF struct buf json = {0};
    if (!apply_is(change, "set") || strcmp(before, "none") == 0 || strcmp(before, after) == 0)
        return ERR_OK;
    buf_text_add(&json, "{\"not_with\":null}");
    return apply_send(apply, "PATCH", key, "", &json, err);
}

static enum err_code apply_set(struct apply *apply, const json_t *change, struct err *err)
{
    const char *key = field_text(change, "key");
    const json_t *entry = json_object_get(apply->wanted, key);
    bool added = apply_is(change, "add");
    OWN_BUF struct buf json = {0};
    if (!entry || (added && strcmp(field_text(entry, "not_with"), "none") == 0))
        return ERR_OK;
    json_put_object_open(&json, NULL);
    if (added)
        TRY(policy_put("not-with", field_text(entry, "not_with"), &json, err));
    else
        TRY(apply_put_policies(entry, true, &json, err));
    json_put_object_close(&json);
    return apply_send(apply, "PATCH", key, "", &json, err);
}

static enum err_code apply_delivery_additions(struct apply *apply, const json_t *change, struct err *err)
{
    const char *key = field_text(change, "key");
    const json_t *from = json_object_get(json_object_get(apply->held.keys, key), "deliveries");
    const json_t *to = json_object_get(json_object_get(apply->wanted, key), "deliveries");
    bool stay[APPLY_DELIVERIES] = {false};
    size_t kept = 0;
    if (!apply_is(change, "set") || field_given(change, "waits"))
        return ERR_OK;
    difference_deliveries(from, to, stay, APPLY_DELIVERIES, &kept);
    for (size_t i = kept; i < json_array_size(to); i++) {
        OWN_BUF struct buf json = {0};
        apply_put_json(NULL, json_array_get(to, i), &json);
        TRY(apply_send(apply, "POST", key, "/deliveries", &json, err));
    }
    return ERR_OK;
}

/* --- All of them ----------------------------------------------------------------------- */

typedef enum err_code apply_step(struct apply *apply, const json_t *change, struct err *err);

/* A change that fails is named and left; the others go on. What concerns all of them ends the run. */
static enum err_code apply_step_of(struct apply *apply, apply_step *step, json_t *change, struct err *err)
{
    struct err problem = {0};
    if (field_true(change, "failed"))
        return ERR_OK;
    enum err_code code = step(apply, change, &problem);
    if (code == ERR_OK)
        return ERR_OK;
    if (apply->cli->reached_nobody || code == ERR_LOCKED || code == ERR_DENIED) {
        *err = problem;
        return code;
    }
    (void)fprintf(stderr, "%s: %s\n", field_text(change, "key"), problem.message);
    (void)json_object_set_new(change, "failed", json_true());
    (void)json_object_set_new(change, "problem", json_string(problem.message));
    apply->failed++;
    return ERR_OK;
}

static enum err_code apply_each(struct apply *apply, apply_step *step, struct err *err)
{
    size_t index = 0;
    json_t *change = NULL;
    json_array_foreach (apply->changes, index, change)
        TRY(apply_step_of(apply, step, change, err));
    return ERR_OK;
}

/* Is a key that this one needs, for its provider or a sink, yet to be added? */
static bool apply_needs_more(const struct apply *apply, const char *key)
{
    const json_t *entry = json_object_get(apply->wanted, key);
    const char *credential = field_text(entry, "credential");
    size_t index = 0;
    const json_t *delivery = NULL;
    if (strcmp(credential, key) != 0 && json_object_get(apply->pending, credential))
        return true;
    json_array_foreach (json_object_get(entry, "deliveries"), index, delivery) {
        credential = field_text(delivery, "credential");
        if (strcmp(credential, key) != 0 && json_object_get(apply->pending, credential))
            return true;
    }
    return false;
}

/* One round over what is to be added; forced: also what needs something that is to come. */
static enum err_code apply_add_round(struct apply *apply, bool forced, bool *ret_progress, struct err *err)
{
    size_t index = 0;
    json_t *change = NULL;
    *ret_progress = false;
    json_array_foreach (apply->changes, index, change) {
        const char *key = field_text(change, "key");
        if (!json_object_get(apply->pending, key) || (!forced && apply_needs_more(apply, key)))
            continue;
        TRY(apply_step_of(apply, apply_add, change, err));
        (void)json_object_del(apply->pending, key);
        *ret_progress = true;
    }
    return ERR_OK;
}

static enum err_code apply_add_all(struct apply *apply, struct err *err)
{
    size_t index = 0;
    json_t *change = NULL;
    bool progress = true;
    apply->pending = json_object();
    json_array_foreach (apply->changes, index, change)
        if (apply_is(change, "add") && json_object_set(apply->pending, field_text(change, "key"), change) != 0)
            return err_set(err, ERR_MEMORY, "out of memory");
    while (progress)
        TRY(apply_add_round(apply, false, &progress, err));
    return apply_add_round(apply, true, &progress, err); /* keys that need each other in a circle */
}

static enum err_code apply_all(struct apply *apply, struct err *err)
{
    TRY(apply_each(apply, apply_delivery_removals, err));
    TRY(apply_each(apply, apply_remove, err));
    TRY(apply_add_all(apply, err));
    TRY(apply_each(apply, apply_let_go, err));
    TRY(apply_each(apply, apply_set, err));
    return apply_each(apply, apply_delivery_additions, err);
}

/* --- The command ------------------------------------------------------------------------- */

/* A first key is made by the provider, where its API can, or by a person. */
static enum err_code apply_look_at_adds(struct apply *apply, struct err *err)
{
    size_t index = 0;
    json_t *change = NULL;
    json_array_foreach (apply->changes, index, change) {
        OWN_BUF struct buf path = {0};
        OWN_BUF struct buf waits = {0};
        OWN(json_free) json_t *provider = NULL;
        const char *key = field_text(change, "key");
        if (!apply_is(change, "add"))
            continue;
        const char *name = field_text(json_object_get(apply->wanted, key), "provider");
        buf_printf(&path, "/v1/providers/%s", name);
        if (agent_get(apply->cli, buf_text(&path), &provider, err) != ERR_OK)
            return err->code == ERR_NOT_FOUND ? err_prefix(err, "%s", key) : err->code;
        if (strcmp(field_text(json_object_get(provider, "actions"), "issue"), "manual") != 0)
            continue;
        buf_printf(&waits, "a person makes its first key: keyturn stage %s", key);
        (void)json_object_set_new(change, "waits", json_string(buf_text(&waits)));
    }
    return ERR_OK;
}

static size_t apply_not_in_file(const struct apply *apply)
{
    size_t count = 0;
    const char *name = NULL;
    json_t *row = NULL;
    json_object_foreach (apply->held.rows, name, row)
        count += json_object_get(apply->wanted, name) == NULL;
    return count;
}

static void apply_print_json(const struct apply *apply)
{
    size_t index = 0;
    json_t *change = NULL;
    json_array_foreach (apply->changes, index, change)
        (void)json_object_del(change, "failed");
    json_t *document = json_pack("{s:O,s:I}", "changes", apply->changes, "not_in_file",
                                 (json_int_t)apply_not_in_file(apply));
    (void)json_dumpf(document, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    printf("\n");
    json_decref(document);
}

static void apply_print(const struct apply *apply)
{
    size_t others = apply_not_in_file(apply);
    difference_print(apply->changes);
    if (json_array_size(apply->changes) == 0)
        printf("The vault is as the file says.\n");
    if (others > 0 && !args_has(apply->args, "prune"))
        printf("%zu %s in the vault and not in the file, and left as %s (--prune).\n", others,
               others == 1 ? "key is" : "keys are", others == 1 ? "it is" : "they are");
    (void)fflush(stdout);
}

static enum err_code apply_compare(struct apply *apply, struct err *err)
{
    TRY(inventory_read(args_word(apply->args, 0), &apply->wanted, err));
    TRY(holdings_read(apply->cli, apply->wanted, &apply->held, err));
    TRY(difference_find(apply->wanted, &apply->held, &apply->changes, err));
    TRY(apply_look_at_adds(apply, err));
    if (args_has(apply->args, "prune"))
        TRY(difference_prune(apply->cli, apply->wanted, &apply->held, apply->changes, err));
    return ERR_OK;
}

/* Each change is done, waits, or failed; the exit status says the worst. */
static enum err_code apply_conclude(struct apply *apply, struct err *err)
{
    size_t index = 0;
    json_t *change = NULL;
    json_array_foreach (apply->changes, index, change) {
        bool done = !field_true(change, "failed") && !apply_is(change, "stays") &&
                    (apply_is(change, "add") || !field_given(change, "waits"));
        (void)json_object_set(change, "done", done ? json_true() : json_false());
        apply->cli->waits = apply->cli->waits || field_given(change, "waits");
        if (!args_has(apply->args, "json") && field_given(change, "waits"))
            printf("%s waits: %s\n", field_text(change, "key"), field_text(change, "waits"));
    }
    if (args_has(apply->args, "json"))
        apply_print_json(apply);
    size_t count = json_array_size(apply->changes);
    if (apply->failed > 0)
        return err_set(err, ERR_STATE, "%zu of %zu changes failed. Mend what they name and apply it again: it does the rest",
                       apply->failed, count);
    if (!args_has(apply->args, "json"))
        printf("%zu key%s changed.\n", count, count == 1 ? "" : "s");
    return ERR_OK;
}

static enum err_code apply_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN_APPLY struct apply apply = {.cli = cli, .args = args};
    bool json = args_has(args, "json");
    bool dry = args_has(args, "dry-run");
    if (json && !dry && !args_has(args, "yes"))
        return cli_misuse(cli, err, "--json goes with --dry-run or --yes");
    TRY(apply_compare(&apply, err));
    bool differs = json_array_size(apply.changes) > 0;
    if (!json)
        apply_print(&apply);
    if (json && (dry || !differs))
        apply_print_json(&apply);
    cli->waits = dry && differs;
    if (dry || !differs)
        return ERR_OK;
    TRY(ask_yes(cli, args, "Make the vault as the file says?", err));
    TRY(apply_all(&apply, err));
    return apply_conclude(&apply, err);
}

const struct command command_apply = {
    .name = "apply",
    .group = GROUP_KEYS,
    .summary = "make keys, policies and deliveries match a file without secrets",
    .usage = "FILE [--dry-run] [--prune] [--yes] [--json]",
    .notes = "It shows the difference, asks, and changes what differs; what a key does not say in the file\n"
             "is as for a new one. FILE is as keyturn export writes it, - is standard input. A key that is\n"
             "new is made by its provider, or by a person: keyturn stage. Applied again after a break, it\n"
             "does the rest. --dry-run ends with 6 when there is a difference, else with 0.",
    .example = "keyturn apply inventory.yaml --dry-run\n"
               "keyturn export | ssh other keyturn apply - --yes",
    .options = {{"dry-run", NULL, "show the difference and change nothing"},
                {"prune", NULL, "remove keys that are not in the file and whose versions are all dead"},
                OPTION_YES,
                OPTION_JSON},
    .least = 1,
    .most = 1,
    .run = apply_run,
};
