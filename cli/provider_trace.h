/* The trace of a key, printed as it grows. */
#ifndef KEYTURN_CLI_PROVIDER_TRACE_H
#define KEYTURN_CLI_PROVIDER_TRACE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Print the entries from the index on; the next index. */
size_t trace_print(const json_t *trace, size_t from);
/* From the answer that an action was done to the first probe that says verdict; -1: they are not both there. */
int64_t trace_lag_ms(const json_t *trace, const char *action, const char *verdict);
/* The rules that no answer matched, of actions that were asked. */
void trace_print_unmatched(const json_t *trace);

#endif
