/* The pages of the room and the design, held equal to the tables.
 *
 * With --print it writes the generated blocks instead, to be pasted between the
 * markers of README.md and refused.md. */
#include "rotation/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef bool line_source(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES]);

/* One generated block: in the page between "<!-- NAME -->" and "<!-- end -->". */
static const struct block {
    const char *page, *name;
    enum table_kind kind;
    line_source *source;
    const char *before, *after; /* lines around the generated ones, "" for none */
} blocks[] = {
    { "README.md", "rotation rows", TABLE_ROTATION, table_row_line,
      "| id | state | event | guard | goes to | effect |\n|---|---|---|---|---|---|\n", "" },
    { "README.md", "revocation rows", TABLE_REVOCATION, table_row_line,
      "| id | state | event | guard | goes to | effect |\n|---|---|---|---|---|---|\n", "" },
    { "README.md", "rotation diagram", TABLE_ROTATION, table_diagram_line,
      "```mermaid\nstateDiagram-v2\n", "```\n" },
    { "README.md", "revocation diagram", TABLE_REVOCATION, table_diagram_line,
      "```mermaid\nstateDiagram-v2\n", "```\n" },
    { "refused.md", "rotation answers", TABLE_ROTATION, table_answer_line,
      "| state | event | guard | answer | reason | effect |\n|---|---|---|---|---|---|\n", "" },
    { "refused.md", "revocation answers", TABLE_REVOCATION, table_answer_line,
      "| state | event | guard | answer | reason | effect |\n|---|---|---|---|---|---|\n", "" },
};
enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0], TEXT_BYTES = 256 * 1024 };

static void print_block(FILE *out, const struct block *block)
{
    char line[TABLE_LINE_BYTES];
    fprintf(out, "<!-- %s -->\n%s", block->name, block->before);
    for (size_t i = 0; block->source(block->kind, i, line); i++)
        fprintf(out, "%s\n", line);
    fprintf(out, "%s<!-- end -->\n", block->after);
}

/* The file's text, to be freed; NULL when there is none. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = calloc(1, TEXT_BYTES);
    assert_non_null(text);
    size_t length = fread(text, 1, TEXT_BYTES - 1, file);
    fclose(file);
    assert_in_range(length, 1, TEXT_BYTES - 2);
    return text;
}

static void assert_page_has_block(const struct block *block)
{
    char path[512], marker[64];
    snprintf(path, sizeof path, "%s/agent/rotation/%s", KEYTURN_SOURCE_DIR, block->page);
    snprintf(marker, sizeof marker, "<!-- %s -->\n", block->name);
    char *page = read_text(path);
    assert_non_null(page);

    char *expected = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&expected, &length);
    assert_non_null(out);
    print_block(out, block);
    fclose(out);

    const char *begin = strstr(page, marker);
    if (!begin || strncmp(begin, expected, length) != 0) {
        size_t same = 0;
        while (begin && begin[same] == expected[same])
            same++;
        fail_msg("%s differs from the table at \"%.80s\"; print it anew with --print", block->page,
                 expected + same);
    }
    free(expected);
    free(page);
}

static void test_the_pages_show_the_tables_as_they_are(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < BLOCK_COUNT; i++)
        assert_page_has_block(&blocks[i]);
}

/* The columns of "| a | b | c |", trimmed, in place. */
enum { COLUMN_ID, COLUMN_STATE, COLUMN_EVENT, COLUMN_GUARD, COLUMN_GOES_TO, COLUMN_COUNT };

static bool split_columns(char *line, char *columns[COLUMN_COUNT])
{
    char *rest = line + strspn(line, "| ");
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        columns[i] = rest;
        char *end = strstr(rest, " |");
        if (!end)
            return false;
        *end = '\0';
        rest = end + 2 + strspn(end + 2, " ");
    }
    return true;
}

/* How the design's words for people are said in the table's words. */
static const struct phrase {
    const char *design, *words;
} phrases[] = {
    { "supplied by a person", "supplied" },
    { "alive, the n-th in a row, right environment", "alive" },
    { "delivered, all, and their checks hold", "delivered" },
    { "one failed for good, cancelled", "delivery_failed, cancel" },
    { "put back, all", "put_back" },
    { "one cannot be put back", "put_back_failed" },
    { "deadline", "time" },
    { "roll back asked", "roll_back" },
    { "old dead", "old_dead" },
    { "cancelled", "cancel" },
    { "retry asked", "retry" },
    { "cancelled, roll back asked, go on asked", "cancel, roll_back, go_on" },
    { "emergency on old", "emergency" },
    { "old restored (K06)", "old_restored" },
    { "the state it came from", "staging, proving, delivering, undoing, settling" },
    { "any open", "staging, proving, delivering, undoing, settling, retiring, attention" },
    { "disabled, watch time passed", "disabled, time" },
    { "accepted, already gone", "accepted, already_gone" },
    { "dead, the n-th in a row", "dead" },
    { "the provider refuses our credential", "refused_credential" },
    { "any", "disabling, enabling, revoking, burying, waiting" },
};

/* What the design tells of in a row's effect instead of its own column. */
static const struct phrase events_in_effect[] = {
    { "R04", "found_bare, not_found" },
};
static const struct phrase states_in_effect[] = {
    { "R11", "done" }, /* "no old: done" */
};

