/* The head of an answer, parsed. */
#ifndef KEYTURN_CLI_HTTP_HEAD_H
#define KEYTURN_CLI_HTTP_HEAD_H

#include "client.h"

/* Where the head ends in length bytes of text (past its empty line), 0: not yet. */
size_t http_head_end(const char *text, size_t length);

/* Parse a whole head. ERR_FORMAT says what was found instead. */
enum err_code http_head_parse(const char *text, size_t length, struct http_head *ret_head,
                              struct err *err) ERR_MUST_CHECK;

/* The size a chunk's first line says (hexadecimal, extensions are passed over);
 * -1 when it is none. */
int64_t http_chunk_size(const char *line, size_t length);

#endif
