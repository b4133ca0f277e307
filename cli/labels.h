/* Labels that are looked for, as lines for people. */
#ifndef KEYTURN_CLI_LABELS_H
#define KEYTURN_CLI_LABELS_H

#include <jansson.h>
#include <stdint.h>

/* Under the title, which is left out with them when there are none. */
void labels_print(const json_t *labels, const char *title, int64_t now_ms);

#endif
