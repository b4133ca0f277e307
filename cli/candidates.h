/* What in a text could be a key: its words, cut in several ways, since a key is
 * found in quotes, behind NAME=, in a URL or a header. */
#ifndef KEYTURN_CLI_CANDIDATES_H
#define KEYTURN_CLI_CANDIDATES_H

#include <stddef.h>

/* Shorter words are no keys, and there are many of them. */
enum { CANDIDATE_LEAST = 8 };

typedef void candidate_take(void *context, const unsigned char *bytes, size_t length);

/* Call take for each candidate of one line (without its line feed); the same
 * bytes may be given several times. */
void candidates_of_line(const unsigned char *line, size_t length, candidate_take *take, void *context);

#endif
