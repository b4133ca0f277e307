/* One key held against a whole list of its provider. A listed key is ours only by an id or a label
 * that the store knows (S3); whatever else is listed is somebody else's and is not touched. What the
 * store holds alive and the list does not have is told to people: it proves nothing by itself. */
#include "compare.h"

#include "accounts.h"
#include "engine_private.h"
#include "label_looks.h"
#include "notices.h"
#include "schedule.h"
#include "subject.h"

#include "base/log.h"
#include "rotation/label.h"
#include "rotation/rotation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- What is listed, in order --------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct action_item *const *first = a;
    const struct action_item *const *second = b;
    return strcmp((*first)->id, (*second)->id);
}

static int by_label(const void *a, const void *b)
{
    const struct action_item *const *first = a;
    const struct action_item *const *second = b;
    return strcmp((*first)->label, (*second)->label);
}

bool compare_index(struct reconcile_place *place)
{
    size_t count = place->list->count;
    place->by_id = calloc(count + 1, sizeof *place->by_id);
    place->by_label = calloc(count + 1, sizeof *place->by_label);
    place->seen = calloc(count + 1, sizeof *place->seen);
    if (!place->by_id || !place->by_label || !place->seen)
        return false;
    for (size_t i = 0; i < count; i++)
        place->by_id[i] = place->by_label[i] = &place->list->items[i];
    qsort(place->by_id, count, sizeof *place->by_id, by_id);
    qsort(place->by_label, count, sizeof *place->by_label, by_label);
    return true;
}

