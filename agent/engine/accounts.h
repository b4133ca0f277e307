/* A reconciliation, the accounts that it asks, and what it found. */
#ifndef KEYTURN_ENGINE_ACCOUNTS_H
#define KEYTURN_ENGINE_ACCOUNTS_H

#include "flights.h"
#include "subject.h"

enum { RECONCILE_FINDINGS = 1000 };

/* A provider's account, as one credential sees it. */
struct reconcile_place {
    const struct provider *provider;
    const struct provider_environment *place;
    char credential[2 * LIMIT_NAME_BYTES + 2]; /* "": the definition's */
    uint8_t job_id[VAULT_ID_BYTES];
    int64_t asked_at_ms; /* wall; 0: not yet */
    int32_t attempt;
    bool answered;
    bool whole; /* answered, and that was all of it */
    struct action_list *list;
    struct action_item **by_id, **by_label; /* sorted */
    bool *seen;          /* by the place in list: it is one of ours */
    struct engine_reconciled figures;
    char detail[200]; /* why it proves nothing */
};

struct reconciliation {
    enum engine_reconciliation_state state;
    enum { RECONCILE_GATHER, RECONCILE_LIST, RECONCILE_COMPARE } phase; /* while it runs */
    uint32_t number;
    bool dry_run;
    char who[LIMIT_NAME_BYTES + 1];
    const struct provider *only; /* NULL: all */
    int64_t started_at_ms, ended_at_ms;
    int64_t next_ms; /* monotonic: by itself; 0: not planned */
    struct reconcile_place *places;
    size_t place_count;
    bool begun; /* from is set: the next keys lie from there on */
    int64_t from;
    struct engine_finding *findings;
    size_t finding_count, finding_capacity;
};

/* The key's account is asked, too, if its provider lists. ERR_LIMIT, ERR_MEMORY. */
enum err_code reconcile_add_place(struct engine *engine, const struct subject *subject, struct err *err) ERR_MUST_CHECK;
/* All accounts and findings; or what one account listed. */
void reconcile_forget(struct reconciliation *run);
void reconcile_forget_list(struct reconcile_place *place);
/* Where the key is listed; NULL: its provider does not list, or is not asked. */
struct reconcile_place *reconcile_place_of(struct reconciliation *run, const struct subject *subject);
/* Note what was found of a key. ERR_MEMORY. */
enum err_code reconcile_find(struct reconciliation *run, const struct vault_key *key, enum engine_finding_kind kind,
                             uint32_t version, const char *label, struct err *err) ERR_MUST_CHECK;

#endif
