/* Lists by page: {"keys":[…],"next":"cursor" or null}, in the order of the store.
 * ?limit=1..1000 (default 100) or all, &cursor= what "next" said. */
#ifndef KEYTURN_API_LISTS_H
#define KEYTURN_API_LISTS_H

#include "encode.h"
#include "request.h"

/* Which records are shown; each list looks at the parts that it knows. */
struct list_filter {
    char environment[LIMIT_NAME_BYTES + 1]; /* "": any */
    char provider[LIMIT_NAME_BYTES + 1];
    bool open; /* those that are open */
    bool ended;
    struct key_form keys;
};

struct list_kind {
    const char *name; /* of the array */
    enum vault_kind kind;
    bool (*wants)(const struct list_filter *filter, const struct vault_row *record);
    enum err_code (*write)(const struct scribe *scribe, const struct vault_row *record, struct err *err);
};

struct list {
    const struct list_kind *kind;
    struct list_filter filter;
};
/* Does it show only what is open? All of that is due at some time, and what has ended is not: it is passed over
 * unopened, however long the history is. */
bool list_is_of_due(const struct list *list);

/* A part of the list into scribe->out, each record an element. */
struct list_page {
    struct vault_span span; /* where to look */
    size_t limit;           /* records written, at most; 0: all of the span */
    bool more;              /* there is more in the span: */
    int64_t next;           /* the first of it lies there */
};
enum err_code list_read(const struct scribe *scribe, const struct list *list, struct list_page *page,
                        struct err *err) ERR_MUST_CHECK;

/* Answer a request for a list with its query's limit and cursor. */
enum err_code list_answer(struct request *request, const struct list *list, struct err *err) ERR_MUST_CHECK;

/* ?state=open|ended|all, default open, into the filter. */
enum err_code list_state(const struct request *request, struct list_filter *filter, struct err *err) ERR_MUST_CHECK;
/* ?NAME= as a name, or "". */
enum err_code list_name(const struct request *request, const char *name, char out[LIMIT_NAME_BYTES + 1],
                        struct err *err) ERR_MUST_CHECK;
/* ?limit=; 0 for all. */
enum err_code list_limit(const struct request *request, size_t *ret_limit, struct err *err) ERR_MUST_CHECK;

#endif
