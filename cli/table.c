/* Rows are gathered first, since how wide a name may be depends on all the
 * others; what smartcols then prints fits. */
#include "table.h"

#include "smartcols.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { TABLE_GAP = 2, TABLE_LEAST = 12, TABLE_DEFAULT_WIDTH = 80, TABLE_CELL_WIDE = 512, TABLE_SPACES = 32,
       TABLE_PIECE_BYTES = 64 * 1024 };

struct table_row {
    size_t text; /* where in the table's its cells begin, each ended by a NUL */
    uint32_t number; /* in the order in which they were added */
    bool needs_person;
    bool narrow; /* each character is one byte */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct buf text;
    uint32_t *lengths; /* of the cells in bytes, row by row as they were added */
    size_t widths[TABLE_COLUMNS]; /* in characters, of the widest so far */
    struct table_row *rows;
    size_t row_count, row_capacity;
};

bool output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

bool output_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return output_is_terminal() && !(no_colour && no_colour[0] != '\0') && term &&
           strcmp(term, "dumb") != 0;
}

enum err_code table_new(const struct table_column *columns, size_t count, struct table **ret_table,
                        struct err *err)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return err_set(err, ERR_MEMORY, "out of memory");
    table->columns = columns;
    table->column_count = count;
    for (size_t i = 0; i < count; i++)
        table->widths[i] = strlen(columns[i].title);
    *ret_table = table;
    return ERR_OK;
}

struct table *table_free(struct table *table)
{
    if (table) {
        buf_release(&table->text);
        free(table->lengths);
        free(table->rows);
        free(table);
    }
    return NULL;
}

static bool table_grow(struct table *table)
{
    if (table->row_count < table->row_capacity)
        return true;
    size_t capacity = table->row_capacity ? 2 * table->row_capacity : 64;
    struct table_row *rows = reallocarray(table->rows, capacity, sizeof *rows);
    if (!rows)
        return false;
    table->rows = rows;
    uint32_t *lengths = reallocarray(table->lengths, capacity * table->column_count, sizeof *lengths);
    if (!lengths)
        return false;
    table->lengths = lengths;
    table->row_capacity = capacity;
    return true;
}

static size_t table_characters(const struct table_row *row, const char *cell, size_t bytes)
{
    return row->narrow ? bytes : utf8_count(cell, bytes);
}

static void table_widen(struct table *table, const struct table_row *row)
{
    const uint32_t *lengths = &table->lengths[row->number * table->column_count];
    const char *cell = table->text.data + row->text;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t characters = table_characters(row, cell, lengths[i]);
        table->widths[i] = characters > table->widths[i] ? characters : table->widths[i];
        cell += lengths[i] + 1;
    }
}

enum err_code table_add(struct table *table, const char *const *cells, bool needs_person, struct err *err)
{
    size_t whole = 0;
    if (!table_grow(table))
        return err_set(err, ERR_MEMORY, "out of memory");
    uint32_t *lengths = &table->lengths[table->row_count * table->column_count];
    for (size_t i = 0; i < table->column_count; i++) {
        size_t length = cells[i] ? strlen(cells[i]) : 0;
        lengths[i] = (uint32_t)length;
        whole += length + 1;
    }
    char *start = buf_room(&table->text, whole);
    char *at = start;
    if (!start)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < table->column_count; i++) {
        at = mempcpy(at, cells[i] ? cells[i] : "", lengths[i]);
        *at++ = '\0';
    }
    struct table_row *row = &table->rows[table->row_count];
    *row = (struct table_row){table->text.length, (uint32_t)table->row_count, needs_person,
                              .narrow = utf8_count(start, whole) == whole};
    table->row_count++;
    buf_took(&table->text, at);
    table_widen(table, row);
    return ERR_OK;
}

size_t table_rows(const struct table *table)
{
    return table->row_count;
}

static int table_compare(const void *a, const void *b, void *text)
{
    return strcmp((const char *)text + ((const struct table_row *)a)->text,
                  (const char *)text + ((const struct table_row *)b)->text);
}

void table_sort(struct table *table)
{
    if (table->row_count > 1)
        qsort_r(table->rows, table->row_count, sizeof *table->rows, table_compare, table->text.data);
}

