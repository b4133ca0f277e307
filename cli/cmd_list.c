#include "agent.h"
#include "field.h"
#include "keys.h"
#include "say.h"
#include "table.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct list_copy {
    struct cli *cli;
    char last; /* byte that was written */
};

/* The document as the agent sends it, piece by piece. */
static enum err_code list_pass(void *context, const struct http_head *head, const void *bytes,
                               size_t length, struct err *err)
{
    (void)head;
    struct list_copy *copy = context;
    copy->last = ((const char *)bytes)[length - 1];
    return cli_write(copy->cli, bytes, length, err);
}

static enum err_code list_print_json(struct cli *cli, const struct keys_query *query, struct err *err)
{
    OWN_BUF struct buf path = {0};
    keys_path(&path, query);
    const struct http_request request = {.method = "GET", .path = buf_text(&path)};
    struct list_copy copy = {cli, '\n'};
    TRY(agent_stream(cli, &request, list_pass, &copy, err));
    if (copy.last != '\n')
        printf("\n");
    return ERR_OK;
}

/* How long a rotation still settles stands in its own row, not in the key's, which has one open at most. */
static const json_t *list_rotation(const json_t *rotations, const char *key)
{
    size_t index = 0;
    const json_t *rotation = NULL;
    json_array_foreach (rotations, index, rotation)
        if (strcmp(field_text(rotation, "key"), key) == 0)
            return rotation;
    return NULL;
}

static void list_say_open(struct buf *out, const struct key_row *row, const json_t *rotation, int64_t now_ms)
{
    int64_t due_ms = field_time(rotation, "due_at");
    buf_text_add(out, row->rotation_state);
    if (strcmp(row->rotation_state, "settling") == 0 && due_ms > now_ms) {
        buf_text_add(out, ", ");
        say_left(out, due_ms, now_ms);
        buf_text_add(out, " left");
    }
}

static void list_say_waits(struct buf *out, const struct key_row *row, int64_t now_ms)
{
    if (row->rotate_at_ms != 0 && row->rotate_at_ms < now_ms - 1000) {
        buf_text_add(out, "overdue by ");
        say_age(out, row->rotate_at_ms, now_ms);
        buf_text_add(out, ": ");
    }
    if (strcmp(row->rotation_state, "staging") == 0)
        buf_text_add(out, "waits for a new key");
    else if (strcmp(row->rotation_state, "attention") == 0)
        buf_text_add(out, "waits for your decision");
    else
        buf_text_add(out, "waits for you to revoke the old key");
}

/* What a person should know of a key that its provider ends before long. */
static void list_say_expiry(struct buf *out, const struct key_row *row, int64_t now_ms)
{
    if (row->expires_at_ms == 0 || row->expires_at_ms - now_ms > KEYS_EXPIRY_NEAR_MS)
        return;
    buf_text_add(out, out->length > 0 && buf_text(out)[out->length - 1] != '\0' ? ", " : "");
    if (row->expires_at_ms <= now_ms) {
        buf_text_add(out, "expired ");
        say_age(out, row->expires_at_ms, now_ms);
        buf_text_add(out, " ago");
    } else {
        buf_text_add(out, "expires in ");
        say_left(out, row->expires_at_ms, now_ms);
    }
}

static void list_say_next(struct buf *out, const struct key_row *row, const json_t *rotations, int64_t now_ms)
{
    if (row->alarm)
        buf_printf(out, "alarm: keyturn show %s", row->key);
    else if (row->waits_for_person)
        list_say_waits(out, row, now_ms);
    else if (row->rotation_state[0] != '\0')
        list_say_open(out, row, list_rotation(rotations, row->key), now_ms);
    else if (row->rotate_at_ms > now_ms) {
        buf_text_add(out, "rotates in ");
        say_left(out, row->rotate_at_ms, now_ms);
    } else if (row->rotate_at_ms != 0) {
        buf_text_add(out, "rotates now");
    }
}

static const struct table_column list_columns[] = {
    {"KEY", TABLE_NAME},    {"PROVIDER", TABLE_CUT}, {"VERSION", TABLE_WHOLE}, {"AGE", TABLE_WHOLE},
    {"STATE", TABLE_WHOLE}, {"PROVED", TABLE_WHOLE}, {"NEXT", TABLE_CUT},
};
enum { LIST_COLUMNS = sizeof list_columns / sizeof list_columns[0] };

