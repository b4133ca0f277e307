/* Keys that were asked for and may have been made: which are looked for, and what a person knows. */
#include "agent.h"
#include "args.h"
#include "field.h"
#include "labels.h"

#include <stdio.h>
#include <string.h>

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

static enum err_code reconcile_forget(struct cli *cli, const json_t *labels, const char *wanted, struct err *err)
{
    OWN_BUF struct buf path = {0};
    const json_t *label = NULL;
    TRY(find_label(cli, labels, wanted, &label, err));
    buf_printf(&path, "/v1/labels/%s", field_text(label, "id"));
    TRY(agent_send(cli, "DELETE", buf_text(&path), NULL, NULL, err));
    printf("%s: %s is not looked for any longer.\n", field_text(label, "key"), field_text(label, "label"));
    return ERR_OK;
}

static enum err_code look_now(struct cli *cli, const json_t *labels, struct err *err)
{
    size_t index = 0;
    const json_t *label = NULL;
    json_array_foreach (labels, index, label) {
        OWN_BUF struct buf path = {0};
        buf_printf(&path, "/v1/labels/%s/look", field_text(label, "id"));
        enum err_code code = agent_send(cli, "POST", buf_text(&path), NULL, NULL, err);
        if (code != ERR_OK && code != ERR_NOT_FOUND)
            return code;
    }
    return ERR_OK;
}

static enum err_code reconcile_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *labels = NULL;
    const char *forget = args_value(args, "forget");
    TRY(agent_list(cli, "/v1/labels", "labels", &labels, err));
    if (forget)
        return reconcile_forget(cli, labels, forget, err);
    TRY(look_now(cli, labels, err));
    if (args_has(args, "json")) {
        (void)json_dumpf(labels, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    if (json_array_size(labels) == 0)
        printf("Nothing is looked for: every key that was asked for has a known end.\n");
    labels_print(labels, "Looked for now:", clock_wall_ms(cli->clock));
    return ERR_OK;
}

const struct command command_reconcile = {
    .name = "reconcile",
    .group = GROUP_ROTATION,
    .summary = "look for keys that were asked for and whose making has no known end",
    .usage = "[--json] | --forget ENVIRONMENT/LABEL",
    .notes = "A create whose answer was lost can work late, also after its rotation has ended. Its label stays, and\n"
             "its provider is asked for it again and again; a key that came is revoked. Where the API cannot be\n"
             "asked, a person looks, revokes it where it is, and says so with --forget.",
    .example = "keyturn reconcile\nkeyturn reconcile --forget live/reporting-8",
    .options = {{"forget", "ENVIRONMENT/LABEL", "no key lives under this label: look for it no longer"}, OPTION_JSON},
    .run = reconcile_run,
};
