/* Both tables as text and as something to prove: for the page that shows them,
 * the diagram, and the tests. No other code needs this. */
#ifndef KEYTURN_ROTATION_TABLE_H
#define KEYTURN_ROTATION_TABLE_H

#include "rotation/revocation.h"
#include "rotation/rotation.h"

enum table_kind { TABLE_ROTATION, TABLE_REVOCATION };

enum { TABLE_LINE_BYTES = 640 };

/* The index-th row as a line of a Markdown table, without a newline:
 *   | R07 | proving | alive | proved | delivering | deliver |
 * The same for the events that are refused or remembered, whose columns are
 * state, event, guard, answer, reason, effect; and for the state diagram, one
 * Mermaid transition for each pair of states that rows lead between:
 *   proving --> delivering: R07
 * Each returns false, and leaves out untouched, when there is no such line. */
bool table_row_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES]);
bool table_answer_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES]);
bool table_diagram_line(enum table_kind kind, size_t index, char out[TABLE_LINE_BYTES]);

/* How many rows, and answers with a guard of their own, hold at once: more
 * than one is an error in the table. */
unsigned rotation_rows_holding(enum rotation_state state, enum rotation_event event,
                               const struct rotation_facts *facts);
unsigned revocation_rows_holding(enum revocation_state state, enum revocation_event event,
                                 const struct revocation_facts *facts);

#endif