static const struct action_item *item_of_id(const struct reconcile_place *place, const char *id)
{
    size_t low = 0, high = place->list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(place->by_id[middle]->id, id);
        if (order == 0)
            return place->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The first of those with the label; count: none has it. */
static size_t first_of_label(const struct reconcile_place *place, const char *label)
{
    size_t low = 0, high = place->list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(place->by_label[middle]->label, label) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool has = low < place->list->count && strcmp(place->by_label[low]->label, label) == 0;
    return has ? low : place->list->count;
}

static bool has_label(const struct reconcile_place *place, size_t at, const char *label)
{
    return at < place->list->count && strcmp(place->by_label[at]->label, label) == 0;
}

static bool *seen_of(struct reconcile_place *place, const struct action_item *item)
{
    return &place->seen[item - place->list->items];
}

/* --- What the key has ------------------------------------------------------------------------ */

/* A label of the key that may stand for a key nobody holds; with an id, for that one alone. */
struct suspect {
    char label[2 * LIMIT_NAME_BYTES + 32];
    char id[ACTION_ITEM_BYTES];
    uint32_t number;
};

struct compare {
    struct engine *engine;
    struct reconciliation *run;
    struct reconcile_place *place;
    struct subject *subject;
    struct suspect *suspects; /* owned */
    size_t count, capacity;
    uint32_t missing; /* the version that is not listed; 0: none */
    char missing_label[2 * LIMIT_NAME_BYTES + 32];
    bool current_missing;
};

static void compare_release(struct compare *compare)
{
    free(compare->suspects);
}

static enum err_code suspect_add(struct compare *compare, const char *label, const char *id, uint32_t number,
                                 struct err *err)
{
    for (size_t i = 0; i < compare->count; i++)
        if (strcmp(compare->suspects[i].label, label) == 0 && strcmp(compare->suspects[i].id, id) == 0)
            return ERR_OK;
    if (compare->count == compare->capacity) {
        size_t capacity = compare->capacity ? 2 * compare->capacity : 8;
        struct suspect *suspects = reallocarray(compare->suspects, capacity, sizeof *suspects);
        if (!suspects)
            return err_set(err, ERR_MEMORY, "out of memory");
        compare->suspects = suspects;
        compare->capacity = capacity;
    }
    struct suspect *suspect = &compare->suspects[compare->count++];
    COPY_TEXT(suspect->label, label);
    COPY_TEXT(suspect->id, id);
    suspect->number = number;
    return ERR_OK;
}

/* Did it change so late that the list may not show it yet? */
static bool is_fresh(const struct compare *compare, int64_t changed_at_ms)
{
    return changed_at_ms + compare->subject->limits->propagation_ms >= compare->place->asked_at_ms;
}

static void note_missing(struct compare *compare, const struct vault_version *version)
{
    bool alive = version->state == VAULT_CURRENT || version->state == VAULT_RETIRING || version->state == VAULT_STAGED;
    bool can_tell = version->provider_id[0] || version->label[0];
    if (!alive || !can_tell || is_fresh(compare, version->created_at_ms))
        return;
    compare->missing = version->number;
    compare->current_missing = compare->current_missing || version->state == VAULT_CURRENT;
    COPY_TEXT(compare->missing_label, version->label);
    compare->place->figures.missing++;
}

/* Ours by its id; without one by its label, while it lives. */
static int hold_version(void *context, const struct vault_row *record, struct err *err)
{
    struct compare *compare = context;
    const struct vault_version *version = (const struct vault_version *)record;
    bool dead = version->state == VAULT_DEAD_VERSION;
    bool never_ours = version->wiped && !version->mask[0];
    const struct action_item *item =
        version->provider_id[0] ? item_of_id(compare->place, version->provider_id) : NULL;
    if (!version->provider_id[0] && version->label[0] && !dead) {
        size_t at = first_of_label(compare->place, version->label);
        item = at < compare->place->list->count ? compare->place->by_label[at] : NULL;
    }
    if (!item)
        note_missing(compare, version);
    else if (dead && never_ours && !is_fresh(compare, version->since_ms))
        return (int)suspect_add(compare, version->label, version->provider_id, version->number, err);
    else
        *seen_of(compare->place, item) = true;
    return ERR_OK;
}

static int hold_label(void *context, const struct vault_row *record, struct err *err)
{
    const struct vault_label *label = (const struct vault_label *)record;
    return (int)suspect_add(context, label->label, "", label->number, err);
}

/* An attempt of which nobody knows, also one whose label was given up since; and what is under way. */
static int hold_rotation(void *context, const struct vault_row *record, struct err *err)
{
    const struct vault_rotation *rotation = (const struct vault_rotation *)record;
    bool staging = rotation->state == ROTATION_STAGING ||
                   (rotation->state == ROTATION_ATTENTION && rotation->resume_state == ROTATION_STAGING);
    if (!rotation->label[0] || (!staging && !rotation->attempt_uncertain))
        return ERR_OK;
    return (int)suspect_add(context, rotation->label, "", rotation->number, err);
}

/* --- What comes of it ------------------------------------------------------------------------- */

static enum err_code condemn(struct compare *compare, const struct suspect *suspect, const struct action_item *item,
                             struct err *err)
{
    const struct label_finding finding = {.id = item->id};
    OWN_SUBJECT struct subject subject = {0};
    compare->place->figures.condemned++;
    TRY(reconcile_find(compare->run, &compare->subject->key, ENGINE_FOUND_LATE, suspect->number, suspect->label, err));
    if (compare->run->dry_run)
        return ERR_OK;
    TRY(subject_load(compare->engine, compare->subject->key.row.id, &subject, err));
    log_warning("engine", "%s/%s: %s is at the provider, and nothing that is held; it is revoked", subject.key.environment,
                subject.key.name, suspect->label);
    return label_condemn(compare->engine, &subject, suspect->label, suspect->number, &finding, err);
}

/* The one listed key that nothing of ours is, under that label; of several all but one are somebody else's,
 * and nobody can tell which: then none is touched. */
static const struct action_item *unheld_item(struct compare *compare, const struct suspect *suspect, bool *ret_several)
{
    struct reconcile_place *place = compare->place;
    const struct action_item *found = NULL;
    *ret_several = false;
    for (size_t at = first_of_label(place, suspect->label); has_label(place, at, suspect->label); at++) {
        const struct action_item *item = place->by_label[at];
        if (*seen_of(place, item) || (suspect->id[0] && strcmp(suspect->id, item->id) != 0))
            continue;
        *ret_several = found != NULL;
        found = item;
    }
    return found;
}

static enum err_code judge_suspect(struct compare *compare, const struct suspect *suspect, struct err *err)
{
    struct label_facts facts;
    bool several = false;
    const struct action_item *item = unheld_item(compare, suspect, &several);
    if (!item)
        return ERR_OK;
    const struct label_finding finding = {.id = item->id};
    TRY(label_facts_of(compare->engine, &compare->subject->key, suspect->label, &finding, &facts, err));
    enum label_move move = label_next(LABEL_FOUND, &facts);
    if (move == LABEL_ASK || (several && move == LABEL_CONDEMN))
        return reconcile_find(compare->run, &compare->subject->key, ENGINE_FOUND_UNCLEAR, suspect->number, suspect->label,
                              err);
    *seen_of(compare->place, item) = true;
    return move == LABEL_CONDEMN ? condemn(compare, suspect, item, err) : ERR_OK;
}

static enum err_code tell_missing(struct compare *compare, struct subject *subject, struct err *err)
{
    char summary[384];
    (void)snprintf(summary, sizeof summary,
                   "version %u is held alive, and %s does not list it (%s). Look there: it may be deleted, or of another account",
                   compare->missing, provider_title(compare->place->provider), compare->missing_label);
    log_error("engine", "%s/%s: %s", subject->key.environment, subject->key.name, summary);
    const struct audit_entry entry = {
        .who = compare->run->who, .what = "reconcile.missing", .version = compare->missing, .detail = summary};
    const struct notice notice = {.about = VAULT_ABOUT_ALARM,
                                  .subject_id = subject->key.row.id,
                                  .version = compare->missing,
                                  .again = true,
                                  .summary = summary};
    TRY(engine_audit(compare->engine, &subject->key, entry, err));
    return notice_add_of_key(compare->engine, &subject->key, notice, err);
}

/* The key says whether a version of it is missing, and is probed now when one in use is. */
static enum err_code settle_missing(struct compare *compare, struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    if (compare->missing)
        TRY(reconcile_find(compare->run, &compare->subject->key, ENGINE_FOUND_MISSING, compare->missing,
                           compare->missing_label, err));
    if (compare->run->dry_run || (!compare->missing && !compare->subject->key.missing))
        return ERR_OK;
    TRY(subject_load(compare->engine, compare->subject->key.row.id, &subject, err));
    subject.key.missing = compare->missing != 0;
    if (compare->missing)
        TRY(tell_missing(compare, &subject, err));
    if (compare->current_missing)
        TRY(schedule_probe(compare->engine, &subject, false, err));
    return subject_save(compare->engine, &subject, err);
}

enum err_code compare_key(struct engine *engine, struct reconciliation *run, const uint8_t key_id[VAULT_ID_BYTES],
                          struct err *err)
{
    OWN_SUBJECT struct subject subject = {0};
    TRY(subject_load(engine, key_id, &subject, err));
    __attribute__((cleanup(compare_release))) struct compare compare = {
        .engine = engine, .run = run, .subject = &subject, .place = reconcile_place_of(run, &subject)};
    if (!compare.place || !compare.place->whole)
        return ERR_OK;
    compare.place->figures.keys++;
    TRY(vault_children(engine->session, VAULT_VERSION, key_id, hold_version, &compare, err));
    TRY(vault_children(engine->session, VAULT_LABEL, key_id, hold_label, &compare, err));
    TRY(vault_children(engine->session, VAULT_ROTATION, key_id, hold_rotation, &compare, err));
    for (size_t i = 0; i < compare.count; i++)
        TRY(judge_suspect(&compare, &compare.suspects[i], err));
    return settle_missing(&compare, err);
}