struct listing {
    int64_t now_ms;
    struct table *table;      /* owned */
    struct key_rows settling; /* those that wait for what is known of their rotations */
    json_t *rotations;        /* owned */
    struct buf text;          /* of a row's cells */
};

static void listing_release(struct listing *listing)
{
    table_free(listing->table);
    key_rows_release(&listing->settling);
    json_decref(listing->rotations);
    buf_release(&listing->text);
}

static enum err_code list_add(struct listing *listing, const struct key_row *row, struct err *err)
{
    struct buf *text = &listing->text;
    int64_t now_ms = listing->now_ms;
    char digits[TEXT_DIGITS_BYTES + 1] = "";
    const char *version = row->version > 0 ? text_digits((uint64_t)row->version, digits) : "";
    buf_clear(text);
    say_age(text, row->since_ms, now_ms);
    buf_add(text, "", 1);
    size_t proved = text->length;
    if (row->version > 0)
        say_verdict(text, row->verdict, row->proved_at_ms, now_ms);
    buf_add(text, "", 1);
    size_t next = text->length;
    list_say_next(text, row, listing->rotations, now_ms);
    list_say_expiry(text, row, now_ms);
    if (!buf_ok(text))
        return err_set(err, ERR_MEMORY, "out of memory");
    const char *cells[LIST_COLUMNS] = {row->key, row->provider, version, buf_text(text),
                                       row->state, buf_text(text) + proved, buf_text(text) + next};
    bool dead = strcmp(row->verdict, "dead") == 0 || strcmp(row->verdict, "unfit") == 0;
    bool overdue = row->rotation_state[0] == '\0' && row->rotate_at_ms != 0 && row->rotate_at_ms < now_ms;
    return table_add(listing->table, cells, row->waits_for_person || row->alarm || dead || overdue, err);
}

/* While the agent reads on. */
static enum err_code list_take(void *context, const struct key_row *row, struct err *err)
{
    struct listing *listing = context;
    if (strcmp(row->rotation_state, "settling") == 0)
        return key_rows_keep(&listing->settling, row, err);
    return list_add(listing, row, err);
}

static enum err_code list_print_table(struct cli *cli, const struct keys_query *query, struct err *err)
{
    __attribute__((cleanup(listing_release))) struct listing listing = {.now_ms = clock_wall_ms(cli->clock)};
    TRY(table_new(list_columns, LIST_COLUMNS, &listing.table, err));
    TRY(keys_each(cli, query, list_take, &listing, err));
    if (listing.settling.count > 0)
        TRY(agent_list(cli, "/v1/rotations?state=open", "rotations", &listing.rotations, err));
    for (size_t i = 0; i < listing.settling.count; i++)
        TRY(list_add(&listing, &listing.settling.rows[i], err));
    if (table_rows(listing.table) == 0)
        (void)fprintf(stderr, "No keys. Add one: keyturn add live/NAME --provider NAME\n");
    table_sort(listing.table);
    return table_print(listing.table, err);
}

static enum err_code list_print_names(struct cli *cli, const struct keys_query *query, struct err *err)
{
    OWN_KEY_ROWS struct key_rows rows = {0};
    TRY(keys_read(cli, query, &rows, err));
    for (size_t i = 0; i < rows.count; i++)
        (void)puts(rows.rows[i].key);
    return ERR_OK;
}

static enum err_code list_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct keys_query query = {args_value(args, "environment"), args_value(args, "provider"), KEYS_LISTED};
    if (args_has(args, "json"))
        return list_print_json(cli, &query, err);
    if (!args_has(args, "names"))
        return list_print_table(cli, &query, err);
    query.extent = KEYS_NAMED;
    return list_print_names(cli, &query, err);
}

const struct command command_list = {
    .name = "list",
    .group = GROUP_KEYS,
    .summary = "which keys there are, how old, and what comes next",
    .usage = "[--environment NAME] [--provider NAME] [--json | --names]",
    .example = "keyturn list\nkeyturn list --environment live --json",
    .options = {{"environment", "NAME", "only keys of this environment"},
                {"provider", "NAME", "only keys of this provider"},
                {"names", NULL, "print the names alone, one a line"},
                OPTION_JSON},
    .run = list_run,
};
