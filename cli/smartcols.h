/* libsmartcols, loaded when a table is drawn on a terminal: at each start of keyturn it would cost a tenth of the
 * time that `keyturn get` may take. */
#ifndef KEYTURN_CLI_SMARTCOLS_H
#define KEYTURN_CLI_SMARTCOLS_H

#include <libsmartcols.h>

#define SMARTCOLS(X) \
    X(new_table) X(unref_table) X(print_table) X(table_new_column) X(table_new_line) X(table_set_column_separator) \
    X(table_enable_colors) X(table_set_termforce) X(table_set_termwidth) X(line_set_data) X(line_set_color)

struct smartcols {
#define SMARTCOLS_MEMBER(name) __typeof__(scols_##name) *name;
    SMARTCOLS(SMARTCOLS_MEMBER)
#undef SMARTCOLS_MEMBER
};

/* NULL: it is not installed. Stays loaded. */
const struct smartcols *smartcols_load(void);

#endif