/* A terminal's columns a text takes; its bytes where it is not valid. */
static size_t table_width_of(const char *text)
{
    wchar_t wide[TABLE_CELL_WIDE];
    size_t bytes = strlen(text);
    size_t length = mbstowcs(wide, text, TABLE_CELL_WIDE);
    if (length == (size_t)-1 || length == TABLE_CELL_WIDE)
        return bytes;
    int width = wcswidth(wide, length);
    return width >= 0 ? (size_t)width : bytes;
}

static void table_measure(const struct table *table, size_t widths[TABLE_COLUMNS])
{
    for (size_t column = 0; column < table->column_count; column++)
        widths[column] = table_width_of(table->columns[column].title);
    for (size_t row = 0; row < table->row_count; row++) {
        const char *cell = table->text.data + table->rows[row].text;
        for (size_t column = 0; column < table->column_count; column++) {
            size_t width = table_width_of(cell);
            if (width > widths[column])
                widths[column] = width;
            cell += strlen(cell) + 1;
        }
    }
}

/* How many columns the names must lose once all that can be cut at its end is
 * cut to the least. */
static size_t table_excess(const struct table *table, const size_t widths[TABLE_COLUMNS], size_t terminal)
{
    size_t needed = 0;
    for (size_t column = 0; column < table->column_count; column++) {
        bool cut = table->columns[column].fit == TABLE_CUT && widths[column] > TABLE_LEAST;
        needed += (cut ? TABLE_LEAST : widths[column]) + TABLE_GAP;
    }
    needed -= TABLE_GAP;
    return needed > terminal ? needed - terminal : 0;
}

static size_t table_terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return TABLE_DEFAULT_WIDTH;
}

/* Keep both ends of an ASCII name within width, an ellipsis between them. */
static void table_cut_middle(const char *name, size_t width, struct buf *out)
{
    size_t length = strlen(name);
    size_t head = (width - 1) / 2;
    buf_clear(out);
    if (length <= width) {
        buf_text_add(out, name);
        return;
    }
    buf_add(out, name, head);
    buf_text_add(out, "…");
    buf_text_add(out, name + length - (width - 1 - head));
}

static bool table_fill(const struct table *table, const struct smartcols *smartcols, struct libscols_table *out,
                       size_t excess, const size_t widths[TABLE_COLUMNS])
{
    OWN_BUF struct buf shortened = {0};
    for (size_t row = 0; row < table->row_count; row++) {
        struct libscols_line *line = smartcols->table_new_line(out, NULL);
        if (!line)
            return false;
        const char *cell = table->text.data + table->rows[row].text;
        for (size_t column = 0; column < table->column_count; column++) {
            const char *shown = cell;
            if (excess > 0 && table->columns[column].fit == TABLE_NAME) {
                size_t width = widths[column] > excess + TABLE_LEAST ? widths[column] - excess : TABLE_LEAST;
                table_cut_middle(cell, width, &shortened);
                shown = buf_text(&shortened);
            }
            if (smartcols->line_set_data(line, column, shown) != 0)
                return false;
            cell += strlen(cell) + 1;
        }
        if (table->rows[row].needs_person && smartcols->line_set_color(line, "yellow") != 0)
            return false;
    }
    return true;
}

/* Do the names, cut as far as may be, still leave the line too long? */
static bool table_is_tight(const struct table *table, const size_t widths[TABLE_COLUMNS], size_t excess)
{
    for (size_t column = 0; column < table->column_count; column++)
        if (table->columns[column].fit == TABLE_NAME && widths[column] >= excess + TABLE_LEAST)
            return false;
    return excess > 0;
}

/* On a terminal too narrow for all, every column but the names may lose its end. */
static bool table_dress(const struct table *table, const struct smartcols *smartcols, struct libscols_table *out,
                        bool tight)
{
    for (size_t column = 0; column < table->column_count; column++) {
        enum table_fit fit = table->columns[column].fit;
        int flags = fit == TABLE_CUT || (tight && fit != TABLE_NAME) ? SCOLS_FL_TRUNC : 0;
        if (!smartcols->table_new_column(out, table->columns[column].title, 0, flags))
            return false;
    }
    (void)smartcols->table_set_column_separator(out, "  ");
    (void)smartcols->table_enable_colors(out, output_has_colour());
    (void)smartcols->table_set_termforce(out, SCOLS_TERMFORCE_ALWAYS);
    (void)smartcols->table_set_termwidth(out, table_terminal_width());
    return true;
}

