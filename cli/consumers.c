#include "consumers.h"

#include "field.h"
#include "say.h"
#include "table.h"

#include <stdio.h>

static const struct table_column consumers_columns[] = {
    {"CONSUMER", TABLE_NAME}, {"READ", TABLE_WHOLE}, {"LAST", TABLE_WHOLE}, {"", TABLE_WHOLE}};

enum err_code consumers_print(const json_t *key, struct err *err)
{
    OWN(table_free) struct table *table = NULL;
    const json_t *consumers = json_object_get(key, "consumers");
    const json_t *current = json_object_get(key, "current");
    const json_t *consumer = NULL;
    size_t index = 0;
    if (json_array_size(consumers) == 0)
        return ERR_OK;
    TRY(table_new(consumers_columns, sizeof consumers_columns / sizeof consumers_columns[0], &table, err));
    json_array_foreach (consumers, index, consumer) {
        char version[32];
        char when[SAY_WHEN_BYTES];
        bool moved = field_number(consumer, "version") == field_number(current, "version");
        (void)snprintf(version, sizeof version, "version %lld", (long long)field_number(consumer, "version"));
        const char *cells[] = {field_text(consumer, "consumer"), version,
                               say_when(field_time(consumer, "read_at"), when), moved ? "" : "not yet"};
        TRY(table_add(table, cells, !moved, err));
    }
    return table_print(table, err);
}
