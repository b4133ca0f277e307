#include "agent.h"
#include "field.h"
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The labels that are there, with those given changed: the agent takes them whole. */
static enum err_code set_labels(struct cli *cli, const struct args *args, const char *path, struct buf *json,
                                struct err *err)
{
    OWN(json_free) json_t *key = NULL;
    char name[LIMIT_LABEL_NAME_BYTES + 1];
    const char *value = NULL;
    TRY(agent_get(cli, path, &key, err));
    OWN(json_free) json_t *labels = json_copy(json_object_get(key, "labels"));
    size_t at = 0;
    if (!labels)
        labels = json_object();
    for (const char *label = args_next(args, "label", &at); label; label = args_next(args, "label", &at)) {
        TRY(policy_split_label(cli, label, name, &value, err));
        if (json_object_set_new(labels, name, json_string(value)) != 0)
            return cli_misuse(cli, err, "--label %s is not UTF-8", name);
    }
    at = 0;
    for (const char *gone = args_next(args, "no-label", &at); gone; gone = args_next(args, "no-label", &at))
        if (json_object_del(labels, gone) != 0)
            return err_set(err, ERR_NOT_FOUND, "there is no label %.63s", gone);
    char *text = json_dumps(labels, JSON_COMPACT);
    json_put_raw(json, "labels", text, text ? strlen(text) : 0);
    free(text);
    return ERR_OK;
}

static enum err_code set_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct key_name key;
    OWN_BUF struct buf path = {0};
    OWN_BUF struct buf json = {0};
    OWN(json_free) json_t *row = NULL;
    TRY(key_parse(cli, args_word(args, 0), &key, err));
    if (args->given_count == 0)
        return cli_misuse(cli, err, "say what to set. See keyturn set --help");
    buf_printf(&path, "/v1/keys/%s", key.text);
    json_put_object_open(&json, NULL);
    TRY(policy_write(cli, args, &json, err));
    if (args_has(args, "label") || args_has(args, "no-label"))
        TRY(set_labels(cli, args, buf_text(&path), &json, err));
    json_put_object_close(&json);
    TRY(agent_send(cli, "PATCH", buf_text(&path), &json, &row, err));
    printf("%s is set. Look: keyturn show %s\n", key.text, key.text);
    return ERR_OK;
}

const struct command command_set = {
    .name = "set",
    .group = GROUP_KEYS,
    .summary = "change a key's policy",
    .usage = "KEY OPTION…",
    .example = "keyturn set live/reporting --every 60d --owner energy-team",
    .options = {OPTIONS_POLICY,
                {"label", "NAME=VALUE", "set this label; may be given several times"},
                {"no-label", "NAME", "take this label away"}},
    .completes_key = true,
    .least = 1,
    .most = 1,
    .run = set_run,
};
