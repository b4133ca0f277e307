/* Matching a path with a pattern that may hold one {}: one non-empty segment. */
#ifndef KEYTURN_SIM_ROUTE_H
#define KEYTURN_SIM_ROUTE_H

#include <stdbool.h>

enum { ROUTE_ARGUMENT_BYTES = 128 };

/* Does path match? What stood for {} is then in argument, else it is "". A
 * segment that is too long does not match. */
bool route_match(const char *pattern, const char *path, char argument[ROUTE_ARGUMENT_BYTES]);

#endif
