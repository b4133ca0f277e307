#include "lists.h"

#include "base/text.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MOST = 1000, LIST_LIMIT_DIGITS = 4 };

/* --- Reading a page -------------------------------------------------------- */

struct list_scan {
    const struct scribe *scribe;
    const struct list *list;
    struct list_page *page;
    size_t written;
};

/* The record past the limit is not written; it only shows that there is more. */
static int list_visit(void *context, const struct vault_row *record, struct err *err)
{
    struct list_scan *scan = context;
    struct list_page *page = scan->page;
    if (!scan->list->kind->wants(&scan->list->filter, record))
        return ERR_OK;
    if (page->limit && scan->written == page->limit) {
        page->more = true;
        page->next = record->place;
        return VAULT_STOP;
    }
    scan->written++;
    return (int)scan->list->kind->write(scan->scribe, record, err);
}

bool list_is_of_due(const struct list *list)
{
    return list->filter.open && !list->filter.ended;
}

enum err_code list_read(const struct scribe *scribe, const struct list *list, struct list_page *page,
                        struct err *err)
{
    struct list_scan scan = {.scribe = scribe, .list = list, .page = page};
    page->more = false;
    return vault_scan(scribe->session, list->kind->kind, &page->span, list_visit, &scan, err);
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

/* A cursor is the place where the next page begins, with as many zeros before it as make it as long as an id. */
enum { CURSOR_ZEROS = VAULT_ID_BYTES - sizeof(uint64_t) };

static enum err_code list_cursor(const struct request *request, struct list_page *page, struct err *err)
{
    static const uint8_t zeros[CURSOR_ZEROS];
    uint8_t cursor[VAULT_ID_BYTES];
    const char *text = request_query(request, "cursor");
    if (!text)
        return ERR_OK;
    if (!text_parse_hex_id(text, cursor) || memcmp(cursor, zeros, sizeof zeros) != 0)
        return err_set(err, ERR_INVALID, "cursor is what \"next\" of the page before said, 32 hex digits");
    uint64_t place = 0;
    for (size_t i = sizeof zeros; i < sizeof cursor; i++)
        place = place << 8 | cursor[i];
    page->span.first = (int64_t)place;
    return ERR_OK;
}

static void list_put_cursor(struct buf *out, int64_t place)
{
    char text[TEXT_HEX_ID_BYTES];
    (void)snprintf(text, sizeof text, "%0*d%016llx", 2 * CURSOR_ZEROS, 0, (unsigned long long)place);
    json_put_string(out, "next", text);
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
    const struct scribe scribe = {request_session(request), request_engine(request), out, &list->filter.keys};
    json_put_object_open(out, NULL);
    json_put_array_open(out, list->kind->name);
    TRY(list_read(&scribe, list, page, err));
    if (list->filter.keys.row)
        buf_text_add(out, "\n");
    json_put_array_close(out);
    if (page->more)
        list_put_cursor(out, page->next);
    else
        json_put_null(out, "next");
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code list_answer(struct request *request, const struct list *list, struct err *err)
{
    struct list_page page = {.span = {INT64_MIN, INT64_MAX, list_is_of_due(list)}};
    TRY(list_limit(request, &page.limit, err));
    TRY(list_cursor(request, &page, err));
    if (page.limit)
        return list_answer_page(request, list, &page, err);
    return stream_new(request, list, page.span.first, &request->stream, err);
}
