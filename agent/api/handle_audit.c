/* /v1/audit: the log, read back and recomputed. */
#include "handlers.h"

#include "lists.h"

#include <stdlib.h>
#include <string.h>

enum { SEQUENCE_DIGITS = 18 };

static enum err_code asked_after(const struct request *request, uint64_t *ret_after, struct err *err)
{
    const char *text = request_query(request, "after");
    *ret_after = 0;
    if (!text)
        return ERR_OK;
    if (!text[0] || strspn(text, "0123456789") != strlen(text) || strlen(text) > SEQUENCE_DIGITS)
        return err_set(err, ERR_INVALID, "after is a sequence number, from 0");
    *ret_after = strtoull(text, NULL, 10);
    return ERR_OK;
}

enum err_code handle_audit_list(struct request *request, struct err *err)
{
    struct buf *out = &request->out;
    uint64_t after = 0;
    size_t limit = 0;
    TRY(asked_after(request, &after, err));
    TRY(list_limit(request, &limit, err));
    if (limit == 0)
        return err_set(err, ERR_INVALID, "limit is a number here; the log is read by page");
    uint64_t last = after;
    json_put_object_open(out, NULL);
    json_put_array_open(out, "audit");
    TRY(vault_audit_page(request_vault(request), after, limit, out, &last, err));
    json_put_array_close(out);
    if (last > after)
        json_put_integer(out, "next", (int64_t)last);
    else
        json_put_null(out, "next");
    json_put_object_close(out);
    return ERR_OK;
}

enum err_code handle_audit_verify(struct request *request, struct err *err)
{
    uint64_t entries = 0;
    TRY(vault_audit_verify(request_vault(request), &entries, err));
    json_put_object_open(&request->out, NULL);
    json_put_integer(&request->out, "entries", (int64_t)entries);
    json_put_object_close(&request->out);
    return ERR_OK;
}
