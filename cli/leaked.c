#include "leaked.h"

#include "agent.h"
#include "base/fingerprint.h"
#include "candidates.h"
#include "field.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The agent takes a thousand at once. A line longer than the text's buffer is
 * looked at in pieces, of which only one on a border is missed. */
enum { LEAKED_BATCH = 1000, LEAKED_TEXT_BYTES = 512 * 1024 };

/* --- Batches --------------------------------------------------------------- */

enum err_code leaked_batch_begin(struct cli *cli, struct leaked_batch *ret_batch, struct err *err)
{
    *ret_batch = (struct leaked_batch){
        .cli = cli, .asked = json_object(), .seen = json_object(), .found = json_array()};
    if (ret_batch->asked && ret_batch->seen && ret_batch->found)
        return ERR_OK;
    return err_set(err, ERR_MEMORY, "out of memory");
}

void leaked_batch_release(struct leaked_batch *batch)
{
    json_decref(batch->asked);
    json_decref(batch->seen);
    json_decref(batch->found);
    *batch = (struct leaked_batch){0};
}

void leaked_batch_add(struct leaked_batch *batch, const char *hex, int64_t at)
{
    if (json_object_get(batch->seen, hex))
        return;
    (void)json_object_set_new(batch->seen, hex, json_true());
    (void)json_object_set_new(batch->asked, hex, json_integer((json_int_t)at));
}

static enum err_code leaked_keep(struct leaked_batch *batch, const json_t *answer, struct err *err)
{
    size_t index = 0;
    json_t *match = NULL;
    json_array_foreach (json_object_get(answer, "matches"), index, match) {
        json_t *at = json_object_get(batch->asked, field_text(match, "fingerprint"));
        if (!at || json_object_set(match, "line", at) != 0 || json_array_append(batch->found, match) != 0)
            return err_set(err, ERR_FORMAT, "the agent answered for a fingerprint that was not asked");
    }
    return ERR_OK;
}

static enum err_code leaked_ask(struct leaked_batch *batch, struct err *err)
{
    OWN_BUF struct buf body = {0};
    OWN(json_free) json_t *answer = NULL;
    const char *hex = NULL;
    json_t *at = NULL;
    size_t count = 0;
    json_put_object_open(&body, NULL);
    json_put_array_open(&body, "fingerprints");
    json_object_foreach (batch->asked, hex, at) {
        json_put_string(&body, NULL, hex);
        if (++count == LEAKED_BATCH)
            break;
    }
    json_put_array_close(&body);
    json_put_object_close(&body);
    TRY(agent_send(batch->cli, "POST", "/v1/identify", &body, &answer, err));
    return leaked_keep(batch, answer, err);
}

static void leaked_forget_batch(struct leaked_batch *batch)
{
    size_t count = 0;
    const char *hex = NULL;
    json_t *at = NULL;
    void *next = NULL;
    json_object_foreach_safe (batch->asked, next, hex, at) {
        (void)json_object_del(batch->asked, hex);
        if (++count == LEAKED_BATCH)
            break;
    }
}

enum err_code leaked_batch_flush(struct leaked_batch *batch, bool all, struct err *err)
{
    while (json_object_size(batch->asked) >= (all ? 1 : LEAKED_BATCH)) {
        TRY(leaked_ask(batch, err));
        leaked_forget_batch(batch);
    }
    return ERR_OK;
}

/* --- The text ---------------------------------------------------------------- */

struct leaked_text {
    struct leaked_batch batch;
    int64_t line;
};

static void leaked_take(void *context, const unsigned char *bytes, size_t length)
{
    struct leaked_text *text = context;
    char hex[FINGERPRINT_HEX_BYTES];
    fingerprint_hex(bytes, length, hex);
    leaked_batch_add(&text->batch, hex, text->line);
}

