/* Looking for the keys of labels that are kept. One is due at growing distances; each time the provider is asked for
 * it, and what comes of the answer is decided by rotation/label.h. */
#include "label_looks.h"

#include "calls.h"
#include "engine_private.h"
#include "flights.h"
#include "labels.h"
#include "notices.h"
#include "revoke.h"
#include "rotate.h"
#include "step.h"
#include "subject.h"

#include "rotation/label.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <string.h>

enum {
    LOOK_GUARD_MS = 60 * 1000, /* a look in flight is due again after this, so that a crash does not lose it */
    RETRY_BASE_MS = 1000,
    RETRY_MOST_MS = 24 * 60 * 60 * 1000,
};

/* --- A key under the label ----------------------------------------------------------------- */

/* What the versions of the key say of one that was found. */
struct held_search {
    const char *label;
    const char *id; /* "" : the provider tells none */
    bool dead_unproved, otherwise; /* versions with this id */
    bool perhaps;
};

static int look_at_version(void *context, const struct vault_row *record, struct err *err)
{
    (void)err;
    struct held_search *search = context;
    const struct vault_version *version = (const struct vault_version *)record;
    bool dead = version->state == VAULT_DEAD_VERSION;
    bool never_ours = version->wiped && !version->mask[0];
    if (search->id[0] && strcmp(version->provider_id, search->id) == 0) {
        search->dead_unproved = search->dead_unproved || (dead && never_ours);
        search->otherwise = search->otherwise || !(dead && never_ours);
    } else if (!dead && strcmp(version->label, search->label) == 0 && !(search->id[0] && version->provider_id[0])) {
        search->perhaps = true;
    }
    return ERR_OK;
}

enum err_code label_facts_of(struct engine *engine, const struct vault_key *key, const char *label,
                             const struct label_finding *finding, struct label_facts *ret_facts, struct err *err)
{
    struct held_search search = {.label = label, .id = finding->id ? finding->id : ""};
    struct vault_rotation rotation = {0};
    struct label_facts facts = {0};
    TRY(label_is_awaited(engine, key, label, &rotation, &facts.awaited, err));
    TRY(vault_children(engine->session, VAULT_VERSION, key->row.id, look_at_version, &search, err));
    facts.held = search.dead_unproved || search.otherwise;
    facts.held_unproved = search.dead_unproved && !search.otherwise;
    facts.perhaps_held = search.perhaps;
    if (finding->secret && !facts.held) {
        uint8_t fingerprint[32];
        struct vault_version version = {0};
        vault_fingerprint(finding->secret, fingerprint);
        enum err_code code = vault_version_by_fingerprint(engine->session, fingerprint, &version, err);
        if (code != ERR_OK && code != ERR_NOT_FOUND)
            return code;
        facts.held = code == ERR_OK;
        facts.perhaps_held = facts.perhaps_held && facts.held; /* its secret is not that one's */
    }
    *ret_facts = facts;
    return ERR_OK;
}

/* Of a key without an open rotation. */
static enum err_code condemn_itself(struct engine *engine, struct subject *subject, const struct rotation_input *input,
                                    struct err *err)
{
    struct vault_version version;
    uint32_t number = input->stray_number;
    TRY(version_free_number(engine, subject, &number, err));
    TRY(subject_add_version(engine, subject, VAULT_STAGED, number, input->stray_label, input->provider_id, input->secret,
                            true, &version, err));
    const struct revocation_order order = {.version_id = version.row.id, .who = input->who};
    TRY(revocation_open(engine, subject, &order, err));
    TRY(subject_save(engine, subject, err));
    return follow_up_run(engine, err);
}

enum err_code label_condemn(struct engine *engine, struct subject *subject, const char *label, uint32_t number,
                            const struct label_finding *finding, struct err *err)
{
    const struct rotation_input input = {.event = ROTATION_ON_STRAY,
                                         .who = "engine",
                                         .secret = finding->secret,
                                         .provider_id = finding->id,
                                         .stray_label = label,
                                         .stray_number = number,
                                         .detail = "a key came after it was given up; it is revoked",
                                         .retry_after_ms = -1};
    struct label_search search = {.label = label};
    TRY(label_find(engine, &subject->key, &search, err));
    if (search.is_there)
        TRY(label_close(engine, &subject->key, &search.found, "engine", "label.found",
                        "it is at the provider, and nothing of ours; it is revoked", err));
    if (subject->key.rotation_state)
        return rotation_step(engine, subject->key.rotation_id, &input, NULL, err);
    return condemn_itself(engine, subject, &input, err);
}

