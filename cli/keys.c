#include "keys.h"

#include "agent.h"
#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* --- Columns ----------------------------------------------------------------- */

enum keys_kind { KEYS_TEXT, KEYS_TIME, KEYS_NUMBER, KEYS_TRUTH };

/* The members in the order in which they are asked for, and where they go: a smaller extent is the
 * beginning of a larger one. */
static const struct keys_column {
    const char *member;
    enum keys_kind kind;
    size_t offset;
} keys_columns[] = {
    {"key", KEYS_TEXT, offsetof(struct key_row, key)},
    {"provider", KEYS_TEXT, offsetof(struct key_row, provider)},
    {"state", KEYS_TEXT, offsetof(struct key_row, state)},
    {"current.version", KEYS_NUMBER, offsetof(struct key_row, version)},
    {"current.since", KEYS_TIME, offsetof(struct key_row, since_ms)},
    {"proof.verdict", KEYS_TEXT, offsetof(struct key_row, verdict)},
    {"proof.at", KEYS_TIME, offsetof(struct key_row, proved_at_ms)},
    {"rotation.state", KEYS_TEXT, offsetof(struct key_row, rotation_state)},
    {"rotation.id", KEYS_TEXT, offsetof(struct key_row, rotation_id)},
    {"rotate_at", KEYS_TIME, offsetof(struct key_row, rotate_at_ms)},
    {"expires_at", KEYS_TIME, offsetof(struct key_row, expires_at_ms)},
    {"waits_for_person", KEYS_TRUTH, offsetof(struct key_row, waits_for_person)},
    {"alarm", KEYS_TRUTH, offsetof(struct key_row, alarm)},
    {"missing", KEYS_TRUTH, offsetof(struct key_row, missing)},
    {"rotate_due", KEYS_TIME, offsetof(struct key_row, rotate_due_ms)},
    {"rotate_cause", KEYS_TEXT, offsetof(struct key_row, rotate_cause)},
    {"rotate_hold", KEYS_TEXT, offsetof(struct key_row, rotate_hold)},
};
enum { KEYS_COLUMNS = sizeof keys_columns / sizeof keys_columns[0] };
static const size_t keys_counts[] = {[KEYS_NAMED] = 1, [KEYS_LISTED] = 14, [KEYS_WHOLE] = KEYS_COLUMNS};

/* --- Texts --------------------------------------------------------------------- */

/* They lie one behind the other in blocks, which never move. */
struct key_texts {
    struct key_texts *before;
    size_t used, size;
    char bytes[];
};

static char *keys_room(struct key_rows *rows, size_t length)
{
    enum { BLOCK_BYTES = 64 * 1024 - sizeof(struct key_texts) };
    struct key_texts *block = rows->texts;
    if (block && block->size - block->used >= length)
        return block->bytes + block->used;
    size_t size = length > BLOCK_BYTES ? length : BLOCK_BYTES;
    block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct key_texts){.before = rows->texts, .size = size};
    rows->texts = block;
    return block->bytes;
}

/* Most are as in the row before, or empty. */
static enum err_code keys_text(struct key_rows *rows, struct scan_value value, const char *before, const char **ret_text,
                               struct err *err)
{
    *ret_text = "";
    if (value.text[0] != '"' || value.length == 2)
        return ERR_OK;
    char *room = keys_room(rows, value.length);
    if (!room)
        return err_set(err, ERR_MEMORY, "out of memory");
    size_t length = scan_text(value, room);
    *ret_text = room;
    if (before && strcmp(before, room) == 0)
        *ret_text = before;
    else
        rows->texts->used += length + 1;
    return ERR_OK;
}

void key_rows_release(struct key_rows *rows)
{
    for (struct key_texts *block = rows->texts; block;) {
        struct key_texts *before = block->before;
        free(block);
        block = before;
    }
    free(rows->rows);
    *rows = (struct key_rows){0};
}

/* --- Reading ------------------------------------------------------------------- */

struct keys_reading {
    struct key_rows *rows;
    size_t columns;
};

static struct key_row *keys_add(struct key_rows *rows)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
        struct key_row *more = reallocarray(rows->rows, capacity, sizeof *more);
        if (!more)
            return NULL;
        rows->rows = more;
        rows->capacity = capacity;
    }
    static const struct key_row none = {"", "", "", "", "", "", "", ""};
    rows->rows[rows->count] = none;
    return &rows->rows[rows->count++];
}

static enum err_code keys_row(void *context, const char *text, size_t length, struct err *err)
{
    const struct keys_reading *reading = context;
    struct key_rows *rows = reading->rows;
    struct scan_value values[KEYS_COLUMNS];
    TRY(scan_values(text, length, values, reading->columns, err));
    struct key_row *row = keys_add(rows);
    if (!row)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < reading->columns; i++) {
        size_t offset = keys_columns[i].offset;
        void *at = (char *)row + offset;
        const char *const *before = rows->count > 1 ? (const void *)((const char *)(row - 1) + offset) : NULL;
        switch (keys_columns[i].kind) {
        case KEYS_TEXT:
            TRY(keys_text(rows, values[i], before ? *before : NULL, at, err));
            break;
        case KEYS_TIME:
            *(int64_t *)at = scan_time(values[i]);
            break;
        case KEYS_NUMBER:
            *(int64_t *)at = scan_number(values[i]);
            break;
        case KEYS_TRUTH:
            *(bool *)at = scan_true(values[i]);
            break;
        }
    }
    return ERR_OK;
}

void keys_path(struct buf *path, const struct keys_query *query)
{
    buf_text_add(path, "/v1/keys?limit=all");
    if (query->environment)
        agent_add_query(path, '&', "environment", query->environment);
    if (query->provider)
        agent_add_query(path, '&', "provider", query->provider);
}

static enum err_code keys_sink(void *context, const struct http_head *head, const void *bytes,
                               size_t length, struct err *err)
{
    (void)head;
    return scan_feed(context, bytes, length, err);
}

int key_row_compare(const void *a, const void *b)
{
    return strcmp(((const struct key_row *)a)->key, ((const struct key_row *)b)->key);
}

enum err_code keys_read(struct cli *cli, const struct keys_query *query, struct key_rows *ret_rows, struct err *err)
{
    OWN_BUF struct buf path = {0};
    OWN_KEY_ROWS struct key_rows rows = {0};
    struct keys_reading reading = {&rows, keys_counts[query->extent]};
    struct scan_lines lines = {.row = keys_row, .context = &reading};
    keys_path(&path, query);
    for (size_t i = 0; i < reading.columns; i++)
        buf_printf(&path, "%s%s", i == 0 ? "&form=rows&fields=" : ",", keys_columns[i].member);
    const struct http_request request = {.method = "GET", .path = buf_text(&path)};
    enum err_code code = agent_stream(cli, &request, keys_sink, &lines, err);
    if (code == ERR_OK)
        code = scan_end(&lines, err);
    buf_release(&lines.part);
    TRY(code);
    if (rows.count > 0)
        qsort(rows.rows, rows.count, sizeof *rows.rows, key_row_compare);
    *ret_rows = rows;
    rows = (struct key_rows){0};
    return ERR_OK;
}
