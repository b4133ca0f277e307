#include "agent.h"
#include "ask.h"
#include "base/text.h"
#include "field.h"
#include "follow.h"
#include "place.h"
#include "policy.h"
#include "proof.h"
#include "say.h"
#include "secret_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The class of a place is that of its key, unless the definition says otherwise. */
static enum err_code add_class(struct cli *cli, const struct key_name *key, char ret_class[8],
                               struct err *err)
{
    OWN(json_free) json_t *answer = NULL;
    TRY(agent_get(cli, "/v1/environments", &answer, err));
    size_t index = 0;
    const json_t *environment = NULL;
    json_array_foreach (json_object_get(answer, "environments"), index, environment) {
        if (strcmp(field_text(environment, "name"), key->environment) != 0)
            continue;
        (void)snprintf(ret_class, 8, "%s", field_text(environment, "class"));
        return ERR_OK;
    }
    return err_set(err, ERR_NOT_FOUND, "there is no environment %s", key->environment);
}

static enum err_code add_deliveries(struct cli *cli, const struct args *args, const struct key_name *key,
                                    struct buf *json, struct err *err)
{
    char class[8] = "";
    if (args_has(args, "deliver-file"))
        TRY(add_class(cli, key, class, err));
    size_t at = 0;
    json_put_array_open(json, "deliveries");
    for (const char *file = args_next(args, "deliver-file", &at); file;
         file = args_next(args, "deliver-file", &at))
        TRY(place_write_file(cli, file, class, NULL, json, err));
    at = 0;
    for (const char *place = args_next(args, "deliver", &at); place;
         place = args_next(args, "deliver", &at))
        TRY(place_write_json(cli, place, NULL, json, err));
    json_put_array_close(json);
    return ERR_OK;
}

/* Names of labels are checked by the agent; here they only need to be JSON. */
static enum err_code add_labels(struct cli *cli, const struct args *args, struct buf *json, struct err *err)
{
    OWN(json_free) json_t *labels = json_object();
    char name[LIMIT_LABEL_NAME_BYTES + 1];
    const char *value = NULL;
    size_t at = 0;
    for (const char *label = args_next(args, "label", &at); label; label = args_next(args, "label", &at)) {
        TRY(policy_split_label(cli, label, name, &value, err));
        if (json_object_set_new(labels, name, json_string(value)) != 0)
            return cli_misuse(cli, err, "--label %s is not UTF-8", name);
    }
    char *text = json_dumps(labels, JSON_COMPACT);
    json_put_raw(json, "labels", text, text ? strlen(text) : 0);
    free(text);
    return ERR_OK;
}

static enum err_code add_write(struct cli *cli, const struct args *args, const struct key_name *key,
                               struct buf *json, struct err *err)
{
    json_put_object_open(json, NULL);
    json_put_string(json, "environment", key->environment);
    json_put_string(json, "name", key->name);
    json_put_string(json, "provider", args_value(args, "provider"));
    TRY(policy_write(cli, args, json, err));
    if (args_has(args, "unchecked"))
        json_put_boolean(json, "unchecked", true);
    if (args_has(args, "label"))
        TRY(add_labels(cli, args, json, err));
    if (args_has(args, "deliver-file") || args_has(args, "deliver"))
        TRY(add_deliveries(cli, args, key, json, err));
    json_put_object_close(json);
    return ERR_OK;
}

static enum err_code add_send(struct cli *cli, const struct args *args, const struct buf *json,
                              json_t **ret_row, struct err *err)
{
    if (args_has(args, "no-secret"))
        return agent_send(cli, "POST", "/v1/keys", json, ret_row, err);
    OWN(secret_free) struct secret *secret = NULL;
    OWN(secret_free) struct secret *body = NULL;
    TRY(ask_secret(cli, args, "Key (not shown): ", "the key", LIMIT_SECRET_BYTES, &secret, err));
    TRY(secret_json_with(json, "secret", secret, &body, err));
    return agent_send_secret(cli, "/v1/keys", body, 0, ret_row, err);
}

/* A provider without an action that issues is one where a person makes the keys. */
static void add_print_next(struct cli *cli, const json_t *row)
{
    int64_t rotate_at_ms = field_time(row, "rotate_at");
    char date[SAY_WHEN_BYTES];
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *provider = NULL;
    if (rotate_at_ms == 0)
        return;
    printf("  next rotation opens %s", say_date(rotate_at_ms, date));
    buf_printf(&path, "/v1/providers/%s", field_text(row, "provider"));
    if (agent_get(cli, buf_text(&path), &provider, NULL) == ERR_OK &&
        strcmp(field_text(json_object_get(provider, "actions"), "issue"), "manual") == 0)
        printf(" and will ask you: %s keys are made by a person", field_text(provider, "title"));
    printf(".\n");
}

static enum err_code add_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    OWN_BUF struct buf json = {0};
    OWN(json_free) json_t *row = NULL;
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    if (!args_value(args, "provider"))
        return cli_misuse(cli, err, "say whose key it is: --provider NAME (keyturn providers lists them)");
    TRY(add_write(cli, args, &key, &json, err));
    TRY(add_send(cli, args, &json, &row, err));
    if (args_has(args, "no-secret")) {
        printf("%s is there, without a key yet. Its first one: keyturn rotate %s\n", key.text, key.text);
        return ERR_OK;
    }
    const json_t *current = json_object_get(row, "current");
    printf("%s  version %lld  %s\n", key.text, (long long)field_number(current, "version"),
           field_text(current, "mask"));
    (void)fflush(stdout);
    bool proved = false;
    TRY(proof_await(cli, &key, NULL, &proved, err));
    add_print_next(cli, row);
    return ERR_OK;
}

const struct command command_add = {
    .name = "add",
    .group = GROUP_KEYS,
    .summary = "put a key into the vault, and prove it alive",
    .usage = "KEY --provider NAME [OPTION]…",
    .notes = "KEY is environment/name. The key itself is asked for without echo, or read from standard\n"
             "input or a descriptor; it is never an argument. It is stored, then tried at its provider,\n"
             "and the answer is shown.",
    .example = "keyturn add live/production-app --provider amps --title \"Production App\" --every 30d\n"
               "keyturn add live/web --provider amps --deliver-file /etc/web/amps.env:env:AMPS_KEY",
    .options = {{"provider", "NAME", "whose key it is (keyturn providers)"},
                OPTIONS_POLICY,
                {"label", "NAME=VALUE", "a label of your own; may be given several times"},
                {"deliver-file", "PATH[:FORMAT[:VARIABLE]]", "put it into this file: raw, env or json"},
                {"deliver", "JSON", "put it there: a delivery's definition"},
                {"no-secret", NULL, "there is no key yet; the first rotation makes it"},
                {"unchecked", NULL, "take a key whose shape the provider's definition does not know"},
                OPTION_STDIN,
                OPTION_FD},
    .least = 1,
    .most = 1,
    .run = add_run,
};
