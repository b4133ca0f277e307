/* Keys that the actions of providers use to revoke others. An emergency that
 * takes such a key along kills it last: without it the others would live on. */
#include "credential.h"

#include "engine_private.h"
#include "follow_ups.h"

#include "rotation/revocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* However the others fare, a leaked credential does not outlive its incident by more. */
enum { NEEDED_MOST_MS = 10 * 60 * 1000 };

/* The name of the key that revokes this one; NULL: none, or a person does it. */
static const char *credential_of(const struct engine *engine, const struct vault_key *key)
{
    const struct provider *provider = provider_set_find(engine->options.providers, key->provider);
    if (!provider || !provider_can(provider, PROVIDER_REVOKE))
        return NULL;
    const struct action_spec *spec = provider_spec(provider, PROVIDER_REVOKE);
    if (!spec->credential)
        return NULL;
    return key->credential[0] ? key->credential : spec->credential;
}

static void full_name(const struct vault_key *key, char out[2 * LIMIT_NAME_BYTES + 2])
{
    (void)snprintf(out, 2 * LIMIT_NAME_BYTES + 2, "%s/%s", key->environment, key->name);
}

/* --- Which they are --------------------------------------------------------- */

static bool names_have(const struct credential_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

struct gather {
    const struct engine *engine;
    struct credential_names *names;
};

static int gather_name(void *context, const struct vault_row *record, struct err *err)
{
    struct gather *gather = context;
    struct credential_names *names = gather->names;
    const char *name = credential_of(gather->engine, (const struct vault_key *)record);
    if (!name || names_have(names, name))
        return ERR_OK;
    void *grown = reallocarray(names->names, names->count + 1, sizeof names->names[0]);
    if (!grown)
        return (int)err_set(err, ERR_MEMORY, "out of memory");
    names->names = grown;
    text_copy(names->names[names->count++], sizeof names->names[0], name);
    return ERR_OK;
}

enum err_code credentials_read(struct engine *engine, struct credential_names *ret_names, struct err *err)
{
    struct gather gather = {engine, ret_names};
    return vault_scan(engine->session, VAULT_KEY, NULL, gather_name, &gather, err);
}

void credentials_release(struct credential_names *names)
{
    free(names->names);
    *names = (struct credential_names){0};
}

bool credentials_have(const struct credential_names *names, const struct vault_key *key)
{
    char name[2 * LIMIT_NAME_BYTES + 2];
    full_name(key, name);
    return names_have(names, name);
}

/* --- How long one is needed --------------------------------------------------- */

struct need {
    struct engine *engine;
    const struct vault_revocation *credential;
    char name[2 * LIMIT_NAME_BYTES + 2];
    bool needed;
};

static int look_for_need(void *context, const struct vault_row *record, struct err *err)
{
    struct need *need = context;
    const struct vault_revocation *other = (const struct vault_revocation *)record;
    if (other->ended_at_ms || other->last || other->waits_for_person ||
        other->incident != need->credential->incident)
        return ERR_OK;
    struct vault_key key = {0};
    enum err_code code = vault_get(need->engine->session, VAULT_KEY, other->row.parent, &key.row, err);
    if (code != ERR_OK)
        return (int)code;
    const char *credential = credential_of(need->engine, &key);
    need->needed = credential && strcmp(credential, need->name) == 0;
    vault_record_release(VAULT_KEY, &key.row);
    return need->needed ? VAULT_STOP : ERR_OK;
}

enum err_code credential_is_needed(struct engine *engine, const struct vault_revocation *revocation,
                                   bool *ret_needed, struct err *err)
{
    struct need need = {.engine = engine, .credential = revocation};
    struct vault_key key = {0};
    *ret_needed = false;
    if (engine_now(engine) - revocation->opened_at_ms >= NEEDED_MOST_MS)
        return ERR_OK;
    TRY(vault_get(engine->session, VAULT_KEY, revocation->row.parent, &key.row, err));
    full_name(&key, need.name);
    vault_record_release(VAULT_KEY, &key.row);
    TRY(vault_scan(engine->session, VAULT_REVOCATION, NULL, look_for_need, &need, err));
    *ret_needed = need.needed;
    return ERR_OK;
}

/* --- When one is refused ------------------------------------------------------ */

struct change {
    struct engine *engine;
    const char *who;
    char name[2 * LIMIT_NAME_BYTES + 2];
    bool any; /* a revocation waits, for this one or another */
};

static int take_waiting(void *context, const struct vault_row *record, struct err *err)
{
    struct change *change = context;
    const struct vault_revocation *waiting = (const struct vault_revocation *)record;
    if (waiting->ended_at_ms || waiting->state != REVOCATION_ATTENTION)
        return ERR_OK;
    struct vault_key key = {0};
    enum err_code code = vault_get(change->engine->session, VAULT_KEY, waiting->row.parent, &key.row, err);
    if (code != ERR_OK)
        return (int)code;
    const char *credential = credential_of(change->engine, &key);
    if (credential && strcmp(credential, change->name) == 0)
        follow_up_add(change->engine, true, record->id, REVOCATION_ON_CREDENTIAL_CHANGED, change->who, 0);
    vault_record_release(VAULT_KEY, &key.row);
    change->any = true;
    return ERR_OK;
}

enum err_code credential_changed(struct engine *engine, const struct vault_key *key, const char *who, struct err *err)
{
    struct change change = {.engine = engine, .who = who};
    if (!engine->credential_refused)
        return ERR_OK;
    full_name(key, change.name);
    TRY(vault_scan(engine->session, VAULT_REVOCATION, NULL, take_waiting, &change, err));
    engine->credential_refused = change.any;
    return ERR_OK;
}

/* --- Serving while condemned ---------------------------------------------------- */

static int take_condemned(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    const struct vault_version *version = (const struct vault_version *)record;
    if (version->state != VAULT_CONDEMNED || version->wiped)
        return ERR_OK;
    memcpy(context, record->id, VAULT_ID_BYTES);
    return VAULT_STOP;
}

enum err_code credential_condemned(struct engine *engine, const struct vault_key *key,
                                   uint8_t ret_version_id[VAULT_ID_BYTES], struct err *err)
{
    uint8_t found[VAULT_ID_BYTES] = {0};
    TRY(vault_children(engine->session, VAULT_VERSION, key->row.id, take_condemned, found, err));
    if (vault_id_is_zero(found))
        return err_set(err, ERR_STATE, "the credential %s/%s has no version that is alive", key->environment,
                       key->name);
    memcpy(ret_version_id, found, VAULT_ID_BYTES);
    return ERR_OK;
}
