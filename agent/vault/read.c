/* Reading records. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#define ENTER(session)                                                                             \
    OWN(session_leave) struct vault_session *entered = NULL;                                       \
    TRY(session_enter(session, &entered, err))

/* The rows of the writer's store have all that it knows, but for what changed in them (row_open). */
static enum err_code read_prepare(struct vault_session *session, struct err *err)
{
    return session->writer ? change_write_fresh(session->vault, err) : ERR_OK;
}

/* The same for one kind, whose rows are gathered before they are looked at. */
static enum err_code read_prepare_kind(struct vault_session *session, enum vault_kind kind, struct err *err)
{
    return session->writer ? change_write_fresh_of(session->vault, kind, err) : ERR_OK;
}

/* --- One record ------------------------------------------------------------ */

/* Open row into the caller's record, which is untouched on failure. */
static enum err_code read_into(struct vault_session *session, enum vault_kind kind, const struct store_row *row,
                               void *ret_record, struct err *err)
{
    union vault_record record;
    TRY(row_open(session, kind, row, &record, err));
    memcpy(ret_record, &record, vault_shape(kind)->schema->size);
    return ERR_OK;
}

enum err_code vault_get(struct vault_session *session, enum vault_kind kind, const uint8_t id[VAULT_ID_BYTES],
                        struct vault_row *ret_record, struct err *err)
{
    ENTER(session);
    if (session->writer) {
        struct cached *cached = NULL;
        TRY(change_cached(session->vault, kind, id, &cached, err));
        return record_copy(kind, cached_row(cached), ret_record, err);
    }
    struct store_row row;
    enum err_code code = store_get(session->store, vault_shape(kind)->table, id, false, &row, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no such %s", vault_shape(kind)->name);
    TRY(code);
    return read_into(session, kind, &row, ret_record, err);
}

enum err_code vault_key_find(struct vault_session *session, const char *environment, const char *name,
                             struct vault_key *ret_key, struct err *err)
{
    ENTER(session);
    uint8_t index[STORE_INDEX_BYTES];
    struct store_row row;
    row_index_key(session->vault, environment, name, index);
    enum err_code code = store_find(session->store, STORE_KEY, index, false, &row, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no key %s/%s", environment, name);
    TRY(code);
    return read_into(session, VAULT_KEY, &row, ret_key, err);
}

enum err_code vault_version_by_fingerprint(struct vault_session *session, const uint8_t fingerprint[32],
                                           struct vault_version *ret_version, struct err *err)
{
    ENTER(session);
    uint8_t index[STORE_INDEX_BYTES];
    struct store_row row;
    row_index_fingerprint(session->vault, fingerprint, index);
    enum err_code code = store_find(session->store, STORE_VERSION, index, false, &row, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "the vault holds no such secret");
    TRY(code);
    return read_into(session, VAULT_VERSION, &row, ret_version, err);
}

enum err_code vault_incident_by_number(struct vault_session *session, uint32_t number,
                                       struct vault_incident *ret_incident, struct err *err)
{
    ENTER(session);
    uint8_t index[STORE_INDEX_BYTES];
    struct store_row row;
    row_index_incident(session->vault, number, index);
    enum err_code code = store_find(session->store, STORE_INCIDENT, index, false, &row, err);
    if (code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND, "there is no incident %u", number);
    TRY(code);
    return read_into(session, VAULT_INCIDENT, &row, ret_incident, err);
}

struct read_number {
    struct vault_session *session;
    uint32_t number;
    bool found;
    struct vault_version *version;
};

static int read_if_number(void *context, const struct store_row *row, struct err *err)
{
    struct read_number *wanted = context;
    union vault_record record;
    TRY_VISIT(row_open(wanted->session, VAULT_VERSION, row, &record, err));
    if (record.version.number != wanted->number)
        return ERR_OK;
    *wanted->version = record.version;
    wanted->found = true;
    return STORE_STOP;
}

/* The current version is one step away; others are among the key's children. */
enum err_code vault_version_by_number(struct vault_session *session, const struct vault_key *key,
                                      uint32_t number, struct vault_version *ret_version, struct err *err)
{
    ENTER(session);
    if (number > 0 && number == key->current_number)
        return vault_get(session, VAULT_VERSION, key->current_id, &ret_version->row, err);
    struct read_number wanted = {.session = session, .number = number, .version = ret_version};
    TRY(read_prepare(session, err));
    TRY(store_children(session->store, STORE_VERSION, key->row.id, read_if_number, &wanted, err));
    if (!wanted.found)
        return err_set(err, ERR_NOT_FOUND, "%s/%s has no version %u", key->environment, key->name, number);
    return ERR_OK;
}

/* --- Many records ---------------------------------------------------------- */

struct read_visit {
    struct vault_session *session;
    enum vault_kind kind;
    vault_visit *visit;
    void *context;
    int64_t due_by_ms; /* 0: whenever */
};

_Static_assert((int)VAULT_STOP == (int)STORE_STOP, "a visitor's answer is handed to the store as it is");

static int read_and_visit(void *context, const struct store_row *row, struct err *err)
{
    const struct read_visit *visit = context;
    union vault_record record;
    TRY_VISIT(row_open(visit->session, visit->kind, row, &record, err));
    record.row.place = row->place; /* what the writer keeps opened does not know it */
    bool not_due = visit->due_by_ms != 0 && (record.row.due_at_ms == 0 || record.row.due_at_ms > visit->due_by_ms);
    int answer = not_due ? (int)ERR_OK : visit->visit(visit->context, &record.row, err);
    codec_release(vault_shape(visit->kind)->schema, &record);
    return answer;
}

enum err_code vault_scan(struct vault_session *session, enum vault_kind kind, const struct vault_span *span,
                         vault_visit *visit, void *context, struct err *err)
{
    ENTER(session);
    struct store_span places = {INT64_MIN, INT64_MAX, false};
    if (span)
        places = (struct store_span){span->first, span->last, span->due};
    struct read_visit inner = {.session = session, .kind = kind, .visit = visit, .context = context};
    TRY(read_prepare(session, err));
    if (session->writer && places.due)
        TRY(change_write_all(session->vault, err)); /* the row is to have the record's due time */
    return store_walk(session->store, vault_shape(kind)->table, &places, read_and_visit, &inner, err);
}

enum err_code vault_place_from(struct vault_session *session, enum vault_kind kind, int64_t from, bool due,
                               bool *ret_found, int64_t *ret_place, struct err *err)
{
    ENTER(session);
    TRY(read_prepare(session, err));
    enum err_code code = store_place_from(session->store, vault_shape(kind)->table, from, due, ret_place, err);
    *ret_found = code == ERR_OK;
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code vault_span_next(struct vault_session *session, enum vault_kind kind, int64_t places,
                              struct vault_span *span, bool *ret_found, struct err *err)
{
    *ret_found = false;
    if (span->last == INT64_MAX)
        return ERR_OK;
    int64_t from = span->last == INT64_MIN ? INT64_MIN : span->last + 1;
    TRY(vault_place_from(session, kind, from, span->due, ret_found, &span->first, err));
    span->last = span->first > INT64_MAX - places ? INT64_MAX : span->first + places - 1;
    return ERR_OK;
}

enum err_code vault_due(struct vault_session *session, enum vault_kind kind, int64_t now_ms, size_t limit,
                        vault_visit *visit, void *context, struct err *err)
{
    ENTER(session);
    struct read_visit inner = {
        .session = session, .kind = kind, .visit = visit, .context = context, .due_by_ms = now_ms};
    if (session->writer)
        TRY(change_write_due(session->vault, kind, now_ms, err));
    return store_due(session->store, vault_shape(kind)->table, now_ms, limit, read_and_visit, &inner, err);
}

enum err_code vault_next_due(struct vault_session *session, int64_t *ret_due_at_ms, struct err *err)
{
    static const enum store_table tables[] = {STORE_KEY, STORE_ROTATION, STORE_REVOCATION, STORE_NOTICE,
                                            STORE_LABEL};
    ENTER(session);
    int64_t soonest = 0;
    if (session->writer)
        TRY(change_write_all(session->vault, err));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        int64_t due = 0;
        TRY(store_next_due(session->store, tables[i], &due, err));
        if (due != 0 && (soonest == 0 || due < soonest))
            soonest = due;
    }
    *ret_due_at_ms = soonest;
    return ERR_OK;
}

/* --- A key's records, in their order --------------------------------------- */

/* The store knows children by random id, so they are gathered and sorted here. */
struct read_list {
    struct vault_session *session;
    enum vault_kind kind;
    union vault_record *records; /* owned */
    size_t count;
    size_t capacity;
};

static void read_list_release(struct read_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        vault_record_release(list->kind, &list->records[i].row);
    free(list->records);
}

static int read_gather(void *context, const struct store_row *row, struct err *err)
{
    struct read_list *list = context;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        union vault_record *records = reallocarray(list->records, capacity, sizeof *records);
        if (!records)
            return (int)err_set(err, ERR_MEMORY, "out of memory while reading the records of a key");
        list->records = records;
        list->capacity = capacity;
    }
    TRY_VISIT(row_open(list->session, list->kind, row, &list->records[list->count], err));
    list->count++;
    return ERR_OK;
}

static int read_compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int read_versions_down(const void *a, const void *b)
{
    const struct vault_version *first = a;
    const struct vault_version *second = b;
    return read_compare(second->number, first->number);
}

static int read_deliveries_up(const void *a, const void *b)
{
    const struct vault_delivery *first = a;
    const struct vault_delivery *second = b;
    return read_compare(first->order, second->order);
}

static int read_rotations_newest(const void *a, const void *b)
{
    const struct vault_rotation *first = a;
    const struct vault_rotation *second = b;
    int order = read_compare(second->opened_at_ms, first->opened_at_ms);
    return order != 0 ? order : read_compare(second->number, first->number);
}

static int read_revocations_newest(const void *a, const void *b)
{
    const struct vault_revocation *first = a;
    const struct vault_revocation *second = b;
    int order = read_compare(second->opened_at_ms, first->opened_at_ms);
    return order != 0 ? order : read_compare(second->version_number, first->version_number);
}

static int read_labels_up(const void *a, const void *b)
{
    const struct vault_label *first = a;
    const struct vault_label *second = b;
    return read_compare(first->number, second->number);
}

typedef int read_order(const void *a, const void *b);
static read_order *const read_orders[] = {
    [VAULT_KEY] = NULL, /* keys, incidents and notices have no parent */
    [VAULT_VERSION] = read_versions_down,
    [VAULT_DELIVERY] = read_deliveries_up,
    [VAULT_ROTATION] = read_rotations_newest,
    [VAULT_REVOCATION] = read_revocations_newest,
    [VAULT_INCIDENT] = NULL,
    [VAULT_NOTICE] = NULL,
    [VAULT_LABEL] = read_labels_up,
};

static enum err_code read_list_visit(struct read_list *list, vault_visit *visit, void *context, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        int answer = visit(context, &list->records[i].row, err);
        if (answer == VAULT_STOP)
            return ERR_OK;
        TRY((enum err_code)answer);
    }
    return ERR_OK;
}

enum err_code vault_children(struct vault_session *session, enum vault_kind kind,
                             const uint8_t key_id[VAULT_ID_BYTES], vault_visit *visit, void *context,
                             struct err *err)
{
    ENTER(session);
    if (!read_orders[kind])
        return err_set(err, ERR_INTERNAL, "a %s belongs to no key", vault_shape(kind)->name);
    __attribute__((cleanup(read_list_release))) struct read_list list = {.session = session, .kind = kind};
    TRY(read_prepare_kind(session, kind, err));
    TRY(store_children(session->store, vault_shape(kind)->table, key_id, read_gather, &list, err));
    if (list.count > 1)
        qsort(list.records, list.count, sizeof *list.records, read_orders[kind]);
    return read_list_visit(&list, visit, context, err);
}
