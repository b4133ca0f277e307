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
    {"rotate_at", KEYS_TIME, offsetof(struct key_row, rotate_at_ms)},
    {"expires_at", KEYS_TIME, offsetof(struct key_row, expires_at_ms)},
    {"waits_for_person", KEYS_TRUTH, offsetof(struct key_row, waits_for_person)},
    {"alarm", KEYS_TRUTH, offsetof(struct key_row, alarm)},
    {"missing", KEYS_TRUTH, offsetof(struct key_row, missing)},
    {"rotate_due", KEYS_TIME, offsetof(struct key_row, rotate_due_ms)},
    {"rotate_cause", KEYS_TEXT, offsetof(struct key_row, rotate_cause)},
    {"rotate_hold", KEYS_TEXT, offsetof(struct key_row, rotate_hold)},
    {"doubt.detail", KEYS_TEXT, offsetof(struct key_row, doubt)},
    {"doubt.times", KEYS_NUMBER, offsetof(struct key_row, doubt_times)},
    {"probe_at", KEYS_TIME, offsetof(struct key_row, probe_at_ms)},
};
enum { KEYS_COLUMNS = sizeof keys_columns / sizeof keys_columns[0] };
static const size_t keys_counts[] = {[KEYS_NAMED] = 1, [KEYS_LISTED] = 12, [KEYS_WHOLE] = KEYS_COLUMNS};

/* --- Reading ------------------------------------------------------------------- */

struct keys_reading {
    size_t columns;
    keys_visit *visit;
    void *context;
    struct buf texts; /* of the row that is read */
};

static enum err_code keys_row(void *context, const char *text, size_t length, struct err *err)
{
    static const struct key_row none = {"", "", "", "", "", "", "", ""};
    struct keys_reading *reading = context;
    struct scan_values values = scan_values(text, length);
    struct key_row row = none;
    /* A text and its NUL take no more than the value did; one that is not there has its NUL alone. */
    char *texts = buf_room(&reading->texts, length + KEYS_COLUMNS);
    if (!texts)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < reading->columns; i++) {
        void *at = (char *)&row + keys_columns[i].offset;
        switch (keys_columns[i].kind) {
        case KEYS_TEXT:
            *(const char **)at = texts;
            texts = scan_text(&values, texts);
            break;
        case KEYS_TIME:
            *(int64_t *)at = scan_time(&values);
            break;
        case KEYS_NUMBER:
            *(int64_t *)at = scan_number(&values);
            break;
        case KEYS_TRUTH:
            *(bool *)at = scan_true(&values);
            break;
        }
    }
    TRY(scan_values_end(&values, err));
    return reading->visit(reading->context, &row, err);
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

enum err_code keys_each(struct cli *cli, const struct keys_query *query, keys_visit *visit, void *context,
                        struct err *err)
{
    OWN_BUF struct buf path = {0};
    struct keys_reading reading = {.columns = keys_counts[query->extent], .visit = visit, .context = context};
    struct scan_lines lines = {.row = keys_row, .context = &reading};
    keys_path(&path, query);
    for (size_t i = 0; i < reading.columns; i++)
        buf_printf(&path, "%s%s", i == 0 ? "&form=rows&fields=" : ",", keys_columns[i].member);
    const struct http_request request = {.method = "GET", .path = buf_text(&path)};
    enum err_code code = agent_stream(cli, &request, keys_sink, &lines, err);
    if (code == ERR_OK)
        code = scan_end(&lines, err);
    buf_release(&lines.part);
    buf_release(&reading.texts);
    return code;
}

/* --- Rows that stay -------------------------------------------------------------- */

/* Their texts lie one behind the other in blocks, which never move. */
struct key_texts {
    struct key_texts *before;
    size_t used, size;
    char bytes[];
};

static const char *keys_keep_text(struct key_rows *rows, const char *text)
{
    enum { BLOCK_BYTES = 64 * 1024 - sizeof(struct key_texts) };
    size_t length = strlen(text) + 1;
    struct key_texts *block = rows->texts;
    if (!block || block->size - block->used < length) {
        size_t size = length > BLOCK_BYTES ? length : BLOCK_BYTES;
        block = malloc(sizeof *block + size);
        if (!block)
            return NULL;
        *block = (struct key_texts){.before = rows->texts, .size = size};
        rows->texts = block;
    }
    char *kept = memcpy(block->bytes + block->used, text, length);
    block->used += length;
    return kept;
}

static bool keys_grow(struct key_rows *rows)
{
    if (rows->count < rows->capacity)
        return true;
    size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
    struct key_row *more = reallocarray(rows->rows, capacity, sizeof *more);
    if (!more)
        return false;
    rows->rows = more;
    rows->capacity = capacity;
    return true;
}

enum err_code key_rows_keep(void *context, const struct key_row *row, struct err *err)
{
    struct key_rows *rows = context;
    if (!keys_grow(rows))
        return err_set(err, ERR_MEMORY, "out of memory");
    struct key_row *kept = &rows->rows[rows->count];
    *kept = *row;
    for (size_t i = 0; i < KEYS_COLUMNS; i++) {
        const char **text = (void *)((char *)kept + keys_columns[i].offset);
        if (keys_columns[i].kind == KEYS_TEXT && !(*text = keys_keep_text(rows, *text)))
            return err_set(err, ERR_MEMORY, "out of memory");
    }
    rows->count++;
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

int key_row_compare(const void *a, const void *b)
{
    return strcmp(((const struct key_row *)a)->key, ((const struct key_row *)b)->key);
}

enum err_code keys_read(struct cli *cli, const struct keys_query *query, struct key_rows *ret_rows, struct err *err)
{
    OWN_KEY_ROWS struct key_rows rows = {0};
    TRY(keys_each(cli, query, key_rows_keep, &rows, err));
    if (rows.count > 0)
        qsort(rows.rows, rows.count, sizeof *rows.rows, key_row_compare);
    *ret_rows = rows;
    rows = (struct key_rows){0};
    return ERR_OK;
}
