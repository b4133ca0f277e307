/* Text of others, made fit for a terminal: what a provider answered may hold
 * escape sequences, which move cursors and forge lines. */
#ifndef KEYTURN_CLI_PLAIN_H
#define KEYTURN_CLI_PLAIN_H

#include <jansson.h>

/* Replace control characters (C0 but the line feed, DEL, C1) by '?', in place. */
void plain_text(char *text);

/* The same for every string in the document. */
void plain_json(json_t *json);

#endif