static const char *phrase_words(const struct phrase *list, size_t count, const char *design,
                                const char *otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].design, design) == 0)
            return list[i].words;
    return otherwise;
}

/* Is every word of the list (", " between) also in the other list? */
static bool words_are_in(const char *words, const char *other)
{
    char list[512], among[1024];
    snprintf(list, sizeof list, "%s", words);
    snprintf(among, sizeof among, ", %s, ", other);
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char needle[128];
        snprintf(needle, sizeof needle, ", %s, ", word + strspn(word, " "));
        if (!strstr(among, needle))
            return false;
    }
    return true;
}

/* A design row as the code has it: the union of its parts. */
struct union_row {
    size_t parts;
    char column[COLUMN_COUNT][512];
};

static void union_add(char *words, size_t size, const char *more)
{
    size_t length = strlen(words);
    snprintf(words + length, size - length, "%s%s", length ? ", " : "", more);
}

static bool id_is_part_of(const char *part, const char *id)
{
    size_t length = strlen(id);
    return strncmp(part, id, length) == 0 && (part[length] < '0' || part[length] > '9');
}

static struct union_row union_of(enum table_kind kind, const char *id)
{
    struct union_row row = { .parts = 0 };
    char line[TABLE_LINE_BYTES];
    for (size_t i = 0; table_row_line(kind, i, line); i++) {
        char *columns[COLUMN_COUNT];
        assert_true(split_columns(line, columns));
        if (!id_is_part_of(columns[COLUMN_ID], id))
            continue;
        row.parts++;
        for (size_t c = COLUMN_STATE; c < COLUMN_COUNT; c++)
            union_add(row.column[c], sizeof row.column[c], columns[c]);
    }
    return row;
}

static void assert_column(const char *id, const char *design, const char *code, const char *extra)
{
    const char *words =
        phrase_words(phrases, sizeof phrases / sizeof phrases[0], design, design);
    char allowed[1024];
    snprintf(allowed, sizeof allowed, "%s, %s", words, extra);
    if (!words_are_in(words, code) || !words_are_in(code, allowed))
        fail_msg("%s: the design says \"%s\", the code \"%s\"", id, design, code);
}

static void assert_design_row(char *line)
{
    char *columns[COLUMN_COUNT];
    assert_true(split_columns(line, columns));
    const char *id = columns[COLUMN_ID];
    enum table_kind kind = id[0] == 'R' ? TABLE_ROTATION : TABLE_REVOCATION;
    struct union_row row = union_of(kind, id);
    if (row.parts == 0)
        fail_msg("%s is in the design and not in the code", id);
    const char *events = phrase_words(
        events_in_effect, sizeof events_in_effect / sizeof events_in_effect[0], id, "");
    const char *states = phrase_words(
        states_in_effect, sizeof states_in_effect / sizeof states_in_effect[0], id, "");
    assert_column(id, columns[COLUMN_STATE], row.column[COLUMN_STATE], "");
    assert_column(id, columns[COLUMN_EVENT], row.column[COLUMN_EVENT], events);
    assert_column(id, columns[COLUMN_GOES_TO], row.column[COLUMN_GOES_TO], states);
}

static bool is_design_row(const char *line)
{
    return (strncmp(line, "| R", 3) == 0 || strncmp(line, "| K", 3) == 0) && line[3] >= '0' &&
           line[3] <= '9' && line[4] >= '0' && line[4] <= '9' && line[5] == ' ';
}

/* The design stands beside the checkout, where there is one. */
static void test_the_design_and_the_tables_say_the_same(void **unused)
{
    (void)unused;
    char *design = read_text(KEYTURN_SOURCE_DIR "/../shared/design.md");
    if (!design)
        skip();
    size_t rows = 0;
    char *rest = NULL;
    for (char *line = strtok_r(design, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (!is_design_row(line))
            continue;
        assert_design_row(line);
        rows++;
    }
    free(design);
    assert_int_equal(rows, 23 + 12);
}

static void test_no_id_is_used_twice(void **unused)
{
    (void)unused;
    for (int kind = TABLE_ROTATION; kind <= TABLE_REVOCATION; kind++) {
        char line[TABLE_LINE_BYTES], other[TABLE_LINE_BYTES];
        for (size_t i = 0; table_row_line((enum table_kind)kind, i, line); i++)
            for (size_t j = 0; j < i && table_row_line((enum table_kind)kind, j, other); j++)
                if (strncmp(line, other, strcspn(line + 2, " ") + 3) == 0)
                    fail_msg("%.8s is used twice", line);
    }
}

static void test_no_line_is_cut_off(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        char line[TABLE_LINE_BYTES];
        for (size_t j = 0; blocks[i].source(blocks[i].kind, j, line); j++)
            assert_in_range(strlen(line), 1, TABLE_LINE_BYTES - 2);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        for (size_t i = 0; i < BLOCK_COUNT; i++)
            print_block(stdout, &blocks[i]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pages_show_the_tables_as_they_are),
        cmocka_unit_test(test_the_design_and_the_tables_say_the_same),
        cmocka_unit_test(test_no_id_is_used_twice),
        cmocka_unit_test(test_no_line_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
