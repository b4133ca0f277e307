/* Finding the row that holds. A scan of under a hundred rows of masks takes a
 * fraction of a microsecond, far less than the commit that follows each answer. */
#include "rows.h"

#include <string.h>

/* Unreachable in a sound table; a refusal is the one answer that can do no harm. */
static const struct table_row table_gap = {
    .goes_to = TABLE_SAME,
    .reason = "no row of the table takes this event",
};

static bool row_holds(const struct table_row *row, unsigned state, unsigned event,
                      uint32_t conditions)
{
    return (row->states & TABLE_BIT(state)) && (row->events & TABLE_BIT(event)) &&
           (row->needs & ~conditions) == 0 && (row->bars & conditions) == 0;
}

static bool row_is_conditional(const struct table_row *row)
{
    return row->needs || row->bars;
}

const struct table_row *table_find(const struct table *table, unsigned state, unsigned event,
                                   uint32_t conditions)
{
    for (size_t i = 0; i < table->row_count; i++)
        if (row_holds(&table->rows[i], state, event, conditions))
            return &table->rows[i];

    const struct table_row *otherwise = &table_gap;
    for (size_t i = 0; i < table->answer_count; i++) {
        if (!row_holds(&table->answers[i], state, event, conditions))
            continue;
        if (row_is_conditional(&table->answers[i]))
            return &table->answers[i];
        otherwise = &table->answers[i];
    }
    return otherwise;
}

unsigned table_count(const struct table *table, unsigned state, unsigned event,
                     uint32_t conditions)
{
    unsigned count = 0;
    for (size_t i = 0; i < table->row_count; i++)
        count += row_holds(&table->rows[i], state, event, conditions);
    for (size_t i = 0; i < table->answer_count; i++)
        count += row_is_conditional(&table->answers[i]) &&
                 row_holds(&table->answers[i], state, event, conditions);
    return count;
}

const char *table_word(const struct table_words *words, unsigned number)
{
    return number < words->count ? words->words[number] : "?";
}

bool table_parse(const struct table_words *words, const char *name, unsigned *ret_number)
{
    for (unsigned i = 0; i < words->count; i++) {
        if (strcmp(words->words[i], name) != 0)
            continue;
        *ret_number = i;
        return true;
    }
    return false;
}
