#include "labels.h"

#include "field.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

void labels_print(const json_t *labels, const char *title, int64_t now_ms)
{
    size_t index = 0;
    const json_t *label = NULL;
    json_array_foreach (labels, index, label) {
        OWN_BUF struct buf age = {0};
        const char *key = field_text(label, "key");
        say_age(&age, field_time(label, "made_at"), now_ms);
        if (index == 0)
            printf("%s\n", title);
        printf("  %s  %s at %s, %s: %s\n", key, field_text(label, "label"), field_text(label, "provider"), buf_text(&age),
               field_text(label, "detail"));
        if (field_true(label, "waits_for_person"))
            printf("      keyturn reconcile --forget %.*s/%s\n", (int)strcspn(key, "/"), key, field_text(label, "label"));
    }
}
