/* What both tables are made of: rows of masks, and how one is found.
 *
 * A guard is data, too: the conditions that must hold (needs) and those that
 * must not (bars), as bits. So the page, the diagram and the proof that no two
 * rows hold together are made from the same words that decide. */
#ifndef KEYTURN_ROTATION_ROWS_H
#define KEYTURN_ROTATION_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_BIT(number) (1u << (unsigned)(number))

/* goes_to of a row of several states that leaves each as it is. */
enum { TABLE_SAME = 0xff };

struct table_row {
    const char *id;     /* "R04b"; NULL in the answers */
    uint32_t states;    /* bits of states the row stands in */
    uint32_t events;    /* bits of events it takes */
    uint32_t needs;     /* conditions that must hold */
    uint32_t bars;      /* conditions that must not hold */
    uint8_t goes_to;    /* a state, or TABLE_SAME */
    bool remembered;    /* answers only: kept as a fact, not refused */
    uint32_t effects;   /* bits of effects */
    const char *reason; /* answers only */
};

struct table_words {
    const char *const *words;
    size_t count;
    const char *const *negated; /* conditions only: "cannot issue"; NULL: "not " and the word */
};

/* Rows move. Answers refuse or remember what no row takes; those without
 * conditions speak only where no other holds. */
struct table {
    const struct table_row *rows;
    size_t row_count;
    const struct table_row *answers;
    size_t answer_count;
    struct table_words states, events, conditions, effects;
};

extern const struct table rotation_table;
extern const struct table revocation_table;

/* The row or answer for one event, never NULL: the tests prove that the tables
 * have no gap. */
const struct table_row *table_find(const struct table *table, unsigned state, unsigned event,
                                   uint32_t conditions);

/* How many rows and conditional answers hold at once; 0 or 1 in a sound table. */
unsigned table_count(const struct table *table, unsigned state, unsigned event,
                     uint32_t conditions);

const char *table_word(const struct table_words *words, unsigned number);
bool table_parse(const struct table_words *words, const char *name, unsigned *ret_number);

#endif
