#include "lists.h"

#include "base/text.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MOST = 1000, LIST_LIMIT_DIGITS = 4 };

/* --- Reading a page -------------------------------------------------------- */

struct list_scan {
    const struct scribe *scribe;
    const struct list *list;
    struct list_page *page;
    size_t written;
    size_t looked;
};

/* The record past the limit is not written; it only shows that there is more. */
static int list_visit(void *context, const struct vault_row *record, struct err *err)
{
    struct list_scan *scan = context;
    struct list_page *page = scan->page;
    bool wanted = scan->list->kind->wants(&scan->list->filter, record);
    if ((page->look && scan->looked == page->look) || (wanted && scan->written == page->limit)) {
        page->more = true;
        return VAULT_STOP;
    }
    enum err_code code = wanted ? scan->list->kind->write(scan->scribe, record, err) : ERR_OK;
    scan->written += wanted;
    scan->looked++;
    page->begun = true;
    memcpy(page->after, record->id, VAULT_ID_BYTES);
    return (int)code;
}

enum err_code list_read(const struct scribe *scribe, const struct list *list, struct list_page *page,
                        struct err *err)
{
    struct list_scan scan = {.scribe = scribe, .list = list, .page = page};
    page->more = false;
    return vault_scan(scribe->session, list->kind->kind, page->begun ? page->after : NULL, list_visit, &scan, err);
}

/* --- The query ------------------------------------------------------------- */

enum err_code list_limit(const struct request *request, size_t *ret_limit, struct err *err)
{
    const char *text = request_query(request, "limit");
    *ret_limit = LIST_DEFAULT;
    if (!text)
        return ERR_OK;
    *ret_limit = 0;
    if (strcmp(text, "all") == 0)
        return ERR_OK;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) <= LIST_LIMIT_DIGITS)
        *ret_limit = strtoul(text, NULL, 10);
    if (*ret_limit < 1 || *ret_limit > LIST_MOST)
        return err_set(err, ERR_INVALID, "limit is a number from 1 to %d, or all", LIST_MOST);
    return ERR_OK;
}

static enum err_code list_cursor(const struct request *request, struct list_page *page, struct err *err)
{
    const char *text = request_query(request, "cursor");
    if (!text)
        return ERR_OK;
    if (!text_parse_hex_id(text, page->after))
        return err_set(err, ERR_INVALID, "cursor is what \"next\" of the page before said, 32 hex digits");
    page->begun = true;
    return ERR_OK;
}

enum err_code list_state(const struct request *request, struct list_filter *filter, struct err *err)
{
    static const struct {
        const char *name;
        bool open, ended;
    } states[] = {{"open", true, false}, {"ended", false, true}, {"all", true, true}};
    const char *text = request_query(request, "state");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(text ? text : "open", states[i].name) == 0) {
            filter->open = states[i].open;
            filter->ended = states[i].ended;
            return ERR_OK;
        }
    return err_set(err, ERR_INVALID, "state is open, ended or all");
}

enum err_code list_name(const struct request *request, const char *name, char out[LIMIT_NAME_BYTES + 1],
                        struct err *err)
{
    const char *text = request_query(request, name);
    out[0] = '\0';
    if (!text)
        return ERR_OK;
    TRY(text_check_name(text, name, err));
    memcpy(out, text, strlen(text) + 1);
    return ERR_OK;
}

/* --- The answer ------------------------------------------------------------ */

static enum err_code list_answer_page(struct request *request, const struct list *list, struct list_page *page,
                                      struct err *err)
{
    struct buf *out = &request->out;
    const struct scribe scribe = {request_session(request), request_engine(request), out};
    json_put_object_open(out, NULL);
    json_put_array_open(out, list->kind->name);
    TRY(list_read(&scribe, list, page, err));
    json_put_array_close(out);
    if (page->more)
        encode_id(out, "next", page->after);
    else
        json_put_null(out, "next");
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code list_answer(struct request *request, const struct list *list, struct err *err)
{
    struct list_page page = {0};
    TRY(list_limit(request, &page.limit, err));
    TRY(list_cursor(request, &page, err));
    if (page.limit)
        return list_answer_page(request, list, &page, err);
    return stream_new(request, list, &request->stream, err);
}
