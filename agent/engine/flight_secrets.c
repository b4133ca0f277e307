/* The secrets that a flight needs, read when it is started. */
#include "flight_secrets.h"

#include "credential.h"
#include "engine_private.h"
#include "flights.h"

#include "base/text.h"

#include <string.h>

enum err_code version_read_secret(struct engine *engine, const uint8_t id[VAULT_ID_BYTES], uint32_t number,
                                  struct secret **ret_secret, struct err *err)
{
    struct vault_version version = {.number = number};
    memcpy(version.row.id, id, VAULT_ID_BYTES);
    return vault_version_secret(engine->session, &version, ret_secret, err);
}

enum err_code flight_read_version(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_version version = {0};
    TRY(vault_get(engine->session, VAULT_VERSION, flight->version_id, &version.row, err));
    COPY_TEXT(flight->provider_id, version.provider_id);
    if (flight->kind != FLIGHT_ISSUE) /* one that is asked with the old key names the new one */
        COPY_TEXT(flight->label, version.label);
    return vault_version_secret(engine->session, &version, &flight->secret, err);
}

/* What an emergency over all keys still needs: to kill, and to tell people of it. */
static bool may_use_condemned(const struct flight *flight)
{
    return flight->kind == FLIGHT_DISABLE || flight->kind == FLIGHT_REVOKE ||
           flight->kind == FLIGHT_PROBE_CONDEMNED || flight->kind == FLIGHT_NOTICE;
}

/* Flights that start together often use one credential: it is opened once for all of them. */
static struct secret *shared_credential(struct engine *engine, const char *credential)
{
    const struct shared_credential *shared = &engine->flights.shared;
    if (!shared->secret || strcmp(shared->name, credential) != 0)
        return NULL;
    struct secret *copy = secret_new_in(engine->arena, secret_length(shared->secret));
    if (copy && secret_set(copy, secret_peek(shared->secret), secret_length(shared->secret)) != ERR_OK)
        copy = secret_free(copy);
    return copy;
}

static void share_credential(struct engine *engine, const char *credential, const struct secret *secret)
{
    struct shared_credential *shared = &engine->flights.shared;
    shared->secret = secret_free(shared->secret);
    COPY_TEXT(shared->name, credential);
    if (engine->flights.starting)
        shared->secret = secret_new_in(engine->arena, secret_length(secret));
    if (shared->secret && secret_set(shared->secret, secret_peek(secret), secret_length(secret)) != ERR_OK)
        shared->secret = secret_free(shared->secret);
}

enum err_code flight_read_credential(struct engine *engine, struct flight *flight, const char *credential,
                                     struct err *err)
{
    struct secret *shared = shared_credential(engine, credential);
    if (shared) {
        flight->credential_secret = shared;
        return ERR_OK;
    }
    char environment[LIMIT_NAME_BYTES + 1], name[LIMIT_NAME_BYTES + 1];
    struct vault_key key = {0};
    TRY(text_split_key(credential, environment, name, err));
    enum err_code code = vault_key_find(engine->session, environment, name, &key, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the credential %s is not in the vault; add it", credential);
    bool current = key.current_number != 0;
    if (code == ERR_OK && !current && may_use_condemned(flight))
        code = credential_condemned(engine, &key, key.current_id, err);
    else if (code == ERR_OK && !current)
        code = err_set(err, ERR_STATE, "the credential %s has no current version", credential);
    if (code == ERR_OK)
        code = version_read_secret(engine, key.current_id, key.current_number, &flight->credential_secret, err);
    if (code == ERR_OK && current)
        share_credential(engine, credential, flight->credential_secret);
    vault_record_release(VAULT_KEY, &key.row);
    return code;
}