/* --- To a pipe or a file ------------------------------------------------------
 *
 * Nothing is cut or coloured, widths are counted in characters, and ten thousand
 * rows are to take milliseconds: smartcols would look up each character's width, twice. */

/* A cell and the spaces behind it: so many at once, without a call, that most cells have enough; what is
 * too much is written over by the next one. */
static char *table_put(char *at, const char *text, size_t bytes, size_t characters, size_t width)
{
    at = mempcpy(at, text, bytes);
    size_t spaces = width + TABLE_GAP - characters;
    for (; spaces > TABLE_SPACES; spaces -= TABLE_SPACES)
        at = (char *)memset(at, ' ', TABLE_SPACES) + TABLE_SPACES;
    memset(at, ' ', TABLE_SPACES);
    return at + spaces;
}

/* The end of a line without the spaces that would fill it. */
static char *table_end_line(char *start, char *at)
{
    while (at > start && at[-1] == ' ')
        at--;
    *at++ = '\n';
    return at;
}

static void table_put_titles(const struct table *table, size_t fill, struct buf *out)
{
    char *start = buf_room(out, fill);
    char *at = start;
    if (!start)
        return;
    for (size_t column = 0; column < table->column_count; column++) {
        const char *title = table->columns[column].title;
        at = table_put(at, title, strlen(title), strlen(title), table->widths[column]);
    }
    buf_took(out, table_end_line(start, at));
}

static void table_put_row(const struct table *table, const struct table_row *row, size_t fill, struct buf *out)
{
    const uint32_t *lengths = &table->lengths[row->number * table->column_count];
    const char *cell = table->text.data + row->text;
    size_t bytes = 0;
    for (size_t column = 0; column < table->column_count; column++)
        bytes += lengths[column];
    char *start = buf_room(out, bytes + fill);
    char *at = start;
    if (!start)
        return;
    for (size_t column = 0; column < table->column_count; column++) {
        size_t characters = table_characters(row, cell, lengths[column]);
        at = table_put(at, cell, lengths[column], characters, table->widths[column]);
        cell += lengths[column] + 1;
    }
    buf_took(out, table_end_line(start, at));
}

/* In pieces, so that there is no second copy of it all. After a failure nothing is added to what is there. */
static void table_flush(struct buf *out)
{
    if (buf_ok(out)) {
        (void)fwrite(out->data, 1, out->length, stdout);
        buf_clear(out);
    }
}

static enum err_code table_print_plain(const struct table *table, struct err *err)
{
    size_t fill = TABLE_SPACES + 1; /* a row has at most so much beside its cells */
    OWN_BUF struct buf out = {0};
    for (size_t column = 0; column < table->column_count; column++)
        fill += table->widths[column] + TABLE_GAP;
    table_put_titles(table, fill, &out);
    for (size_t row = 0; row < table->row_count; row++) {
        table_put_row(table, &table->rows[row], fill, &out);
        if (out.length > TABLE_PIECE_BYTES)
            table_flush(&out);
    }
    if (!buf_ok(&out))
        return err_set(err, ERR_MEMORY, "out of memory");
    table_flush(&out);
    return ERR_OK;
}

/* --- To a terminal ------------------------------------------------------------ */

/* The masks hold an ellipsis, which the C locale would print as escapes. */
static void table_speak_utf8(void)
{
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

enum err_code table_print(struct table *table, struct err *err)
{
    if (table->row_count == 0)
        return ERR_OK;
    const struct smartcols *smartcols = output_is_terminal() ? smartcols_load() : NULL;
    if (!smartcols)
        return table_print_plain(table, err);
    table_speak_utf8();
    size_t widths[TABLE_COLUMNS] = {0};
    table_measure(table, widths);
    size_t excess = table_excess(table, widths, table_terminal_width());
    struct libscols_table *out = smartcols->new_table();
    bool tight = table_is_tight(table, widths, excess);
    bool done = out && table_dress(table, smartcols, out, tight) &&
                table_fill(table, smartcols, out, excess, widths) && smartcols->print_table(out) == 0;
    smartcols->unref_table(out);
    return done ? ERR_OK : err_set(err, ERR_MEMORY, "the table cannot be printed");
}
