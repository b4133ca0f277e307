/* Tables for people, on libsmartcols: they fit the terminal's width, and colour
 * only what needs a person. Where standard output is no terminal they are plain
 * and nothing is cut. */
#ifndef KEYTURN_CLI_TABLE_H
#define KEYTURN_CLI_TABLE_H

#include "base/err.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

struct table;

enum table_fit {
    TABLE_WHOLE, /* never cut */
    TABLE_CUT,   /* its end is cut when the line is too long */
    TABLE_NAME,  /* its middle is cut, after all that can be cut at its end */
};

struct table_column {
    const char *title;
    enum table_fit fit;
};

enum { TABLE_COLUMNS = 10 };

/* columns is borrowed as long as the table lives. ERR_MEMORY. */
enum err_code table_new(const struct table_column *columns, size_t count, struct table **ret_table,
                        struct err *err) ERR_MUST_CHECK;
struct table *table_free(struct table *table);
OWN_DEFINE(struct table, table_free);

/* One row: as many cells as there are columns (copied; NULL is empty). needs_person colours it. */
enum err_code table_add(struct table *table, const char *const *cells, bool needs_person,
                        struct err *err) ERR_MUST_CHECK;
size_t table_rows(const struct table *table);
/* By the first column. */
void table_sort(struct table *table);
/* Print to standard output; a table without rows prints nothing. */
enum err_code table_print(struct table *table, struct err *err) ERR_MUST_CHECK;

/* Is standard output a terminal, and may it be coloured (NO_COLOR, TERM=dumb)? */
bool output_is_terminal(void);
bool output_has_colour(void);

#endif
