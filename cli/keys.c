#include "keys.h"

#include "agent.h"
#include "scan.h"

#include <stdlib.h>
#include <string.h>

static int64_t keys_time(struct scan_value value)
{
    char text[TEXT_TIME_BYTES];
    int64_t wall_ms = 0;
    scan_text(value, text, sizeof text);
    return text[0] && text_parse_time(text, &wall_ms, NULL) == ERR_OK ? wall_ms : 0;
}

static void keys_current(void *context, struct scan_value name, struct scan_value value)
{
    struct key_row *row = context;
    if (scan_is(name, "version"))
        row->version = scan_number(value);
    else if (scan_is(name, "since"))
        row->since_ms = keys_time(value);
}

static void keys_proof(void *context, struct scan_value name, struct scan_value value)
{
    struct key_row *row = context;
    if (scan_is(name, "verdict"))
        scan_text(value, row->verdict, sizeof row->verdict);
    else if (scan_is(name, "at"))
        row->proved_at_ms = keys_time(value);
}

static void keys_rotation(void *context, struct scan_value name, struct scan_value value)
{
    struct key_row *row = context;
    if (scan_is(name, "id"))
        scan_text(value, row->rotation_id, sizeof row->rotation_id);
    else if (scan_is(name, "state"))
        scan_text(value, row->rotation_state, sizeof row->rotation_state);
}

/* A member that is an object itself, or null. What is malformed stays empty. */
static void keys_nested(struct scan_value value, scan_member *member, struct key_row *row)
{
    if (!scan_null(value) && scan_object(value.text, value.length, member, row, NULL) != ERR_OK)
        row->state[0] = '\0';
}

static void keys_member(void *context, struct scan_value name, struct scan_value value)
{
    struct key_row *row = context;
    if (scan_is(name, "key"))
        scan_text(value, row->key, sizeof row->key);
    else if (scan_is(name, "provider"))
        scan_text(value, row->provider, sizeof row->provider);
    else if (scan_is(name, "state"))
        scan_text(value, row->state, sizeof row->state);
    else if (scan_is(name, "current"))
        keys_nested(value, keys_current, row);
    else if (scan_is(name, "proof"))
        keys_nested(value, keys_proof, row);
    else if (scan_is(name, "rotation"))
        keys_nested(value, keys_rotation, row);
    else if (scan_is(name, "rotate_at"))
        row->rotate_at_ms = keys_time(value);
    else if (scan_is(name, "rotate_due"))
        row->rotate_due_ms = keys_time(value);
    else if (scan_is(name, "expires_at"))
        row->expires_at_ms = keys_time(value);
    else if (scan_is(name, "rotate_cause"))
        scan_text(value, row->rotate_cause, sizeof row->rotate_cause);
    else if (scan_is(name, "rotate_hold"))
        scan_text(value, row->rotate_hold, sizeof row->rotate_hold);
    else if (scan_is(name, "open_revocations"))
        row->open_revocations = scan_number(value);
    else if (scan_is(name, "waits_for_person"))
        row->waits_for_person = scan_true(value);
    else if (scan_is(name, "alarm"))
        row->alarm = scan_true(value);
    else if (scan_is(name, "missing"))
        row->missing = scan_true(value);
}

static enum err_code keys_element(void *context, const char *text, size_t length, struct err *err)
{
    struct key_rows *rows = context;
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
        struct key_row *more = reallocarray(rows->rows, capacity, sizeof *more);
        if (!more)
            return err_set(err, ERR_MEMORY, "out of memory");
        rows->rows = more;
        rows->capacity = capacity;
    }
    struct key_row *row = &rows->rows[rows->count++];
    memset(row, 0, sizeof *row);
    return scan_object(text, length, keys_member, row, err);
}

void key_rows_release(struct key_rows *rows)
{
    free(rows->rows);
    *rows = (struct key_rows){0};
}

void keys_path(struct buf *path, const char *environment, const char *provider, const char *fields)
{
    buf_text_add(path, "/v1/keys?limit=all");
    if (environment)
        agent_add_query(path, '&', "environment", environment);
    if (provider)
        agent_add_query(path, '&', "provider", provider);
    if (fields)
        buf_printf(path, "&fields=%s", fields);
}

static enum err_code keys_sink(void *context, const struct http_head *head, const void *bytes,
                               size_t length, struct err *err)
{
    (void)head;
    return scan_split(context, bytes, length, err);
}

int key_row_compare(const void *a, const void *b)
{
    return strcmp(((const struct key_row *)a)->key, ((const struct key_row *)b)->key);
}

enum err_code keys_read(struct cli *cli, const char *path, struct key_rows *ret_rows, struct err *err)
{
    OWN_KEY_ROWS struct key_rows rows = {0};
    struct scan_splitter splitter = {.element = keys_element, .context = &rows};
    const struct http_request request = {.method = "GET", .path = path};
    enum err_code code = agent_stream(cli, &request, keys_sink, &splitter, err);
    buf_release(&splitter.part);
    TRY(code);
    if (!splitter.ended)
        return err_set(err, ERR_FORMAT, "the agent's list of keys is cut short");
    if (rows.count > 0)
        qsort(rows.rows, rows.count, sizeof *rows.rows, key_row_compare);
    *ret_rows = rows;
    rows = (struct key_rows){0};
    return ERR_OK;
}
