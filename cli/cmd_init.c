#include "agent.h"
#include "ask.h"
#include "field.h"
#include "say.h"
#include "secret_json.h"
#include "vault_words.h"

#include <stdio.h>
#include <string.h>

/* Asked before the passphrase, so that nobody thinks of one in vain. */
static enum err_code init_check_absent(struct cli *cli, struct err *err)
{
    OWN(json_free) json_t *health = NULL;
    TRY(agent_get(cli, "/v1/health", &health, err));
    if (strcmp(field_text(health, "status"), "absent") == 0)
        return ERR_OK;
    return err_set(err, ERR_EXISTS, "there is a vault already: %s. Open it: keyturn unlock",
                   field_text(health, "store"));
}

/* {"slot":{…},"low_cost":…} has the passphrase inside of the slot, so the slot
 * is written last and closed around it. */
static enum err_code init_send(struct cli *cli, const struct args *args, json_t **ret_vault, struct err *err)
{
    OWN_BUF struct buf json = {0};
    const char *key_file = args_value(args, "key-file");
    json_put_object_open(&json, NULL);
    json_put_string(&json, "kind", key_file ? "key-file" : "passphrase");
    if (key_file) {
        TRY(vault_write_key_file(key_file, &json, err));
        json_put_object_close(&json);
        OWN_BUF struct buf body = {0};
        json_put_object_open(&body, NULL);
        json_put_raw(&body, "slot", buf_text(&json), json.length);
        json_put_object_close(&body);
        return agent_send(cli, "POST", "/v1/vault/init", &body, ret_vault, err);
    }
    json_put_object_close(&json);
    OWN(secret_free) struct secret *passphrase = NULL;
    OWN(secret_free) struct secret *slot = NULL;
    TRY(ask_new_passphrase(cli, args, &passphrase, err));
    TRY(secret_json_with(&json, "passphrase", passphrase, &slot, err));
    OWN(secret_free) struct secret *body = secret_new(secret_length(slot) + 64);
    if (!body)
        return err_set(err, ERR_MEMORY, "no locked memory for the request");
    const char *lead = args_has(args, "low-cost") ? "{\"low_cost\":true,\"slot\":" : "{\"slot\":";
    TRY(secret_append(body, lead, strlen(lead)));
    TRY(secret_append(body, secret_peek(slot), secret_length(slot)));
    TRY(secret_append(body, "}", 1));
    return agent_send_secret(cli, "/v1/vault/init", body, VAULT_TIMEOUT_MS, ret_vault, err);
}

static enum err_code init_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *vault = NULL;
    OWN_BUF struct buf short_path = {0};
    TRY(init_check_absent(cli, err));
    TRY(init_send(cli, args, &vault, err));
    const json_t *slot = json_array_get(json_object_get(vault, "slots"), 0);
    printf("Vault made: %s, slot %lld (%s), agent running.\n",
           say_path(field_text(vault, "store"), &short_path), (long long)field_number(slot, "slot"),
           field_text(slot, "kind"));
    printf("It locks when the agent stops; `keyturn unlock` opens it again.\n");
    return ERR_OK;
}

const struct command command_init = {
    .name = "init",
    .group = GROUP_VAULT,
    .summary = "make a new vault",
    .usage = "[--key-file PATH]",
    .notes = "Asks for a passphrase, twice. There is no way back to the keys without it: keep it, or\n"
             "add a second slot (keyturn slots add).",
    .example = "keyturn init",
    .options = {{"key-file", "PATH", "unlock with this file's content instead of a passphrase"},
                {"low-cost", NULL, "stretch the passphrase less: for tests only"},
                {"stdin", NULL, "read the passphrase from standard input"},
                {"fd", "N", "read the passphrase from descriptor N"}},
    .run = init_run,
};
