/* Both tables as lines of text, for the page and the diagram. */
#include "rotation/table.h"

#include "rows.h"

#include <stdarg.h>
#include <stdio.h>

/* A line under construction: appending past its end cuts, it never overruns. */
struct line {
    char *text;
    size_t length;
};

static const struct table *table_of(enum table_kind kind)
{
    return kind == TABLE_ROTATION ? &rotation_table : &revocation_table;
}

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format,
                                                           ...)
{
    size_t room = TABLE_LINE_BYTES - line->length;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (written > 0)
        line->length += (size_t)written < room ? (size_t)written : room - 1;
}

/* later: is something in the column already? Returns whether something is now. */
static bool line_add_words(struct line *line, const struct table_words *words, uint32_t bits,
                           bool later)
{
    for (unsigned i = 0; i < words->count; i++) {
        if (!(bits & TABLE_BIT(i)))
            continue;
        line_add(line, "%s%s", later ? ", " : "", words->words[i]);
        later = true;
    }
    return later;
}

static bool line_add_negated(struct line *line, const struct table_words *words, uint32_t bits,
                             bool later)
{
    for (unsigned i = 0; i < words->count; i++) {
        if (!(bits & TABLE_BIT(i)))
            continue;
        const char *negated = words->negated[i];
        line_add(line, "%s%s%s", later ? ", " : "", negated ? "" : "not ",
                 negated ? negated : words->words[i]);
        later = true;
    }
    return later;
}

static void line_add_column(struct line *line, const struct table_words *words, uint32_t bits)
{
    line_add(line, " ");
    if (!line_add_words(line, words, bits, false))
        line_add(line, "–");
    line_add(line, " |");
}

static void line_add_guard(struct line *line, const struct table *table,
                           const struct table_row *row)
{
    line_add(line, " ");
    bool any = line_add_words(line, &table->conditions, row->needs, false);
    any = line_add_negated(line, &table->conditions, row->bars, any);
    line_add(line, any ? " |" : "– |");
}

bool table_row_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES])
{
    const struct table *table = table_of(kind);
    if (index >= table->row_count)
        return false;

    const struct table_row *row = &table->rows[index];
    struct line line = { .text = out };
    line_add(&line, "| %s |", row->id);
    line_add_column(&line, &table->states, row->states);
    line_add_column(&line, &table->events, row->events);
    line_add_guard(&line, table, row);
    line_add(&line, " %s |",
             row->goes_to == TABLE_SAME ? "the same" : table->states.words[row->goes_to]);
    line_add_column(&line, &table->effects, row->effects);
    return true;
}

bool table_answer_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES])
{
    const struct table *table = table_of(kind);
    if (index >= table->answer_count)
        return false;

    const struct table_row *row = &table->answers[index];
    struct line line = { .text = out };
    line_add(&line, "|");
    line_add_column(&line, &table->states, row->states);
    line_add_column(&line, &table->events, row->events);
    line_add_guard(&line, table, row);
    line_add(&line, " %s | %s |", row->remembered ? "remembered" : "refused", row->reason);
    line_add_column(&line, &table->effects, row->effects);
    return true;
}

/* The ids of the rows that lead from one state to another; false when there are none. */
static bool line_add_transition(struct line *line, const struct table *table, unsigned from,
                                unsigned to)
{
    bool any = false;
    for (size_t i = 0; i < table->row_count; i++) {
        const struct table_row *row = &table->rows[i];
        if (!(row->states & TABLE_BIT(from)) || row->goes_to != to)
            continue;
        if (!any)
            line_add(line, "%s --> %s: %s", table->states.words[from], table->states.words[to],
                     row->id);
        else
            line_add(line, ", %s", row->id);
        any = true;
    }
    return any;
}

bool table_diagram_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES])
{
    const struct table *table = table_of(kind);
    unsigned states = (unsigned)table->states.count;
    size_t found = 0;
    for (unsigned pair = 0; pair < states * states; pair++) {
        char text[TABLE_LINE_BYTES];
        struct line line = { .text = text };
        unsigned from = pair / states, to = pair % states;
        /* Rows that stay would draw a loop at almost every state, and hide the way. */
        if (from == to || !line_add_transition(&line, table, from, to) || found++ != index)
            continue;
        snprintf(out, TABLE_LINE_BYTES, "%s", text);
        return true;
    }
    return false;
}