/* Every whole line of the text; *ret_rest is where the last one begins. */
static enum err_code leaked_lines(struct leaked_text *text, const unsigned char *bytes, size_t length, bool last,
                                  size_t *ret_rest, struct err *err)
{
    size_t start = 0;
    while (start < length) {
        const unsigned char *end = memchr(bytes + start, '\n', length - start);
        if (!end && !last)
            break;
        size_t stop = end ? (size_t)(end - bytes) : length;
        candidates_of_line(bytes + start, stop - start, leaked_take, text);
        text->line += end != NULL;
        TRY(leaked_batch_flush(&text->batch, false, err));
        start = stop + 1;
    }
    *ret_rest = start < length ? start : length;
    return ERR_OK;
}

static enum err_code leaked_read_all(struct leaked_text *text, int fd, struct err *err)
{
    OWN(secret_free) struct secret *piece = secret_new(LEAKED_TEXT_BYTES);
    if (!piece)
        return err_set(err, ERR_MEMORY, "no locked memory for the text");
    unsigned char *bytes = secret_fill(piece);
    size_t length = 0;
    for (bool end = false; !end;) {
        ssize_t got = read(fd, bytes + length, LEAKED_TEXT_BYTES - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "cannot read the text from descriptor %d", fd);
        length += (size_t)got;
        end = got == 0;
        size_t rest = 0;
        bool full = length == LEAKED_TEXT_BYTES;
        TRY(leaked_lines(text, bytes, length, end, &rest, err));
        if (full && rest == 0)
            TRY(leaked_lines(text, bytes, length, true, &rest, err));
        memmove(bytes, bytes + rest, length - rest);
        length -= rest;
    }
    return leaked_batch_flush(&text->batch, true, err);
}

static int leaked_compare(const void *a, const void *b)
{
    int64_t first = field_number(*(json_t *const *)a, "line");
    int64_t second = field_number(*(json_t *const *)b, "line");
    return (first > second) - (first < second);
}

static enum err_code leaked_sort(const json_t *found, json_t **ret_sorted, struct err *err)
{
    size_t count = json_array_size(found);
    json_t **rows = calloc(count + 1, sizeof(json_t *));
    OWN(json_free) json_t *sorted = json_array();
    bool whole = rows && sorted;
    for (size_t i = 0; whole && i < count; i++)
        rows[i] = json_array_get(found, i);
    if (whole)
        qsort(rows, count, sizeof(json_t *), leaked_compare);
    for (size_t i = 0; whole && i < count; i++)
        whole = json_array_append(sorted, rows[i]) == 0;
    free(rows);
    if (!whole)
        return err_set(err, ERR_MEMORY, "out of memory");
    *ret_sorted = GIVE(sorted);
    return ERR_OK;
}

enum err_code leaked_read(struct cli *cli, int fd, json_t **ret_matches, struct err *err)
{
    struct leaked_text text = {.line = 1};
    TRY(secret_init(err));
    secret_lock_all();
    if (isatty(fd) == 1)
        (void)fprintf(stderr, "Paste the text, then ^D. It stays here: only fingerprints are compared.\n");
    TRY(leaked_batch_begin(cli, &text.batch, err));
    enum err_code code = leaked_read_all(&text, fd, err);
    if (code == ERR_OK)
        code = leaked_sort(text.batch.found, ret_matches, err);
    leaked_batch_release(&text.batch);
    return code;
}

void leaked_print(const json_t *match, int64_t now_ms)
{
    OWN_BUF struct buf text = {0};
    const json_t *proof = json_object_get(match, "proof");
    buf_printf(&text, "%s, version %lld, %s", field_text(match, "key"),
               (long long)field_number(match, "version"), field_text(match, "state"));
    if (field_text(proof, "verdict")[0]) {
        buf_text_add(&text, ", ");
        say_verdict(&text, field_text(proof, "verdict"), field_time(proof, "at"), now_ms);
    }
    printf("line %lld: %s is %s\n", (long long)field_number(match, "line"), field_text(match, "mask"),
           buf_text(&text));
}
