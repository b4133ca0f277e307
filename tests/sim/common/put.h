/* Writing JSON into a buffer without a tree. Names are literals and are not
 * escaped; NULL writes an element of an array. Commas come by themselves.
 *
 * base/buf.h has such a writer, but its functions bear the names of jansson's,
 * which the simulators read with: the two cannot be in one program. */
#ifndef KEYTURN_SIM_PUT_H
#define KEYTURN_SIM_PUT_H

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>

void put_object_open(struct buf *out, const char *name);
void put_object_close(struct buf *out);
void put_array_open(struct buf *out, const char *name);
void put_array_close(struct buf *out);
void put_text(struct buf *out, const char *name, const char *value); /* NULL: null */
void put_number(struct buf *out, const char *name, int64_t value);
void put_boolean(struct buf *out, const char *name, bool value);
void put_null(struct buf *out, const char *name);
void put_time(struct buf *out, const char *name, int64_t wall_ms); /* RFC 3339; 0: null */

#endif
