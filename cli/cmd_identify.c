/* Which of our keys a text holds. The text stays here, in locked memory: only
 * fingerprints go to the agent. */
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
enum { IDENTIFY_BATCH = 1000, IDENTIFY_TEXT_BYTES = 512 * 1024 };

struct identify {
    struct cli *cli;
    json_t *lines; /* fingerprint → the first line it stood in, not yet asked about */
    json_t *seen;  /* fingerprint → true, all that were asked about */
    json_t *found; /* the matches so far, with their line */
    size_t line;
};

static void identify_take(void *context, const unsigned char *bytes, size_t length)
{
    struct identify *identify = context;
    char hex[FINGERPRINT_HEX_BYTES];
    fingerprint_hex(bytes, length, hex);
    if (json_object_get(identify->seen, hex))
        return;
    (void)json_object_set_new(identify->seen, hex, json_true());
    (void)json_object_set_new(identify->lines, hex, json_integer((json_int_t)identify->line));
}

static enum err_code identify_keep(struct identify *identify, const json_t *answer, struct err *err)
{
    size_t index = 0;
    json_t *match = NULL;
    json_array_foreach (json_object_get(answer, "matches"), index, match) {
        json_t *line = json_object_get(identify->lines, field_text(match, "fingerprint"));
        if (!line || json_object_set(match, "line", line) != 0 ||
            json_array_append(identify->found, match) != 0)
            return err_set(err, ERR_FORMAT, "the agent answered for a fingerprint that was not asked");
    }
    return ERR_OK;
}

static enum err_code identify_ask(struct identify *identify, struct err *err)
{
    OWN_BUF struct buf body = {0};
    OWN(json_free) json_t *answer = NULL;
    const char *hex = NULL;
    json_t *line = NULL;
    size_t count = 0;
    json_put_object_open(&body, NULL);
    json_put_array_open(&body, "fingerprints");
    json_object_foreach (identify->lines, hex, line) {
        json_put_string(&body, NULL, hex);
        if (++count == IDENTIFY_BATCH)
            break;
    }
    json_put_array_close(&body);
    json_put_object_close(&body);
    TRY(agent_send(identify->cli, "POST", "/v1/identify", &body, &answer, err));
    return identify_keep(identify, answer, err);
}

/* Ask about all that gathered, in batches. */
static enum err_code identify_flush(struct identify *identify, bool all, struct err *err)
{
    while (json_object_size(identify->lines) >= (all ? 1 : IDENTIFY_BATCH)) {
        TRY(identify_ask(identify, err));
        size_t count = 0;
        const char *hex = NULL;
        json_t *line = NULL;
        void *next = NULL;
        json_object_foreach_safe (identify->lines, next, hex, line) {
            (void)json_object_del(identify->lines, hex);
            if (++count == IDENTIFY_BATCH)
                break;
        }
    }
    return ERR_OK;
}

/* Every whole line of the text; *ret_rest is where the last one begins. */
static enum err_code identify_lines(struct identify *identify, const unsigned char *text, size_t length,
                                    bool last, size_t *ret_rest, struct err *err)
{
    size_t start = 0;
    while (start < length) {
        const unsigned char *end = memchr(text + start, '\n', length - start);
        if (!end && !last)
            break;
        size_t stop = end ? (size_t)(end - text) : length;
        candidates_of_line(text + start, stop - start, identify_take, identify);
        identify->line += end != NULL;
        TRY(identify_flush(identify, false, err));
        start = stop + 1;
    }
    *ret_rest = start < length ? start : length;
    return ERR_OK;
}

static enum err_code identify_read(struct identify *identify, struct err *err)
{
    OWN(secret_free) struct secret *text = secret_new(IDENTIFY_TEXT_BYTES);
    if (!text)
        return err_set(err, ERR_MEMORY, "no locked memory for the text");
    unsigned char *bytes = secret_fill(text);
    size_t length = 0;
    for (bool end = false; !end;) {
        ssize_t got = read(STDIN_FILENO, bytes + length, IDENTIFY_TEXT_BYTES - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "cannot read standard input");
        length += (size_t)got;
        end = got == 0;
        size_t rest = 0;
        bool full = length == IDENTIFY_TEXT_BYTES;
        TRY(identify_lines(identify, bytes, length, end, &rest, err));
        if (full && rest == 0)
            TRY(identify_lines(identify, bytes, length, true, &rest, err));
        memmove(bytes, bytes + rest, length - rest);
        length -= rest;
    }
    return identify_flush(identify, true, err);
}

static int identify_compare(const void *a, const void *b)
{
    int64_t first = field_number(*(json_t *const *)a, "line");
    int64_t second = field_number(*(json_t *const *)b, "line");
    return (first > second) - (first < second);
}

static void identify_print_match(const struct identify *identify, const json_t *match)
{
    OWN_BUF struct buf text = {0};
    const json_t *proof = json_object_get(match, "proof");
    const char *state = field_text(match, "state");
    buf_printf(&text, "%s, version %lld, %s", field_text(match, "key"),
               (long long)field_number(match, "version"), state);
    if (field_text(proof, "verdict")[0]) {
        buf_text_add(&text, ", ");
        say_verdict(&text, field_text(proof, "verdict"), field_time(proof, "at"),
                    clock_wall_ms(identify->cli->clock));
    }
    printf("line %lld: %s is %s\n", (long long)field_number(match, "line"), field_text(match, "mask"),
           buf_text(&text));
    if (strcmp(state, "dead") == 0)
        printf("         it is dead: nothing to do\n");
    else
        printf("         revoke it: keyturn revoke %s --version %lld    replace it first: keyturn rotate %s\n",
               field_text(match, "key"), (long long)field_number(match, "version"), field_text(match, "key"));
}

static enum err_code identify_print(const struct identify *identify, bool json, struct err *err)
{
    size_t count = json_array_size(identify->found);
    if (json) {
        printf("{\"matches\":");
        (void)json_dumpf(identify->found, stdout, JSON_COMPACT);
        printf("}\n");
        return ERR_OK;
    }
    const json_t **rows = calloc(count + 1, sizeof(const json_t *));
    if (!rows)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(identify->found, i);
    qsort(rows, count, sizeof rows[0], identify_compare);
    for (size_t i = 0; i < count; i++)
        identify_print_match(identify, rows[i]);
    free(rows);
    if (count == 0)
        printf("None of our keys is in it.\n");
    return ERR_OK;
}

static enum err_code identify_run(struct cli *cli, const struct args *args, struct err *err)
{
    OWN(json_free) json_t *lines = json_object();
    OWN(json_free) json_t *seen = json_object();
    OWN(json_free) json_t *found = json_array();
    struct identify identify = {.cli = cli, .lines = lines, .seen = seen, .found = found, .line = 1};
    TRY(secret_init(err));
    if (isatty(STDIN_FILENO) == 1)
        (void)fprintf(stderr, "Paste the text, then ^D. It stays here: only fingerprints are compared.\n");
    TRY(identify_read(&identify, err));
    return identify_print(&identify, args_has(args, "json"), err);
}

const struct command command_identify = {
    .name = "identify",
    .group = GROUP_EMERGENCY,
    .summary = "which of our keys a leaked text holds",
    .usage = "[--json] < TEXT",
    .notes = "Reads standard input, a log or a paste of any form. The text does not leave this program:\n"
             "the agent is asked by fingerprints.",
    .example = "keyturn identify < pastebin.txt",
    .options = {OPTION_JSON},
    .run = identify_run,
};
