#include "agent.h"
#include "ask.h"
#include "field.h"
#include "secret_json.h"
#include "vault_words.h"

#include <stdio.h>
#include <string.h>

enum { UNLOCK_PASSPHRASE_BYTES = 1024 };

static enum err_code unlock_send(struct cli *cli, const struct args *args, json_t **ret_vault,
                                 struct err *err)
{
    OWN_BUF struct buf json = {0};
    const char *key_file = args_value(args, "key-file");
    int64_t generation = -1;
    enum err_code code = args_number(args, "accept-restore", 0, INT64_MAX, &generation, err);
    if (code != ERR_OK)
        return cli_misused(cli, code);
    json_put_object_open(&json, NULL);
    json_put_string(&json, "kind", key_file ? "key-file" : "passphrase");
    if (generation >= 0)
        json_put_integer(&json, "accept_generation", generation);
    if (key_file)
        TRY(vault_write_key_file(key_file, &json, err));
    json_put_object_close(&json);
    if (key_file)
        return agent_send(cli, "POST", "/v1/vault/unlock", &json, ret_vault, err);
    OWN(secret_free) struct secret *passphrase = NULL;
    OWN(secret_free) struct secret *body = NULL;
    TRY(ask_secret(cli, args, "Passphrase: ", "the passphrase", UNLOCK_PASSPHRASE_BYTES, &passphrase, err));
    TRY(secret_json_with(&json, "passphrase", passphrase, &body, err));
    return agent_send_secret(cli, "/v1/vault/unlock", body, VAULT_TIMEOUT_MS, ret_vault, err);
}

static enum err_code unlock_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *health = NULL;
    OWN(json_free) json_t *vault = NULL;
    TRY(agent_get(cli, "/v1/health", &health, err));
    const char *status = field_text(health, "status");
    if (strcmp(status, "absent") == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no vault at %s. Make one: keyturn init",
                       field_text(health, "store"));
    if (strcmp(status, "unlocked") == 0) {
        printf("The vault is open already.\n");
        return ERR_OK;
    }
    TRY(unlock_send(cli, args, &vault, err));
    printf("The vault is open. What waits for whom: keyturn status\n");
    return ERR_OK;
}

const struct command command_unlock = {
    .name = "unlock",
    .group = GROUP_VAULT,
    .summary = "open the vault",
    .usage = "[--key-file PATH] [--accept-restore GENERATION]",
    .notes = "A store older than its audit log stays locked: somebody put an old copy back. If that was\n"
             "you, name the generation the message says with --accept-restore.",
    .example = "keyturn unlock",
    .options = {{"key-file", "PATH", "open it with this file's content"},
                {"accept-restore", "GENERATION", "accept a store that was restored from a backup"},
                {"stdin", NULL, "read the passphrase from standard input"},
                {"fd", "N", "read the passphrase from descriptor N"}},
    .run = unlock_run,
};
