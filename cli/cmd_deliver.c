#include "agent.h"
#include "ask.h"
#include "field.h"
#include "place.h"
#include "say.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deliver {
    struct cli *cli;
    const struct args *args;
    struct key_name key;
    struct buf path; /* of the key's deliveries */
};

/* The class of the place: as said, else that of the key. */
static enum err_code deliver_class(struct deliver *deliver, char ret_class[8], struct err *err)
{
    const char *class = args_value(deliver->args, "class");
    OWN_BUF struct buf path = {0};
    OWN(json_free) json_t *key = NULL;
    if (!class) {
        buf_printf(&path, "/v1/keys/%s", deliver->key.text);
        TRY(agent_get(deliver->cli, buf_text(&path), &key, err));
        class = field_text(key, "class");
    } else if (strcmp(class, "live") != 0 && strcmp(class, "test") != 0) {
        return cli_misuse(deliver->cli, err, "--class is live or test, not “%s”", class);
    }
    (void)snprintf(ret_class, 8, "%s", class);
    return ERR_OK;
}

static enum err_code deliver_add(struct deliver *deliver, struct err *err)
{
    const char *place = args_word(deliver->args, 2);
    char class[8];
    OWN_BUF struct buf json = {0};
    OWN(json_free) json_t *delivery = NULL;
    if (!place)
        return cli_misuse(deliver->cli, err, "say where to: PATH[:FORMAT[:VARIABLE]], or a definition in JSON");
    if (place[0] == '{') {
        TRY(place_write_json(deliver->cli, place, NULL, &json, err));
    } else {
        TRY(deliver_class(deliver, class, err));
        TRY(place_write_file(deliver->cli, place, class, NULL, &json, err));
    }
    TRY(agent_send(deliver->cli, "POST", buf_text(&deliver->path), &json, &delivery, err));
    printf("%s: delivery %lld, %s %s.%s\n", deliver->key.text, (long long)field_number(delivery, "delivery"),
           field_text(delivery, "kind"), field_text(delivery, "target"),
           field_given(delivery, "holds_version") ? "" : " It holds nothing yet; a rotation fills it.");
    return ERR_OK;
}

static const struct table_column deliver_columns[] = {
    {"DELIVERY", TABLE_WHOLE}, {"KIND", TABLE_WHOLE},  {"TO", TABLE_NAME},
    {"HOLDS", TABLE_WHOLE},    {"SINCE", TABLE_WHOLE}, {"LAST", TABLE_CUT},
};

static enum err_code deliver_row(struct table *table, const json_t *row, struct err *err)
{
    char number[24];
    char holds[24] = "";
    char since[SAY_WHEN_BYTES];
    (void)snprintf(number, sizeof number, "%lld", (long long)field_number(row, "delivery"));
    if (field_given(row, "holds_version"))
        (void)snprintf(holds, sizeof holds, "%lld", (long long)field_number(row, "holds_version"));
    const char *cells[] = {number, field_text(row, "kind"), field_text(row, "target"), holds,
                           say_when(field_time(row, "put_at"), since), field_text(row, "detail")};
    return table_add(table, cells, false, err);
}

static enum err_code deliver_list(struct deliver *deliver, struct err *err)
{
    OWN(json_free) json_t *answer = NULL;
    OWN(table_free) struct table *table = NULL;
    TRY(agent_get(deliver->cli, buf_text(&deliver->path), &answer, err));
    if (args_has(deliver->args, "json")) {
        (void)json_dumpf(answer, stdout, JSON_COMPACT);
        printf("\n");
        return ERR_OK;
    }
    TRY(table_new(deliver_columns, sizeof deliver_columns / sizeof deliver_columns[0], &table, err));
    size_t index = 0;
    const json_t *row = NULL;
    const json_t *rows = json_object_get(answer, "deliveries");
    json_array_foreach (rows, index, row)
        TRY(deliver_row(table, row, err));
    if (json_array_size(rows) == 0)
        (void)fprintf(stderr, "%s is delivered nowhere.\n", deliver->key.text);
    TRY(table_print(table, err));
    place_say_problems(rows);
    return ERR_OK;
}

static enum err_code deliver_remove(struct deliver *deliver, struct err *err)
{
    const char *word = args_word(deliver->args, 2);
    char *end = NULL;
    unsigned long number = word ? strtoul(word, &end, 10) : 0;
    if (number == 0 || *end != '\0')
        return cli_misuse(deliver->cli, err, "say which by its number, as keyturn deliver %s list shows it",
                          deliver->key.text);
    buf_printf(&deliver->path, "/%lu", number);
    TRY(agent_send(deliver->cli, "DELETE", buf_text(&deliver->path), NULL, NULL, err));
    printf("%s: delivery %lu is removed; what it put stays where it is.\n", deliver->key.text, number);
    return ERR_OK;
}

static const struct {
    const char *verb;
    enum err_code (*run)(struct deliver *deliver, struct err *err);
} deliver_verbs[] = {{"add", deliver_add}, {"list", deliver_list}, {"remove", deliver_remove}};

static enum err_code deliver_run(struct cli *cli, const struct args *args, struct err *err)
{
    struct deliver deliver = {.cli = cli, .args = args};
    TRY(key_parse(cli, args_word(args, 0), &deliver.key, err));
    const char *verb = args_word(args, 1);
    for (size_t i = 0; i < sizeof deliver_verbs / sizeof deliver_verbs[0]; i++) {
        if (strcmp(deliver_verbs[i].verb, verb) != 0)
            continue;
        buf_printf(&deliver.path, "/v1/keys/%s/deliveries", deliver.key.text);
        enum err_code code = deliver_verbs[i].run(&deliver, err);
        buf_release(&deliver.path);
        return code;
    }
    return cli_misuse(cli, err, "deliver KEY add, list or remove; not “%s”", verb);
}

const struct command command_deliver = {
    .name = "deliver",
    .group = GROUP_KEYS,
    .summary = "where a key is put for its users",
    .usage = "KEY add PATH[:FORMAT[:VARIABLE]] | KEY add JSON | KEY list | KEY remove NUMBER",
    .notes = "FORMAT is raw, env or json. What else a delivery can be stands in its definition, a JSON\n"
             "object: a program, a check, owner and mode of a file.",
    .example = "keyturn deliver live/reporting add /etc/reporting/amps.env:env:AMPS_KEY\n"
               "keyturn deliver live/reporting list",
    .options = {{"class", "live|test", "the class of the place; that of the key when it is not said"},
                OPTION_JSON},
    .words = {"add", "list", "remove"},
    .completes_key = true,
    .least = 2,
    .most = 3,
    .run = deliver_run,
};
