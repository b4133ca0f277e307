/* Prints the numbers of both tables' words as Promela macros, so that the model has them from the
 * code; with --rows the ids of their rows, one a line. */
#include "rotation/revocation.h"
#include "rotation/rotation.h"
#include "rotation/table.h"

#include <stdio.h>

static void print_rows(enum table_kind kind)
{
    char line[TABLE_LINE_BYTES];
    for (size_t i = 0; table_row_line(kind, i, line); i++) {
        char id[16];
        if (sscanf(line, "| %15s |", id) == 1)
            puts(id);
    }
}

static void print_words(void)
{
    for (int i = 0; i < ROTATION_STATE_COUNT; i++)
        printf("#define rotation_%s %d\n", rotation_state_name((enum rotation_state)i), i);
    for (int i = 0; i < ROTATION_EVENT_COUNT; i++)
        printf("#define on_%s %d\n", rotation_event_name((enum rotation_event)i), i);
    for (int i = 0; i < REVOCATION_STATE_COUNT; i++)
        printf("#define revocation_%s %d\n", revocation_state_name((enum revocation_state)i), i);
    for (int i = 0; i < REVOCATION_EVENT_COUNT; i++)
        printf("#define to_%s %d\n", revocation_event_name((enum revocation_event)i), i);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 1) {
        print_words();
        return 0;
    }
    print_rows(TABLE_ROTATION);
    print_rows(TABLE_REVOCATION);
    return 0;
}