/* --- A look ------------------------------------------------------------------------------------ */

static void look_again(struct engine *engine, const struct subject *subject, struct vault_label *label)
{
    int64_t now = engine_now(engine);
    label->row.due_at_ms = now + label_look_after_ms(now - label->made_at_ms, subject->limits->propagation_ms,
                                                     subject->limits->horizon_ms);
}

/* It waits for a person, who is told, and told again. */
static enum err_code ask_person(struct engine *engine, const struct vault_key *key, struct vault_label *label,
                                const char *text, struct err *err)
{
    char summary[640];
    struct notice notice = {.about = VAULT_ABOUT_WAITS, .subject_id = label->row.id, .version = label->number};
    COPY_TEXT(label->detail, text);
    label->waits_for_person = true;
    if (!notice_is_due(engine, true, &label->reminded_at_ms, &notice.again))
        return ERR_OK;
    (void)snprintf(summary, sizeof summary, "%s: %s. keyturn reconcile --forget %s/%s", label->label, text,
                   key->environment, label->label);
    notice.summary = summary;
    return notice_add_of_key(engine, key, notice, err);
}

static enum err_code plan_look(struct engine *engine, const struct subject *subject, struct vault_label *label,
                               struct err *err)
{
    struct flight *flight = flight_new(engine, FLIGHT_LOOK, &subject->key);
    if (!flight)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(flight->job_id, label->row.id, VAULT_ID_BYTES);
    flight->attempt = ++label->attempt;
    flight->number = label->number;
    flight->provider = subject->provider;
    flight->place = subject->place;
    COPY_TEXT(flight->label, label->label);
    flight_plan(engine, flight);
    label->row.due_at_ms = engine_now(engine) + LOOK_GUARD_MS;
    return ERR_OK;
}

static enum err_code step(struct engine *engine, const struct subject *subject, struct vault_label *label,
                          struct err *err)
{
    struct vault_rotation rotation = {0};
    bool awaited = false;
    TRY(label_is_awaited(engine, &subject->key, label->label, &rotation, &awaited, err));
    bool can_look = subject->provider && subject->place && provider_can(subject->provider, PROVIDER_FIND);
    if (awaited)
        look_again(engine, subject, label); /* its own rotation looks for it, or asks for it */
    else if (can_look)
        return plan_look(engine, subject, label, err);
    else
        label->row.due_at_ms = engine_now(engine) + engine->options.remind_ms;
    if (awaited)
        return ERR_OK;
    return ask_person(engine, &subject->key, label,
                      "whether it was made is not known, and the agent cannot look; look for it at the provider, "
                      "revoke it there if it is there, then say so", err);
}

enum err_code label_step(struct engine *engine, void *argument, struct err *err)
{
    struct vault_label label = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_LABEL, argument, &label.row, err));
    TRY(subject_load(engine, label.row.parent, &subject, err));
    TRY(step(engine, &subject, &label, err));
    return vault_update(engine->vault, VAULT_LABEL, &label.row, err);
}

/* --- What came of it --------------------------------------------------------------------------- */

static enum label_answer answer_of(const struct flight *flight)
{
    if (flight->result.verdict == ACTION_FOUND)
        return LABEL_FOUND;
    return flight->result.verdict == ACTION_NOT_FOUND ? LABEL_NOT_FOUND : LABEL_UNKNOWN;
}

static void note_answer(struct engine *engine, const struct flight *flight, struct vault_label *label)
{
    bool proves = answer_of(flight) != LABEL_UNKNOWN;
    label->looked_at_ms = engine_now(engine);
    label->looks += proves ? 1 : 0;
    label->failures = proves ? 0 : label->failures + 1;
    label->waits_for_person = false;
    if (!proves)
        COPY_TEXT(label->detail, flight->result.detail);
    else if (answer_of(flight) == LABEL_NOT_FOUND)
        COPY_TEXT(label->detail, "it is not at the provider so far");
}

/* Without a proof it is asked again with backoff, also past the horizon: only a proof ends it (S2). */
static void look_later(struct engine *engine, const struct flight *flight, const struct subject *subject,
                       struct vault_label *label)
{
    look_again(engine, subject, label);
    if (!label->failures)
        return;
    int64_t delay = backoff_ms(engine, label->failures, RETRY_BASE_MS, RETRY_MOST_MS);
    if (flight->result.retry_after_ms > delay)
        delay = flight->result.retry_after_ms;
    label->row.due_at_ms = engine_now(engine) + delay;
}

