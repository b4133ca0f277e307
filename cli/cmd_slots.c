#include "agent.h"
#include "ask.h"
#include "field.h"
#include "say.h"
#include "secret_json.h"
#include "table.h"
#include "vault_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column slots_columns[] = {
    {"SLOT", TABLE_WHOLE}, {"KIND", TABLE_WHOLE}, {"SINCE", TABLE_WHOLE}};

static enum err_code slots_list(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *vault = NULL;
    OWN(table_free) struct table *table = NULL;
    size_t index = 0;
    const json_t *slot = NULL;
    TRY(agent_get(cli, "/v1/vault", &vault, err));
    if (args_has(args, "json")) {
        (void)json_dumpf(vault, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    TRY(table_new(slots_columns, 3, &table, err));
    json_array_foreach (json_object_get(vault, "slots"), index, slot) {
        char number[24];
        char since[SAY_WHEN_BYTES];
        (void)snprintf(number, sizeof number, "%lld", (long long)field_number(slot, "slot"));
        const char *cells[] = {number, field_text(slot, "kind"),
                               say_when(field_time(slot, "created_at"), since)};
        TRY(table_add(table, cells, false, err));
    }
    return table_print(table, err);
}

static enum err_code slots_add(struct cli *cli, const struct args *args, struct err *err)
{
    OWN_BUF struct buf json = {0};
    const char *key_file = args_value(args, "key-file");
    json_put_object_open(&json, NULL);
    json_put_string(&json, "kind", key_file ? "key-file" : "passphrase");
    if (key_file)
        TRY(vault_write_key_file(key_file, &json, err));
    json_put_object_close(&json);
    if (key_file) {
        TRY(agent_send(cli, "POST", "/v1/vault/slots", &json, NULL, err));
    } else {
        OWN(secret_free) struct secret *passphrase = NULL;
        OWN(secret_free) struct secret *body = NULL;
        TRY(ask_new_passphrase(cli, args, &passphrase, err));
        TRY(secret_json_with(&json, "passphrase", passphrase, &body, err));
        TRY(agent_send_secret(cli, "/v1/vault/slots", body, VAULT_TIMEOUT_MS, NULL, err));
    }
    return slots_list(cli, args, err);
}

static enum err_code slots_remove(struct cli *cli, const struct args *args, struct err *err)
{
    const char *word = args_word(args, 1);
    char *end = NULL;
    unsigned long number = word ? strtoul(word, &end, 10) : 0;
    if (number == 0 || *end != '\0')
        return cli_misuse(cli, err, "say which slot by its number, as keyturn slots shows it");
    char question[96];
    OWN_BUF struct buf path = {0};
    (void)snprintf(question, sizeof question, "Slot %lu will not open the vault any more.", number);
    TRY(ask_yes(cli, args, question, err));
    buf_printf(&path, "/v1/vault/slots/%lu", number);
    TRY(agent_send(cli, "DELETE", buf_text(&path), NULL, NULL, err));
    printf("Slot %lu is removed.\n", number);
    return ERR_OK;
}

static enum err_code slots_run(struct cli *cli, const struct args *args, struct err *err)
{
    const char *verb = args_word(args, 0);
    if (!verb || strcmp(verb, "list") == 0)
        return slots_list(cli, args, err);
    if (strcmp(verb, "add") == 0)
        return slots_add(cli, args, err);
    if (strcmp(verb, "remove") == 0)
        return slots_remove(cli, args, err);
    return cli_misuse(cli, err, "slots add, remove or list; not “%s”", verb);
}

const struct command command_slots = {
    .name = "slots",
    .group = GROUP_VAULT,
    .summary = "the ways to open the vault",
    .usage = "[list] | add [--key-file PATH] | remove NUMBER",
    .example = "keyturn slots add --key-file /root/keyturn.key\nkeyturn slots remove 2",
    .options = {{"key-file", "PATH", "add this file's content instead of a passphrase"},
                {"stdin", NULL, "read the passphrase from standard input"},
                {"fd", "N", "read the passphrase from descriptor N"},
                OPTION_YES,
                OPTION_JSON},
    .words = {"list", "add", "remove"},
    .least = 0,
    .most = 2,
    .run = slots_run,
};
