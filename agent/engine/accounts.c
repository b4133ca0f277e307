/* The accounts that a reconciliation asks for their keys: which key belongs to which, and what was found of it. */
#include "accounts.h"

#include "engine_private.h"
#include "subject.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 4096 };

void reconcile_forget_list(struct reconcile_place *place)
{
    place->list = action_list_free(place->list);
    free(place->by_id);
    free(place->by_label);
    free(place->seen);
    place->by_id = place->by_label = NULL;
    place->seen = NULL;
}

void reconcile_forget(struct reconciliation *run)
{
    for (size_t i = 0; i < run->place_count; i++)
        reconcile_forget_list(&run->places[i]);
    free(run->places);
    free(run->findings);
    run->places = NULL;
    run->findings = NULL;
    run->place_count = run->finding_count = run->finding_capacity = 0;
}

static const char *credential_of(const struct subject *subject)
{
    const struct action_spec *spec = provider_spec(subject->provider, PROVIDER_LIST);
    if (!spec->credential)
        return "";
    return subject->key.credential[0] ? subject->key.credential : spec->credential;
}

static bool is_asked(const struct reconciliation *run, const struct subject *subject)
{
    bool can = subject->provider && subject->place && provider_can(subject->provider, PROVIDER_LIST);
    return can && (!run->only || run->only == subject->provider);
}

struct reconcile_place *reconcile_place_of(struct reconciliation *run, const struct subject *subject)
{
    if (!is_asked(run, subject))
        return NULL;
    const char *credential = credential_of(subject);
    for (size_t i = 0; i < run->place_count; i++) {
        struct reconcile_place *place = &run->places[i];
        if (place->provider == subject->provider && place->place == subject->place &&
            strcmp(place->credential, credential) == 0)
            return place;
    }
    return NULL;
}

enum err_code reconcile_add_place(struct engine *engine, const struct subject *subject, struct err *err)
{
    struct reconciliation *run = engine->reconciliation;
    if (!is_asked(run, subject) || reconcile_place_of(run, subject))
        return ERR_OK;
    if (run->place_count >= PLACES_MOST)
        return err_set(err, ERR_LIMIT, "more than %d accounts are to be compared", PLACES_MOST);
    struct reconcile_place *places = reallocarray(run->places, run->place_count + 1, sizeof *places);
    if (!places)
        return err_set(err, ERR_MEMORY, "out of memory");
    run->places = places;
    struct reconcile_place *place = &places[run->place_count++];
    *place = (struct reconcile_place){.provider = subject->provider, .place = subject->place};
    COPY_TEXT(place->credential, credential_of(subject));
    random_bytes(engine->options.random, place->job_id, sizeof place->job_id);
    return ERR_OK;
}

enum err_code reconcile_find(struct reconciliation *run, const struct vault_key *key, enum engine_finding_kind kind,
                             uint32_t version, const char *label, struct err *err)
{
    if (run->finding_count >= RECONCILE_FINDINGS)
        return ERR_OK; /* the figures count the rest */
    if (run->finding_count == run->finding_capacity) {
        size_t capacity = run->finding_capacity ? 2 * run->finding_capacity : 16;
        struct engine_finding *findings = reallocarray(run->findings, capacity, sizeof *findings);
        if (!findings)
            return err_set(err, ERR_MEMORY, "out of memory");
        run->findings = findings;
        run->finding_capacity = capacity;
    }
    struct engine_finding *finding = &run->findings[run->finding_count++];
    *finding = (struct engine_finding){.kind = kind, .version = version};
    (void)snprintf(finding->key, sizeof finding->key, "%s/%s", key->environment, key->name);
    COPY_TEXT(finding->label, label);
    return ERR_OK;
}