static enum err_code record_look(struct engine *engine, const struct flight *flight, struct subject *subject,
                                 struct vault_label *label, struct err *err)
{
    const struct action_values *values = flight->result.values;
    const struct label_finding finding = {.id = values ? action_values_text(values, "id") : NULL,
                                          .secret = values ? action_values_secret(values, "secret") : NULL};
    struct label_facts facts;
    TRY(label_facts_of(engine, &subject->key, label->label, &finding, &facts, err));
    facts.horizon_passed = engine_now(engine) - label->made_at_ms >= subject->limits->horizon_ms;
    switch (label_next(answer_of(flight), &facts)) {
    case LABEL_CONDEMN:
        return label_condemn(engine, subject, label->label, label->number, &finding, err);
    case LABEL_CLOSE_HELD:
        return label_close(engine, &subject->key, label, "engine", "label.settled", "it is a version that is held", err);
    case LABEL_CLOSE_ABSENT:
        return label_close(engine, &subject->key, label, "engine", "label.absent",
                           "it never came, and the provider's horizon has passed", err);
    case LABEL_ASK:
        look_later(engine, flight, subject, label);
        TRY(ask_person(engine, &subject->key, label,
                       "there is a key of this label, and one that was handed in stands under it, too: look whether it "
                       "is that one; revoke it there if it is another, then say so", err));
        break;
    case LABEL_LEAVE:
    case LABEL_LOOK_AGAIN:
        look_later(engine, flight, subject, label);
        break;
    }
    return vault_update(engine->vault, VAULT_LABEL, &label->row, err);
}

enum err_code label_record(struct engine *engine, struct flight *flight, struct err *err)
{
    struct vault_label label = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_LABEL, flight->job_id, &label.row, err));
    if (label.attempt != flight->attempt)
        return ERR_OK;
    TRY(subject_load(engine, label.row.parent, &subject, err));
    note_answer(engine, flight, &label);
    return record_look(engine, flight, &subject, &label, err);
}

/* --- What a person says ------------------------------------------------------------------------- */

struct told {
    const char *who;
    const uint8_t *id;
};

static enum err_code do_forget(struct engine *engine, void *argument, struct err *err)
{
    const struct told *told = argument;
    struct vault_label label = {0};
    struct vault_rotation rotation = {0};
    OWN_SUBJECT struct subject subject = {0};
    bool awaited = false;
    TRY(vault_get(engine->session, VAULT_LABEL, told->id, &label.row, err));
    TRY(subject_load(engine, label.row.parent, &subject, err));
    const struct vault_key *key = &subject.key;
    TRY(label_is_awaited(engine, key, label.label, &rotation, &awaited, err));
    if (awaited && rotation.state == ROTATION_STAGING)
        return err_set(err, ERR_STATE, "%s/%s: its rotation looks for %s itself. See keyturn show %s/%s", key->environment,
                       key->name, label.label, key->environment, key->name);
    if (awaited) {
        rotation.attempt_uncertain = false; /* so a retry does not keep the label again */
        TRY(vault_update(engine->vault, VAULT_ROTATION, &rotation.row, err));
    }
    return label_close(engine, key, &label, told->who, "label.forget", "a person says that it is not there any more", err);
}

enum err_code engine_label_forget(struct engine *engine, const char *who, const uint8_t label_id[VAULT_ID_BYTES],
                                  struct err *err)
{
    struct told told = {.who = who, .id = label_id};
    return engine_call(engine, do_forget, &told, false, err);
}

static enum err_code do_look(struct engine *engine, void *argument, struct err *err)
{
    const struct told *told = argument;
    struct vault_label label = {0};
    OWN_SUBJECT struct subject subject = {0};
    TRY(vault_get(engine->session, VAULT_LABEL, told->id, &label.row, err));
    TRY(subject_load(engine, label.row.parent, &subject, err));
    label.row.due_at_ms = engine_now(engine);
    TRY(label_audit(engine, &subject.key, &label, told->who, "label.look", "asked to look now", err));
    return vault_update(engine->vault, VAULT_LABEL, &label.row, err);
}

enum err_code engine_label_look(struct engine *engine, const char *who, const uint8_t label_id[VAULT_ID_BYTES],
                                struct err *err)
{
    struct told told = {.who = who, .id = label_id};
    return engine_call(engine, do_look, &told, false, err);
}
